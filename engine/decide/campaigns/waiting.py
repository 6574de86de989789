"""An event whose decision waits for answers: its row is begun with the first question and kept until the last answer (B-14)."""

from typing import Any

from engine.core import keys
from engine.core.records import Event, Json
from engine.decide.campaigns.campaigning import Campaigns
from engine.decide.draft import Draft
from engine.decide.parking import as_json
from engine.decide.rows.base import VERSION
from engine.decide.rows.limits import AskedRow

_SO_FAR = ("fired", "refused", "shadow", "carried", "limited", "proposed", "stood")


def wait_for(draft: Draft, event: Event, campaigns: Campaigns, name: str) -> AskedRow:
    """Notes one thing more that the decision on an event waits for, and returns its row in the making."""
    if campaigns.asked is None:
        campaigns.asked = AskedRow(
            v=VERSION,
            waiting=[],
            event=as_json(event),
            ruleset=draft.rules.ruleset.digest,
            depth=draft.depth,
            explicit=[],
            sale=campaigns.sale,
            fields={},
            base=[],
            candidates=[],
            questions=[],
            reserved=[],
            campaigns={},
            status="",
            detail={},
        )
    campaigns.asked["waiting"].append(name)
    return campaigns.asked


def keep_waiting(draft: Draft, campaigns: Campaigns, asked: AskedRow) -> None:
    """Writes the row with the decision so far."""
    campaigns.carried += draft.carried
    draft.carried = []
    asked["explicit"] = sorted({*asked["explicit"], *draft.explicit_tiers})
    asked["campaigns"] = {name: getattr(campaigns, name) for name in _SO_FAR}
    draft.put(asked_key(draft, asked["event"]["id"]), asked)


def campaigns_of(asked: AskedRow) -> Campaigns:
    """The decision so far."""
    copied: dict[str, Any] = {name: _copied(value) for name, value in asked["campaigns"].items()}
    return Campaigns(**copied, asked=asked, sale=asked["sale"])


def asked_key(draft: Draft, record: str) -> str:
    """Where the row of a waiting event lies."""
    return keys.row(draft.subject, "asked", record)


def _copied(value: Json) -> Json:
    """Rows are never changed in place."""
    if isinstance(value, dict):
        return {name: _copied(each) for name, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value
