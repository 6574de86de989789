"""Two members become one: all that one had is the other's, with its dates, and the old id is an alias (B-52)."""

import random
from typing import Any

import pytest

from engine.core.calendar import Period
from engine.core.instants import DAY_MS, HOUR_MS
from engine.core.partitioning import partition_of
from engine.core.records import Event
from engine.decide.members import merging
from engine.pipeline.records import Bounds
from engine.ruleset.effects import AddTag, AwardPoints, Fixed
from engine.ruleset.limits import Counter, Limit, Window
from engine.ruleset.model import Account, Attribute
from engine.ruleset.schedules import SCHEDULED, Every, Silent
from engine.wire import journal
from tests.pipeline.test_promises import digest
from tests.support.journals import START, Log, enrolled, event, line, sale
from tests.support.programme import campaign, rules, ruleset

POINTS = Account("points", True, None, 1_000_000, negative="allowed")


def merged(stays: str, goes: str, merge_id: str = "G1", time_ms: int = START + DAY_MS) -> Event:
    data = {"merge_id": merge_id, "member_id": stays, "merged_member_id": goes}
    return event("member.merged", f"member:{stays}", data, time_ms=time_ms)


def spend(member: str, points: int, spend_id: str = "S1", kind: str = "spend") -> Event:
    data = {f"{kind}_id": spend_id, "member_id": member, "account": "points", "points": points}
    return event(f"points.{kind}_requested", f"member:{member}", data)


def two(partitions: int = 4, **programme: Any) -> Log:
    return Log(rules(ruleset(**programme)), partitions=partitions).feed(enrolled("A"), enrolled("B"))


def books(log: Log, member: str = "A") -> dict[str, int]:
    found: dict[str, int] = log.row(f"member:{member}")["accounts"]["points"]["books"]
    return found


def test_all_that_a_member_had_is_the_others_and_nothing_is_left() -> None:
    log = two().feed(sale("A", "T", line(1, 1_000)), sale("B", "U", line(1, 3_000)), spend("B", 5))
    log.feed(spend("B", 7, "H1", "hold"), merged("A", "B"))
    assert log.data("member.merge_recorded") == [{"merge_id": "G1", "member_id": "A", "merged_member_id": "B"}]
    assert log.statuses()[-1] == "decided"
    assert sum(books(log).values()) == 0
    assert {name: points for name, points in books(log).items() if name in ("available", "held", "spent")} == {
        "available": 28,
        "held": 7,
        "spent": 5,
    }
    lots = [log.row(key) for key in log.rows() if key.startswith("member:A/lot/")]
    assert sorted((lot["points"], lot["member_id"]) for lot in lots) == [(10, "A"), (18, "A")]
    assert [key for key in log.rows() if key.startswith("member:B/")] == []
    assert (log.row("member:B")["alias_of"], log.row("member:B")["accounts"]) == ("A", {})
    assert log.row("member:A")["aliases"] == ["B"]


@pytest.mark.parametrize("partitions", [1, 4])
def test_what_comes_for_the_old_id_goes_to_the_member_who_stayed(partitions: int) -> None:
    log = two(partitions).feed(sale("B", "U", line(1, 3_000)), merged("A", "B"))
    log.feed(sale("B", "V", line(1, 500)), enrolled("B", event_id="again"))
    data = {
        "return_id": "R",
        "original_transaction_id": "U",
        "member_id": "B",
        "lines": [{"line_id": "1", "quantity": 1}],
    }
    log.feed(event("transaction.returned", "member:B", data))
    assert {each["member_id"] for each in log.data("points.awarded")[1:]} == {"A"}
    assert [(each["member_id"], each["points"]) for each in log.data("points.reversed")] == [("A", 30)]
    assert log.statuses()[-2:] == ["refused: conflicting_duplicate", "decided"]
    assert books(log)["available"] == 5


class Interleaved(Log):
    """A journal in which inputs of both members come between the parts of a merge."""

    between = 0

    def append(self, number: int, key: bytes, value: bytes) -> None:
        """Appends a record, and after a part of a merge two sales and a spend."""
        super().append(number, key, value)
        if getattr(journal.decode(value), "type", "") == merging.PART:
            self.between += 1
            at = self.between
            for each in (
                sale("A", f"M{at}", line(1, 200)),
                sale("B", f"N{at}", line(1, 300)),
                spend("A", 1, f"S{at}"),
            ):
                super().append(number, each.subject.encode(), journal.encode_event(each))


def test_many_rows_come_in_bounded_messages_and_are_taken_over_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "_PART_BYTES", 2_000)
    log = Interleaved(rules(ruleset()), partitions=1)
    log.feed(enrolled("A"), enrolled("B"), sale("A", "T", line(1, 1_000)))
    log.feed(*(sale("B", f"U{number}", line(1, 1_000)) for number in range(20)))
    log.batch = 1
    log.feed(merged("A", "B"))
    assert log.between > 5
    assert max(len(record.value) for record in log.journal[0]) < 8_000
    assert books(log) == {"available": 210 + 4 * log.between, "issued": -210 - 5 * log.between, "spent": log.between}
    assert log.statuses().count("decided") == len(log.statuses())
    assert [key for key in log.rows() if "/merged/" in key or "/merging/" in key or "/asked/" in key] == []


def test_a_decision_is_recorded_once_everything_has_moved_and_a_repeat_is_a_duplicate() -> None:
    log = two().feed(merged("A", "B"))
    decisions = [each for each in log.data("decision.recorded") if each["input"]["type"] == "member.merged"]
    assert [each["status"] for each in decisions] == ["decided"]
    assert log.feed(merged("A", "B")).statuses()[-1] == "refused: duplicate_event"
    assert log.feed(merged("A", "B", "G2")).statuses()[-1] == "refused: already_merged"
    assert len(log.data("member.merge_recorded")) == 1


@pytest.mark.parametrize(("goes", "reason"), [("nobody", "member_unknown"), ("A", "already_merged")])
def test_who_cannot_be_merged_is_refused(goes: str, reason: str) -> None:
    log = two().feed(merged("A", goes))
    assert log.statuses()[-1] == f"refused: {reason}"
    assert log.data("member.merge_recorded") == []
    assert [key for key in log.rows() if "/asked/" in key] == []


def test_an_alias_merged_with_whom_it_stands_for_is_refused_however_it_is_asked() -> None:
    log = Log(rules(ruleset())).feed(
        enrolled("A"), enrolled("B"), enrolled("C"), merged("B", "C"), merged("A", "B", "G2")
    )
    assert log.feed(merged("A", "C", "G3")).statuses()[-1] == "refused: already_merged"
    assert log.feed(merged("B", "A", "G4")).statuses()[-1] == "refused: already_merged"  # B is A by now


def test_two_who_ask_for_each_other_at_once_become_one() -> None:
    log = two(2)
    for asks in (merged("A", "B"), merged("B", "A", "G2")):
        at = partition_of(asks.subject, 2)
        log.append(at, asks.subject.encode(), journal.encode_event(asks))
    log.run()
    assert [(each["member_id"], each["merged_member_id"]) for each in log.data("member.merge_recorded")] == [("A", "B")]
    assert sorted(log.statuses()[-2:]) == ["decided", "refused: already_merged"]


def test_a_chain_of_merges_at_once_ends_at_the_last() -> None:
    log = Log(rules(ruleset())).feed(
        *(enrolled(name) for name in "ABCD"), *(sale(name, f"T{name}", line(1, 1_000)) for name in "ABCD")
    )
    log.feed(merged("B", "A", "G1"), merged("C", "B", "G2"), merged("D", "C", "G3"), sale("A", "last", line(1, 100)))
    assert books(log, "D")["available"] == 41
    assert [log.row(f"member:{name}")["alias_of"] for name in "ABC"] == ["B", "C", "D"]
    assert log.row("member:D")["aliases"] == ["A", "B", "C"]


def test_a_merge_waits_for_what_the_other_has_not_settled() -> None:
    """The sale asks a limit of the whole campaign; the merge comes while the answer is on its way."""
    shared = Limit("times", 10, "campaign", Window("ever"), "refuse")
    limited = campaign("limited", AwardPoints(Fixed(50), "points"), limits=(shared,))
    log = Log(rules(ruleset(limited)), partitions=4).feed(enrolled("A"), enrolled("B"))
    for each in (sale("B", "U", line(1, 100)), merged("A", "B")):
        log.append(partition_of(each.subject, 4), each.subject.encode(), journal.encode_event(each))
    log.run()
    assert [each["member_id"] for each in log.data("points.awarded")] == ["B"]
    assert books(log)["available"] == 50
    assert log.statuses()[-2:] == ["decided", "decided"]
    assert len(log.data("member.merge_recorded")) == 1


def test_external_ids_lead_to_the_member_who_stayed() -> None:
    external = {"kind": "card", "hash": "cd" * 16}
    log = Log(rules(ruleset())).feed(enrolled("A"), enrolled("B", external_ids=[external]), merged("A", "B"))
    assert log.row("external:" + external["hash"])["member"] == "A"
    assert log.row("member:A")["external_ids"] == [external]


def test_the_members_own_word_counts_and_the_other_fills_in() -> None:
    attributes = (Attribute("city", "text", personal=False), Attribute("size", "text", personal=False))
    tagging = campaign("tags", AddTag("vip"))
    log = Log(rules(ruleset(tagging, attributes=attributes)))
    log.feed(
        enrolled("A", profile={"city": "Lowell"}, consents=["email"], opt_ins=["tags"], time_ms=START + HOUR_MS),
        enrolled("B", profile={"city": "Salem", "size": "M"}, consents=["push"], opt_ins=["tags"], locale="en"),
        sale("B", "U", line(1, 100)),
        merged("A", "B"),
    )
    row = log.row("member:A")
    assert row["profile"] == {"city": "Lowell", "size": "M"}
    assert (row["tags"], row["consents"], row["locale"]) == (["vip"], ["email"], "en")
    assert row["opt_ins"] == {"tags": START}


def test_progress_of_both_reaches_a_tier_together() -> None:
    log = two().feed(sale("A", "T", line(1, 6_000)), sale("B", "U", line(1, 7_000)))
    assert log.data("tier.upgraded") == []
    log.feed(merged("A", "B"))
    assert [(each["member_id"], each["tier_after"]) for each in log.data("tier.upgraded")] == [("A", "silver")]
    assert log.row("member:A")["ladders"]["status"]["qualified"] == {"2026": 130}


def test_points_of_one_pay_what_the_other_owes() -> None:
    adjusted = {"adjustment_id": "J", "member_id": "B", "account": "points", "points": -20, "reason": "x", "actor": "y"}
    log = two(accounts=(POINTS,)).feed(
        event("points.adjustment_requested", "member:B", adjusted), sale("A", "T", line(1, 3_000))
    )
    log.feed(merged("A", "B"))
    assert books(log) == {"adjusted": 20, "available": 10, "issued": -30}
    assert [log.row(key)["points"] for key in log.rows() if key.startswith("member:A/lot/")] == [10]


def test_schedules_go_on_for_both_in_one() -> None:
    daily = campaign("daily", AwardPoints(Fixed(1), "points"), on=SCHEDULED, schedule=Every("day", 9 * 60))
    silence = Silent(Period(10, "days"), "transaction.completed")
    silent = campaign("silent", AwardPoints(Fixed(7), "points"), on=SCHEDULED, schedule=silence)
    log = Log(rules(ruleset(daily, silent)), partitions=1).tick(START).feed(enrolled("A"), enrolled("B"))
    log.feed(sale("B", "U", line(1, 100), time_ms=START + HOUR_MS)).tick(START + DAY_MS + HOUR_MS)
    log.feed(merged("A", "B", time_ms=START + DAY_MS + HOUR_MS)).tick(START + 11 * DAY_MS)
    told = [(each["campaign"], each["member_id"]) for each in log.data("points.awarded")]
    assert told.count(("daily", "B")) == 1
    assert told.count(("daily", "A")) == 11
    assert told.count(("silent", "A")) == 1
    assert ("silent", "B") not in told


def lives(seed: int) -> list[Event]:
    """Members who buy, spend and are merged, in an order of their own."""
    chance = random.Random(seed)
    names = [f"M{number}" for number in range(8)]
    events = [enrolled(name) for name in names]
    for number in range(120):
        name = chance.choice(names)
        at = START + number * HOUR_MS
        match chance.randrange(8):
            case 0:
                events.append(merged(name, chance.choice(names), f"G{number}", at))
            case 1:
                events.append(spend(name, chance.randrange(1, 9), f"S{number}"))
            case _:
                events.append(sale(name, f"T{number}", line(1, chance.randrange(100, 2_000)), time_ms=at))
    return events


@pytest.mark.parametrize("seed", [1, 7, 20261121])
def test_p1_merges_give_the_same_bytes_for_other_batches_and_crashes_and_lose_no_points(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    print("seed", seed)
    monkeypatch.setattr(merging, "_PART_BYTES", 1_500)
    first = Log(rules(ruleset()), partitions=3)
    events = lives(seed)
    for at in range(0, len(events), 16):
        first.feed(*events[at : at + 16])
    assert len(first.data("member.merge_recorded")) > 3
    inputs = [each for each in first.data("decision.recorded") if each["input"]["type"] != "outcome.followed"]
    assert len(inputs) == len(events)
    issued = sum(each["points"] for each in first.data("points.awarded"))
    spent = sum(each["points"] for each in first.data("points.spent"))
    members = [first.row(f"member:M{number}") for number in range(8)]
    assert sum(row["accounts"].get("points", {"balance": 0})["balance"] for row in members) == issued - spent
    for batch, bounds in ((1, Bounds()), (9, Bounds(records=11, bytes=6_000)), (1_000, Bounds())):
        crashes = random.Random(seed)
        again = Log(rules(ruleset()), partitions=3, batch=batch)
        again.journal = [list(records) for records in first.journal]
        again.complete = True
        for number in range(3):
            while again.fold(number, bounds):
                if crashes.random() < 0.3:
                    again.crash(number)
        assert digest(again) == digest(first)


def test_who_is_forgotten_is_forgotten_under_the_old_name_too() -> None:
    log = two().feed(merged("A", "B"))
    log.feed(event("member.forgotten", "member:B", {"member_id": "B"}, time_ms=START + 2 * DAY_MS))
    assert log.data("member.forget_recorded") == [{"member_id": "A"}]
    assert {subject for partition in log.partitions for subject in partition.forgotten} == {"member:A", "member:B"}


def test_who_is_forgotten_while_the_other_is_asked_stays_forgotten() -> None:
    attributes = (Attribute("name", "text", personal=True), Attribute("city", "text", personal=False))
    external = {"kind": "card", "hash": "cd" * 16}
    log = Log(rules(ruleset(attributes=attributes)), partitions=1)
    log.feed(
        enrolled("A"), enrolled("B", profile={"name": "Bea", "city": "Salem"}, locale="en", external_ids=[external])
    )
    for each in (merged("A", "B"), event("member.forgotten", "member:A", {"member_id": "A"})):
        log.append(0, each.subject.encode(), journal.encode_event(each))
    row = log.run().row("member:A")
    assert (row["profile"], row["locale"], row["external_ids"]) == ({"city": "Salem"}, None, [])
    assert log.row("external:" + external["hash"]) is None
    assert "member:B" in log.partitions[0].forgotten
    assert len(log.data("member.merge_recorded")) == 1


@pytest.mark.parametrize("first", ["A", "B", ""])
def test_counts_come_together_where_only_one_of_them_is_counted_by_the_present_definition(first: str) -> None:
    """The counter is new: `first` has had an event since, and is counted by it; the others' sales are counted when they are met."""
    visits = Counter("visits", "transaction.completed", None, None, "one", None, Period(12, "months"))
    plain, counting = rules(ruleset()), rules(ruleset(counters=(visits,)))
    log = Log([plain, counting], partitions=1).feed(enrolled("A"), enrolled("B"))
    log.feed(sale("A", "T", line(1, 100)), sale("B", "U", line(1, 100)), sale("B", "V", line(1, 100)))
    log.activate(counting)
    log.run()
    if first:
        log.feed(sale(first, "W", line(1, 100)))
    log.feed(merged("A", "B"), sale("A", "X", line(1, 100)))
    counted = [row["months"] for key in log.rows() if key.endswith("/visits/all") and (row := log.row(key))]
    assert counted == [{"2026-11": 5 if first else 4}]
