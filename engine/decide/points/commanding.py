"""Commands about points: what they have in common, and that each refusal is answered, since who asks waits for it."""

from collections.abc import Callable
from typing import NamedTuple

from engine.core.records import Event, Json
from engine.decide.admission import refusal
from engine.decide.draft import Draft
from engine.decide.membership import finish, member_of
from engine.decide.points.ledger import Ledger, Movement
from engine.decide.repeats import natural_key, seen_before, take_key, taken
from engine.decide.rows.member import MemberRow
from engine.decide.settling import refused, settled

_ECHOED = ("spend_id", "hold_id", "adjustment_id", "transaction_id")
_SAID = (*_ECHOED, "actor")


class Asked(NamedTuple):
    """A command of a known member that may be done. `ledger` is that of the account it names."""

    draft: Draft
    event: Event
    member: MemberRow
    ledger: Ledger


def command(draft: Draft, event: Event, clock_ms: int | None, do: Callable[[Asked], str | None]) -> None:
    """Does what is asked, or refuses it for the reason that `do` gives; a refused command may come again, and takes no key."""
    if seen_before(draft, event):
        return
    member = member_of(draft)
    reason = refusal(event, draft.rules.ruleset.programme, clock_ms)
    if reason is None and member is None:
        reason = "member_unknown"
    key = natural_key(draft, event)
    if reason is not None or member is None:
        _reject(draft, event, str(reason), None)
        return
    if taken(draft, event, key):
        return
    asked = Asked(draft, event, member, Ledger(draft, member, event.data["account"]))
    reason = do(asked)
    if reason is not None:
        _reject(draft, event, reason, asked.ledger)
        return
    take_key(draft, event, key)
    finish(draft, member)
    settled(draft, event)


def not_spendable(asked: Asked) -> str | None:
    """Why an account cannot be spent from, or None."""
    account = asked.draft.rules.accounts.get(asked.ledger.name)
    if account is None:
        return "account_unknown"
    return None if account.spendable else "account_not_spendable"


def told(asked: Asked, movement: Movement, reason: str) -> dict[str, Json]:
    """What an outcome says of a command that was done."""
    data = asked.event.data
    said: dict[str, Json] = {
        "member_id": asked.member["member_id"],
        "campaign": None,
        "account": asked.ledger.name,
        "points": movement.points,
        **movement.told(),
        "reason": reason,
    }
    said.update({name: data[name] for name in _SAID if name in data})
    if "reason" in data:
        said["note"] = data["reason"]
    return said


def _reject(draft: Draft, event: Event, reason: str, ledger: Ledger | None) -> None:
    data = event.data
    said: dict[str, Json] = {"member_id": data["member_id"], "reason": reason}
    said.update({name: data[name] for name in ("account", "points", *_ECHOED) if name in data})
    if ledger is not None:
        said["balance_before"] = said["balance_after"] = ledger.balance
    draft.happened("points.rejected", said)
    refused(draft, event, reason)
