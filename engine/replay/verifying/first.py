"""The first divergence: of each partition the one lowest in its journal, of all the one whose record is oldest."""

from collections.abc import Iterable
from dataclasses import dataclass

from engine.errors import EngineError
from engine.history.history import History, Snapshot
from engine.match.choice import Setting, matcher_for
from engine.match.trace import Trace, trace
from engine.match.watching import Watching
from engine.pipeline.records import JournalRecord
from engine.replay.deriving import Derivation
from engine.replay.rules_of import RulesOf
from engine.replay.verifying.divergence import KINDS, Divergence
from engine.replay.verifying.messages import record_at, record_before
from engine.ruleset.matching import Facts
from engine.ruleset.model import Campaign, Programme

_RANKS = {kind: rank for rank, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Asked:
    """Conditions that were asked about one event while its record was decided again."""

    facts: Facts
    programme: Programme
    traces: tuple[Trace, ...]


@dataclass(frozen=True, slots=True)
class First:
    """A divergence with its journal record, None where there is none at its offset: then it was removed, or never was.

    `asked` is empty where the record asks no conditions, or where it cannot be decided.
    """

    divergence: Divergence
    record: JournalRecord | None
    asked: tuple[Asked, ...]


def first_of(
    history: History, divergences: Iterable[Divergence], start: Snapshot | None, matcher: Setting
) -> First | None:
    """The first of all that have a place in the journal; where none has, the first of them without."""
    by_partition: dict[int, Divergence] = {}
    unplaced: list[Divergence] = []
    for each in divergences:
        if each.offset is None:
            unplaced.append(each)
        elif each.partition not in by_partition or each.place < by_partition[each.partition].place:
            by_partition[each.partition] = each
    if not by_partition:
        return (
            First(min(unplaced, key=lambda each: (_RANKS[each.kind], each.partition, each.name)), None, ())
            if (unplaced)
            else None
        )
    found = [(_time_of(history, each), each) for each in by_partition.values()]
    (_, record), first = min(found, key=lambda pair: (pair[0][0], _RANKS[pair[1].kind], pair[1].partition))
    if record is None:
        return First(first, None, ())
    return First(first, record, asked_at(history, first.partition, record, start, matcher))


def asked_at(
    history: History, partition: int, record: JournalRecord, start: Snapshot | None, matcher: Setting
) -> tuple[Asked, ...]:
    """The conditions that deciding a record asks; derives the partition up to it again."""
    watching = {digest: Watching(matcher_for(ruleset, matcher)) for digest, ruleset in history.rulesets.items()}
    derivation = Derivation(history, partition, RulesOf(history.rulesets, matcher, watching), start)
    try:
        derivation.to(record.offset)
        for watch in watching.values():
            watch.asked.clear()
        derivation.decide([record])
    except EngineError:
        return ()  # that it cannot be decided is what the divergence says
    asked: list[Asked] = []
    for digest, watch in watching.items():
        ruleset = history.rulesets[digest]
        facts_asked = list(watch.asked)
        asked += [
            Asked(facts, ruleset.programme, _traces(ruleset.campaigns, facts, watch)) for facts in _once(facts_asked)
        ]
    return tuple(asked)


def _traces(campaigns: Iterable[Campaign], facts: Facts, watch: Watching) -> tuple[Trace, ...]:
    candidates = {verdict.campaign.name for verdict in watch.candidates(facts)}
    traced = (trace(campaign, facts, watch) for campaign in campaigns if campaign.name in candidates)
    return tuple(each for each in traced if each.running)


def _once(asked: Iterable[Facts]) -> list[Facts]:
    """Facts that were asked several times, once."""
    found: list[Facts] = []
    for facts in asked:
        if facts not in found:
            found.append(facts)
    return found


def _time_of(history: History, divergence: Divergence) -> tuple[int, JournalRecord | None]:
    """When the broker took the record, and the record; for one that is not there the time of the one before."""
    offset = divergence.offset or 0
    record = record_at(history, divergence.partition, offset)
    before = record or record_before(history, divergence.partition, offset)
    return (0 if before is None else before.timestamp_ms), record
