"""Rulesets come into force by the order of the journal alone, at once or when the partition's clock reaches an instant."""

import random
from dataclasses import replace

import orjson
import pytest

from engine.core.instants import DAY_MS, HOUR_MS
from engine.errors import RulesetMissing, SemanticsUnknown
from engine.pipeline.partition import Partition
from engine.pipeline.records import Bounds, JournalRecord
from engine.ruleset.effects import AwardPoints, Fixed
from engine.ruleset.matching import Rules
from engine.ruleset.model import SEMANTICS
from engine.wire import journal
from tests.pipeline.test_promises import digest
from tests.support.histories import history
from tests.support.journals import START, Log, enrolled, line, sale
from tests.support.programme import campaign, rules, ruleset

OLD = rules(ruleset(campaign("old", AwardPoints(Fixed(1), "points"))))
NEW = rules(ruleset(campaign("new", AwardPoints(Fixed(10), "points"))))
SALT = "11" * 32


def by_events(made: Rules) -> Rules:
    """The same rules in a programme whose clock follows the events."""
    programme = made.ruleset.programme
    return rules(ruleset(*made.ruleset.campaigns, time=replace(programme.time, clock="events")))


def announce(log: Log, made: Rules, at_ms: int | None) -> Log:
    for number in range(len(log.partitions)):
        value = journal.encode_activation(number, made.ruleset.digest, SALT, SEMANTICS, at_ms=at_ms)
        log.append(number, journal.ACTIVATION_KEY, value)
    return log.run()


def fired(log: Log) -> list[str]:
    """The campaign of each sale, in order."""
    return [each["campaign"] for each in log.data("points.awarded")]


def bought(log: Log, *hours: int) -> Log:
    return log.feed(*(sale("M", f"T{at}", line(1, 100), time_ms=START + at * HOUR_MS) for at in hours))


def test_an_activation_waits_for_the_clock_and_not_for_an_events_own_time() -> None:
    log = Log([OLD, NEW], partitions=1).tick(START).feed(enrolled("M"))
    announce(log, NEW, START + 2 * HOUR_MS)
    bought(log, 1)
    log.feed(sale("M", "early", line(1, 100), time_ms=START + 3 * HOUR_MS))  # ahead of the clock
    log.tick(START + 2 * HOUR_MS - 1)
    bought(log, 2)
    log.tick(START + 2 * HOUR_MS)
    bought(log, 0)  # of before the instant, decided after it
    assert fired(log) == ["old", "old", "old", "new"]
    assert [each["rulesetdigest"] for each in log.events("points.awarded")] == [OLD.ruleset.digest] * 3 + [
        NEW.ruleset.digest
    ]


def test_a_tick_is_wanted_at_the_instant() -> None:
    log = Log([OLD, NEW], partitions=1).tick(START)
    assert log.partitions[0].next_due_ms() is None
    announce(log, NEW, START + 2 * HOUR_MS)
    assert log.partitions[0].next_due_ms() == START + 2 * HOUR_MS
    log.tick(START + 2 * HOUR_MS)
    assert (log.partitions[0].next_due_ms(), log.partitions[0].ruleset) == (None, NEW.ruleset.digest)


def test_where_the_clock_follows_the_events_the_first_event_of_the_time_is_decided_by_the_new_ruleset() -> None:
    old, new = by_events(OLD), by_events(NEW)
    log = Log([old, new], partitions=1).feed(enrolled("M"))
    announce(log, new, START + 2 * HOUR_MS)
    bought(log, 1, 2, 0, 3)
    assert fired(log) == ["old", "new", "new", "new"]


def test_an_instant_that_has_passed_is_at_once_and_one_before_the_first_tick_waits() -> None:
    passed = Log([OLD, NEW], partitions=1).tick(START).feed(enrolled("M"))
    assert fired(bought(announce(passed, NEW, START - DAY_MS), 0)) == ["new"]
    waits = Log([OLD, NEW], partitions=1).feed(enrolled("M"))
    announce(waits, NEW, START)
    assert fired(bought(waits, 0)) == ["old"]
    assert fired(bought(waits.tick(START), 1)) == ["old", "new"]


def test_a_later_activation_replaces_the_one_that_waits() -> None:
    withdrawn = Log([OLD, NEW], partitions=1).tick(START).feed(enrolled("M"))
    announce(withdrawn, NEW, START + HOUR_MS)
    announce(withdrawn, OLD, None)
    assert fired(bought(withdrawn.tick(START + DAY_MS), 1)) == ["old"]
    moved = Log([OLD, NEW], partitions=1).tick(START).feed(enrolled("M"))
    announce(moved, NEW, START + HOUR_MS)
    announce(moved, NEW, START + 2 * HOUR_MS)
    assert fired(bought(moved.tick(START + HOUR_MS), 1)) == ["old"]
    assert fired(bought(moved.tick(START + 2 * HOUR_MS), 2)) == ["old", "new"]


@pytest.mark.parametrize("seed", [3, 11, 20261121])
@pytest.mark.parametrize("bounds", [Bounds(), Bounds(records=7, bytes=4000)])
def test_p1_a_waiting_activation_survives_crashes_and_other_batches(seed: int, bounds: Bounds) -> None:
    print("seed", seed)
    first = Log([OLD, NEW], partitions=3, batch=100)
    events = history(seed)
    for at in range(0, len(events), 40):
        if at == 40:
            announce(first, NEW, START + 100 * HOUR_MS)
        if at == 200:
            announce(first, OLD, START + 260 * HOUR_MS)
        first.feed(*events[at : at + 40]).tick(START + at * HOUR_MS)
    assert {each["rulesetdigest"] for each in first.events("decision.recorded")} == {
        OLD.ruleset.digest,
        NEW.ruleset.digest,
    }
    for batch in (1, 5, 1000):
        crashes = random.Random(seed)
        again = Log([OLD, NEW], partitions=3, batch=batch)
        again.journal = [list(records) for records in first.journal]
        again.complete = True
        for number in range(3):
            while again.fold(number, bounds):
                if crashes.random() < 0.3:
                    again.crash(number)
        assert digest(again) == digest(first)


def test_a_worker_that_knows_only_the_old_ruleset_does_not_decide_by_it() -> None:
    """Whoever starts late reads the journal from its position: it asks for the ruleset that stands there, whatever it has loaded."""
    log = Log([OLD, NEW], partitions=1).feed(enrolled("M"))
    announce(log, NEW, None)
    known = {OLD.ruleset.digest: OLD}

    def rules_of(wanted: str, _salt: str) -> Rules:
        if wanted not in known:
            raise RulesetMissing(wanted)
        return known[wanted]

    late = Partition(0, 1, rules_of)
    for key, (value, due_ms) in log.state[0].items():
        late.restore(key, value, due_ms)
    late.restored()
    at = late.position
    assert late.ruleset == NEW.ruleset.digest
    record = JournalRecord(at, START, b"member:M", journal.encode_event(sale("M", "T1", line(1, 100))))
    with pytest.raises(RulesetMissing) as missing:
        late.fold(at, at + 1, [record], Bounds())
    assert missing.value.digest == NEW.ruleset.digest
    known[NEW.ruleset.digest] = NEW
    folded = late.fold(at, at + 1, [record], Bounds())
    assert folded.progress.ruleset == NEW.ruleset.digest
    assert all(NEW.ruleset.digest.encode() in made.value for made in folded.outgoing)


def test_an_activation_for_another_engine_is_refused_when_it_is_read() -> None:
    log = Log([OLD, NEW], partitions=1).tick(START)
    value = journal.encode_activation(0, NEW.ruleset.digest, SALT, SEMANTICS + 1, at_ms=START + DAY_MS)
    log.append(0, journal.ACTIVATION_KEY, value)
    with pytest.raises(SemanticsUnknown):
        log.run()


def test_rows_of_another_engine_are_refused_when_they_are_restored() -> None:
    log = Log([OLD, NEW], partitions=1).tick(START)
    (value, due_ms) = log.state[0][b"_position"]
    assert value is not None
    position = {**orjson.loads(value), "semantics": SEMANTICS - 1}
    log.state[0][b"_position"] = (orjson.dumps(position), due_ms)
    with pytest.raises(SemanticsUnknown):
        log.crash(0)
