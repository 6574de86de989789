"""Tests beside rules: what passes, what fails and how that is said, what is wrong in a test and where."""

import pytest

from engine.rulebook.compiler import compile_sources
from engine.rulebook.diagnostics import Report
from engine.ruleset.effects import AwardPoints, IssueVoucher, Rate
from engine.ruleset.limits import Limit, Window
from engine.ruleset.model import Ruleset
from engine.trying.suites import read_suites
from tests.support.coffee import GIVEN, SALE, TEST, case, compiled, tried
from tests.support.programme import campaign, ruleset

WEDNESDAY = SALE.replace("11-03", "11-04")


def problems(text: str, path: str = TEST, made: Ruleset | None = None) -> list[str]:
    return [problem.said for _, each in tried(text, path, made) for problem in each.problems]


@pytest.mark.parametrize(
    ("when", "then", "given", "said"),
    [
        (SALE, "{award_points: 24}", "", []),
        (SALE, "{award_points: {points: 24}}", "", []),
        (SALE, "{award_points: 25}", "", ["expected award_points 25 points; happened award_points 24 points"]),
        (SALE, "{award_points: {stars: 24}}", "", ["expected award_points 24 stars; happened award_points 24 points"]),
        (SALE, "nothing", "", ["expected nothing; happened award_points 24 points"]),
        (
            SALE,
            "{award_points: 24, notify: welcome}",
            "",
            ["expected award_points 24 points, notify welcome; happened award_points 24 points"],
        ),
        (WEDNESDAY, "{notify: two-coffees-needed, because: time.weekday}", "", []),
        (WEDNESDAY, "{notify: two-coffees-needed}", "", []),
        (
            WEDNESDAY,
            "{notify: two-coffees-needed, because: coffee.pieces}",
            "",
            ["double-coffee did not fire because of time.weekday, not coffee.pieces"],
        ),
        (WEDNESDAY, "{nothing: {because: time.weekday}}", "", ["expected nothing; happened notify two-coffees-needed"]),
        (
            SALE,
            "{award_points: 24, because: time.weekday}",
            "",
            ["double-coffee fired, although time.weekday should have stood against it"],
        ),
        (SALE, "{nothing: {because: member.tier}}", "{member: {tier: blue}}", []),
        (SALE, "{nothing: {because: member.opted_in}}", "{member: {opted_in: []}}", []),
        (SALE.replace("11-03", "10-27"), "{nothing: {because: runs}}", "", []),
        (SALE.replace("24.00", "24.00, attributes: {free: true}"), "{notify: two-coffees-needed}", "", []),
        ("activity: {name: yawned}", "{nothing: {because: on}}", "", []),
        (SALE.replace("2026-11-03T09:00,", "2026-11-03T09:00, currency: EUR,"), "{refused: currency_unknown}", "", []),
        (
            SALE,
            "{refused: too_late}",
            "",
            ["the event was decided, not refused: too_late", "expected nothing; happened award_points 24 points"],
        ),
    ],
    ids=str,
)
def test_a_case_says_completely_what_happens(when: str, then: str, given: str, said: list[str]) -> None:
    assert problems(GIVEN + case(when, then, given)) == said


def test_a_sequence_is_expected_step_by_step_and_time_passes_between() -> None:
    assert problems(f"""\
campaign: double-coffee
given: {{member: {{tier: silver, opted_in: [double-coffee], balance: 120}}}}
cases:
  - name: points go after 30 days
    when:
      - {SALE}
        then: {{award_points: 24}}
      - after: 29 days
        then: nothing
      - at: 2026-12-04T00:00
        then: {{points_expired: 144}}
  - name: only the last step is expected
    when: [{{{SALE}}}, {{after: 2 months}}]
    then: {{points_expired: {{points: 144}}}}
  - name: the second step is wrong
    when: [{{{SALE}}}, {{{SALE}, then: {{award_points: 25}}}}, {{after: 31 days, then: nothing}}]
""") == [
        "expected award_points 25 points; happened award_points 24 points",
        "expected nothing; happened points_expired 168 points",
    ]


def test_the_same_sale_again_is_refused() -> None:
    again = SALE.replace("{channel", "{transaction_id: T, channel")
    text = f"{GIVEN}  - name: twice\n    when: [{{{again}}}, {{{again}, then: {{refused: duplicate_event}}}}]\n"
    assert problems(text) == []


def test_a_campaign_is_tested_alone_and_the_programme_with_all() -> None:
    text = "programme: coffee-shop\ngiven: {member: {tier: silver, opted_in: [double-coffee], progress: 990}}\ncases:\n"
    whole = case(SALE, "{award_points: 48}")
    apart = case(SALE, "{base: {award_points: 24}, double-coffee: {award_points: 24}}").replace("a case", "apart")
    reason = case(
        WEDNESDAY, "{base: {award_points: 24}, notify: two-coffees-needed, because: {double-coffee: time.weekday}}"
    )
    found = problems(text + whole + apart + reason.replace("a case", "reason"), "programme.test.yaml")
    assert found == [
        (
            "expected base: award_points 24 points, notify two-coffees-needed; "
            "happened base: award_points 24 points, double-coffee: notify two-coffees-needed"
        )
    ]


def test_a_tier_is_reached_and_somebody_enrols() -> None:
    text = """\
programme: coffee-shop
cases:
  - name: silver
    given: {member: {progress: 990}}
    when: {transaction: {amount: 24.00}}
    then: {award_points: 24, tier_upgraded: silver}
  - name: welcome
    given: {member: none}
    when: {enrol: {profile: {city: Boston}}}
    then: {notify: welcome}
"""
    assert problems(text, "programme.test.yaml") == []


STAMPS = {
    "programme.yaml": """\
programme: stamps
zone: America/New_York
currency: USD
accounts: {points: {}}
counters:
  coffees: {on: transaction.completed, lines: {category: coffee}, add: pieces, keep: 12 months}
""",
    "campaigns/stamp-card.yaml": """\
campaign: stamp-card
on: transaction.completed
when: {counter.coffees: {every: 10}}
then: [{award_points: {points: 100}}]
limits: [{times: 2, each: month}]
""",
}


def test_a_counter_of_money_is_given_as_money() -> None:
    reaching = STAMPS["campaigns/stamp-card.yaml"].replace(
        "{counter.coffees: {every: 10}}", "{counter.spend: {reaches: 200.00}}"
    )
    counting = STAMPS["programme.yaml"] + "  spend: {on: transaction.completed, add: amount}\n"
    made = compile_sources({"programme.yaml": counting, "campaigns/stamp-card.yaml": reaching}).ruleset
    assert made is not None
    text = """\
campaign: stamp-card
given: {member: {counters: {spend: 199.00}}}
cases:
  - {name: reached, when: {transaction: {lines: [{amount: 1.00}]}}, then: {award_points: 100}}
  - {name: a cent less, when: {transaction: {lines: [{amount: 0.99}]}}, then: {nothing: {because: counter.spend}}}
"""
    assert problems(text, "stamp-card.test.yaml", made) == []


def test_counters_are_given_and_limits_hold_over_the_steps() -> None:
    coffee = "transaction: {lines: [{category: coffee, quantity: 10, amount: 30.00}]}"
    text = f"""\
campaign: stamp-card
given: {{member: {{counters: {{coffees: 9}}}}}}
cases:
  - name: the tenth
    when: {{transaction: {{lines: [{{category: coffee}}]}}}}
    then: {{award_points: 100}}
  - name: the ninth by days
    given: {{member: {{counters: {{coffees: {{2025-12-01: 3, 2026-01-02: 5}}}}}}}}
    when: {{transaction: {{lines: [{{category: coffee}}]}}}}
    then: {{nothing: {{because: counter.coffees}}}}
  - name: twice a month
    when:
      - {{{coffee}, then: {{award_points: 100}}}}
      - {{{coffee}, then: {{award_points: 100}}}}
      - {{{coffee}, then: {{nothing: {{because: member_limit_reached}}}}}}
      - {{after: 1 month}}
      - {{{coffee}, then: {{award_points: 100}}}}
"""
    made = compile_sources(STAMPS).ruleset
    assert made is not None
    assert problems(text, "stamp-card.test.yaml", made) == []


EVER = Window("ever")
CARRYING = ruleset(
    campaign("double-coffee", IssueVoucher("free-refill"), AwardPoints(Rate(1, 100), "points")),
    campaign(
        "capped",
        AwardPoints(Rate(1, 100), "points"),
        limits=(Limit("times", 10, "campaign", EVER, "refuse"),),
    ),
)
BOTH = "{award_points: 24, issue_voucher: free-refill}"
SOLD = "transaction: {lines: [{amount: 24.00}]}"


@pytest.mark.parametrize(
    ("when", "then", "awaits", "said"),
    [
        (SOLD, BOTH, "vouchers", []),
        (SOLD, BOTH, "[vouchers, schedules]", ["nothing here awaits schedules any more: leave `awaits` out"]),
        (
            SOLD,
            "{award_points: 24}",
            "vouchers",
            ["expected award_points 24 points; happened award_points 24 points, issue_voucher free-refill"],
        ),
        (SOLD, BOTH, "", ["issue_voucher free-refill awaits vouchers: say `awaits: vouchers` in this step"]),
        (
            SOLD,
            BOTH.replace("refill", "lunch"),
            "vouchers",
            [
                (
                    "expected award_points 24 points, issue_voucher free-lunch; "
                    "happened award_points 24 points, issue_voucher free-refill"
                )
            ],
        ),
        ("buy: {voucher: free-refill}", "{issue_voucher: free-refill}", "vouchers", []),
        ("buy: {voucher: free-refill}", "nothing", "", ["the event was refused: module_disabled"]),
    ],
    ids=str,
)
def test_what_awaits_later_work_asserts_what_the_decision_carried(
    when: str, then: str, awaits: str, said: list[str]
) -> None:
    text = "campaign: double-coffee\ncases:\n" + case(when, then)
    marked = text + (f"    awaits: {awaits}\n" if awaits else "")
    assert problems(marked, made=CARRYING) == said


def test_b14_limits_of_the_whole_campaign_are_asked_and_granted_within_the_step() -> None:
    text = "campaign: capped\ncases:\n" + case(SOLD, "{award_points: 24}")
    assert problems(text, "capped.test.yaml", CARRYING) == []


def mistakes(text: str, path: str = TEST) -> list[tuple[int, str]]:
    report = Report()
    read_suites({path: text}, compiled(), report)
    return [(each.line, each.code) for each in report.sorted()]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("campaign: double-coffee\n", [(1, "missing-key")]),
        ("cases: []\n", [(1, "missing-key")]),
        ("- x\n", [(1, "wrong-shape")]),
        ("campaign: duoble-coffee\ncases: []\n", [(1, "name-differs"), (1, "unknown-name")]),
        ("campaign: double-coffee\ncases:\n  - {name: x}\n", [(3, "missing-key")]),
        (GIVEN.replace("silver", "sliver") + case(SALE, "nothing"), [(2, "unknown-name")]),
        (GIVEN + case("transacton: {}", "nothing"), [(5, "unknown-choice")]),
        (GIVEN + case("transaction: {chanel: app}", "nothing"), [(5, "unknown-key")]),
        (GIVEN + case("transaction: {amount: 24.0}", "nothing"), [(5, "field-type")]),
        (GIVEN + case("transaction: {time: 2026-11-31}", "nothing"), [(5, "impossible-day")]),
        (GIVEN + case(SALE, "{award_pionts: 5}"), [(6, "unknown-effect")]),
        (GIVEN + case(SALE, "{award_points: {pionts: 5}}"), [(6, "unknown-name")]),
        (GIVEN + case(SALE, "{award_points: many}"), [(6, "field-type")]),
        (GIVEN + case(SALE, "{nothing: {becuase: x}}"), [(6, "wrong-shape")]),
        (GIVEN + case("after: a while", "nothing"), [(5, "field-type")]),
        (GIVEN + case(SALE, "nothing") + "    awaits: godot\n", [(7, "unknown-choice")]),
        (GIVEN + case(SALE, "nothing", "{member: {teir: blue}}"), [(7, "unknown-key")]),
        (GIVEN + case(SALE, "nothing") + case(SALE, "nothing"), [(4, "duplicate-name"), (7, "duplicate-name")]),
        (GIVEN + "  - name: x\n    when: [{" + SALE + "}]\n", [(4, "missing-key")]),
        (GIVEN + "  - name: x\n    when: {" + SALE + ", after: 3 days}\n    then: nothing\n", [(5, "wrong-shape")]),
    ],
    ids=range(20),
)
def test_mistakes_in_tests_have_their_place_and_code(text: str, found: list[tuple[int, str]]) -> None:
    assert mistakes(text) == found


def test_what_intake_would_not_read_fails_the_case() -> None:
    text = GIVEN + case('transaction: {channel: ""}', "nothing")
    (said,) = problems(text)
    assert said.startswith("this is no event that intake reads: data.channel")
