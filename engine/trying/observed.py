"""What a step of a test caused, read from its outcomes and decisions, in the words of the language."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.trying.cases import Thing, Things
from engine.trying.expecting import UNCOUNTED

Outcome = Mapping[str, Any]  # a CloudEvent, decoded


@dataclass(frozen=True, slots=True)
class Observed:
    """What happened, and what the decision carried for later work, by the name of that work.

    `status` is that of the step's own event: "" where it has no decision. `reasons`: against each campaign that did not fire.
    """

    status: str
    things: Things
    carried: Mapping[str, Things]
    fired: frozenset[str]
    reasons: Mapping[str, str]
    decisions: Sequence[Mapping[str, Any]] = ()
    unreadable: str = ""
    facts: Sequence[Any] = field(default=(), repr=False)


def observed(outcomes: Iterable[Outcome], event_id: str) -> Observed:
    """Reads all that one step wrote."""
    things: Counter[Thing] = Counter()
    carried: dict[str, Counter[Thing]] = {}
    decisions: list[Mapping[str, Any]] = []
    unreadable = ""
    for outcome in outcomes:
        data = outcome["data"]
        match outcome["type"]:
            case "decision.recorded":
                decisions.append(data)
                for each in data.get("carried", ()):
                    thing, count = _of_carried(each)
                    carried.setdefault(each["awaits"], Counter())[thing] += count
            case "record.rejected":
                unreadable = f"{data['path']}: {data['message']} ({data['code']})"
            case kind:
                thing, count = _of_outcome(kind, data)
                if count:
                    things[thing] += count
    own = [each["status"] for each in decisions if each["input"]["id"] == event_id]
    return Observed(
        status=own[0] if own else "",
        things=things,
        carried=carried,
        fired=frozenset(name for each in decisions for name in each["campaigns_fired"]),
        reasons={each["campaign"]: each["reason"] for decision in decisions for each in decision["campaigns_refused"]},
        decisions=decisions,
        unreadable=unreadable,
    )


# What an effect leaves behind: the outcome's type, the effect, and where the outcome says what of. Only with a campaign is it one.
_EFFECTS = {
    "member.tagged": ("add_tag", "tag"),
    "member.untagged": ("remove_tag", "tag"),
    "voucher.issued": ("issue_voucher", "voucher"),
    "promo_code.issued": ("issue_code", "list_id"),
    "tier.upgraded": ("set_tier", "tier_after"),
    "tier.downgraded": ("set_tier", "tier_after"),
    "tier.retained": ("set_tier", "tier_after"),
}


def _of_outcome(kind: str, data: Mapping[str, Any]) -> tuple[Thing, int]:
    """An outcome as a thing and how much of it; 0 for what only tells of another outcome, or of the input itself."""
    campaign = data.get("campaign", "")
    if kind in _EFFECTS and campaign:
        effect, what = _EFFECTS[kind]
        return Thing(effect, str(data.get(what, "")), campaign), 1
    match kind:
        case "points.awarded":
            return Thing("award_points", data["account"], campaign), data["points"]
        case "points.expired":
            return Thing("points_expired", data["account"]), data["points"]
        case "member.attribute_set" if campaign:
            return Thing("set_attribute", f"{data['attribute']} {_text(data['value'])}", campaign), 1
        case "notification.requested":
            return Thing("notify", data["trigger"], data["variables"].get("campaign", "")), 1
        case "tier.upgraded" | "tier.downgraded":
            return Thing(kind.replace(".", "_"), data["tier_after"]), 1
        case _ if kind.startswith("custom."):
            return Thing("emit", kind.removeprefix("custom."), campaign), 1
        case _:
            told = kind in UNCOUNTED or (kind.startswith("member.") and not campaign)
            return Thing(kind.replace(".", "_"), "", campaign), 0 if told else data.get("points", 1)


def _of_carried(carried: Mapping[str, Any]) -> tuple[Thing, int]:
    effect, campaign = carried["effect"], carried["campaign"]
    if effect == "award_points":
        return Thing(effect, carried.get("account", ""), campaign), carried["points"]
    what = next(
        (carried[name] for name in ("voucher", "list", "tier", "tag", "message", "name") if name in carried), ""
    )
    return Thing(effect, what or str(carried.get("attribute", "")), campaign), carried.get("times", 1)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
