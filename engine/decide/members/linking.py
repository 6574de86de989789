"""External ids, the member's side: each is asked of its own subject, and the input is settled with the last answer (B-14)."""

from collections.abc import Mapping, Sequence

from engine.core import keys
from engine.core.records import Event, Json
from engine.decide.campaigns.campaigning import Campaigns
from engine.decide.campaigns.waiting import wait_for
from engine.decide.draft import Draft
from engine.decide.rows.member import MemberRow

CLAIMED, GRANTED, TAKEN = "external.claimed", "external.granted", "external.taken"
RELEASED, MOVED = "external.released", "external.moved"
REFUSED = "external_id_taken"


def claim_external_ids(draft: Draft, event: Event, claimed: Sequence[Mapping[str, str]], campaigns: Campaigns) -> None:
    """Asks for external ids, given as {kind, hash}; the decision waits for all answers."""
    kinds = {external["hash"]: external["kind"] for external in claimed}
    for hashed in sorted(kinds):
        ask = {"member_id": event.data["member_id"], "kind": kinds[hashed], "hash": hashed, "asked_by": event.id}
        draft.send(keys.subject("external", hashed), CLAIMED, ask)
        wait_for(draft, event, campaigns, claim_name(hashed))


def claim_name(hashed: str) -> str:
    """What the answer to a claim is waited for as."""
    return keys.subject("external", hashed)


def release_external_ids(draft: Draft, released: Sequence[Mapping[str, str]]) -> None:
    """Gives external ids back, so that they lead to nobody."""
    for external in released:
        what = {"member_id": keys.name_of(draft.subject), "hash": external["hash"]}
        draft.send(keys.subject("external", external["hash"]), RELEASED, what)


def take_over(draft: Draft, member: MemberRow, answer: Mapping[str, Json]) -> None:
    """A granted id is the member's; the caller writes the row. Who was forgotten meanwhile gives it back."""
    if "forgotten" in member:
        release_external_ids(draft, [answer])
        return
    external = {"kind": answer["kind"], "hash": answer["hash"]}
    if external not in member["external_ids"]:
        member["external_ids"] = sorted(
            [*member["external_ids"], external], key=lambda each: (each["kind"], each["hash"])
        )
    draft.happened("member.link_recorded", {"member_id": answer["member_id"], "external_id": external})
