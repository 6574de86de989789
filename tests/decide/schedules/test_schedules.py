"""Scheduled campaigns: each instant once, at its own time, in the programme's zone (B-31)."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from engine.core.calendar import Period, Zone, local_day, local_ms
from engine.core.instants import DAY_MS, HOUR_MS, MINUTE_MS, parse, render
from engine.decide.schedules.occurrences import next_of_every, next_of_year
from engine.ruleset.conditions import Test
from engine.ruleset.effects import AddTag, AwardPoints, Fixed, SetAttribute
from engine.ruleset.limits import Limit, Window
from engine.ruleset.matching import Rules
from engine.ruleset.model import Attribute, Campaign
from engine.ruleset.schedules import SCHEDULED, After, Every, Schedule, Silent, Yearly
from tests.support.journals import START, Log, enrolled, event, line, sale
from tests.support.programme import NEW_YORK_2026, UTC, campaign, rules, ruleset

NINE = 9 * 60
TEN_POINTS = AwardPoints(Fixed(10), "points")
DAILY = Every("day", NINE)


def on(schedule: Schedule, name: str = "gift", **changes: object) -> Campaign:
    return campaign(name, *changes.pop("then", (TEN_POINTS,)), on=SCHEDULED, schedule=schedule, **changes)  # type: ignore[misc]


def made(*campaigns: Campaign, **programme: object) -> Rules:
    attributes = (Attribute("birthday", "month_day", personal=False), Attribute("city", "text", personal=False))
    return rules(ruleset(*campaigns, attributes=attributes, **programme))


def log_of(*campaigns: Campaign, **programme: object) -> Log:
    return Log(made(*campaigns, **programme), partitions=1)


def updated(member: str, time_ms: int = START, **profile: object) -> object:
    return event("member.updated", f"member:{member}", {"member_id": member, "profile": profile}, time_ms=time_ms)


def times(log: Log, member: str = "M") -> list[str]:
    """When points were awarded to a member."""
    return [each["time"][:16] for each in log.events("points.awarded") if each["data"]["member_id"] == member]


@pytest.mark.parametrize(
    ("schedule", "after", "instants"),
    [
        (Every("day", NINE), "2026-11-03T08:59:59Z", ["2026-11-03T09:00", "2026-11-04T09:00"]),
        (Every("day", NINE), "2026-11-03T09:00:00Z", ["2026-11-04T09:00"]),
        (Every("week", NINE, weekday="friday"), "2026-11-03T12:00:00Z", ["2026-11-06T09:00", "2026-11-13T09:00"]),
        (Every("week", NINE), "2026-11-03T12:00:00Z", ["2026-11-09T09:00"]),
        (
            Every("month", 0, day=31),
            "2026-01-31T00:00:00Z",
            ["2026-02-28T00:00", "2026-03-31T00:00", "2026-04-30T00:00"],
        ),
        (Every("month", 0, day=31), "2028-01-31T00:00:00Z", ["2028-02-29T00:00"]),
        (Every("month", 30), "2026-12-15T00:00:00Z", ["2027-01-01T00:30"]),
        (Every("quarter", 0, day=31, month=2), "2026-03-01T00:00:00Z", ["2026-05-31T00:00", "2026-08-31T00:00"]),
        (Every("quarter", 0), "2026-03-01T00:00:00Z", ["2026-04-01T00:00"]),
        (Every("year", 0, day=29, month=2), "2026-03-01T00:00:00Z", ["2027-02-28T00:00", "2028-02-29T00:00"]),
    ],
)
def test_a_calendar_schedule_comes_round(schedule: Every, after: str, instants: Sequence[str]) -> None:
    at, found = parse(after), []
    for _ in instants:
        at = next_of_every(schedule, at, UTC, "monday")
        found.append(render(at)[:16])
    assert found == list(instants)


@pytest.mark.parametrize(
    ("day", "before", "after", "last_year", "instant"),
    [
        ("06-15", None, "2026-01-01T00:00:00Z", 0, "2026-06-15T09:00"),
        ("1990-06-15", None, "2026-06-15T09:00:00Z", 0, "2027-06-15T09:00"),
        ("02-29", None, "2026-01-01T00:00:00Z", 0, "2026-02-28T09:00"),
        ("02-29", None, "2028-01-01T00:00:00Z", 0, "2028-02-29T09:00"),
        ("01-03", Period(7, "days"), "2026-06-01T00:00:00Z", 0, "2026-12-27T09:00"),
        ("01-03", Period(7, "days"), "2026-06-01T00:00:00Z", 2027, "2027-12-27T09:00"),
        ("03-31", Period(1, "months"), "2026-01-01T00:00:00Z", 0, "2026-02-28T09:00"),
        ("06-15", Period(2, "hours"), "2026-01-01T00:00:00Z", 0, "2026-06-15T07:00"),
        ("10-01", None, "2026-06-01T00:00:00Z", 2026, "2027-10-01T09:00"),
    ],
)
def test_b31_a_day_of_a_members_year_comes_round(
    day: str, before: Period | None, after: str, last_year: int, instant: str
) -> None:
    coming = next_of_year(Yearly("birthday", before, NINE), day, parse(after), last_year, UTC)
    assert coming is not None
    assert render(coming.at_ms)[:16] == instant


@pytest.mark.parametrize("day", [None, "", "sealed:v1:AAAA", "13-01", 615, True])
def test_what_is_no_day_of_a_year_never_comes_round(day: object) -> None:
    assert next_of_year(Yearly("birthday", None, NINE), day, START, 0, UTC) is None


def test_local_times_that_a_change_of_the_clock_leaves_out_or_repeats() -> None:
    """On 8 March 2026 New York goes from 02:00 to 03:00, on 1 November from 02:00 to 01:00."""

    def at(schedule: Every, after: str) -> str:
        return render(next_of_every(schedule, parse(after), NEW_YORK_2026, "monday"))[:16]

    half_past_two, half_past_one = Every("day", 150), Every("day", 90)
    assert at(half_past_two, "2026-03-07T12:00:00Z") == "2026-03-08T07:00"  # the end of the gap, 03:00 local
    assert at(half_past_two, "2026-03-08T07:00:00Z") == "2026-03-09T06:30"
    assert at(half_past_one, "2026-10-31T12:00:00Z") == "2026-11-01T05:30"  # the first of the two
    assert at(half_past_one, "2026-11-01T05:30:00Z") == "2026-11-02T06:30"


def test_a_daily_campaign_fires_at_its_instant_and_says_what_caused_it() -> None:
    log = log_of(on(DAILY)).feed(enrolled("M")).tick(START + DAY_MS)
    (award,) = log.events("points.awarded")
    assert award["time"] == render(START + DAY_MS)
    assert award["data"]["campaign"] == "gift"
    (decision,) = [each for each in log.events("decision.recorded") if each["data"]["input"]["type"] == SCHEDULED]
    assert decision["data"]["campaigns_fired"] == ["gift"]
    assert decision["causationid"] == award["causationid"] == decision["data"]["input"]["id"]


def test_b31_a_worker_that_was_down_for_three_days_catches_up_in_order_each_day_once() -> None:
    late = log_of(on(DAILY)).tick(START).feed(enrolled("M"), enrolled("N"))
    late.tick(START + 3 * DAY_MS)
    late.tick(START + 3 * DAY_MS)
    assert times(late) == times(late, "N") == ["2026-11-04T09:00", "2026-11-05T09:00", "2026-11-06T09:00"]
    order = [(each["time"], each["data"]["member_id"]) for each in late.events("points.awarded")]
    assert order == sorted(order)  # by due instant, then by member
    punctual = log_of(on(DAILY)).tick(START).feed(enrolled("M"), enrolled("N"))
    for hours in range(1, 73):
        punctual.tick(START + hours * HOUR_MS)
    assert [each["id"] for each in punctual.events("points.awarded")] == [
        each["id"] for each in late.events("points.awarded")
    ]


def test_due_work_of_a_member_comes_before_their_next_event_and_is_not_done_again_by_the_tick() -> None:
    log = log_of(on(DAILY)).tick(START).feed(enrolled("M"))
    log.feed(sale("M", "T", line(1, 100), time_ms=START + DAY_MS + MINUTE_MS)).tick(START + DAY_MS + HOUR_MS)
    kinds = [each["data"]["input"]["type"] for each in log.events("decision.recorded")]
    assert kinds == ["member.enrolled", SCHEDULED, "transaction.completed"]


def test_an_enrolment_that_comes_late_plans_nothing_for_the_time_before() -> None:
    log = log_of(on(DAILY)).tick(START).feed(enrolled("M", time_ms=START - 20 * DAY_MS)).tick(START + DAY_MS)
    assert times(log) == ["2026-11-04T09:00"]


def test_only_the_campaign_that_is_due_is_decided() -> None:
    log = log_of(on(DAILY), on(Every("day", 10 * 60), "later")).tick(START).feed(enrolled("M"))
    log.tick(START + HOUR_MS)
    assert [each["campaign"] for each in log.data("points.awarded")] == ["later"]


def test_whom_it_is_not_for_leaves_no_decision_and_no_award() -> None:
    silver = on(DAILY, audience=Test("member.tier", "text", "one_of", ("silver",)))
    log = log_of(silver).feed(enrolled("M")).tick(START + DAY_MS)
    assert (times(log), log.statuses()) == ([], ["decided"])


def test_a_near_miss_of_a_schedule_is_decided() -> None:
    tuesday = Test("time.weekday", "text", "one_of", ("tuesday",))
    log = log_of(on(DAILY, when=tuesday, otherwise=(AddTag("missed"),))).feed(enrolled("M")).tick(START + DAY_MS)
    assert [each["tag"] for each in log.data("member.tagged")] == ["missed"]
    assert log.data("decision.recorded")[-1]["campaigns_refused"] == [{"campaign": "gift", "reason": "time.weekday"}]


def test_runs_shadow_and_paused_count_at_the_due_instant() -> None:
    runs = on(DAILY, "runs", from_ms=START + 2 * DAY_MS, until_ms=START + 4 * DAY_MS)
    shadow, paused = on(DAILY, "shadow", state="shadow"), on(DAILY, "paused", state="paused")
    log = log_of(runs, shadow, paused).tick(START).feed(enrolled("M")).tick(START + 6 * DAY_MS)
    assert times(log) == ["2026-11-05T09:00", "2026-11-06T09:00"]
    assert {each["campaign"] for each in log.data("points.awarded")} == {"runs"}
    recorded = [each["shadow"] for each in log.data("decision.recorded") if "shadow" in each]
    assert [(each["campaign"], each["points"]) for (each,) in recorded] == [("shadow", {"points": 10})] * 6
    assert log.row("member:M/schedule/runs")["at"] is None


def test_the_members_limits_are_taken_in_the_period_of_the_due_instant() -> None:
    weekly = Limit("times", 2, "member", Window("this", unit="week"), "refuse")
    log = log_of(on(DAILY, limits=(weekly,))).tick(START).feed(enrolled("M")).tick(START + 8 * DAY_MS)
    assert times(log) == ["2026-11-04T09:00", "2026-11-05T09:00", "2026-11-09T09:00", "2026-11-10T09:00"]


def test_b31_a_birthday_that_is_changed_counts_once_a_calendar_year() -> None:
    log = log_of(on(Yearly("birthday", None, NINE))).tick(START).feed(enrolled("M", profile={"birthday": "11-05"}))
    log.tick(START + 3 * DAY_MS).feed(updated("M", START + 3 * DAY_MS, birthday="12-24"))  # type: ignore[arg-type]
    log.tick(START + 100 * DAY_MS)
    assert times(log) == ["2026-11-05T09:00"]
    log.tick(START + 430 * DAY_MS)
    assert times(log) == ["2026-11-05T09:00", "2027-12-24T09:00"]


def test_a_birthday_that_becomes_known_later_or_is_removed() -> None:
    log = log_of(on(Yearly("birthday", Period(7, "days"), NINE))).tick(START).feed(enrolled("M"))
    assert log.row("member:M/schedule/gift") is None
    log.feed(updated("M", birthday="11-20"))  # type: ignore[arg-type]
    assert render(log.row("member:M/schedule/gift")["at"])[:16] == "2026-11-13T09:00"
    log.feed(updated("M", START + 1, birthday=None)).tick(START + 20 * DAY_MS)  # type: ignore[arg-type]
    assert times(log) == []


def test_a_campaign_that_sets_the_attribute_moves_the_schedule() -> None:
    sets = campaign("sets", SetAttribute("birthday", "11-10"))
    log = log_of(on(Yearly("birthday", None, NINE)), sets).tick(START).feed(enrolled("M"), sale("M", "T", line(1, 100)))
    assert times(log.tick(START + 10 * DAY_MS)) == ["2026-11-10T09:00"]


def test_silence_fires_once_and_begins_anew_with_the_next_event() -> None:
    log = log_of(on(Silent(Period(90, "days"), "transaction.completed"))).tick(START).feed(enrolled("M"))
    log.feed(sale("M", "T", line(1, 100)))
    log.tick(START + 40 * DAY_MS).feed(sale("M", "U", line(1, 100), time_ms=START + 40 * DAY_MS))
    log.feed(sale("M", "late", line(1, 100), time_ms=START + 20 * DAY_MS))  # comes late, ends no silence
    log.tick(START + 300 * DAY_MS)
    assert times(log) == [render(START + 130 * DAY_MS)[:16]]
    log.feed(sale("M", "V", line(1, 100), time_ms=START + 300 * DAY_MS)).tick(START + 400 * DAY_MS)
    assert times(log)[1:] == [render(START + 390 * DAY_MS)[:16]]


def test_who_never_bought_is_not_silent() -> None:
    log = log_of(on(Silent(Period(1, "days"), "transaction.completed"))).tick(START).feed(enrolled("M"))
    assert times(log.tick(START + 30 * DAY_MS)) == []


def test_a_time_after_each_event_fires_for_each_of_them() -> None:
    log = log_of(on(After(Period(14, "days"), "transaction.completed"))).tick(START).feed(enrolled("M"))
    log.feed(sale("M", "T", line(1, 100)), sale("M", "U", line(1, 100), time_ms=START + HOUR_MS))
    log.tick(START + 14 * DAY_MS)
    assert times(log) == [render(START + 14 * DAY_MS)[:16]]
    log.tick(START + 20 * DAY_MS)
    assert times(log)[1:] == [render(START + 14 * DAY_MS + HOUR_MS)[:16]]
    assert [key for key in log.rows() if "/after/" in key] == []


def test_a_time_after_an_outcome() -> None:
    base = campaign("base", AwardPoints(Fixed(150), "points"))
    log = log_of(base, on(After(Period(1, "months"), "tier.upgraded"))).tick(START).feed(enrolled("M"))
    log.feed(sale("M", "T", line(1, 100))).tick(START + 40 * DAY_MS)
    assert times(log)[1:] == ["2026-12-03T09:00"]


def test_a_ruleset_that_comes_into_force_plans_for_the_members_who_are_there() -> None:
    old = made(campaign("old", TEN_POINTS))
    gift, silent = on(DAILY), on(Silent(Period(30, "days"), "transaction.completed"), "back")
    new = made(gift, silent)
    log = Log([old, new], partitions=2).tick(START)
    log.feed(*(enrolled(f"M{number}") for number in range(7)), sale("M3", "T", line(1, 100), time_ms=START + HOUR_MS))
    log.tick(START + 2 * DAY_MS)
    log.activate(new)
    log.run().tick(START + 3 * DAY_MS)
    fired = [each for each in log.data("points.awarded") if each["campaign"] == "gift"]
    assert sorted(each["member_id"] for each in fired) == [f"M{number}" for number in range(7)]
    assert render(log.row("member:M3/schedule/back")["at"]) == render(START + HOUR_MS + 30 * DAY_MS)
    assert log.row("member:M2/schedule/back") is None


def test_a_silence_that_was_over_before_the_campaign_came_fires_nothing() -> None:
    old, new = made(campaign("old", TEN_POINTS)), made(on(Silent(Period(10, "days"), "transaction.completed")))
    log = Log([old, new], partitions=1).tick(START).feed(enrolled("M"), sale("M", "T", line(1, 100)))
    log.tick(START + 20 * DAY_MS).activate(new)
    log.run().tick(START + 60 * DAY_MS)
    assert [each["campaign"] for each in log.data("points.awarded")] == ["old"]


def test_the_same_ruleset_again_visits_nobody_and_a_changed_schedule_is_planned_anew_and_a_removed_one_dropped() -> (
    None
):
    first, same = made(on(DAILY)), made(on(DAILY), campaign("more", TEN_POINTS))
    moved, gone = made(on(Every("day", 12 * 60))), made(campaign("other", TEN_POINTS))
    log = Log([first, same, moved, gone], partitions=1).tick(START).feed(enrolled("M")).tick(START + DAY_MS)
    log.activate(same)
    records = len(log.journal[0])
    log.run()
    assert len(log.journal[0]) == records
    log.activate(moved)
    log.run()
    assert render(log.row("member:M/schedule/gift")["at"])[:16] == "2026-11-05T12:00"  # has had today's
    log.tick(START + 2 * DAY_MS + 3 * HOUR_MS)
    assert times(log) == ["2026-11-04T09:00", "2026-11-05T12:00"]
    log.activate(gone)
    log.run().tick(START + 5 * DAY_MS)
    assert times(log) == ["2026-11-04T09:00", "2026-11-05T12:00"]
    assert log.row("member:M/schedule/gift") is None


def test_b31_at_one_instant_points_expire_before_the_scheduled_campaign_sees_the_balance() -> None:
    owns = Test("balance.points", "points", "at_least", (1,))
    midnight = on(Every("year", 0, day=1, month=12), audience=owns, then=(AddTag("rich"),))
    log = log_of(midnight, campaign("base", AwardPoints(Fixed(5), "points"))).tick(START - 365 * DAY_MS)
    log.feed(enrolled("M", time_ms=START - 365 * DAY_MS), sale("M", "T", line(1, 100), time_ms=START - 365 * DAY_MS))
    log.tick(START + 40 * DAY_MS)
    assert [each["time"][:16] for each in log.events("points.expired")] == ["2026-12-01T00:00"]
    scheduled = [each for each in log.data("decision.recorded") if each["input"]["type"] == SCHEDULED]
    assert [each["input"]["time"][:16] for each in scheduled] == ["2025-12-01T00:00"]


def test_the_day_is_the_programmes_own() -> None:
    zone: Zone = NEW_YORK_2026
    log = log_of(on(Every("day", 23 * 60)), zone=zone).tick(START).feed(enrolled("M")).tick(START + 2 * DAY_MS)
    (first, second) = log.events("points.awarded")
    assert local_ms(parse(first["time"]), zone) % DAY_MS == 23 * HOUR_MS
    assert local_day(parse(second["time"]), zone).isoformat() == "2026-11-04"


def test_a_forgotten_member_is_left_alone() -> None:
    log = log_of(on(DAILY)).tick(START).feed(enrolled("M"))
    log.feed(event("member.forgotten", "member:M", {"member_id": "M"})).tick(START + 2 * DAY_MS)
    assert times(log) == []


def test_where_the_clock_follows_the_events_schedules_follow_them_too() -> None:
    by_events = replace(made(on(DAILY)).ruleset.programme.time, clock="events")
    log = log_of(on(DAILY), time=by_events).feed(enrolled("M"), enrolled("N", time_ms=START + 2 * DAY_MS + HOUR_MS))
    assert times(log) == ["2026-11-04T09:00", "2026-11-05T09:00"]
