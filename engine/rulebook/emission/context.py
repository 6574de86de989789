"""What emitting looks up, and the derived fields that it finds."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from engine.rulebook.drafts import Counted, Draft
from engine.ruleset.limits import Derived, Window


@dataclass(frozen=True, slots=True)
class Context:
    """The account of an award that names none, the conditions under `define`, and the campaign that is emitted ("" for none).

    `derived` collects a field for each distinct use of a counter.
    """

    default_account: str
    definitions: Mapping[str, Draft]
    minor_digits: int = 2
    campaign: str = ""
    from_ms: int | None = None
    until_ms: int | None = None
    derived: dict[str, Derived] = field(default_factory=dict)

    def of_campaign(self, name: str, from_ms: int | None, until_ms: int | None) -> "Context":
        """The same within a campaign."""
        return replace(self, campaign=name, from_ms=from_ms, until_ms=until_ms)

    def derive(self, counted: Counted, kind: str) -> str:
        """The name of the field that holds this, `counter.visits[this month]`; made where it is new."""
        window = self._window(counted.window)
        name = f"counter.{counted.counter}[{_says(window)}]"
        made = {
            "value": Derived(name, counted.counter, "value", window),
            "before": Derived(f"{name} before", counted.counter, "before", window),
            "passed": Derived(f"{name} every {counted.argument}", counted.counter, "passed", window, counted.argument),
            "streak": Derived(
                f"{name} {counted.argument} in a row", counted.counter, "streak", window, counted.argument
            ),
        }[kind]
        return self.derived.setdefault(made.field, made).field

    def _window(self, window: Window) -> Window:
        """With the campaign's name and bounds where it is about them."""
        match window.kind:
            case "during":
                return replace(window, campaign=self.campaign, from_ms=self.from_ms, until_ms=self.until_ms)
            case "since" if window.since == "opt_in":
                return replace(window, campaign=self.campaign)
            case _:
                return window


def _says(window: Window) -> str:
    match window.kind:
        case "last" if window.period is not None:
            return f"last {window.period.amount} {window.period.unit}"
        case "this":
            return f"this {window.unit}"
        case "during":
            return f"during {window.campaign}"
        case "since":
            return f"since {window.since} {window.campaign or ''}".strip()
        case _:
            return "ever"
