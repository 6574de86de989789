"""`guerdon state member:...`: how a member reads, and what programs get."""

from collections.abc import Mapping

import orjson
import pytest

from engine.cli import member_view
from engine.core import keys
from engine.core.partitioning import partition_of
from engine.core.records import Row
from engine.decide.views.view import MemberView
from engine.ruleset.model import Ruleset
from tests.support.journals import START, Log, enrolled, event, line, sale
from tests.support.programme import DAY, rules, ruleset

PROGRAMME = ruleset()


def rows_of(log: Log, member: str = "M") -> Mapping[str, Row]:
    subject = keys.subject("member", member)
    kept = log.partitions[partition_of(subject, len(log.partitions))].rows
    return {key: orjson.loads(value) for key, value in kept.items() if keys.owner_of(key) == subject}


def view(rows: Mapping[str, Row], made: Ruleset = PROGRAMME) -> MemberView:
    found = member_view.view(rows, "M", made, START + 2 * DAY)
    assert found is not None
    return found


def shopper() -> Log:
    profile = {"city": "Bonn", "name": "[red]Ada"}
    log = Log(rules(PROGRAMME)).feed(enrolled("M", profile=profile, consents=["email"], locale="de"))
    return log.feed(sale("M", "T-1", line(1, 123_45)), sale("M", "T-2", line(1, 2_000), time_ms=START + DAY))


def test_a_member_reads_as_people_speak_of_one(capsys: pytest.CaptureFixture[str]) -> None:
    member_view.show(view(rows_of(shopper())), PROGRAMME)
    shown = capsys.readouterr().out
    assert "profile   city: Bonn, name: [red]Ada" in shown
    assert "silver of status since 2026-11-03 09:00:00, 857 points to gold (143 so far)" in shown
    assert "143 after 2027-11-30" in shown
    assert [line.split()[0] for line in shown.splitlines() if line.startswith("T-")] == ["T-2", "T-1"]
    assert "123.45 USD" in shown
    assert "123 points by base" in shown
    assert "events wait" not in shown
    assert not [line for line in shown.splitlines() if line.startswith(("pending", "held", "limit"))]


def test_a_tier_that_the_rules_do_not_know_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    rows = dict(rows_of(shopper()))
    rows["member:M"] = {
        **rows["member:M"],
        "ladders": {"status": {**rows["member:M"]["ladders"]["status"], "tier": "tin"}},
    }
    member_view.show(view(rows), PROGRAMME)
    assert (
        "tin of status since 2026-11-03 09:00:00 (a tier that the published rules do not have)"
        in capsys.readouterr().out
    )


def test_what_is_held_pending_spent_and_returned_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    rows = dict(rows_of(shopper()))
    lot = {"lot_id": "L", "account": "points", "points": 9, "awarded": 9, "earned_at": START, "campaign": "bonus"}
    rows[keys.row("member:M", "pending", "points", keys.NEVER, keys.instant(START), "L")] = {
        **lot,
        "waits_for": "stay_completed",
    }
    rows["member:M/hold/H"] = {"hold_id": "H", "account": "points", "points": 3, "time": START, "held_until": None}
    rows["member:M/spend/S"] = {
        "spend_id": "S",
        "account": "points",
        "points": 40,
        "time": START + DAY + 1,
        "restored": 15,
        "transaction_id": "T-2",
    }
    bought = rows["member:M/transaction/T-1"]
    awards = [{**bought["awards"][0], "left": 23}]
    rows["member:M/transaction/T-1"] = {**bought, "awards": awards, "returned": {"amount_minor": 10_000}}
    member_view.show(view(rows), PROGRAMME)
    shown = capsys.readouterr().out
    assert "once stay_completed is done" in shown
    assert "-40 points for T-2, 15 given back" in shown
    assert "123 points (23 left) by base, 100.00 USD returned" in shown
    assert [line.split()[:3] for line in shown.splitlines() if line.startswith("H ")] == [["H", "points", "3"]]


def test_a_forgotten_member_is_said_to_be_one(capsys: pytest.CaptureFixture[str]) -> None:
    log = shopper().feed(event("member.forgotten", "member:M", {"member_id": "M"}, time_ms=START + DAY))
    member_view.show(view(rows_of(log)), PROGRAMME)
    shown = capsys.readouterr().out
    assert "forgotten 2026-11-04 09:00:00" in shown
    assert "Ada" not in shown


def test_as_json_instants_are_rfc_3339_and_all_lots_are_there() -> None:
    log = shopper().feed(*(sale("M", f"U-{number}", line(1, 100)) for number in range(20)))
    body = member_view.as_json(view(rows_of(log)))
    assert orjson.loads(orjson.dumps(body)) == body
    assert body["enrolled_at"] == "2026-11-03T09:00:00.000Z"
    assert body["forgotten_at"] is None
    assert body["accounts"][0]["expiring"] == {
        "points": 163,
        "expires_at": "2027-12-01T00:00:00.000Z",
        "last_day": "2027-11-30",
    }
    assert len(body["lots"]) == 22
    assert len(body["recent"]) == 20
    assert body["tiers"][0]["history"][1]["at"] == "2026-11-03T09:00:00.000Z"
    assert not [name for name in body if name.endswith("_ms")]
