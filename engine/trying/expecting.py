"""`then` of a test: which effects must happen, read against the names of the ruleset."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial

from engine.rulebook.diagnostics import Report, nearest, shown
from engine.rulebook.nodes import Map, Node, Scalar, Sequence, kind_of
from engine.rulebook.scalars import READERS, Reading, Wrong
from engine.ruleset.model import Ruleset
from engine.trying.cases import Expected, Thing
from schemas.registry import OUTPUTS

POINTS_KEYS = ("award_points", "points_expired")
NAMED_KEYS = (
    "issue_voucher",
    "issue_code",
    "add_tag",
    "remove_tag",
    "notify",
    "emit",
    "set_tier",
    "tier_upgraded",
    "tier_downgraded",
)
MAP_KEYS = ("set_attribute",)
UNCOUNTED = (
    "decision.recorded",
    "points.awarded",
    "tier.joined",
    "tier.progress_changed",
    "achievement.progressed",
    "record.rejected",
)
# What happens besides: an outcome's type with `_` for the dot, such as `points_reversed: 24` or `voucher_redeemed: 1`.
OUTCOME_KEYS = {kind.replace(".", "_"): kind for kind in OUTPUTS if "." in kind and kind not in UNCOUNTED}


class Expecting:
    """Reads `then` for one ruleset; `campaign` is the one under test, "" for all."""

    def __init__(self, ruleset: Ruleset, campaign: str, reading: Reading, report: Report) -> None:
        self._accounts = [account.name for account in ruleset.programme.accounts]
        self._campaigns = [each.name for each in ruleset.campaigns]
        self._campaign = campaign
        self._reading = reading
        self._report = report

    def read(self, node: Node) -> Expected | None:
        """What is expected; None where that cannot be read."""
        if isinstance(node, Scalar) and node.text == "nothing":
            return Expected(node.place, {})
        if not isinstance(node, Map) or not node.entries:
            self._report.add(
                "wrong-shape", node.place, f"a map should stand here, not {kind_of(node)}", "e.g. {award_points: 24}"
            )
            return None
        things: Counter[Thing] = Counter()
        because: dict[str, str] = {}
        refused = ""
        for key, value in node.entries:
            match key.text:
                case "nothing":
                    because.update(self._nothing(node, value))
                case "because":
                    because.update(self._because(value))
                case "refused":
                    refused = self._text(value)
                case name if name in self._campaigns:
                    things.update(self._of_campaign(name, value))
                case _:
                    things.update(self._thing(key, value, ""))
        by_campaign = any(key.text in self._campaigns for key, _ in node.entries)
        return Expected(node.place, things, because, refused, by_campaign)

    def _nothing(self, then: Map, node: Node) -> dict[str, str]:
        if len(then.entries) > 1:
            self._report.add("wrong-shape", then.place, "`nothing` stands alone", "leave out the rest")
        if isinstance(node, Scalar):
            return {}
        reason = node.get("because") if isinstance(node, Map) else None
        if reason is None:
            self._report.add(
                "wrong-shape", node.place, "`because` should stand here", "e.g. {nothing: {because: time.weekday}}"
            )
            return {}
        return self._because(reason)

    def _because(self, node: Node) -> dict[str, str]:
        """The reason of the campaign under test, or reasons by campaign."""
        if isinstance(node, Map):
            for key, _ in node.entries:
                self._known(key, "campaign", self._campaigns)
            return {key.text: self._text(value) for key, value in node.entries}
        if not self._campaign:
            hint = "e.g. {because: {double-coffee: time.weekday}}"
            self._report.add("wrong-shape", node.place, "a map from campaign to reason should stand here", hint)
            return {}
        return {self._campaign: self._text(node)}

    def _of_campaign(self, name: str, node: Node) -> Counter[Thing]:
        things: Counter[Thing] = Counter()
        if not isinstance(node, Map):
            self._report.add("wrong-shape", node.place, f"a map should stand here, not {kind_of(node)}")
            return things
        for key, value in node.entries:
            things.update(self._thing(key, value, name))
        return things

    def _thing(self, key: Scalar, node: Node, campaign: str) -> Mapping[Thing, int]:
        word = key.text
        if word in POINTS_KEYS:
            return self._points(word, node, campaign)
        if word in NAMED_KEYS:
            return Counter(Thing(word, self._text(each), campaign) for each in _items(node))
        if word in MAP_KEYS:
            return {Thing(word, f"{name.text} {self._text(value)}", campaign): 1 for name, value in self._entries(node)}
        if word in OUTCOME_KEYS:
            return {Thing(word, "", campaign): self._number("int", node)}
        known = (*POINTS_KEYS, *NAMED_KEYS, *MAP_KEYS, *OUTCOME_KEYS, "nothing", "because", "refused")
        self._report.add(
            "unknown-effect", key.place, f"nothing that happens is called {shown(word)}", partial(nearest, word, known)
        )
        return {}

    def _points(self, word: str, node: Node, campaign: str) -> dict[Thing, int]:
        if isinstance(node, Scalar):
            account = self._accounts[0] if self._accounts else ""
            return {Thing(word, account, campaign): self._number("points", node)}
        found: dict[Thing, int] = {}
        for name, value in self._entries(node):
            if self._known(name, "account", self._accounts):
                found[Thing(word, name.text, campaign)] = self._number("points", value)
        return found

    def _entries(self, node: Node) -> Iterator[tuple[Scalar, Node]]:
        if isinstance(node, Map):
            yield from node.entries
        else:
            self._report.add("wrong-shape", node.place, f"a map should stand here, not {kind_of(node)}")

    def _known(self, name: Scalar, kind: str, names: Collection[str]) -> bool:
        if name.text in names:
            return True
        hint: Callable[[], str] = partial(nearest, name.text, names)
        self._report.add("unknown-name", name.place, f"there is no {kind} {shown(name.text)}", hint)
        return False

    def _number(self, kind: str, node: Node) -> int:
        value = READERS[kind].read(self._text(node), self._reading)
        if isinstance(value, Wrong):
            self._report.add(value.code, node.place, value.message, value.hint)
            return 0
        return int(str(value))

    def _text(self, node: Node) -> str:
        if isinstance(node, Scalar) and (node.text or node.quoted):
            return node.text
        self._report.add("wrong-shape", node.place, f"a single value should stand here, not {kind_of(node)}")
        return ""


def _items(node: Node) -> tuple[Node, ...]:
    return node.items if isinstance(node, Sequence) else (node,)
