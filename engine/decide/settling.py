"""What is recorded of an input, exactly once: decided, or refused with its reason (B-14)."""

from collections.abc import Mapping

from engine.core.instants import render
from engine.core.records import Event, Json
from engine.decide.campaigning import Campaigns
from engine.decide.draft import Draft

DECIDED = "decided"


def settled(
    draft: Draft, event: Event, campaigns: Campaigns | None = None, detail: Mapping[str, Json] | None = None
) -> None:
    """Records that the event was decided."""
    payload = decision_of(draft, event, campaigns or Campaigns())
    if detail:
        payload["detail"] = dict(detail)
    draft.record_decision(payload)


def decision_of(draft: Draft, event: Event, campaigns: Campaigns) -> dict[str, Json]:
    """The payload of the decision on an event that was decided; kept until the last answer where it asks."""
    return _payload(draft, event, DECIDED, campaigns)


def refused(draft: Draft, event: Event, reason: str, detail: Mapping[str, Json] | None = None, number: int = 0) -> None:
    """Records that the event may not be done; `number` tells the repeats of one input apart."""
    payload = _payload(draft, event, f"refused: {reason}", Campaigns())
    if detail:
        payload["detail"] = dict(detail)
    draft.record_decision(payload, number)


def _payload(draft: Draft, event: Event, status: str, campaigns: Campaigns) -> dict[str, Json]:
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
    found = {"shadow": campaigns.shadow, "carried": [*campaigns.carried, *draft.carried], "limited": campaigns.limited}
    payload.update({name: each for name, each in found.items() if each})
    return payload
