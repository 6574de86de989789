"""Intake as a table: the bytes of a record, and the subject it is accepted for or the code and path it is dead with."""

import pytest

from engine.core import ids
from engine.wire import cloudevents
from engine.wire.intake import Accepted
from engine.wire.routing import ROUTES
from schemas.registry import INPUTS
from tests.support.events import (
    ADA,
    DATA,
    DEEP,
    HUGE,
    RECEIVED_MS,
    accepted,
    changed,
    dead,
    event,
    intake,
    line,
    record,
)

SUBJECTS = {
    "transaction.cancelled": "transaction:T-1",
    "transaction.replaced": f"external:{ADA}",
    "transaction.returned": "transaction:T-1",
    "voucher.redemption_requested": "code:V-SECRET",
    "voucher.reservation_requested": "voucher:V-1",
    "voucher.reservation_released": "reservation:Y-1",
    "voucher.redemption_rolled_back": "redemption:X-1",
    "feedback.submitted": f"external:{ADA}",
    "voucher.revoke_requested": "voucher:V-1",
    "promo_code_list.create_requested": "list:thanks",
    "promo_code_list.update_requested": "list:thanks",
    "promo_codes.imported": "list:thanks",
    "pool.codes_imported": "pool:amazon",
    "outlet.upserted": "outlet:O-7",
    "clock.advance_requested": "clock",
    "voucher.provider_issued": "request:Q-9",
    "voucher.provider_failed": "request:Q-9",
    "voucher.provider_redeemed": "reference:acme-1",
    "voucher.provider_expired": "reference:acme-1",
}


def test_every_input_has_a_route() -> None:
    assert set(ROUTES) == set(INPUTS)


@pytest.mark.parametrize("event_type", INPUTS)
def test_an_example_goes_to_its_subject_and_keeps_its_fields(event_type: str) -> None:
    decoded, result = accepted(event(event_type), INPUTS[event_type].topic)
    assert decoded.subject == result.subject == SUBJECTS.get(event_type, "member:M-42")
    keyed = {"referred_by_hash"} if "referred_by" in DATA[event_type] else set()
    assert decoded.data.keys() == DATA[event_type].keys() | keyed
    assert decoded.id == ids.derive("event", "pos/store-12", "B-1")
    assert (decoded.source, decoded.event_id, decoded.type) == ("pos/store-12", "B-1", event_type)
    assert (decoded.time_ms, decoded.received_at_ms) == (1_793_714_400_000, RECEIVED_MS)
    assert decoded.origin == (INPUTS[event_type].topic, 1, 3, 17)


@pytest.mark.parametrize(
    ("value", "topic", "subject"),
    [
        (changed("transaction.cancelled", member_id="M-1"), "transactions", "member:M-1"),
        (
            changed("transaction.cancelled", external_id={"kind": "EMAIL", "value": " ADA@example.com"}),
            "transactions",
            f"external:{ADA}",
        ),
        (changed("transaction.completed", external_id={"kind": "x", "value": "y"}), "transactions", "member:M-42"),
        (changed("transaction.completed", member_id="a/b"), "transactions", "member:a%2Fb"),
        (changed("transaction.returned", member_id="M-1"), "returns", "member:M-1"),
        (changed("voucher.redemption_requested", member_id="M-1"), "voucher-redemptions", "member:M-1"),
        (changed("voucher.redemption_requested", voucher_id="V-1"), "voucher-redemptions", "voucher:V-1"),
        (changed("feedback.submitted", user={"kind": "member", "value": "M-1"}), "feedback", "member:M-1"),
        (changed("feedback.submitted", user=None), "feedback", "feedback:F-1"),
        (changed("feedback.submitted", user={"value": "ada@example.com"}), "feedback", "feedback:F-1"),
        (changed("feedback.submitted", user={"kind": "email", "value": ""}), "feedback", "feedback:F-1"),
        (changed("feedback.submitted", issuer_code=None), "feedback", f"external:{ADA}"),
        (event("feedback.submitted", {"feedback_id": "F-1", "comment": None}), "feedback", "feedback:F-1"),
        (
            event("member.forgotten", traceparent="00-1", dataschema="guerdon/member.forgotten/1"),
            "members",
            "member:M-42",
        ),
        (
            event("member.forgotten", datacontenttype="application/json; charset=utf-8", subject="x"),
            "members",
            "member:M-42",
        ),
    ],
)
def test_an_event_is_accepted_for(value: bytes, topic: str, subject: str) -> None:
    assert accepted(value, topic)[0].subject == subject


@pytest.mark.parametrize(
    ("value", "code", "path"),
    [
        # bytes
        (None, "no_value", ""),
        (b"", "no_value", ""),
        (HUGE, "too_large", ""),
        (b"\xff\xfe", "invalid_utf8", ""),
        (b'{"id": "\xc3\x28"}', "invalid_utf8", ""),
        (b"a,b,c", "not_json", ""),
        (b"{", "not_json", ""),
        (b"NaN", "not_json", ""),
        (b'{"a": NaN}', "not_json", ""),
        (b'"\\ud800"', "not_json", ""),
        (b"\xef\xbb\xbf{}", "not_json", ""),
        (DEEP, "too_deep", ""),
        (DEEP + b"]" * 100_000, "too_deep", ""),
        (b'{"a":' * 100_000, "too_deep", ""),
        (b"[]", "not_an_object", ""),
        (b"null", "not_an_object", ""),
        # the envelope
        (b"{}", "missing_field", "specversion"),
        (event("member.forgotten", specversion="0.3"), "invalid_value", "specversion"),
        (event("transaction.cancelled", id=None), "missing_field", "id"),
        (event("transaction.cancelled", id=7), "wrong_type", "id"),
        (event("transaction.cancelled", id=""), "invalid_value", "id"),
        (event("transaction.cancelled", id="x" * 129), "invalid_value", "id"),
        (event("transaction.cancelled", source="a\nb"), "invalid_value", "source"),
        (event("transaction.cancelled", time=None), "missing_field", "time"),
        (event("transaction.cancelled", time="yesterday"), "invalid_value", "time"),
        (event("transaction.cancelled", time="2026-02-30T00:00:00Z"), "invalid_value", "time"),
        (event("transaction.cancelled", time="2026-02-03T00:00:00"), "invalid_value", "time"),
        (event("transaction.cancelled", time="1969-12-31T23:59:59Z"), "out_of_range", "time"),
        (event("transaction.cancelled", time="0001-01-01T00:00:00+14:00"), "out_of_range", "time"),
        (event("transaction.cancelled", time="9999-12-31T23:59:59-14:00"), "out_of_range", "time"),
        (event("transaction.exploded", {}), "unknown_type", "type"),
        (event("points.awarded", {}), "unknown_type", "type"),
        (event("member.forgotten"), "wrong_topic", "type"),
        (event("transaction.cancelled", dataschema="guerdon/transaction.cancelled/2"), "unknown_version", "dataschema"),
        (event("transaction.cancelled", dataschema="guerdon/transaction.completed/1"), "unknown_version", "dataschema"),
        (event("transaction.cancelled", dataschema=1), "wrong_type", "dataschema"),
        (event("transaction.cancelled", datacontenttype="text/xml"), "invalid_value", "datacontenttype"),
        (event("transaction.cancelled", datacontenttype=5), "wrong_type", "datacontenttype"),
        (event("transaction.cancelled", amount_minor=5), "unknown_field", "amount_minor"),
        (event("transaction.cancelled", extension=[1]), "wrong_type", "extension"),
        (event("transaction.cancelled", token="abc"), "credentials_present", "token"),  # noqa: S106 - refused is what it should be
        (event("transaction.unknown"), "missing_field", "data"),
        (event("transaction.cancelled", []), "not_an_object", "data"),
        # the payload
        (event("transaction.cancelled", {}), "missing_field", "data.transaction_id"),
        (changed("transaction.completed", member_id=None), "missing_field", "data.member_id"),
        (changed("transaction.completed", surprise=1), "unknown_field", "data.surprise"),
        (changed("transaction.completed", **{"a\nb": 1}), "unknown_field", "data.?"),
        (changed("transaction.completed", store_id="O-7"), "unknown_field", "data.store_id"),
        (changed("transaction.completed", amount_minor=30.0), "wrong_type", "data.amount_minor"),
        (changed("transaction.completed", amount_minor="30"), "wrong_type", "data.amount_minor"),
        (changed("transaction.completed", amount_minor=True), "wrong_type", "data.amount_minor"),
        (changed("transaction.completed", amount_minor=-1), "out_of_range", "data.amount_minor"),
        (changed("transaction.completed", amount_minor=10**16), "out_of_range", "data.amount_minor"),
        (changed("transaction.completed", amount_minor=10**30), "out_of_range", "data.amount_minor"),
        (changed("transaction.completed", amount_minor=-(10**30)), "out_of_range", "data.amount_minor"),
        (changed("transaction.completed", currency="usd"), "invalid_value", "data.currency"),
        (changed("transaction.completed", lines=line(amount_minor=1.5)), "wrong_type", "data.lines[0].amount_minor"),
        (changed("transaction.completed", lines=line() + line()), "invalid_value", "data.lines[1].line_id"),
        (changed("transaction.completed", lines=line(sku=None)), "wrong_type", "data.lines[0].sku"),
        (changed("transaction.completed", lines=[{"line_id": "1"}]), "missing_field", "data.lines[0].sku"),
        (changed("transaction.completed", lines=line(attributes={"a": 1.5})), "wrong_type", "data.lines[0].attributes.a"),
        (changed("transaction.completed", attributes={"a": 10**16}), "out_of_range", "data.attributes.a"),
        (changed("transaction.completed", attributes={"a": "x" * 1001}), "invalid_value", "data.attributes.a"),
        (changed("transaction.completed", attributes={"a": {"b": 1}}), "wrong_type", "data.attributes.a"),
        (changed("transaction.completed", attributes=[[[[]]]]), "wrong_type", "data.attributes"),
        # credentials outweigh all else
        (changed("transaction.completed", attributes={"pin": "1234"}), "credentials_present", "data.attributes.pin"),
        (changed("transaction.completed", lines=line(attributes={"otp": "4"})), "credentials_present", "data.lines[0].attributes.otp"),
        (changed("transaction.completed", payments=[{"CVV": "1"}]), "credentials_present", "data.payments[0].CVV"),
        (changed("transaction.completed", amount_minor="x", user={"Pass-Word": 1}), "credentials_present", "data.user.Pass-Word"),
        (event("transaction.exploded", {"client_secret": "x"}), "credentials_present", "data.client_secret"),
    ],
)  # fmt: skip
def test_a_record_is_dead_with(value: bytes | None, code: str, path: str) -> None:
    letter = dead(value)
    assert (letter.code, letter.path) == (code, path)


@pytest.mark.parametrize(
    ("value", "topic", "code", "path"),
    [
        (changed("member.enrolled", profile={"city": 5}), "members", "wrong_type", "data.profile.city"),
        (changed("member.enrolled", profile={"email": 5}), "members", "wrong_type", "data.profile.email"),
        (changed("member.enrolled", profile={"visits": True}), "members", "wrong_type", "data.profile.visits"),
        (changed("member.enrolled", profile={"birthday": "02-30"}), "members", "wrong_type", "data.profile.birthday"),
        (
            changed("member.enrolled", profile={"password": "x"}),
            "members",
            "credentials_present",
            "data.profile.password",
        ),
        (
            changed("member.enrolled", external_ids=[{"kind": "email"}]),
            "members",
            "missing_field",
            "data.external_ids[0].value",
        ),
        (changed("outlet.upserted", latitude="91"), "commands", "out_of_range", "data.latitude"),
        (changed("outlet.upserted", latitude=40.1), "commands", "wrong_type", "data.latitude"),
        (changed("clock.advance_requested", to="2300-01-01T00:00:00Z"), "commands", "out_of_range", "data.to"),
        (changed("clock.advance_requested", to="soon"), "commands", "invalid_value", "data.to"),
        (changed("pool.codes_imported", chunk=3), "commands", "out_of_range", "data.chunk"),
        (changed("points.adjustment_requested", points=0), "commands", "out_of_range", "data.points"),
    ],
)
def test_a_record_of_another_topic_is_dead_with(value: bytes, topic: str, code: str, path: str) -> None:
    letter = dead(value, topic)
    assert (letter.code, letter.path) == (code, path)


@pytest.mark.parametrize(
    ("value", "topic", "expected"),
    [
        (event("transaction.cancelled"), "transactions", "transaction:O-7|T-1"),
        (event("transaction.returned"), "returns", "transaction:O-7|T-1"),
        (changed("transaction.returned", original_outlet_code=None), "returns", "transaction:O-8|T-1"),
        (event("transaction.completed"), "transactions", "member:M-42"),
        (changed("transaction.cancelled", outlet_code=None), "transactions", "missing_field data.outlet_code"),
        (changed("transaction.completed", outlet_code=None), "transactions", "missing_field data.outlet_code"),
    ],
)
def test_where_tills_reuse_numbers_a_sale_is_named_with_its_outlet(value: bytes, topic: str, expected: str) -> None:
    result = intake(transaction_key=("outlet_code", "transaction_id")).accept(record(value, topic), RECEIVED_MS)
    assert (result.subject if isinstance(result, Accepted) else f"{result.code} {result.path}") == expected


@pytest.mark.parametrize("event_type", INPUTS)
def test_the_binary_mode_is_the_same_event(event_type: str) -> None:
    value = event(event_type, dataschema=f"guerdon/{event_type}/1", subject="till 4")
    headers, payload = cloudevents.binary(cloudevents.read(value, ()), {"traceparent": "00-1"})
    topic = INPUTS[event_type].topic
    by_headers = intake().accept(record(payload, topic, headers), RECEIVED_MS)
    assert by_headers == intake().accept(record(value, topic), RECEIVED_MS)
    assert isinstance(by_headers, Accepted)
