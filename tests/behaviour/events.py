"""Events in short form: `sale: {id: T1, lines: {a: 10.00}}` is the whole public payload of a `transaction.completed`."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

Short = Mapping[str, Any]  # texts, lists and maps as written
Payload = dict[str, Any]

_LINE = {"amount": "amount_minor", "discount": "discount_minor"}


def payload_of(verb: str, short: Short) -> tuple[str, Payload]:
    """The type and the public payload of an event in short form; of `event` itself as it stands."""
    if verb == "event":
        return short["type"], {name: value(each) for name, each in short["data"].items()}
    kind, make = VERBS[verb]
    return kind, make(short)


def money(text: str) -> int:
    """An amount in minor units."""
    return int(Decimal(text) * 100)


def value(written: Any) -> Any:
    """A value of JSON as YAML means it."""
    match written:
        case Mapping():
            return {name: value(each) for name, each in written.items()}
        case list():
            return [value(each) for each in written]
        case "true" | "false":
            return written == "true"
        case "null":
            return None
        case str() if written.lstrip("-").isdigit():
            return int(written)
        case _:
            return written


def _sale(short: Short) -> Payload:
    lines = [_line(line_id, line) for line_id, line in short.get("lines", {}).items()]
    total = sum(line["amount_minor"] for line in lines)
    made: Payload = {
        "transaction_id": short["id"],
        "currency": short.get("currency", "USD"),
        "amount_minor": money(short["amount"]) if "amount" in short else total,
        "lines": lines,
        **_owner(short),
        **_texts(short, outlet="outlet_code", merchant="merchant_id", channel="channel"),
    }
    if "payments" in short:
        made["payments"] = [{"method": method, **_payment(paid)} for method, paid in short["payments"].items()]
    if "attributes" in short:
        made["attributes"] = value(short["attributes"])
    return made


def _line(line_id: str, short: Any) -> Payload:
    given = short if isinstance(short, Mapping) else {"amount": short}
    made: Payload = {"line_id": line_id, "sku": line_id.upper(), "quantity": 1}
    for name, each in given.items():
        made[_LINE.get(name, name)] = money(each) if name in _LINE else value(each)
    return made


def _payment(paid: Any) -> Payload:
    if isinstance(paid, Mapping):
        return {"amount_minor": money(paid["amount"]), "spend_id": paid["spend"]}
    return {"amount_minor": money(paid)}


def _return(short: Short) -> Payload:
    lines = []
    for line_id, back in short["lines"].items():
        given = back if isinstance(back, Mapping) else {"quantity": back}
        line: Payload = {"line_id": line_id, "quantity": int(given["quantity"])}
        if "amount" in given:
            line["amount_minor"] = money(given["amount"])
        lines.append(line)
    made: Payload = {
        "return_id": short["id"],
        "original_transaction_id": short["of"],
        "lines": lines,
        **_owner(short),
        **_texts(short, outlet="outlet_code", original_outlet="original_outlet_code"),
    }
    if "refunds" in short:
        made["refunds"] = [
            {"method": method, **({"points": int(back)} if method == "points" else {"amount_minor": money(back)})}
            for method, back in short["refunds"].items()
        ]
    return made


def _cancel(short: Short) -> Payload:
    return {"transaction_id": short["of"], **_owner(short), **_texts(short, outlet="outlet_code")}


def _member(short: Short) -> Payload:
    made = {name: value(each) for name, each in short.items() if name not in ("member", "external", "external_ids")}
    if "external_ids" in short:
        made["external_ids"] = [_external(each) for each in short["external_ids"]]
    if "external" in short:
        made["external_id"] = _external(short["external"])
    return {"member_id": short.get("member", "ann"), **made}


def _merge(short: Short) -> Payload:
    return {"merge_id": short["id"], "member_id": short["stays"], "merged_member_id": short["goes"]}


def _points(name: str) -> Callable[[Short], Payload]:
    def make(short: Short) -> Payload:
        made: Payload = {
            name: short["id"],
            "member_id": short.get("member", "ann"),
            "account": short.get("account", "points"),
            "points": int(short["points"]),
        }
        return {**made, **_texts(short, hold="hold_id", transaction="transaction_id", reason="reason", actor="actor")}

    return make


def _release(short: Short) -> Payload:
    return {**_points("hold_id")(short)}


def _activity(short: Short) -> Payload:
    made: Payload = {"activity_id": short["id"], "member_id": short.get("member", "ann"), "name": short["name"]}
    return {**made, "attributes": value(short["attributes"])} if "attributes" in short else made


def _opt(short: Short) -> Payload:
    return {"member_id": short.get("member", "ann"), "campaign": short["campaign"]}


def _advance(short: Short) -> Payload:
    return {"to": short["to"]}


def _owner(short: Short) -> Payload:
    """Whose it is: `member: none` leaves the owner out, so that the sale itself is asked."""
    if "external" in short:
        return {"external_id": _external(short["external"])}
    member = short.get("member", "ann")
    return {} if member == "none" else {"member_id": member}


def _external(text: str) -> Payload:
    kind, _, given = text.partition("/")
    return {"kind": kind, "value": given}


def _texts(short: Short, **names: str) -> Payload:
    return {field: short[name] for name, field in names.items() if name in short}


VERBS: dict[str, tuple[str, Callable[[Short], Payload]]] = {
    "enrol": ("member.enrolled", _member),
    "update": ("member.updated", _member),
    "link": ("member.linked", _member),
    "forget": ("member.forgotten", _member),
    "merge": ("member.merged", _merge),
    "opt_in": ("member.opted_in", _opt),
    "opt_out": ("member.opted_out", _opt),
    "sale": ("transaction.completed", _sale),
    "resend": ("transaction.replaced", _sale),
    "return": ("transaction.returned", _return),
    "cancel": ("transaction.cancelled", _cancel),
    "activity": ("activity.recorded", _activity),
    "spend": ("points.spend_requested", _points("spend_id")),
    "hold": ("points.hold_requested", _points("hold_id")),
    "release": ("points.hold_release_requested", _release),
    "adjust": ("points.adjustment_requested", _points("adjustment_id")),
    "clock": ("clock.advance_requested", _advance),
}
