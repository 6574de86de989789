"""What is recorded of an input, exactly once: decided, or refused with its reason (B-14)."""

from collections.abc import Mapping

from engine.core.instants import render
from engine.core.records import Event, Json
from engine.decide.campaigns.campaigning import Campaigns
from engine.decide.campaigns.waiting import keep_waiting
from engine.decide.draft import Draft
from engine.decide.rows.limits import AskedRow

DECIDED = "decided"


def settled(
    draft: Draft, event: Event, campaigns: Campaigns | None = None, detail: Mapping[str, Json] | None = None
) -> None:
    """Records that the event was decided; where it asks, that is kept until the last answer."""
    campaigns = campaigns or Campaigns()
    if campaigns.asked is not None:
        campaigns.asked["detail"] = {**campaigns.asked["detail"], **(detail or {})}
        keep_waiting(draft, campaigns, campaigns.asked)
        return
    draft.record_decision(_payload(draft, event, DECIDED, campaigns, detail))


def settled_at_last(draft: Draft, event: Event, campaigns: Campaigns, asked: AskedRow) -> None:
    """Records the decision on an earlier event, whose last answer this step is."""
    places = {campaign.name: place for place, campaign in enumerate(draft.rules.ruleset.campaigns)}
    campaigns.fired.sort(key=lambda name: places[name])
    campaigns.refused.sort(key=lambda refused: places[refused["campaign"]])
    payload = _payload(draft, event, asked["status"] or DECIDED, campaigns, asked["detail"])
    draft.settle(event.id, event.event_id, event.time_ms, payload)


def refused(draft: Draft, event: Event, reason: str, detail: Mapping[str, Json] | None = None, number: int = 0) -> None:
    """Records that the event may not be done; `number` tells the repeats of one input apart."""
    draft.record_decision(_payload(draft, event, f"refused: {reason}", Campaigns(), detail), number)


def _payload(
    draft: Draft, event: Event, status: str, campaigns: Campaigns, detail: Mapping[str, Json] | None
) -> dict[str, Json]:
    payload: dict[str, Json] = {
        "input": {
            "id": event.event_id,
            "source": event.source,
            "type": event.type,
            "time": render(event.time_ms),
            "subject": event.subject,
        },
        "ruleset_digest": draft.rules.ruleset.digest,
        "status": status,
        "campaigns_fired": campaigns.fired,
        "campaigns_refused": campaigns.refused,
    }
    if detail:
        payload["detail"] = dict(detail)
    found = {"shadow": campaigns.shadow, "carried": [*campaigns.carried, *draft.carried], "limited": campaigns.limited}
    payload.update({name: each for name, each in found.items() if each})
    return payload
