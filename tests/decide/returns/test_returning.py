"""Returns, cancellations and sales sent again (B-19 to B-26), through real partitions."""

from typing import Any

import pytest

from engine.core import keys
from engine.core.records import Event
from engine.ruleset.conditions import LineSet, Test
from engine.ruleset.effects import AddTag, AwardPoints, Bundle, Fixed, Multiple, Rate, Steps
from engine.ruleset.limits import Group, Limit, Window
from engine.ruleset.matching import Rules
from engine.ruleset.model import Returns
from tests.support.journals import START, Log, enrolled, event, line, sale
from tests.support.programme import DAY, campaign, one_of, rules, ruleset

PRODUCE = {"produce": LineSet(one_of("category", "produce"), None)}


def returned(number: int, transaction: str, *lines: tuple[str, int] | tuple[str, int, int], **data: Any) -> Event:
    """A return of some pieces of lines, perhaps with what was given back for them."""
    back = [
        {"line_id": each[0], "quantity": each[1], **({"amount_minor": each[2]} if len(each) == 3 else {})}
        for each in lines
    ]
    time_ms = data.pop("time_ms", START + number * 60_000)
    payload = {
        "return_id": f"R-{number}",
        "original_transaction_id": transaction,
        "lines": back,
        "member_id": "M",
        **data,
    }
    if payload["member_id"] is None:
        del payload["member_id"]
        subject = keys.subject("transaction", transaction)
    else:
        subject = keys.subject("member", payload["member_id"])
    return event("transaction.returned", subject, payload, time_ms=time_ms, event_id=f"return {number}")


def cancelled(transaction: str, *, time_ms: int = START + 600_000, member: str | None = "M") -> Event:
    """A cancellation."""
    payload = {"transaction_id": transaction} | ({} if member is None else {"member_id": member})
    subject = keys.subject("transaction", transaction) if member is None else keys.subject("member", member)
    return event("transaction.cancelled", subject, payload, time_ms=time_ms, event_id=f"cancel {transaction}")


def bought(made: Rules, *lines: dict[str, Any], **data: Any) -> Log:
    """A member who bought these lines as T."""
    return Log(made).feed(enrolled("M"), sale("M", "T", *lines, **data))


def balance(log: Log, account: str = "points") -> int:
    """What the member has, as their row says."""
    row = log.row("member:M")["accounts"].get(account)
    return 0 if row is None else row["balance"]


def test_a_rate_keeps_what_the_kept_lines_earn_floored_once() -> None:
    log = bought(rules(ruleset()), line(1, 1050, quantity=3), line(2, 275))
    assert balance(log) == 13
    log.feed(returned(1, "T", ("1", 1)))  # 10.50 x 1/3 = 3.50 back: 9.75 are kept
    assert balance(log) == 9
    log.feed(returned(2, "T", ("2", 1)))  # 7.00 are kept
    assert balance(log) == 7
    log.feed(returned(3, "T", ("1", 2)))
    assert balance(log) == 0
    assert [each["points"] for each in log.data("points.reversed")] == [4, 2, 7]
    assert log.row("member:M/transaction/T")["returned"]["gone"]


def test_the_amount_given_back_counts_and_the_last_piece_takes_the_rest() -> None:
    log = bought(rules(ruleset()), line(1, 1000, quantity=3))
    log.feed(returned(1, "T", ("1", 1, 900)))
    assert balance(log) == 1
    log.feed(returned(2, "T", ("1", 1)))  # floor(1000 x 2/3) = 666, less than the 900 that are back already
    assert balance(log) == 1
    log.feed(returned(3, "T", ("1", 1, 5)))
    assert balance(log) == 0


def test_more_than_was_bought_refuses_that_line_alone() -> None:
    log = bought(rules(ruleset()), line(1, 1000, quantity=2), line(2, 500))
    log.feed(returned(1, "T", ("1", 3), ("2", 1), ("9", 1)))
    assert balance(log) == 10
    assert log.data("decision.recorded")[-1]["detail"] == {"quantity_exceeded.1": True, "quantity_exceeded.9": True}
    log.feed(returned(2, "T", ("2", 1)), returned(4, "T", ("1", 3)))
    assert log.statuses()[-2:] == ["refused: already_returned", "refused: quantity_exceeded"]
    log.feed(cancelled("T"), returned(3, "T", ("1", 1)))
    assert log.statuses()[-2:] == ["decided", "refused: already_returned"]
    assert balance(log) == 0


def test_what_is_no_rate_is_decided_again_on_the_kept_lines() -> None:
    made = rules(
        ruleset(
            campaign("steps", AwardPoints(Steps(5, 200), "points")),
            campaign(
                "big", AwardPoints(Fixed(50), "points"), when=Test("transaction.amount", "money", "at_least", (1000,))
            ),
            campaign("pairs", AwardPoints(Bundle(7, {"produce": 2}), "points"), line_sets=PRODUCE),
        )
    )
    log = bought(made, line(1, 400, "produce", quantity=4), line(2, 900))
    assert balance(log) == 6 * 5 + 50 + 2 * 7
    log.feed(returned(1, "T", ("1", 1)))  # 3 pieces of produce and 12.00 are kept
    assert balance(log) == 6 * 5 + 50 + 7
    log.feed(returned(2, "T", ("2", 1)))  # 3.00 of produce are kept: no big sale any more
    assert balance(log) == 5 + 7


def test_all_awards_of_a_campaign_go_where_its_conditions_fail_and_tags_stay() -> None:
    rate, tag = AwardPoints(Rate(1, 100), "points"), AddTag("shopper")
    made = rules(ruleset(campaign("big", rate, tag, when=Test("transaction.amount", "money", "at_least", (1000,)))))
    log = bought(made, line(1, 900), line(2, 300))
    assert balance(log) == 12
    log.feed(returned(1, "T", ("2", 1)))
    assert balance(log) == 0
    assert log.row("member:M")["tags"] == ["shopper"]


def test_a_group_is_decided_again_and_never_gives_more_than_before() -> None:
    dear = Test("transaction.amount", "money", "at_least", (2000,))
    made = rules(
        ruleset(
            campaign("a", AwardPoints(Fixed(50), "points"), when=dear, group="best"),
            campaign("b", AwardPoints(Fixed(20), "points"), group="best"),
            groups=(Group("best", "highest", "transaction"),),
        )
    )
    log = bought(made, line(1, 1500), line(2, 1500))
    assert balance(log) == 50
    log.feed(returned(1, "T", ("1", 1)))
    assert balance(log) == 20  # b wins now
    log.feed(returned(2, "T", ("2", 1)))
    assert balance(log) == 0


def test_multiples_are_taken_of_the_base_that_is_kept() -> None:
    made = rules(
        ruleset(
            campaign("base", AwardPoints(Rate(1, 100), "points"), base=True),
            campaign("double", AwardPoints(Multiple(2000, "produce"), "points"), line_sets=PRODUCE),
        )
    )
    log = bought(made, line(1, 550, "produce"), line(2, 250))
    assert balance(log) == 8 + 6  # floor(11.0) - floor(5.5)
    log.feed(returned(1, "T", ("2", 1)))
    assert balance(log) == 5 + 6


def test_a_return_decides_by_the_rules_of_its_sale() -> None:
    old = rules(ruleset(campaign("base", AwardPoints(Rate(2, 100), "points"))))
    new = rules(ruleset(campaign("other", AwardPoints(Rate(9, 100), "points"))))
    log = Log([old, new]).feed(enrolled("M"), sale("M", "T", line(1, 1000), line(2, 1000)))
    log.activate(new)
    log.feed(returned(1, "T", ("1", 1)))
    assert balance(log) == 20


def test_points_spent_meanwhile_are_a_shortfall() -> None:
    log = bought(rules(ruleset()), line(1, 1000))
    spend = {"spend_id": "S", "member_id": "M", "account": "points", "points": 8}
    log.feed(event("points.spend_requested", "member:M", spend, time_ms=START + 1))
    log.feed(cancelled("T"))
    (back,) = log.data("points.reversed")
    assert (back["points"], back["shortfall"], balance(log)) == (2, 8, 0)


def test_a_full_return_leaves_no_trace_in_progress_and_tier() -> None:
    log = bought(rules(ruleset()), line(1, 20_000))
    assert log.row("member:M")["ladders"]["status"]["tier"] == "silver"
    log.feed(cancelled("T"))
    ladder = log.row("member:M")["ladders"]["status"]
    assert ladder["tier"] == "blue"
    assert [each["tier_after"] for each in log.data("tier.downgraded")] == ["blue"]


def test_a_return_gives_the_limit_back_to_its_own_period() -> None:
    monthly = Limit("points", 30, "member", Window("this", unit="month"), "clamp")
    made = rules(ruleset(campaign("base", AwardPoints(Rate(1, 100), "points"), limits=(monthly,))))
    log = bought(made, line(1, 2000), line(2, 1000))
    assert balance(log) == 30
    log.feed(sale("M", "T2", line(1, 500), time_ms=START + 1))
    assert balance(log) == 30
    log.feed(returned(1, "T", ("2", 1)), sale("M", "T3", line(1, 5000), time_ms=START + 120_000))
    assert balance(log) == 20 + 10


@pytest.mark.parametrize("member", ["M", None])
def test_a_return_before_its_purchase_waits_for_it(member: str | None) -> None:
    log = Log(rules(ruleset())).feed(enrolled("M"), returned(1, "T", ("2", 1), member_id=member))
    assert log.statuses() == ["decided"]
    log.feed(sale("M", "T", line(1, 1000), line(2, 500)))
    assert log.statuses() == ["decided"] * 3
    assert balance(log) == 10


@pytest.mark.parametrize("member", ["M", None])
def test_a_return_without_its_purchase_is_refused_in_the_end(member: str | None) -> None:
    log = Log(rules(ruleset())).feed(enrolled("M"), returned(1, "T", ("2", 1), member_id=member))
    for day in range(1, 33):
        log.tick(START + day * DAY)
    assert log.statuses()[-1] == "refused: transaction_unknown"
    assert log.row("member:M/parked/0000000000") is None


def test_the_receipt_alone_finds_the_member() -> None:
    log = bought(rules(ruleset()), line(1, 1000), line(2, 500))
    log.feed(returned(1, "T", ("2", 1), member_id=None), cancelled("T", member=None))
    assert balance(log) == 0
    assert log.statuses() == ["decided"] * 4


def test_a_programme_may_ask_for_the_member() -> None:
    made = rules(ruleset(returns=Returns(400 * DAY, 0, "member")))
    log = bought(made, line(1, 1000)).feed(returned(1, "T", ("1", 1), member_id=None))
    assert log.statuses()[-1] == "refused: member_required"
    assert log.row("transaction:T") is None


def test_the_same_return_again_is_a_repeat_and_one_too_late_is_refused() -> None:
    log = bought(rules(ruleset(returns=Returns(10 * DAY, 0))), line(1, 1000, quantity=2))
    again = returned(1, "T", ("1", 1))
    other = event("transaction.returned", "member:M", again.data, time_ms=again.time_ms, event_id="sent twice")
    log.feed(again, again, other, returned(2, "T", ("1", 1), time_ms=START + 11 * DAY))
    assert log.statuses()[2:] == [
        "decided",
        "refused: duplicate_event",
        "refused: duplicate_event",
        "refused: return_too_late",
    ]
    assert balance(log) == 5


def test_a_sale_sent_again_is_a_return_of_the_difference() -> None:
    log = bought(rules(ruleset()), line(1, 1000, quantity=2), line(2, 500))
    kept = sale("M", "T", line(1, 500, quantity=1)).data
    log.feed(event("transaction.replaced", "member:M", kept, time_ms=START + 5))
    assert balance(log) == 5
    more = sale("M", "T", line(1, 5000, quantity=9)).data
    log.feed(event("transaction.replaced", "member:M", more, time_ms=START + 6))
    assert balance(log) == 5
    assert log.statuses()[-1] == "refused: quantity_exceeded"


def test_points_that_paid_come_back_with_their_expiry() -> None:
    log = bought(rules(ruleset()), line(1, 10_000))
    lots = {key: value for key, value in log.rows().items() if "/lot/" in key}
    spend = {"spend_id": "S", "member_id": "M", "account": "points", "points": 60}
    log.feed(event("points.spend_requested", "member:M", spend, time_ms=START + 1))
    paid = [{"method": "points", "amount_minor": 600, "spend_id": "S"}, {"method": "card", "amount_minor": 400}]
    log.feed(sale("M", "T2", line(1, 600), line(2, 400), time_ms=START + 2, payments=paid))
    assert balance(log) == 40 + 4
    log.feed(returned(1, "T2", ("2", 1)))  # 4 of 10 come back: 24 points, and 4.00 less 2.40 of the points that paid
    assert [each["points"] for each in log.data("points.restored")] == [24]
    # kept: 6.00 less the 3.60 that points still pay
    assert balance(log) == 40 + 24 + 2
    log.feed(cancelled("T2"))
    assert balance(log) == 100
    assert {key: value for key, value in log.rows().items() if "/lot/" in key} == lots


def test_points_past_their_expiry_come_back_expired_or_with_the_grace() -> None:
    for grace, left in ((0, 0), (7 * DAY, 60)):
        log = bought(rules(ruleset(returns=Returns(400 * DAY, grace))), line(1, 6_000))
        spend = {"spend_id": "S", "member_id": "M", "account": "points", "points": 60}
        paid = [{"method": "points", "amount_minor": 600, "spend_id": "S"}]
        log.feed(event("points.spend_requested", "member:M", spend, time_ms=START + 1))
        log.feed(sale("M", "T2", line(1, 600), time_ms=START + 2, payments=paid))
        late = START + 399 * DAY
        for day in range(1, 400, 5):
            log.tick(START + day * DAY)
        log.feed(cancelled("T2", time_ms=late))
        assert [each["points"] for each in log.data("points.restored")] == [60]
        assert balance(log) == left


def paid_by_points(points: int, worth: int, *lines: dict[str, Any], rest: int = 0) -> Log:
    """A member who had enough, and bought T2 with points that paid so much of it."""
    log = bought(rules(ruleset()), line(1, 100_000))
    spend = {"spend_id": "S", "member_id": "M", "account": "points", "points": points}
    log.feed(event("points.spend_requested", "member:M", spend, time_ms=START + 1))
    paid = [{"method": "points", "amount_minor": worth, "spend_id": "S"}, {"method": "card", "amount_minor": rest}]
    return log.feed(sale("M", "T2", *lines, time_ms=START + 2, payments=paid))


def test_a_refund_that_does_not_say_how_much_is_one_in_proportion() -> None:
    log = paid_by_points(60, 600, line(1, 600), line(2, 400), rest=400)
    log.feed(returned(1, "T2", ("2", 1), refunds=[{"method": "points"}, {"method": "card", "amount_minor": 160}]))
    assert [each["points"] for each in log.data("points.restored")] == [24]


def test_refunds_that_say_only_what_points_paid_give_all_of_them_in_the_end() -> None:
    log = paid_by_points(10, 100, *(line(number, 100) for number in range(1, 5)), rest=300)
    for number, minor in enumerate((33, 33, 34), 1):
        log.feed(returned(number, "T2", (str(number), 1), refunds=[{"method": "points", "amount_minor": minor}]))
    assert [each["points"] for each in log.data("points.restored")] == [3, 3, 4]


def test_refunds_that_say_only_points_leave_nothing_paid_by_points_in_the_end() -> None:
    log = paid_by_points(3, 100, *(line(number, 100) for number in range(1, 5)), rest=300)
    for number in range(1, 4):
        log.feed(returned(number, "T2", (str(number), 1), refunds=[{"method": "points", "points": 1}]))
    assert log.row("member:M/transaction/T2")["returned"]["points_minor"] == 100
    assert log.row("member:M/transaction/T2")["awards"][0]["left"] == 1  # the last line alone, all of it paid by card


def test_what_a_sale_sent_again_said_beyond_its_lines_stays_back() -> None:
    log = bought(rules(ruleset()), line(1, 500), line(2, 500), line(3, 500), amount_minor=2000)
    kept = sale("M", "T", line(1, 500), line(2, 500), amount_minor=1300).data
    log.feed(event("transaction.replaced", "member:M", kept, time_ms=START + 5))
    assert balance(log) == 13
    log.feed(returned(1, "T", ("2", 1)))
    assert balance(log) == 8


def test_a_line_without_pieces_comes_back_whole_though_a_part_of_its_amount_did() -> None:
    log = bought(rules(ruleset()), line(1, 1000, quantity=0), line(2, 500))
    kept = sale("M", "T", line(1, 700, quantity=0), line(2, 500)).data
    log.feed(event("transaction.replaced", "member:M", kept, time_ms=START + 5))
    log.feed(returned(1, "T", ("1", 0)), returned(2, "T", ("1", 0)))
    assert log.statuses()[-2:] == ["decided", "refused: already_returned"]
    assert balance(log) == 5


def test_the_member_knows_nothing_of_a_return_that_waited_out() -> None:
    log = Log(rules(ruleset())).feed(enrolled("M"), returned(1, "T", ("1", 1)), returned(2, "T2", ("1", 1)))
    log.feed(returned(3, "T2", ("1", 1), time_ms=START + 20 * DAY))
    for day in range(1, 33):
        log.tick(START + day * DAY)
    assert list(log.row("member:M")["waits"]) == ["member:M/transaction/T2"]
    for day in range(33, 60):
        log.tick(START + day * DAY)
    assert "waits" not in log.row("member:M")


def test_a_refused_return_brings_nothing_back_of_a_sale_of_empty_lines() -> None:
    log = bought(rules(ruleset(campaign("gift", AwardPoints(Fixed(7), "points")))), line(1, 0, quantity=0))
    log.feed(returned(1, "T", ("9", 1)))
    assert balance(log) == 7
    log.feed(returned(2, "T", ("1", 0)))
    assert balance(log) == 0
