"""The plain matcher: compiled predicates over the ruleset's index. The oracle for every other matcher.

Knows nothing of rows or effects. `member.opted_in` asks whether the campaign's own name is among `member.opt_ins`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from engine.match.predicates import Holds, Key, Source, SourceOf, Sum, predicate
from engine.ruleset.conditions import Condition, LineSet, Test
from engine.ruleset.index import Index
from engine.ruleset.lines import COLUMNS, MEASURES, line_key, line_value, measure
from engine.ruleset.matching import Facts, Line, Verdict
from engine.ruleset.model import Campaign, Ruleset

Chosen = Callable[[Sequence[Line]], Sequence[Line]]  # the lines that are in a set


class _Compiled(NamedTuple):
    """A campaign ready to be asked: a condition that it does not have is None. `holding` is the answer where all holds."""

    from_ms: int
    until_ms: int
    audience: Holds | None
    when: Holds | None
    holding: Verdict
    campaign: Campaign
    reasons: tuple[Callable[[Facts], str], Callable[[Facts], str]]  # of the two


class PlainMatcher:
    """Implements `engine.ruleset.matching.Matcher` for one ruleset."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._index = Index(ruleset)
        self._campaigns: list[_Compiled] = []
        self._earning = _kept(ruleset.programme.earning.excluding)
        # by identity, each beside its condition, which keeps the identity taken
        self._conditions: dict[int, tuple[Condition, Holds]] = {}
        self._sets: dict[int, tuple[LineSet, Chosen]] = {}
        for campaign in ruleset.campaigns:
            self._campaigns.append(self._compile(campaign))
        for message in ruleset.messages:
            if message.when is not None:
                self._conditions[id(message.when)] = (message.when, predicate(message.when, _plain_field).holds)

    def candidates(self, facts: Facts) -> Sequence[Verdict]:
        """The running campaigns on this event in the ruleset's order, less those that the index rules out."""
        verdicts = []
        time_ms, campaigns = facts.time_ms, self._campaigns
        for position in self._index.positions(facts):
            from_ms, until_ms, audience, when, holding, campaign, reasons = campaigns[position]
            if not from_ms <= time_ms < until_ms:
                continue
            if audience is not None and not audience(facts):
                verdicts.append(Verdict(campaign, _NO, _NO, reasons[0](facts)))
            elif when is not None and not when(facts):
                verdicts.append(Verdict(campaign, _YES, _NO, reasons[1](facts)))
            else:
                verdicts.append(holding)
        return verdicts

    def holds(self, condition: Condition | None, facts: Facts) -> bool:
        """Whether a condition holds; one of a campaign of this ruleset knows that campaign's line sets and name."""
        if condition is None:
            return True
        known = self._conditions.get(id(condition))
        return known[1](facts) if known else predicate(condition, _plain_field).holds(facts)

    def select(self, lines: LineSet, facts: Facts) -> Sequence[Line]:
        """The lines of the event that are in the set, in their order."""
        known = self._sets.get(id(lines))
        return (known[1] if known else _chosen(lines))(facts.lines)

    def earning_lines(self, facts: Facts) -> Sequence[Line]:
        """The lines that the programme's `earning.excluding` does not match."""
        return self._earning(facts.lines)

    def _compile(self, campaign: Campaign) -> _Compiled:
        sets: dict[str, Chosen] = {}
        for name, lines in campaign.line_sets.items():
            sets[name] = _chosen(lines)
            self._sets[id(lines)] = (lines, sets[name])
        source_of = _fields_of(campaign, sets)
        audience, when = predicate(campaign.audience, source_of), predicate(campaign.when, source_of)
        for condition, made in ((campaign.audience, audience), (campaign.when, when)):
            if condition is not None:
                self._conditions[id(condition)] = (condition, made.holds)
        return _Compiled(
            _BEGINNING if campaign.from_ms is None else campaign.from_ms,
            _END if campaign.until_ms is None else campaign.until_ms,
            None if campaign.audience is None else audience.holds,
            None if campaign.when is None else when.holds,
            Verdict(campaign, eligible=True, holds=True, reason=""),
            campaign,
            (audience.failing, when.failing),
        )


_BEGINNING, _END = -(1 << 62), 1 << 62
_YES, _NO = True, False  # by position, which is quicker


def _fields_of(campaign: Campaign, sets: Mapping[str, Chosen]) -> SourceOf:
    def source_of(field: str) -> Source:
        if field == "member.opted_in":
            return lambda facts: _opted_in(facts, campaign.name)
        name, _, of = field.rpartition(".")
        if name in sets and of in MEASURES:
            return _measured(of, sets[name], _text_of(campaign.line_sets[name]))
        return _plain_field(field)

    return source_of


def _plain_field(field: str) -> Source:
    return Key(of_line=False, name=field)


def _opted_in(facts: Facts, campaign: str) -> bool | None:
    opt_ins = facts.fields.get("member.opt_ins")
    return None if opt_ins is None else campaign in opt_ins


def _measured(of: str, chosen: Chosen, text: tuple[str, str] | None) -> Source:
    if text is not None and of in COLUMNS:
        return Sum(*text, COLUMNS[of], lambda facts: measure(of, chosen(facts.lines)))
    return lambda facts: measure(of, chosen(facts.lines))


def _text_of(lines: LineSet) -> tuple[str, str] | None:
    """Of a set of the lines that have one text: under which key, and the text; None for any other set."""
    match lines.including:
        case Test(field, _, "one_of", (str(wanted),)) if lines.excluding is None:
            key = line_key(field)
            return None if key is None else (key, wanted)
        case _:
            return None


def _chosen(lines: LineSet) -> Chosen:
    """Picks the lines of a set; a set of one text costs no call a line."""
    text = _text_of(lines)
    if text is not None:
        key, wanted = text
        return lambda of: [line for line in of if line.get(key) == wanted]
    included, outside = predicate(lines.including, _line_field).holds, _outside(lines.excluding)
    return lambda of: [line for line in of if included(line) and outside(line)]


def _kept(excluding: Condition | None) -> Chosen:
    """The lines that are not excluded, in one call a line."""
    if excluding is None:
        return list
    excluded = predicate(excluding, _line_field).holds
    return lambda of: [line for line in of if not excluded(line)]


def _line_field(field: str) -> Source:
    key = line_key(field)
    return line_value(field) if key is None else Key(of_line=True, name=key)


def _outside(excluding: Condition | None) -> Callable[[Line], bool]:
    """Whether a line is not excluded; no condition excludes none."""
    if excluding is None:
        return lambda _: True
    excluded = predicate(excluding, _line_field).holds
    return lambda line: not excluded(line)
