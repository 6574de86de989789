"""Outcomes as CloudEvents on the topic of their type."""

from collections.abc import Mapping

import orjson

from engine.core.instants import render
from engine.core.records import Json, Outcome
from schemas.registry import OUTPUTS

SOURCE = "guerdon"
CUSTOM = "custom."


def topic_of(outcome_type: str) -> str:
    """The topic (without prefix) that outcomes of a type go to."""
    if outcome_type.startswith(CUSTOM):
        return "emissions"
    return OUTPUTS[outcome_type].topic


def encode(outcome: Outcome, data: Mapping[str, Json], ruleset_digest: str, position: str) -> bytes:
    """The event's bytes, with its payload as the pipeline completed it.

    `position` is the journal's `partition:offset` that it was decided at.
    """
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": outcome.id,
            "source": SOURCE,
            "type": outcome.type,
            "time": render(outcome.time_ms),
            "subject": outcome.subject,
            "datacontenttype": "application/json",
            "dataschema": f"guerdon/{outcome.type}/1",
            "causationid": outcome.cause,
            "rulesetdigest": ruleset_digest,
            "mode": outcome.mode,
            "position": position,
            "partitionkey": outcome.subject,
            "data": data,
        }
    )
