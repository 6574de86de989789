"""External ids, the member's side: each is asked of its own subject, and the input is settled with the last answer (B-14)."""

from collections.abc import Mapping, Sequence

from engine.core import keys
from engine.core.records import Event, Json, Message
from engine.decide.campaigning import Campaigns
from engine.decide.draft import Draft
from engine.decide.rows import VERSION, AskedRow, MemberRow
from engine.decide.settling import decision_of

CLAIMED, GRANTED, TAKEN = "external.claimed", "external.granted", "external.taken"
RELEASED = "external.released"


def claim_external_ids(draft: Draft, event: Event, claimed: Sequence[Mapping[str, str]], campaigns: Campaigns) -> None:
    """Asks for external ids, given as {kind, hash}; the decision waits for all answers."""
    hashes = sorted({external["hash"] for external in claimed})
    kinds = {external["hash"]: external["kind"] for external in claimed}
    for hashed in hashes:
        ask = {"member_id": event.data["member_id"], "kind": kinds[hashed], "hash": hashed, "asked_by": event.id}
        draft.send(keys.subject("external", hashed), CLAIMED, ask)
    asked = AskedRow(
        v=VERSION,
        waiting=hashes,
        record=event.id,
        cause=event.event_id,
        time=event.time_ms,
        recorded=decision_of(draft, event, campaigns),
    )
    draft.put(keys.row(draft.subject, "asked", event.id), asked)


def release_external_ids(draft: Draft, released: Sequence[Mapping[str, str]]) -> None:
    """Gives external ids back, so that they lead to nobody."""
    for external in released:
        what = {"member_id": keys.name_of(draft.subject), "hash": external["hash"]}
        draft.send(keys.subject("external", external["hash"]), RELEASED, what)


def answered(draft: Draft, message: Message, _clock_ms: int | None) -> None:
    """One answer: a granted id is the member's from here on, a refused one is said; the last one settles the input."""
    answer = message.data
    key = keys.row(draft.subject, "asked", answer["asked_by"])
    asked: AskedRow = draft.get(key)
    if message.type == GRANTED:
        _take_over(draft, answer)
    else:
        rejected = {"member_id": answer["member_id"], "reason": "external_id_taken", "kind": answer["kind"]}
        draft.happened("member.rejected", rejected)
        asked["recorded"] = _with_refusal(asked["recorded"], answer["kind"])
    waiting = [hashed for hashed in asked["waiting"] if hashed != answer["hash"]]
    if waiting:
        draft.put(key, AskedRow(**{**asked, "waiting": waiting}))
        return
    draft.delete(key)
    draft.settle(asked["record"], asked["cause"], asked["time"], asked["recorded"])


def _take_over(draft: Draft, answer: Mapping[str, Json]) -> None:
    member: MemberRow = draft.get(draft.subject)
    if "forgotten" in member:  # while the answer was on its way
        release_external_ids(draft, [answer])
        return
    external = {"kind": answer["kind"], "hash": answer["hash"]}
    if external not in member["external_ids"]:
        ordered = sorted([*member["external_ids"], external], key=lambda each: (each["kind"], each["hash"]))
        draft.put(draft.subject, {**member, "external_ids": ordered})
    draft.happened("member.link_recorded", {"member_id": answer["member_id"], "external_id": external})


def _with_refusal(recorded: Mapping[str, Json], kind: str) -> dict[str, Json]:
    """A link that was all the input asked for is refused; an enrolment stands, and says which of its ids it did not get."""
    if recorded["input"]["type"] == "member.linked":
        return {**recorded, "status": "refused: external_id_taken"}
    detail = recorded.get("detail", {})
    return {**recorded, "detail": {**detail, f"external_id_taken.{kind}": True}}
