"""Messages to members: one request per cause and trigger, in the transaction of the state that it speaks of (B-44)."""

from collections.abc import Mapping

from engine.core import ids
from engine.core.records import Json
from engine.decide.draft import Draft
from engine.decide.facts import SCALARS, outcome_fields
from engine.decide.rows.member import MemberRow
from engine.ruleset.matching import Facts
from engine.ruleset.model import MessageRule


def notify_of_input(draft: Draft, kind: str, record: str, member: MemberRow) -> None:
    """Requests the messages that are sent for an input of a type."""
    for rule in draft.rules.messages_on.get(kind, ()):
        if _holds(draft, rule, {}):
            notify(draft, rule.name, record, member, {})


def notify_of_outcomes(draft: Draft, member: MemberRow) -> None:
    """Requests the messages that are sent for what happened so far."""
    messages_on = draft.rules.messages_on
    for outcome in tuple(draft.outcomes):
        for rule in messages_on.get(outcome.type, ()):
            if _holds(draft, rule, outcome_fields(outcome.type, outcome.data)):
                notify(draft, rule.name, outcome.id, member, outcome.data)


def notify(draft: Draft, trigger: str, cause: str, member: MemberRow, variables: Mapping[str, Json]) -> None:
    """Requests one message; only flat, unsealed values of the cause become its variables. Nobody writes to the forgotten."""
    if "forgotten" in member:
        return
    flat = {name: value for name, value in variables.items() if isinstance(value, SCALARS) and name != "member_id"}
    data: dict[str, Json] = {
        "trigger": trigger,
        "template": trigger,
        "member_id": member["member_id"],
        "locale": member["locale"],
        "consents": member["consents"],
        "variables": flat,
        "dedupe_key": ids.derive("notification", cause, trigger),
        "not_before": None,
        "expires_at": None,
    }
    draft.happened("notification.requested", data, trigger)


def _holds(draft: Draft, rule: MessageRule, fields: Mapping[str, Json]) -> bool:
    return rule.when is None or draft.rules.matcher.holds(rule.when, Facts(rule.on, draft.time_ms, fields))
