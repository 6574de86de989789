"""The rete matcher: durable-rules finds what could hold, the plain matcher answers.

The only module that imports the engine: direct calls that keep nothing, without its host, its threads or its clock. A verdict names
what failed, so the plain predicates are asked of every candidate, and what the engine found is held against them. Where it missed a
campaign that holds, or fails, its shard is put aside and plain goes on alone: the engine is never trusted with an answer.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from weakref import finalize

from engine.errors import UsageError
from engine.match.plain import PlainMatcher
from engine.match.rete_codes import Codes
from engine.match.rete_shards import Plan, Shard, plan, render
from engine.match.rete_smoke import Loadable, loadable
from engine.ruleset.conditions import Condition, LineSet
from engine.ruleset.matching import Facts, Line, Verdict
from engine.ruleset.model import Ruleset

try:
    import durable_rules_engine as _rules
except ImportError:  # the extra `rete` is not installed; the plain matcher needs nothing
    _rules = None

MISSING = (
    "matcher: rete needs durable-rules, which is not installed here: in guerdon's folder, pip install '.[rete]' "
    "(needs a C compiler, and Python before 3.13); or say matcher: plain"
)
MOST_LINES = 500  # of an event; of one with more, plain is asked alone

_NOTHING = 1  # what the engine returns for facts that no rule is found by, of which it keeps nothing
_RETRACTED = '{"id":"e","sid":"0"}'


def installed() -> bool:
    """Whether durable-rules is here."""
    return _rules is not None


class Engine:
    """One shard, loaded. Raises what the engine raises; it is of no use after that."""

    def __init__(self, source: str) -> None:
        """Compiles rules. The engine keeps part of their memory for the life of the process."""
        if _rules is None:
            raise UsageError(MISSING)
        self._handle = _rules.create_ruleset("shard", source)
        finalize(self, _rules.delete_ruleset, self._handle)

    def find(self, facts: str) -> set[int]:
        """The numbers of the rules that facts are found by. Nothing is kept between calls."""
        found: set[int] = set()
        code, offset = _rules.assert_fact(self._handle, facts)
        if code == _NOTHING:
            return found
        with self._retracted():
            started = _rules.start_action_for_state(self._handle, offset)
            action: str | None = started[1] if started else None
            while action:
                found.add(int(action[3 : action.index('"', 3)]))  # {"r12":{..
                action = _rules.complete_and_start_action(self._handle, offset)
        return found

    @contextmanager
    def _retracted(self) -> Iterator[None]:
        try:
            yield
        finally:
            _rules.retract_fact(self._handle, _RETRACTED)


class ReteMatcher:
    """Implements `engine.ruleset.matching.Matcher`; its answers are those of the plain matcher."""

    def __init__(self, ruleset: Ruleset, try_out: Callable[[Sequence[Loadable]], frozenset[int]] = loadable) -> None:
        """`try_out` says which shards can be loaded. Raises UsageError where durable-rules is not installed."""
        if not installed():
            raise UsageError(MISSING)
        self._plain = PlainMatcher(ruleset)
        planned = plan(ruleset)
        self.left: Mapping[str, str] = planned.left  # why, by campaign, the engine is not asked
        self._codes: Mapping[str, Codes] = planned.codes
        self._shards = _loaded(planned, try_out)
        self._taken: dict[str, list[tuple[int, int]]] = {}
        names = [campaign.name for campaign in ruleset.campaigns]
        for number, (shard, _) in self._shards.items():
            for place, rule in enumerate(shard.rules):
                self._taken.setdefault(names[rule.position], []).append((number, place))

    @property
    def shards(self) -> int:
        """How many shards are in use: loaded, and not put aside."""
        return len(self._shards)

    def found(self, facts: Facts, verdicts: Sequence[Verdict]) -> frozenset[str]:
        """The campaigns among these that the engine finds by the facts. A shard that fails is put aside."""
        asked: dict[int, None] = {}
        for verdict in verdicts:
            for number, _ in self._taken.get(verdict.campaign.name, ()):
                asked[number] = None
        if not asked:
            return frozenset()
        codes = self._codes[facts.on]
        text = render(codes.event(facts), codes.lines(facts))
        hits = {number: self._find(number, text) for number in asked if number in self._shards}
        return frozenset(
            verdict.campaign.name
            for verdict in verdicts
            if any(place in hits.get(number, ()) for number, place in self._taken.get(verdict.campaign.name, ()))
        )

    def candidates(self, facts: Facts) -> Sequence[Verdict]:
        """The running campaigns on this event in the ruleset's order, less those that the index rules out."""
        verdicts = self._plain.candidates(facts)
        if len(facts.lines) <= MOST_LINES:
            found = self.found(facts, verdicts)
            for verdict in verdicts:
                if verdict.holds and verdict.campaign.name not in found:
                    self._put_aside(verdict.campaign.name)
        return verdicts

    def holds(self, condition: Condition | None, facts: Facts) -> bool:
        """Whether a condition holds."""
        return self._plain.holds(condition, facts)

    def select(self, lines: LineSet, facts: Facts) -> Sequence[Line]:
        """The lines of the event that are in the set, in their order."""
        return self._plain.select(lines, facts)

    def earning_lines(self, facts: Facts) -> Sequence[Line]:
        """The lines that the programme's `earning.excluding` does not match."""
        return self._plain.earning_lines(facts)

    def _find(self, number: int, text: str) -> set[int]:
        try:
            return self._shards[number][1].find(text)
        except _rules.error:
            del self._shards[number]  # a state that failed midway is not asked again
            return set()

    def _put_aside(self, campaign: str) -> None:
        """What the engine missed once it may miss again."""
        for number, _ in self._taken.get(campaign, ()):
            self._shards.pop(number, None)


def _loaded(planned: Plan, try_out: Callable[[Sequence[Loadable]], frozenset[int]]) -> dict[int, tuple[Shard, Engine]]:
    shards = [shard for of_type in planned.shards.values() for shard in of_type if shard.rules]
    good = try_out([Loadable(shard.source(), tuple(shard.trials())) for shard in shards])
    return {number: (shards[number], Engine(shards[number].source())) for number in sorted(good)}
