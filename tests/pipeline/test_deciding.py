"""What one input causes, told by the outcomes and rows that it leaves."""

from dataclasses import replace

from engine.core.instants import DAY_MS, parse
from engine.ruleset.conditions import Test
from engine.ruleset.effects import AwardPoints, Fixed
from tests.support.journals import START, Log, enrolled, event, line, sale
from tests.support.programme import campaign, rules, ruleset


def log(**programme: object) -> Log:
    return Log(rules(ruleset(**programme)))


def test_an_enrolment_joins_the_lowest_tier_and_is_welcomed() -> None:
    made = log().feed(enrolled("M", locale="en", consents=["push", "email"]))
    assert made.data("tier.joined") == [
        {
            "member_id": "M",
            "ladder": "status",
            "tier_before": None,
            "tier_after": "blue",
            "tier_next": "silver",
            "qualified": 0,
            "missing": 100,
            "unit": "points",
            "valid_until": None,
        }
    ]
    (welcome,) = made.data("notification.requested")
    assert (welcome["trigger"], welcome["member_id"], welcome["consents"]) == ("welcome", "M", ["email", "push"])
    assert made.statuses() == ["decided"]


def test_a_sale_earns_by_rate_floored_once_without_what_never_earns() -> None:
    made = log().feed(enrolled("M"), sale("M", "T", line(1, 199), line(2, 250, "produce"), line(3, 900, "alcohol")))
    awards = {each["campaign"]: (each["points"], each["line_ids"]) for each in made.data("points.awarded")}
    assert awards == {"base": (4, ["1", "2"]), "produce": (12, ["2"])}
    assert made.row("member:M")["accounts"]["points"]["balance"] == 16


def test_points_that_paid_do_not_earn() -> None:
    paid = [{"method": "points", "amount_minor": 300}, {"method": "card", "amount_minor": 700}]
    made = log().feed(enrolled("M"), sale("M", "T", line(1, 1000), payments=paid))
    assert [each["points"] for each in made.data("points.awarded")] == [7]


def test_a_tier_is_reached_at_once_over_several_levels_and_says_what_is_missing() -> None:
    made = log().feed(enrolled("M"), sale("M", "T", line(1, 60_000)), sale("M", "U", line(1, 60_000)))
    (silver, gold) = made.data("tier.upgraded")
    assert (silver["tier_before"], silver["tier_after"], silver["tier_next"], silver["missing"]) == (
        "blue",
        "silver",
        "gold",
        400,
    )
    assert (gold["tier_after"], gold["tier_next"], gold["missing"], gold["qualified"]) == ("gold", None, 0, 1200)
    assert [each["trigger"] for each in made.data("notification.requested")] == ["welcome", "upgraded", "upgraded"]


def test_progress_falls_in_the_calendar_year_it_was_earned_in() -> None:
    last_year = START - 330 * DAY_MS
    made = Log(rules(ruleset())).feed(
        enrolled("M"), sale("M", "T", line(1, 9_000), time_ms=last_year), sale("M", "U", line(1, 9_000))
    )
    assert made.row("member:M")["ladders"]["status"]["qualified"] == {"2025": 90, "2026": 90}
    assert made.data("tier.upgraded") == []


def test_the_same_event_again_is_a_duplicate_each_time_with_its_own_decision() -> None:
    once = sale("M", "T", line(1, 1000), event_id="e1")
    made = log().feed(enrolled("M"), once, once, once)
    assert made.statuses() == ["decided", "decided", "refused: duplicate_event", "refused: duplicate_event"]
    assert len({each["id"] for each in made.events("decision.recorded")}) == 4
    assert len(made.data("points.awarded")) == 1


def test_the_same_natural_key_with_other_content_is_a_conflict() -> None:
    first, again = sale("M", "T", line(1, 1000), event_id="e1"), sale("M", "T", line(1, 1000), event_id="e2")
    other = sale("M", "T", line(1, 2000), event_id="e3")
    made = log().feed(enrolled("M", event_id="n1"), enrolled("M", event_id="n2", locale="fr"), first, again, other)
    assert made.statuses() == [
        "decided",
        "refused: conflicting_duplicate",
        "decided",
        "refused: duplicate_event",
        "refused: conflicting_duplicate",
    ]


def test_a_sale_before_its_enrolment_waits_and_is_then_decided_in_order() -> None:
    made = log().feed(sale("M", "T", line(1, 1000)), sale("M", "U", line(1, 2000)))
    assert made.statuses() == []
    made.feed(enrolled("M"))
    assert made.statuses() == ["decided", "decided", "decided"]
    assert [each["points"] for each in made.data("points.awarded")] == [10, 20]
    assert [key for key in made.rows() if "/parked/" in key] == []


def test_a_parked_sale_counts_for_no_opt_in() -> None:
    opted = campaign(
        "vip", AwardPoints(Fixed(50), "points"), audience=Test("member.opted_in", "bool", "one_of", (True,))
    )
    made = Log(rules(ruleset(opted)))
    made.feed(sale("M", "T", line(1, 1000)), enrolled("M", opt_ins=["vip"]))
    assert made.data("points.awarded") == []
    made.feed(sale("M", "U", line(1, 1000)))
    assert [each["transaction_id"] for each in made.data("points.awarded")] == ["U"]


def test_a_sale_whose_member_never_comes_is_refused_at_the_end_of_late() -> None:
    made = log().feed(sale("M", "T", line(1, 1000))).tick(START + 30 * DAY_MS - 1)
    assert made.statuses() == []
    made.tick(START + 30 * DAY_MS)
    assert made.statuses() == ["refused: member_unknown"]


def test_an_external_id_leads_to_its_member_also_for_what_came_before() -> None:
    external = {"kind": "card", "hash": "ab" * 16}
    subject = "external:" + external["hash"]
    early = sale("M", "T", line(1, 1000), subject=subject)
    made = log().feed(early, enrolled("M", external_ids=[external]), sale("M", "U", line(1, 2000), subject=subject))
    assert sorted(each["points"] for each in made.data("points.awarded")) == [10, 20]
    assert made.data("member.link_recorded") == [{"member_id": "M", "external_id": external}]
    assert sorted(made.statuses()) == ["decided", "decided", "decided"]
    assert made.row("member:M")["external_ids"] == [external]


def test_an_external_id_has_one_owner() -> None:
    external = {"kind": "card", "hash": "ab" * 16}
    made = log().feed(enrolled("A", external_ids=[external]))
    made.feed(enrolled("B"), event("member.linked", "member:B", {"member_id": "B", "external_id": external}))
    assert made.statuses() == ["decided", "decided", "refused: external_id_taken"]
    assert [each["reason"] for each in made.data("member.rejected")] == ["external_id_taken"]
    assert made.row("member:B")["external_ids"] == []


def test_lots_expire_at_midnight_after_the_last_usable_day() -> None:
    made = log().feed(enrolled("M"), sale("M", "T", line(1, 1000)))
    gone = parse("2027-12-01T00:00:00Z")
    assert made.data("points.awarded")[0]["expires_at"] == "2027-12-01T00:00:00.000Z"
    made.tick(gone - 1)
    assert made.data("points.expired") == []
    made.tick(gone)
    (expired,) = made.data("points.expired")
    assert (expired["points"], expired["balance_after"]) == (10, 0)
    assert made.events("points.expired")[0]["time"] == "2027-12-01T00:00:00.000Z"
    assert [key for key in made.rows() if "/lot/" in key] == []


def test_too_late_and_too_early_are_refused_under_a_wall_clock() -> None:
    made = log().feed(enrolled("M")).tick(START + 40 * DAY_MS)
    early = sale("M", "E", line(1, 1000))._replace(time_ms=START + 41 * DAY_MS)
    made.feed(sale("M", "T", line(1, 1000)), early)
    assert made.statuses() == ["decided", "refused: too_late", "refused: too_early"]


def test_types_without_a_process_are_refused_not_lost() -> None:
    made = log().feed(event("promo_code.entered", "member:M", {"entry_id": "1", "code": "X", "member_id": "M"}))
    assert made.statuses() == ["refused: module_disabled"]


def test_a_member_tells_anew() -> None:
    made = log().feed(
        enrolled("M", profile={"city": "Boston", "pet": "cat"}),
        event(
            "member.updated",
            "member:M",
            {
                "member_id": "M",
                "profile": {"city": "Lowell", "pet": None},
                "tags_added": ["b", "a"],
                "consents": ["sms"],
            },
        ),
    )
    row = made.row("member:M")
    assert (row["profile"], row["tags"], row["consents"]) == ({"city": "Lowell"}, ["a", "b"], ["sms"])
    assert [each["tag"] for each in made.data("member.tagged")] == ["a", "b"]


def test_a_shadow_campaign_is_decided_and_gives_nothing() -> None:
    shadow = campaign("later", AwardPoints(Fixed(50), "points"), state="shadow")
    made = Log(rules(ruleset(shadow))).feed(enrolled("M"), sale("M", "T", line(1, 1000)))
    assert made.data("points.awarded") == []
    (decision,) = [each for each in made.data("decision.recorded") if "shadow" in each]
    assert decision["shadow"] == [
        {"mode": "shadow", "campaign": "later", "fired": True, "reason": "", "points": {"points": 50}}
    ]


def test_a_row_that_would_grow_too_large_is_refused_and_leaves_nothing() -> None:
    lines = [line(number, 1, "x" * 120) for number in range(1500)]
    made = log().feed(enrolled("M"), sale("M", "T", *lines))
    assert made.statuses() == ["decided", "refused: row_too_large"]
    assert made.data("points.awarded") == []
    assert made.row("member:M")["accounts"] == {}


def test_an_events_clock_follows_the_events_in_every_partition_and_works_off_what_is_due() -> None:
    events_clock = ruleset(time=replace(ruleset().programme.time, clock="events"))
    made = Log(rules(events_clock)).feed(enrolled("M"), sale("M", "T", line(1, 1000)))
    made.feed(event("clock.advance_requested", "clock", {"to": parse("2027-12-02T00:00:00Z")}))
    assert len(made.data("points.expired")) == 1
    assert {partition.clock_ms for partition in made.partitions} == {parse("2027-12-02T00:00:00Z")}
