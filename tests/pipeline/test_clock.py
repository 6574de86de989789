"""Time in a partition: what is due is worked off in the order of its instants, in chunks, while other records go on (B-31)."""

import random
from collections.abc import Callable

import pytest

from engine.core import keys
from engine.core.calendar import Period
from engine.core.instants import DAY_MS, HOUR_MS
from engine.core.records import Event, Kept
from engine.pipeline import fold
from engine.pipeline.records import Bounds
from engine.pipeline.store import Overlay, Store
from engine.ruleset.effects import AwardPoints, Fixed
from engine.ruleset.model import Campaign
from engine.ruleset.schedules import SCHEDULED, After, Every, Silent, Yearly
from engine.wire import journal
from tests.pipeline.test_promises import digest
from tests.support.histories import history
from tests.support.journals import START, Log, enrolled, line, sale
from tests.support.programme import campaign, rules, ruleset

NINE = 9 * 60
PLAIN = rules(ruleset())


def scheduled(*names_and_schedules: tuple[str, object]) -> list[Campaign]:
    return [
        campaign(name, AwardPoints(Fixed(5), "points"), on=SCHEDULED, schedule=schedule)
        for name, schedule in names_and_schedules
    ]


DAILY = rules(ruleset(*ruleset().campaigns, *scheduled(("daily", Every("day", NINE)))))


def records_of(log: Log, number: int = 0) -> list[object]:
    return [journal.decode(record.value) for record in log.journal[number]]


def test_thousands_due_at_one_instant_are_worked_off_in_chunks_while_other_events_are_decided() -> None:
    members = 3_000
    log = Log(DAILY, partitions=1)
    log.tick(START).feed(*(enrolled(f"M{number:04d}") for number in range(members)))
    log.batch = 1  # what comes between is decided between
    tick = log.partitions[0].tick(START + DAY_MS)
    log.append(0, tick.key, tick.value)
    steps: list[int] = []
    bought: list[int] = []
    while log.partitions[0].position < len(log.journal[0]):
        before = log.counts["due"]
        log.fold(0)
        steps.append(log.counts["due"] - before)
        done = log.counts["outcome.points.awarded"]
        if 0 < done < members and len(bought) < 3:  # a sale comes while the work goes on
            sold = sale("M2999", f"T{len(bought)}", line(1, 100), time_ms=START + HOUR_MS)
            log.append(0, b"member:M2999", journal.encode_event(sold))
            bought.append(done)
    assert max(steps) == fold.SUBJECTS_A_STEP
    awards = log.data("points.awarded")
    assert len([each for each in awards if each["campaign"] == "daily"]) == members
    places = [at for at, each in enumerate(awards) if each["campaign"] == "base"]
    assert len(places) == 3
    assert max(places) < members - 500  # long before the last of the others
    own = [each["campaign"] for each in awards if each["member_id"] == "M2999"]
    assert own == ["daily", "base", "base", "base"]  # what was due of the member came before the sale


def test_members_are_visited_in_chunks_while_other_events_are_decided() -> None:
    members = 1_200
    log = Log([PLAIN, DAILY], partitions=1, batch=1)
    log.tick(START).feed(*(enrolled(f"M{number:04d}") for number in range(members)))
    log.activate(DAILY)
    log.fold(0)  # the activation; the visit is the next record
    sold = sale("M1199", "T", line(1, 100))
    log.append(0, b"member:M1199", journal.encode_event(sold))
    log.run()
    after = records_of(log)[-6:]
    kinds = [type(each).__name__ for each in after if isinstance(each, Event | journal.MembersVisited)]
    assert kinds[-4:] == ["MembersVisited", "Event", "MembersVisited", "MembersVisited"]
    assert len([key for key in log.rows() if "/schedule/" in key]) == members
    log.tick(START + DAY_MS)
    assert len([each for each in log.data("points.awarded") if each["campaign"] == "daily"]) == members


def test_a_visit_for_rules_that_are_no_longer_in_force_plans_nothing() -> None:
    other = rules(ruleset(*scheduled(("weekly", Every("week", NINE)))))
    log = Log([PLAIN, DAILY, other], partitions=1, batch=1)
    log.tick(START).feed(*(enrolled(f"M{number}") for number in range(3)))
    log.activate(DAILY)
    log.activate(other)
    log.run()
    assert {key.rsplit("/", 1)[1] for key in log.rows() if "/schedule/" in key} == {"weekly"}


def test_members_are_visited_once_there_is_a_time_to_plan_from() -> None:
    log = Log([PLAIN, DAILY], partitions=1).feed(enrolled("M"))
    log.activate(DAILY)
    log.run()
    assert log.row("member:M/schedule/daily") is None
    log.tick(START)
    assert log.row("member:M/schedule/daily")["at"] == START + DAY_MS


def test_what_is_due_of_several_members_is_worked_off_in_the_order_of_instants_not_member_by_member() -> None:
    log = Log(DAILY, partitions=1).tick(START).feed(enrolled("A"), enrolled("B"), enrolled("C"))
    log.tick(START + 3 * DAY_MS)
    order = [(each["time"], each["data"]["member_id"]) for each in log.events("points.awarded")]
    assert order == sorted(order)
    assert len(order) == 9


SCHEDULES = rules(
    ruleset(
        *ruleset().campaigns,
        *scheduled(
            ("after", After(Period(3, "days"), "transaction.completed")),
            ("daily", Every("day", NINE)),
            ("monthly", Every("month", NINE, day=31)),
            ("silent", Silent(Period(2, "days"), "transaction.completed")),
            ("yearly", Yearly("birthday", Period(7, "days"), NINE)),
        ),
    )
)


@pytest.mark.parametrize("seed", [3, 20261121])
def test_p1_schedules_and_visits_survive_crashes_and_other_batches(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    print("seed", seed)
    monkeypatch.setattr(fold, "SUBJECTS_A_STEP", 3)  # so that a few members make many chunks
    first = Log([PLAIN, SCHEDULES], partitions=3, batch=100)
    events = history(seed)
    for at in range(0, len(events), 40):
        if at == 80:
            first.activate(SCHEDULES)
        first.feed(*events[at : at + 40]).tick(START + at * HOUR_MS)
    fired = {each["campaign"] for each in first.data("points.awarded")}
    assert fired >= {"after", "daily", "silent"}
    for batch, bounds in ((1, Bounds()), (7, Bounds(records=11, bytes=6000)), (1000, Bounds())):
        crashes = random.Random(seed)
        again = Log([PLAIN, SCHEDULES], partitions=3, batch=batch)
        again.journal = [list(records) for records in first.journal]
        again.complete = True
        for number in range(3):
            while again.fold(number, bounds):
                if crashes.random() < 0.3:
                    again.crash(number)
        assert digest(again) == digest(first)


# -- the order of what is due, against a plain search


def arbitrary(chance: random.Random) -> tuple[str, Kept | None]:
    key = keys.row(
        f"member:{chance.randrange(12)}", chance.choice(("lot", "seen", "schedule")), str(chance.randrange(4))
    )
    if chance.random() < 0.3:
        return key, None
    return key, Kept({"v": 1}, chance.choice((None, *range(8))))


def plain_search(due: dict[str, int | None], limit: int) -> tuple[int, str] | None:
    found = [(at, keys.owner_of(key)) for key, at in due.items() if at is not None and at <= limit]
    return min(found, default=None)


@pytest.mark.parametrize("seed", range(40))
def test_what_is_due_first_is_what_a_plain_search_finds(seed: int) -> None:
    chance = random.Random(seed)
    store = Store()
    known: dict[str, int | None] = {}
    limit: Callable[[], int] = lambda: chance.choice((0, 3, 8))  # noqa: E731  # drawn anew each time
    for _ in range(30):
        overlay = Overlay(store)
        for _ in range(chance.randrange(20)):
            key, kept = arbitrary(chance)
            overlay.write(keys.owner_of(key), {key: kept})
            known.pop(key, None)
            if kept is not None:
                known[key] = kept.due_ms
            if chance.random() < 0.5:
                at = limit()
                assert overlay.first_due(at) == plain_search(known, at)
        store.take_over(overlay.changed)
        assert store.next_due_ms() == min((at for at in known.values() if at is not None), default=None)


def test_the_queue_of_what_is_due_does_not_grow_with_the_changes() -> None:
    store = Store()
    for number in range(10_000):
        overlay = Overlay(store)
        overlay.write("member:M", {"member:M/lot/a": Kept({"v": 1}, 5 + number)})
        store.take_over(overlay.changed)
    assert len(store._queue) < 2_000  # what nobody sees but memory
    assert store.next_due_ms() == 10_004
