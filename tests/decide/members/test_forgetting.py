"""A forgotten member: what is personal goes, what was earned stays, and the keys to delete are named (B-51)."""

import orjson

from engine.core.records import Event, Origin
from engine.pipeline.records import Bounds
from engine.wire.journal import encode_event
from tests.support.journals import START, Log, enrolled, event, outcomes_of, sale
from tests.support.journals import line as bought
from tests.support.programme import rules, ruleset

NAME = "sealed:1:00ff:Ym94"
HASH = "ab" * 16
OTHER = "cd" * 16


def _log() -> Log:
    return Log(rules(ruleset()))


def _enrolled() -> Event:
    return enrolled(
        "M/1",
        profile={"name": NAME, "undeclared": "x", "city": "Bonn"},
        external_ids=[{"kind": "email", "hash": HASH}],
        consents=["email"],
        locale="de",
    )


def _forgotten(member: str = "M/1", event_id: str = "wish") -> Event:
    return event("member.forgotten", f"member:{member.replace('/', '%2F')}", {"member_id": member}, event_id=event_id)


def _forgotten_of(log: Log) -> dict[str, int]:
    return {subject: at for partition in log.partitions for subject, at in partition.forgotten.items()}


def test_b51_what_is_personal_goes_and_what_was_earned_stays() -> None:
    log = _log().feed(_enrolled(), sale("M/1", "T", bought(1, 1000)))
    before = log.row("member:M%2F1")
    assert (before["locale"], before["consents"], len(before["external_ids"])) == ("de", ["email"], 1)
    log.feed(_forgotten())
    after = log.row("member:M%2F1")
    assert after == before | {
        "profile": {"city": "Bonn"},
        "locale": None,
        "consents": [],
        "external_ids": [],
        "forgotten": START,
    }
    assert log.data("member.forget_recorded") == [{"member_id": "M/1"}]
    log.feed(sale("M/1", "U", bought(1, 1000)))
    assert log.row("member:M%2F1")["accounts"]["points"]["balance"] == 20
    assert log.statuses() == ["decided"] * 4


def test_b51_nobody_cannot_be_forgotten_and_a_second_wish_changes_nothing() -> None:
    log = _log().feed(_forgotten(event_id="early"), _enrolled())
    assert log.statuses() == ["refused: member_unknown", "decided"]
    assert _forgotten_of(log) == {}
    log.feed(_forgotten())
    row = log.row("member:M%2F1")
    log.feed(_forgotten(), _forgotten(event_id="again"))
    assert log.statuses()[2:] == ["decided", "refused: duplicate_event", "refused: duplicate_event"]
    assert log.row("member:M%2F1") == row
    assert len(log.events("member.forget_recorded")) == 1


def test_b51_an_external_id_leads_to_nobody_and_may_be_claimed_anew() -> None:
    log = _log().feed(_enrolled(), _forgotten())
    assert log.row(f"external:{HASH}") is None
    log.feed(sale("M/1", "T", bought(1, 1000), subject=f"external:{HASH}"))
    assert log.statuses() == ["decided", "decided"], "the sale waits for whoever claims the id"
    log.feed(enrolled("N", external_ids=[{"kind": "email", "hash": HASH}]))
    assert log.row(f"external:{HASH}")["member"] == "N"
    assert log.row("member:N")["accounts"]["points"]["balance"] == 10


def test_b51_an_id_that_is_granted_after_the_wish_is_given_back() -> None:
    log = _log().feed(enrolled("M/1"))
    link = {"member_id": "M/1", "external_id": {"kind": "card", "hash": OTHER}}
    log.feed(event("member.linked", "member:M%2F1", link), _forgotten())
    assert log.row(f"external:{OTHER}") is None
    assert log.row("member:M%2F1")["external_ids"] == []


def test_b51_a_release_by_somebody_else_takes_nothing() -> None:
    taken = [{"kind": "email", "hash": HASH}]
    log = _log().feed(enrolled("N", external_ids=taken), enrolled("M/1", external_ids=taken), _forgotten())
    assert log.row(f"external:{HASH}")["member"] == "N"
    assert set(_forgotten_of(log)) == {"member:M%2F1"}


def test_b51_the_forgotten_tell_nothing_anew_and_stay_the_same_member() -> None:
    log = _log().feed(_enrolled(), _forgotten())
    row = log.row("member:M%2F1")
    told = {"member_id": "M/1", "profile": {"city": "Rome"}, "locale": "it"}
    link = {"member_id": "M/1", "external_id": {"kind": "card", "hash": OTHER}}
    log.feed(
        event("member.updated", "member:M%2F1", told),
        event("member.linked", "member:M%2F1", link),
        event("member.opted_in", "member:M%2F1", {"member_id": "M/1", "campaign": "base"}),
        _enrolled()._replace(id="another", event_id="another"),
    )
    assert log.statuses()[2:] == ["refused: member_unknown"] * 3 + ["refused: duplicate_event"]
    assert log.row("member:M%2F1") == row


def test_b51_nobody_writes_to_the_forgotten() -> None:
    log = _log().feed(_enrolled(), sale("M/1", "T", bought(1, 1000)))
    before = len(log.events("notification.requested"))
    log.feed(_forgotten(), sale("M/1", "U", bought(1, 100_000)))
    assert before
    assert len(log.events("notification.requested")) == before
    assert log.data("points.awarded")[-1]["points"] > 0


def test_b51_the_keys_to_delete_are_named_until_after_a_crash() -> None:
    log = _log().feed(_enrolled())
    assert _forgotten_of(log) == {}
    log.feed(_forgotten())
    named = {"member:M%2F1": START, f"external:{HASH}": START}
    assert _forgotten_of(log) == named
    for number in range(4):
        log.crash(number)
    assert _forgotten_of(log) == named


def test_b51_what_is_sealed_for_the_forgotten_later_is_named_again_even_if_intake_wrote_it_twice() -> None:
    log = _log().feed(_enrolled(), _forgotten())
    (partition,) = [each for each in log.partitions if "member:M%2F1" in each.forgotten]
    late = event(
        "member.updated",
        "member:M%2F1",
        {"member_id": "M/1", "profile": {"name": NAME}},
        origin=Origin("members", 0, 0, 7),
    )
    named = []
    for sent in (late, late, sale("M/1", "T", bought(1, 100))):
        log.append(partition.number, b"member:M%2F1", encode_event(sent))
        start = partition.position
        folded = partition.fold(start, start + 1, log.journal[partition.number][start:], Bounds())
        partition.commit(folded)
        named.append(set(folded.forgotten))
    assert named == [{"member:M%2F1"}, {"member:M%2F1"}, set()]


def test_b51_a_replay_of_the_journal_of_the_forgotten_gives_the_same_bytes() -> None:
    live = _log().feed(_enrolled(), sale("M/1", "T", bought(1, 1000)))
    seen = outcomes_of(live)
    live.feed(_forgotten(), sale("M/1", "U", bought(1, 1000)))
    again = _log()
    again.journal = [list(records) for records in live.journal]
    again.complete = True
    again.run()
    assert again.rows() == live.rows()
    assert again.state == live.state
    assert outcomes_of(again) == outcomes_of(live)
    for topic, before in seen.items():
        assert all(value in outcomes_of(again)[topic] for value in before), "what was decided before stands"
    kept = [record.value for records in again.journal for record in records]
    assert any(orjson.dumps(NAME) in value for value in kept), "the journal keeps what nobody can read"
