"""Outcomes as the worker writes them, against their models."""

from typing import Any

import pytest
from pydantic import ValidationError

from schemas.registry import OUTPUTS

AT = "2026-11-03T14:00:00.000Z"
DIGEST = "0123456789abcdef0123456789abcdef"
TIER = {
    "member_id": "M",
    "ladder": "status",
    "tier_before": None,
    "tier_after": "blue",
    "tier_next": "silver",
    "qualified": 0,
}
TIER |= {"missing": 600, "unit": "points", "valid_until": None}
LOT = {"member_id": "M", "campaign": "base", "account": "points", "points": 12, "lot_id": "L", "lot_ids": ["L"]}
LOT |= {"balance_before": 0, "balance_after": 12, "reason": "awarded"}
LOT |= {"postings": [{"debit": "issued", "credit": "available", "points": 12}]}

EXAMPLES: list[tuple[str, dict[str, Any]]] = [
    (
        "points.awarded",
        {**LOT, "line_ids": [], "expires_at": None, "earned_at": AT, "active_from": AT, "transaction_id": "T"},
    ),
    ("points.expired", {**LOT, "balance_before": 12, "balance_after": 0}),
    ("points.reversed", {**{k: v for k, v in LOT.items() if k != "lot_id"}, "points": 0, "shortfall": 3}),
    ("points.rejected", {"member_id": "M", "reason": "insufficient_points", "spend_id": "S", "points": 5}),
    ("tier.joined", TIER),
    (
        "tier.upgraded",
        {**TIER, "tier_before": "silver", "tier_after": "gold", "tier_next": None, "missing": 0, "valid_until": AT},
    ),
    (
        "notification.requested",
        {
            "trigger": "welcome",
            "template": "welcome",
            "member_id": "M",
            "locale": None,
            "consents": [],
            "variables": {"points": 5},
        }
        | {"dedupe_key": DIGEST, "not_before": None, "expires_at": None},
    ),
    (
        "decision.recorded",
        {
            "input": {"id": "E", "source": "pos/1", "type": "transaction.completed", "time": AT, "subject": "member:M"},
            "ruleset_digest": None,
            "status": "refused: duplicate_event",
            "campaigns_fired": [],
            "campaigns_refused": [{"campaign": "spring", "reason": "time.weekday"}],
            "state_before": "",
            "state_after": DIGEST,
        },
    ),
    ("member.tagged", {"member_id": "M", "tag": "vip"}),
    ("member.link_recorded", {"member_id": "M", "external_id": {"kind": "email", "hash": DIGEST}}),
    ("custom", {"name": "lounge_visited", "member_id": "M", "campaign": "lounge", "attributes": {"visits": 2}}),
    ("feedback.rejected", {"feedback_id": "F", "reason": "missing_value", "field": "issuer_code"}),
]


@pytest.mark.parametrize(("event_type", "payload"), EXAMPLES)
def test_the_outcome_is_taken(event_type: str, payload: dict[str, Any]) -> None:
    OUTPUTS[event_type].model.model_validate(payload)


@pytest.mark.parametrize(
    ("event_type", "change"),
    [
        ("points.awarded", {"points": -1}),
        ("points.awarded", {"earned_at": 1_700_000_000_000}),
        ("tier.joined", {"tier_after": None}),
        ("decision.recorded", {"status": "refused"}),
        ("decision.recorded", {"status": "refused: Duplicate Event"}),
        ("member.link_recorded", {"external_id": {"kind": "email", "value": "ada@example.com"}}),
        ("notification.requested", {"variables": {"lines": []}}),
    ],
)
def test_a_wrong_outcome_is_refused(event_type: str, change: dict[str, Any]) -> None:
    payload = next(payload for name, payload in EXAMPLES if name == event_type)
    with pytest.raises(ValidationError):
        OUTPUTS[event_type].model.model_validate({**payload, **change})
