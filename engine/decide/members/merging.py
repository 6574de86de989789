"""Two members become one (B-52): the one who stays asks the other for all it has, and the other is an alias ever after.

The other answers once nothing of its own is unsettled, with its rows in messages of a bounded size; what it had is taken over in one
step with the last of them, so that nothing is ever at both or at none. Whatever comes for an alias goes to the member who stays.
"""

from collections.abc import Iterator
from typing import cast

from engine.core import keys
from engine.core.records import Event, Json, Message
from engine.decide.campaigns.answering import Waiting
from engine.decide.campaigns.campaigning import Campaigns
from engine.decide.campaigns.waiting import wait_for
from engine.decide.draft import Draft
from engine.decide.members.aliases import forget_aliases
from engine.decide.members.forgetting import without_person
from engine.decide.members.linking import MOVED, release_external_ids
from engine.decide.members.taking_over import take_over
from engine.decide.membership import member_of
from engine.decide.notifying import notify_of_input
from engine.decide.repeats import natural_key, seen_before, take_key, taken
from engine.decide.rows.base import VERSION
from engine.decide.rows.member import MemberRow, MergingRow, MovedRow
from engine.decide.schedules.planning import heard
from engine.decide.settling import refused, settled

ASKED, PART, DENIED = "merge.asked", "merge.part", "merge.denied"
ALREADY_MERGED = "already_merged"
_PART_BYTES = 150_000  # about; a row of its own may be larger
_ASKS, _PARTS = "merging", "merged"


def merge(draft: Draft, event: Event, _clock_ms: int | None) -> None:
    """The member who stays asks the other; the decision waits until everything has moved."""
    if seen_before(draft, event):
        return
    member = member_of(draft)
    key = natural_key(draft, event)
    if taken(draft, event, key):
        return
    if member is None or "forgotten" in member:
        refused(draft, event, "member_unknown")
        return
    other = event.data["merged_member_id"]
    if other == member["member_id"] or other in member.get("aliases", ()):
        refused(draft, event, ALREADY_MERGED)
        return
    take_key(draft, event, key)
    asked = keys.subject("member", other)
    campaigns = Campaigns()
    draft.send(asked, ASKED, {"asked_by": event.id, "member_id": member["member_id"]})
    wait_for(draft, event, campaigns, asked)
    settled(draft, event, campaigns)


def asked(draft: Draft, message: Message, _clock_ms: int | None) -> None:
    """The other member gives all it has, at once or when its own events are settled."""
    member = member_of(draft)
    if member is None or "forgotten" in member:
        draft.send(message.sender, DENIED, {**message.data, "reason": "member_unknown"})
    elif message.sender == draft.subject or _crosses(draft, message.sender):
        draft.send(message.sender, DENIED, {**message.data, "reason": ALREADY_MERGED})
    else:
        row = MergingRow(v=VERSION, to=message.sender, data=dict(message.data))
        draft.put(keys.row(draft.subject, _ASKS, message.data["asked_by"]), row)
        go_on(draft)


def go_on(draft: Draft) -> None:
    """Gives what was asked for, as soon as no event of the member waits for answers; of several who ask the first has it."""
    asking = draft.scan(_ASKS)
    member = member_of(draft) if asking and not draft.scan("asked") else None
    if member is None:
        return
    first, *others = asking
    winner: MergingRow = draft.get(first)
    for key in others:  # they merge with whom this member becomes
        row: MergingRow = draft.get(key)
        draft.send(winner["to"], ASKED, row["data"], row["to"])
        draft.delete(key)
    draft.delete(first)
    _give(draft, member, winner)


def part(draft: Draft, message: Message, _clock_ms: int | None) -> None:
    """Rows of the other member: kept apart until the last of them is here, then taken over together."""
    data = message.data
    if not data["last"]:
        name = f"{data['number']:06d}"
        draft.put(keys.row(draft.subject, _PARTS, data["asked_by"], name), MovedRow(v=VERSION, rows=data["rows"]))
        return
    rows: list[list[Json]] = []
    for key in draft.scan(_PARTS, data["asked_by"]):
        kept: MovedRow = draft.get(key)
        rows += kept["rows"]
        draft.delete(key)
    rows += data["rows"]
    rules = draft.rules
    waiting = Waiting(draft, data["asked_by"])
    draft.rules = rules  # what moves is planned and counted by the rules of now
    event, other = waiting.event, cast("MemberRow", data["member"])
    waiting.decide()  # by the member as they were before (B-9)
    notify_of_input(draft, event.type, event.id, waiting.member)
    heard(draft, event.type, event.id, event.time_ms, waiting.member)
    if "forgotten" in waiting.member:  # while the other was asked
        release_external_ids(draft, other["external_ids"])
        forget_aliases(draft, [other["member_id"], *other.get("aliases", ())])
        other = without_person(draft, other, event.time_ms)
    take_over(draft, waiting.member, other, rows)
    ids = {"merge_id": event.data["merge_id"], "member_id": waiting.member["member_id"]}
    draft.happened("member.merge_recorded", {**ids, "merged_member_id": event.data["merged_member_id"]})
    _answered(waiting)


def denied(draft: Draft, message: Message, _clock_ms: int | None) -> None:
    """There is nobody to merge with."""
    waiting = Waiting(draft, message.data["asked_by"])
    reason = message.data["reason"]
    rejected = {"member_id": waiting.member["member_id"], "reason": reason, "merge_id": waiting.event.data["merge_id"]}
    draft.happened("member.rejected", rejected)
    waiting.row["status"] = f"refused: {reason}"
    _answered(waiting)


def _answered(waiting: Waiting) -> None:
    waiting.answered(keys.subject("member", waiting.event.data["merged_member_id"]))
    waiting.close()


def _crosses(draft: Draft, sender: str) -> bool:
    """Whether this member waits for that one in a merge the other way round: of the two the one of the first name stays."""
    if draft.subject > sender:
        return False
    wanted = keys.name_of(sender)
    events = (draft.get(key)["event"] for key in draft.scan("asked"))
    return any(each["type"] == "member.merged" and each["data"]["merged_member_id"] == wanted for each in events)


def _give(draft: Draft, member: MemberRow, asked_by: MergingRow) -> None:
    survivor = asked_by["data"]["member_id"]
    for external in member["external_ids"]:
        moved = {"member_id": survivor, "hash": external["hash"]}
        draft.send(keys.subject("external", external["hash"]), MOVED, moved)
    parts = list(_parts(draft))
    for number, rows in enumerate(parts):
        last = number == len(parts) - 1
        what: dict[str, Json] = {"asked_by": asked_by["data"]["asked_by"], "number": number, "last": last, "rows": rows}
        draft.send(asked_by["to"], PART, {**what, "member": member} if last else what)
    for key in draft.scan():
        draft.delete(key)
    draft.put(draft.subject, _alias(member, survivor))


def _parts(draft: Draft) -> Iterator[list[list[Json]]]:
    """All rows but the member's own, as [key below the member, row, due instant]; one part at least."""
    rows: list[list[Json]] = []
    size = 0
    for key in draft.scan():
        row = draft.get(key)
        length = len(repr(row)) + len(key)
        if rows and size + length > _PART_BYTES:
            yield rows
            rows, size = [], 0
        rows.append([key[len(draft.subject) + 1 :], row, draft.due_ms(key)])
        size += length
    yield rows


def _alias(member: MemberRow, survivor: str) -> MemberRow:
    """What is left of a member who is another now."""
    return MemberRow(
        v=VERSION,
        member_id=member["member_id"],
        enrolled_at=member["enrolled_at"],
        enrolment=member["enrolment"],
        locale=None,
        profile={},
        tags=[],
        consents=[],
        opt_ins={},
        external_ids=[],
        accounts={},
        ladders={},
        alias_of=survivor,
    )
