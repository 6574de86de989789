"""What effects change of a member besides points and tiers, and say: tags, attributes, messages, the programme's own events."""

from engine.decide.draft import Draft
from engine.decide.notifying import notify
from engine.decide.rows.member import MemberRow
from engine.ruleset.effects import AddTag, Effect, Emit, Notify, RemoveTag, SetAttribute


def change(draft: Draft, cause: str, member: MemberRow, campaign: str, effect: Effect) -> None:
    """Carries out one effect; it takes effect for the next event (B-9). A message is sent once for each `cause` (B-44)."""
    member_id, name = member["member_id"], campaign
    match effect:
        case AddTag(tag) if tag not in member["tags"]:
            member["tags"] = sorted([*member["tags"], tag])
            draft.happened("member.tagged", {"member_id": member_id, "tag": tag, "campaign": name}, name)
        case RemoveTag(tag) if tag in member["tags"]:
            member["tags"] = [each for each in member["tags"] if each != tag]
            draft.happened("member.untagged", {"member_id": member_id, "tag": tag, "campaign": name}, name)
        case SetAttribute(attribute, value) if member["profile"].get(attribute) != value:
            member["profile"][attribute] = value
            changed = {"member_id": member_id, "attribute": attribute, "value": value, "campaign": name}
            draft.happened("member.attribute_set", changed, name)
        case Notify(message):
            notify(draft, message, cause, member, {"campaign": name})
        case Emit(custom, data):
            emitted = {"name": custom, "member_id": member_id, "campaign": name, "attributes": dict(data)}
            draft.happened(f"custom.{custom}", emitted, name)
