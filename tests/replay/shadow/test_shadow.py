"""What a candidate in shadow would give beside what is live, by hand, from decisions that the engine itself made."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from engine.core.instants import DAY_MS, HOUR_MS, parse, render
from engine.errors import UsageError
from engine.replay.lines import Line
from engine.replay.shadow.comparing import comparison
from engine.replay.shadow.difference import Difference
from engine.replay.shadow.reading import activated, read, take
from engine.replay.shadow.report import values
from engine.replay.shadow.standing import in_shadow
from engine.ruleset.conditions import NoneOf, Test
from engine.ruleset.effects import AddTag, AwardPoints, Fixed, Multiple, Rate
from engine.ruleset.limits import Limit, Window
from engine.ruleset.model import Account, Campaign, Ruleset
from engine.ruleset.published import PROMOTED, STOPPED, Publication, read_publication
from engine.trying.beside import beside
from engine.trying.promoting import promoted
from tests.support.programme import campaign, ruleset
from tests.support.recorded import Remembered, remember

START = parse("2026-03-02T22:00:00Z")
POINTS = Account("points", spendable=True, expires=None, worth_micro=1_500_000)
BASE = campaign("base", AwardPoints(Rate(1, 100), "points"), base=True)
BIG = campaign("big", AwardPoints(Fixed(50), "points"), when=Test("transaction.amount", "int", "at_least", (5_000,)))


def rules_of(*campaigns: Campaign) -> Ruleset:
    return replace(ruleset(*campaigns, accounts=(POINTS,)), ladders=(), messages=())


def enrolled(member: str) -> Line:
    return said("members", "member.enrolled", START - HOUR_MS, member, {"member_id": member})


def bought(member: str, number: int, amount_minor: int, time_ms: int = START) -> Line:
    lines = [{"line_id": "1", "sku": "S", "quantity": 1, "amount_minor": amount_minor, "category": "food"}]
    sale = {"transaction_id": f"{member}-{number}", "member_id": member, "currency": "USD"}
    return said(
        "transactions", "transaction.completed", time_ms, f"{member}-{number}",
        {**sale, "amount_minor": amount_minor, "lines": lines},
    )  # fmt: skip


def said(topic: str, kind: str, time_ms: int, number: str, data: dict[str, Any]) -> Line:
    event = {
        "specversion": "1.0",
        "id": f"{kind}-{number}",
        "source": "shop",
        "type": kind,
        "time": render(time_ms),
        "data": data,
    }
    return Line(topic, number.encode(), orjson.dumps(event))


SALES = [
    enrolled("A"),
    enrolled("B"),
    bought("A", 1, 1_000),
    bought("B", 1, 6_000, START + HOUR_MS),
    bought("A", 2, 8_000, START + DAY_MS),
]


def deployed(live: Ruleset, candidate: Ruleset, events: Sequence[Line] = tuple(SALES)) -> Remembered:
    both = beside(live, candidate)
    history = remember(both, events)
    history.rulesets = {each.digest: each for each in (live, both, candidate)}
    history.publications = (
        Publication(1, live.digest, "anna"),
        Publication(2, both.digest, "ben", None, candidate.digest),
    )
    return history


def difference_of(history: Remembered) -> dict[str, Any]:
    standing = in_shadow(history.publications)
    rulesets = history.rulesets
    compared = comparison(
        rulesets[standing.in_force], rulesets[standing.publication.digest], rulesets.get(standing.candidate)
    )
    since = {number: activated(history, number, standing.publication.digest) for number in range(history.partitions)}
    difference = Difference(compared, since)
    read(history, difference, lambda _: None)
    return values(difference)


def test_a_changed_campaign_is_held_against_the_live_one_of_its_name() -> None:
    double = replace(BASE, then=(AwardPoints(Rate(2, 100), "points"),))
    found = difference_of(deployed(rules_of(BASE, BIG), rules_of(double, BIG)))
    [base] = found["campaigns"]
    assert (base["campaign"], base["kind"], base["would_fire_on"], base["fired_on"]) == ("base", "changed", 3, 3)
    assert (base["would_give"], base["gave"], base["difference"]) == (
        {"points": 300}, {"points": 150}, {"points": 150},
    )  # fmt: skip
    assert (base["would_give_minor"], base["gave_minor"]) == (450, 225)
    assert base["members"] == 2
    assert found["net"]["difference"] == {"points": 150}
    assert [(day["day"], day["would_give"], day["gave"]) for day in found["days"]] == [
        ("2026-03-02", {"points": 140}, {"points": 70}),
        ("2026-03-03", {"points": 160}, {"points": 80}),
    ]
    assert found["members_who_gain"] == {
        "members": 2,
        "most": [{"member": "A", "difference": {"points": 90}}, {"member": "B", "difference": {"points": 60}}],
    }
    assert found["members_who_lose"] == {"members": 0, "most": []}
    first = found["first"]
    assert (first["campaign"], first["event_id"], first["member"]) == ("base", "transaction.completed-A-1", "A")
    assert (first["would"], first["gave"]) == ({"points": 20}, {"points": 10})


def test_what_is_new_gives_more_and_what_is_dropped_less() -> None:
    fifty = campaign("fifty", AwardPoints(Fixed(5), "points"))
    found = difference_of(deployed(rules_of(BASE, BIG), rules_of(BASE, fifty)))
    big, new = found["campaigns"]
    assert (big["kind"], big["fired_on"], big["gave"], big["would_give"]) == ("dropped", 2, {"points": 100}, {})
    assert (new["kind"], new["would_fire_on"], new["would_give"], new["gave"]) == ("new", 3, {"points": 15}, {})
    assert found["net"]["difference"] == {"points": -85}
    assert found["first"]["campaign"] == "fifty"
    assert found["members_who_lose"]["most"] == [
        {"member": "B", "difference": {"points": -45}},
        {"member": "A", "difference": {"points": -40}},
    ]


def test_a_campaign_that_would_not_fire_says_why() -> None:
    lower = replace(BIG, when=NoneOf((Test("transaction.amount", "int", "at_least", (7_000,)),)))
    found = difference_of(deployed(rules_of(BASE, BIG), rules_of(BASE, lower), [SALES[0], SALES[4]]))
    [big] = found["campaigns"]
    assert (big["would_fire_on"], big["fired_on"], big["difference"]) == (0, 1, {"points": -50})
    assert (big["first"]["member"], big["first"]["reason"]) == ("A", "none: transaction.amount")
    assert (big["first"]["would"], big["first"]["gave"]) == ({}, {"points": 50})


def test_the_same_decisions_differ_in_nothing() -> None:
    renamed = replace(BIG, title="Big ones")
    found = difference_of(deployed(rules_of(BASE, BIG), rules_of(BASE, renamed)))
    assert (found["net"]["difference"], found["first"]) == ({"points": 0}, None)
    assert found["campaigns"][0]["gave"] == {"points": 100}


def test_a_candidate_that_is_to_stay_in_shadow_is_shown_and_not_summed() -> None:
    quiet = campaign("quiet", AwardPoints(Fixed(5), "points"), state="shadow")
    found = difference_of(deployed(rules_of(BASE), rules_of(BASE, quiet)))
    assert [(each["counts"], each["would_give"]) for each in found["campaigns"]] == [(False, {"points": 15})]
    assert found["net"]["would_give"] == {}


def test_what_a_shadow_cannot_know_is_said() -> None:
    once = campaign(
        "once",
        AwardPoints(Multiple(2_000), "points"),
        AddTag("seen"),
        limits=(Limit("times", 1, "member", Window("ever"), "refuse"),),
    )
    found = difference_of(deployed(rules_of(BASE), rules_of(BASE, once)))
    [each] = found["campaigns"]
    assert each["unknown"] == [
        "its limits are not applied",
        "multiples are of the base earn in force",
        "only points are compared",
    ]
    assert each["would_give"] == {"points": 150}


def test_what_was_decided_before_it_was_put_in_shadow_counts_for_nothing() -> None:
    """The same candidate may have been in shadow before."""
    double = replace(BASE, then=(AwardPoints(Rate(2, 100), "points"),))
    history = deployed(rules_of(BASE), rules_of(double))
    for number, records in history.records.items():
        activation = records[0]
        records.append(activation._replace(offset=records[-1].offset + 1))
        assert activated(history, number, in_shadow(history.publications).publication.digest) == records[-1].offset
    found = difference_of(history)
    assert (found["decisions"], found["campaigns"][0]["gave"]) == (0, {})


def test_it_is_the_same_however_it_is_read() -> None:
    double = replace(BASE, then=(AwardPoints(Rate(2, 100), "points"),))
    events = [
        *(enrolled(f"M{at}") for at in range(9)),
        *(bought(f"M{at % 9}", at, 700 * at, START + at * HOUR_MS) for at in range(30)),
    ]
    history = deployed(rules_of(BASE, BIG), rules_of(double), events)
    whole = difference_of(history)
    standing = in_shadow(history.publications)
    rulesets = history.rulesets
    parts = Difference(
        comparison(rulesets[standing.in_force], rulesets[standing.publication.digest], rulesets[standing.candidate]),
        {0: 0, 1: 0},
    )
    for number in (1, 0):  # the other way round, and in two parts, cut between two places of the journal
        topics = [[each.value for each in history.outcomes[topic, number]] for topic in ("points", "decisions")]
        ends = [int(orjson.loads(value)["position"].split(":")[1]) for value in topics[1]]
        middle = ends[len(ends) // 2]
        for wanted in (True, False):
            take(parts, *(
                [each for each in topic if (int(orjson.loads(each)["position"].split(":")[1]) <= middle) == wanted]
                for topic in topics
            ))  # fmt: skip
    assert values(parts) == whole
    assert whole["first"]["event_id"] == "transaction.completed-M1-1"


# -- which candidate is in shadow

LIVE, BOTH, OTHER, CANDIDATE = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)
PUT = (Publication(1, LIVE, "anna"), Publication(2, BOTH, "ben", None, CANDIDATE))


def test_the_one_that_was_published_last_is_in_shadow() -> None:
    found = in_shadow(PUT)
    assert (found.candidate, found.in_force, found.publication.by) == (CANDIDATE, LIVE, "ben")


@pytest.mark.parametrize(
    ("published", "why"),
    [
        ((), "nothing is in shadow: guerdon rules publish --shadow"),
        (PUT[:1], "nothing is in shadow: guerdon rules publish --shadow"),
        ((*PUT, Publication(3, LIVE, "eve", how=STOPPED)), r"it was taken out \(eve, 1970"),
        ((*PUT, Publication(3, CANDIDATE, "eve", how=PROMOTED)), r"was promoted \(eve"),
        ((*PUT, Publication(3, LIVE, "eve")), "were published again without it"),
        ((*PUT, Publication(3, OTHER, "eve")), r"have changed since .*cccccccccccc by eve.* would lose that"),
        ((*PUT, Publication(3, LIVE, "eve", how=STOPPED), Publication(4, OTHER, "eve")), "have changed since"),
    ],
)
def test_where_nothing_is_in_shadow_it_says_why(published: Sequence[Publication], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        in_shadow(published)


def test_a_promotion_is_kept_with_what_was_promoted() -> None:
    told = Publication(3, OTHER, "eve", None, "", PROMOTED, ("base", "big"))
    assert read_publication(told.value) == told
    old = b'{"published_at_ms":1,"digest":"d","by":"anna","at_ms":null,"shadow":""}'
    assert read_publication(old) == Publication(1, "d", "anna")


# -- some campaigns only


def test_some_campaigns_of_a_candidate_are_taken_in_their_order() -> None:
    first = replace(BIG, priority=5, name="zz")
    double = replace(BASE, then=(AwardPoints(Rate(2, 100), "points"),))
    live, candidate = rules_of(BASE, BIG), rules_of(first, double, BIG)
    made = promoted(live, candidate, ["zz"])
    assert [each.name for each in made.campaigns] == ["zz", "base", "big"]
    assert made.campaigns[1] == BASE
    assert [each.name for each in beside(made, candidate).campaigns] == ["zz", "base", "big", "base@candidate"]


def test_only_what_is_in_shadow_can_be_promoted() -> None:
    with pytest.raises(UsageError, match="not in shadow: big; there are base"):
        promoted(rules_of(BASE, BIG), rules_of(replace(BASE, title="other"), BIG), ["big"])
