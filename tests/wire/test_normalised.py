"""What the journal keeps of an event: no nulls, no aliases, nothing personal in the clear."""

import orjson

from engine.core.sealed import is_sealed
from engine.wire.sealing import external_hash, key_in, unseal
from tests.support.events import ADA, DATA, SECRET, accepted, changed, event, intake, line, record


def test_aliases_nulls_instants_and_places_are_normalised() -> None:
    sale, _ = accepted(
        changed(
            "transaction.completed",
            outlet_code=None,
            store_id="O-7",
            lines=line(brand=None, measure=None),
            merchant_id=None,
        )
    )
    assert sale.data["outlet_code"] == "O-7"
    assert "store_id" not in sale.data
    given = event(
        "transaction.completed",
        {**DATA["transaction.completed"], "channel": None, "lines": line(brand=None, measure=None)},
    )
    sale, _ = accepted(given)
    assert "channel" not in sale.data
    assert sale.data["lines"] == line()
    outlet, _ = accepted(event("outlet.upserted"), "commands")
    assert (outlet.data["latitude"], outlet.data["longitude"]) == (407_127_753, -740_000_000)
    clock, _ = accepted(event("clock.advance_requested"), "commands")
    assert clock.data["to"] == 1_793_714_400_000


def test_personal_values_are_sealed_and_the_others_stay() -> None:
    enrolled, result = accepted(event("member.enrolled"), "members")
    profile = enrolled.data["profile"]
    assert profile["city"] == "New York"
    (sealing,) = result.keys
    key = key_in(sealing.value)
    assert len(key) == 64
    assert sealing.key == b"member:M-42/" + bytes([1]).hex().encode() * 16
    assert {name: unseal(profile[name], key) for name in ("email", "shoe")} == {"email": "ada@example.com", "shoe": 38}
    assert orjson.loads(sealing.value)["ruleset"] == "d" * 64


def test_an_external_id_is_keyed_whatever_its_spelling() -> None:
    enrolled, result = accepted(event("member.enrolled"), "members")
    phone = external_hash(SECRET, "phone", "0015550100000")
    assert enrolled.data["external_ids"] == [{"kind": "email", "hash": ADA}, {"kind": "phone", "hash": phone}]
    assert b"xample" not in result.value
    assert b"555" not in result.value


def test_b52_a_referral_code_is_keyed_as_the_external_id_that_it_may_be() -> None:
    referee, _ = accepted(changed("member.enrolled", referred_by="ADA-2026"), "members")
    code = {"kind": "referral_code", "value": "ADA-2026"}
    referrer, _ = accepted(changed("member.enrolled", external_ids=[code]), "members")
    assert referee.data["referred_by"] == "ADA-2026"
    assert referee.data["referred_by_hash"] == referrer.data["external_ids"][0]["hash"]


def test_a_removed_attribute_stays_null_and_needs_no_key_of_its_own() -> None:
    updated, result = accepted(changed("member.updated", profile={"city": None, "email": None}), "members")
    assert updated.data["profile"] == {"city": None, "email": None}
    assert result.keys == ()


def test_a_comment_is_sealed_under_the_subject() -> None:
    report, result = accepted(event("feedback.submitted"), "feedback")
    assert is_sealed(report.data["comment"])
    (sealing,) = result.keys
    assert unseal(report.data["comment"], key_in(sealing.value)) == "They said no."
    assert sealing.key.startswith(f"external:{ADA}/".encode())


def test_a_repeat_has_the_same_digest_and_a_conflict_another() -> None:
    first, _ = accepted(event("member.enrolled"), "members")
    again, _ = accepted(event("member.enrolled", dict(reversed(DATA["member.enrolled"].items()))), "members", intake())
    other, _ = accepted(changed("member.enrolled", profile={"city": "New York", "email": "eve@example.com"}), "members")
    assert first.content_mac == again.content_mac != other.content_mac
    assert len(first.content_mac) == 32


def test_the_same_record_makes_the_same_bytes() -> None:
    assert intake().accept(record(event("member.enrolled"), "members"), 5) == intake().accept(
        record(event("member.enrolled"), "members"), 5
    )
