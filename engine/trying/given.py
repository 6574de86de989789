"""`given` of a test: the member as they stand before the first step."""

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from engine.core.instants import DAY_MS
from engine.decide.members.standing import Standing
from engine.rulebook.diagnostics import Report, nearest, shown
from engine.rulebook.nodes import Map, Node, Scalar, Sequence, kind_of
from engine.rulebook.scalars import READERS, Reading, Wrong
from engine.ruleset.model import Ruleset
from engine.trying.payloads import Payloads

MEMBER = "M"  # who a test is about, unless it says `id`
_KINDS = {"amount": "money", "points": "points"}  # what a counter counts, where it is not pieces or times
_YEAR_MS = 365 * DAY_MS  # how long a member is enrolled, unless a test says

Entries = Mapping[str, tuple[Scalar, Node]]


class GivenMember:
    """Reads members for one ruleset."""

    def __init__(self, ruleset: Ruleset, reading: Reading, payloads: Payloads, report: Report) -> None:
        self._reading = reading
        self._payloads = payloads
        self._report = report
        self._accounts = [account.name for account in ruleset.programme.accounts]
        self._counters = {each.name: _KINDS.get(each.add, "int") for each in ruleset.programme.counters}
        self._campaigns = [campaign.name for campaign in ruleset.campaigns]
        self._tiers = {ladder.name: [level.tier for level in ladder.levels] for ladder in ruleset.ladders}

    def read(self, entries: Entries, at_ms: int) -> Standing:
        """The member at an instant; a key that nobody knows is reported."""
        known: dict[str, Any] = {
            "id": self._text,
            "tier": self._of_ladders(self._tier),
            "progress": self._of_ladders(lambda _, node: self._whole("points", node)),
            "opted_in": self._names("campaign", self._campaigns),
            "profile": lambda node: self._payloads.attributes(node, "profile"),
            "tags": self._names(),
            "consents": self._names(),
            "locale": self._text,
            "balance": self._balances,
            "counters": lambda node: self._counted(node, at_ms),
            "enrolled": lambda node: self._payloads.instant(node) or 0,
            "enrolled_days": lambda node: at_ms - self._whole("int", node) * DAY_MS,
        }
        found: dict[str, Any] = {}
        for name, (key, node) in entries.items():
            if name in known:
                found[name] = known[name](node)
            else:
                self._report.add(
                    "unknown-key", key.place, f"{shown(name)} is no key of `member`", partial(nearest, name, known)
                )
        return Standing(
            member_id=found.get("id") or MEMBER,
            at_ms=at_ms,
            enrolled_at_ms=found.get("enrolled", found.get("enrolled_days", at_ms - _YEAR_MS)),
            tiers=found.get("tier", {}),
            progress=found.get("progress", {}),
            opted_in=found.get("opted_in", ()),
            profile=found.get("profile", {}),
            tags=found.get("tags", ()),
            consents=found.get("consents", ()),
            locale=found.get("locale"),
            balances=found.get("balance", {}),
            counters=found.get("counters", {}),
        )

    def _of_ladders(self, read: Any) -> Any:  # noqa: ANN401 - one reader made of another
        """A map from ladder to a value; a bare value is of the first ladder."""

        def reader(node: Node) -> dict[str, Any]:
            if isinstance(node, Map):
                return {
                    key.text: read(key.text, value)
                    for key, value in node.entries
                    if self._known(key, "ladder", self._tiers)
                }
            first = next(iter(self._tiers), None)
            if first is None:
                self._report.add("unknown-name", node.place, "the programme has no tiers")
                return {}
            return {first: read(first, node)}

        return reader

    def _tier(self, ladder: str, node: Node) -> str:
        tiers = self._tiers[ladder]
        if isinstance(node, Scalar) and self._known(node, "tier", tiers):
            return node.text
        return tiers[0]

    def _balances(self, node: Node) -> dict[str, int]:
        if isinstance(node, Map):
            return {
                key.text: self._whole("points", value)
                for key, value in node.entries
                if self._known(key, "account", self._accounts)
            }
        return {name: self._whole("points", node) for name in self._accounts[:1]}

    def _counted(self, node: Node, at_ms: int) -> dict[str, tuple[tuple[int, int], ...]]:
        """Counts by counter: so many just before the test, or so many by local day."""
        if not isinstance(node, Map):
            self._wrong(node, "a map from counter to count")
            return {}
        found: dict[str, tuple[tuple[int, int], ...]] = {}
        for key, value in node.entries:
            if not self._known(key, "counter", self._counters):
                continue
            kind = self._counters[key.text]
            if isinstance(value, Map):
                days = [(self._payloads.instant(day) or 0, self._whole(kind, count)) for day, count in value.entries]
                found[key.text] = tuple(sorted(days))
            else:
                found[key.text] = ((at_ms, self._whole(kind, value)),)
        return found

    def _names(self, kind: str = "", known: Collection[str] = ()) -> Any:  # noqa: ANN401 - a reader
        def reader(node: Node) -> tuple[str, ...]:
            items = node.items if isinstance(node, Sequence) else (node,)
            names: list[str] = []
            for item in items:
                if not isinstance(item, Scalar):
                    self._wrong(item, "a name")
                elif not kind or self._known(item, kind, known):
                    names.append(item.text)
            return tuple(names)

        return reader

    def _known(self, name: Scalar, kind: str, names: Collection[str]) -> bool:
        if name.text not in names:
            hint = partial(nearest, name.text, names)
            self._report.add("unknown-name", name.place, f"there is no {kind} {shown(name.text)}", hint)
        return name.text in names

    def _whole(self, kind: str, node: Node) -> int:
        value = READERS[kind].read(self._text(node), self._reading)
        if isinstance(value, Wrong):
            self._report.add(value.code, node.place, value.message, value.hint)
            return 0
        return int(str(value))

    def _text(self, node: Node) -> str:
        if isinstance(node, Scalar) and (node.text or node.quoted):
            return node.text
        self._wrong(node, "a single value")
        return ""

    def _wrong(self, node: Node, wanted: str) -> None:
        self._report.add("wrong-shape", node.place, f"{wanted} should stand here, not {kind_of(node)}")
