"""A member who was merged into another (B-52): whatever comes for them goes on to the one who stayed."""

from collections.abc import Iterable

from engine.core import keys
from engine.core.records import Event, Message
from engine.decide.draft import Draft
from engine.decide.parking import forward
from engine.decide.rows.member import MemberRow

FORGOTTEN = "alias.forgotten"


def survivor_of(draft: Draft) -> str | None:
    """The subject of the member who stayed; None for a member of their own."""
    row: MemberRow | None = draft.get(draft.subject)
    survivor = None if row is None else row.get("alias_of")
    return None if survivor is None else keys.subject("member", survivor)


def hand_on(draft: Draft, event: Event, survivor: str) -> None:
    """An event of an alias, which from here on names the member who stayed."""
    own = keys.name_of(draft.subject)
    data = {**event.data, "member_id": keys.name_of(survivor)} if event.data.get("member_id") == own else event.data
    forward(draft, survivor, event._replace(data=data))


def forget_aliases(draft: Draft, names: Iterable[str]) -> None:
    """What was sealed for a member under earlier names is to be forgotten with them (B-51)."""
    for name in names:
        draft.send(keys.subject("member", name), FORGOTTEN, {})


def forget(draft: Draft, _message: Message, _clock_ms: int | None) -> None:
    """The sealing keys of an earlier name are to be deleted."""
    draft.forget = True


def relay(draft: Draft, message: Message, survivor: str) -> None:
    """A message to an alias, from whom it is from: an answer goes to them."""
    draft.send(survivor, message.type, message.data, message.sender)
