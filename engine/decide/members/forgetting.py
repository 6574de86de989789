"""Forgetting a member (B-51): what is personal goes, what was earned stays under the pseudonymous id.

The keys that their values were sealed with lie outside of any decision; that they are to be deleted is all that is said here.
"""

from engine.core.records import Event, Json
from engine.core.sealed import is_sealed
from engine.decide.draft import Draft
from engine.decide.members.aliases import forget_aliases
from engine.decide.members.linking import release_external_ids
from engine.decide.membership import finish, member_of
from engine.decide.repeats import seen_before
from engine.decide.rows.member import MemberRow
from engine.decide.settling import refused, settled


def forget(draft: Draft, event: Event, _clock_ms: int | None) -> None:
    """Whenever the wish was uttered, it is done: too late or too early is nothing here."""
    if seen_before(draft, event):
        return
    member = member_of(draft)
    if member is None:
        refused(draft, event, "member_unknown")
        return
    if "forgotten" in member:
        refused(draft, event, "duplicate_event")
        return
    release_external_ids(draft, member["external_ids"])
    forget_aliases(draft, member.get("aliases", ()))
    draft.happened("member.forget_recorded", {"member_id": member["member_id"]})
    draft.forget = True
    finish(draft, without_person(draft, member, event.time_ms))
    settled(draft, event)


def without_person(draft: Draft, member: MemberRow, at_ms: int) -> MemberRow:
    """What may be kept of a member who is forgotten."""
    known = {each.name for each in draft.rules.ruleset.programme.attributes if not each.personal}
    kept: dict[str, Json] = {
        name: value for name, value in member["profile"].items() if name in known and not is_sealed(value)
    }
    return {**member, "profile": kept, "locale": None, "consents": [], "external_ids": [], "forgotten": at_ms}
