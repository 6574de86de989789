"""Of a public record only that is shown which the journal has in clear."""

from typing import Any

from engine.replay.explaining.masking import HIDDEN, masked

JOURNAL: dict[str, Any] = {
    "member_id": "M",
    "profile": {"city": "Delft", "email": "sealed:1:ab:cd"},
    "external_ids": [{"kind": "email", "hash": "ab" * 16}],
    "amount_minor": 100,
}


def test_what_is_sealed_or_keyed_inside_is_hidden() -> None:
    data = {
        "member_id": "M",
        "profile": {"city": "Delft", "email": "ada@example.com"},
        "external_ids": [{"kind": "email", "value": "ada@example.com"}],
        "amount_minor": 100,
        "referred_by": "ada@example.com",
    }
    public = {"specversion": "1.0", "id": "1", "subject": "ada@example.com", "traceparent": "x", "data": data}
    shown = masked(public, JOURNAL)
    assert "ada@example.com" not in str(shown)
    assert shown == {
        "specversion": "1.0",
        "id": "1",
        "subject": HIDDEN,
        "traceparent": HIDDEN,
        "data": {
            "member_id": "M",
            "profile": {"city": "Delft", "email": HIDDEN},
            "external_ids": [{"kind": "email", "value": HIDDEN}],
            "amount_minor": 100,
            "referred_by": HIDDEN,
        },
    }


def test_a_bare_payload_is_hidden_alike() -> None:
    assert masked({"profile": {"email": "ada@example.com"}}, JOURNAL) == {"profile": {"email": HIDDEN}}
    assert masked("ada@example.com", JOURNAL) == HIDDEN
