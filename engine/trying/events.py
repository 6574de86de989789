"""The events of a test: short words for the input types, and what is filled in where an author leaves out the obvious."""

from collections.abc import Mapping
from typing import Any

from engine.ruleset.model import Programme
from schemas.registry import INPUTS

WORDS: Mapping[str, str] = {
    "transaction": "transaction.completed",
    "return": "transaction.returned",
    "cancel": "transaction.cancelled",
    "replace": "transaction.replaced",
    "activity": "activity.recorded",
    "enrol": "member.enrolled",
    "update": "member.updated",
    "opt_in": "member.opted_in",
    "opt_out": "member.opted_out",
    "redeem": "voucher.redemption_requested",
    "enter_code": "promo_code.entered",
    "feedback": "feedback.submitted",
    "buy": "reward.purchase_requested",
    "spend": "points.spend_requested",
    "outlet": "outlet.upserted",
}
IDS = (
    "activity_id",
    "transaction_id",
    "return_id",
    "redemption_id",
    "entry_id",
    "feedback_id",
    "purchase_id",
    "spend_id",
    "request_id",
)


def type_of(word: str) -> str | None:
    """The input type that a word of a test stands for: a short one, or the type itself."""
    return WORDS.get(word) or (word if word in INPUTS else None)


def filled(kind: str, given: Mapping[str, Any], number: int, member: str, programme: Programme) -> dict[str, Any]:
    """The payload with what is left out: whose it is, ids made of the step's `number`, numbered lines, the sum of a sale."""
    fields = INPUTS[kind].model.model_fields
    payload: dict[str, Any] = dict(given)
    if "member_id" in fields and not {"member_id", "external_id"} & payload.keys():
        payload["member_id"] = member
    if kind == "feedback.submitted":
        payload.setdefault("user", {"kind": "member", "value": member})
    if kind in ("transaction.completed", "transaction.replaced"):
        _fill_sale(payload, programme)
    for name in IDS:
        if name in fields and fields[name].is_required():
            payload.setdefault(name, f"{name.removesuffix('_id')}-{number}")
    if kind == "transaction.returned":
        payload.setdefault("original_transaction_id", "transaction-1")
    return payload


def _fill_sale(payload: dict[str, Any], programme: Programme) -> None:
    payload.setdefault("currency", programme.currency)
    lines = payload.get("lines", [])
    if isinstance(lines, list):
        payload["lines"] = [
            _filled_line(line, at) if isinstance(line, dict) else line for at, line in enumerate(lines, 1)
        ]
        amounts = [line.get("amount_minor", 0) for line in payload["lines"] if isinstance(line, dict)]
        payload.setdefault("amount_minor", sum(amount for amount in amounts if isinstance(amount, int)))


def _filled_line(line: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {"line_id": str(number), "sku": f"sku-{number}", "quantity": 1, "amount_minor": 0, **line}
