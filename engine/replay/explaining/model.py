"""What `guerdon explain` says, as values: the shape of its JSON, which the terminal and the page only lay out.

Instants are RFC 3339 in UTC, money is minor units, positions are `partition:offset` of the journal.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Json = Any  # JSON values as they were recorded


class Part(BaseModel):
    """A part of an explanation."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Programme(Part):
    """What amounts and instants are to be read with."""

    name: str
    zone: str
    currency: str
    minor_digits: int


class Received(Part):
    """The public record that an input was made of: where it lay, and what it was where it is still kept.

    `value` is its JSON, or its text where it is none; `note` says why there is none.
    """

    topic: str
    partition: int
    offset: int
    kept: bool
    note: str
    key: str | None = None
    appended_at: str | None = None
    headers: dict[str, str] = {}
    value: Json = None


class Input(Part):
    """An input as the journal has it. `repeats`: where the same input came again."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    received_at: str
    appended_at: str
    position: str
    data: dict[str, Json]
    repeats: list[str]
    received: Received | None


class Condition(Part):
    """A condition that was asked. `seen`: its value in words; `parts` are what a compound one is made of."""

    text: str
    held: bool
    field: str | None = None
    asked: str | None = None
    value: Json = None
    seen: str = ""
    lines: list[str] | None = None
    parts: list["Condition"] = []


class GroupChoice(Part):
    """A group that a campaign stands in: which of its campaigns gave, and which gave way."""

    name: str
    keep: str
    scope: str
    gave: list[str]
    excluded: list[str]


class LimitSeen(Part):
    """A limit of a campaign, its group or an account. `used`: before and after this event, as far as it is known.

    `held_by`: the subject that counts what members share, which was asked for `asked` points and granted `granted`, or refused
    for a `reason`.
    """

    owner: str
    limit: str
    per: str
    amount: int
    used_before: int | None
    used_after: int | None
    held_by: str | None = None
    asked: list[int] | None = None
    granted: list[int] | None = None
    reason: str | None = None


class Award(Part):
    """Points that a campaign wanted to give: what they were taken of, how they were reckoned, and what limits left of them.

    `exact` is the amount before rounding down; `given` is None where it gave nothing, or nothing of this is known.
    """

    account: str
    to: str
    how: str
    calculation: str
    base_minor: int
    exact: str
    reckoned: int
    given: int | None
    line_ids: list[str]
    outcome_id: str | None


class Campaign(Part):
    """A campaign that runs on this type of event. `verdict`: `fired`, `shadow`, `waits`, or the reason against it."""

    campaign: str
    title: str
    verdict: str
    says: str
    fired: bool
    candidate: bool
    audience: Condition | None
    when: Condition | None
    group: GroupChoice | None
    limits: list[LimitSeen]
    awards: list[Award]


class Considered(Part):
    """What campaigns were asked of, once. `others`: campaigns that are paused, over, or on something else."""

    on: str
    time: str
    position: str
    ruleset: str
    campaigns: list[Campaign]
    others: int


class RowChange(Part):
    """A row that a record changed; None where there was none, or is none any more. `says`: the same in words, if there are any."""

    key: str
    before: Json
    after: Json
    says: str


class Outcome(Part):
    """An outcome as published. `asked`: whether it is the one that was asked for."""

    id: str
    type: str
    subject: str
    time: str
    cause: str
    position: str
    mode: str
    says: str
    asked: bool
    data: dict[str, Json]


class Message(Part):
    """A message of one subject to another."""

    type: str
    sender: str
    subject: str
    says: str
    data: dict[str, Json]


class Step(Part):
    """A record of the journal that was decided on the way. `due`: what was due at its subject and done at this record."""

    position: str
    kind: str
    type: str
    sender: str
    subject: str
    time: str
    says: str
    outcomes: list[Outcome]
    due: list[Outcome]
    messages: list[Message]
    rows: list[RowChange]


class Standing(Part):
    """Balances by account, tiers by ladder, counters, as they stood."""

    balances: dict[str, int]
    pending: dict[str, int]
    held: dict[str, int]
    tiers: dict[str, str]
    counters: dict[str, int]
    tags: list[str]


class Sale(Part):
    """A sale's row: its amount, what came back of it, and what is left of each award."""

    transaction_id: str
    time: str
    amount_minor: int
    currency: str
    returned_minor: int
    returned_lines: dict[str, int]
    awards: list["SaleAward"]


class SaleAward(Part):
    """An award of a sale: what it gave, and what returns left of it. `to`: the subject of the referrer who got it, else ""."""

    campaign: str
    to: str
    account: str
    points: int
    left: int


class Before(Part):
    """What stood when the input was decided. `sale`: the one that it is about, where it is about an earlier one."""

    subject: str
    position: str
    member: Standing | None
    member_after: Standing | None
    sale: Sale | None
    sale_after: Sale | None


class Origin(Part):
    """What points were earned by: the outcome that gave them and the input that this goes back to."""

    outcome_id: str
    type: str
    time: str
    position: str
    campaign: str | None
    points: int
    event_id: str
    transaction_id: str | None
    amount_minor: int | None
    currency: str | None


class Taken(Part):
    """Points of one lot, and where that lot came from."""

    lot_id: str
    points: int
    says: str
    origin: Origin | None


class Backwards(Part):
    """What points were taken from, or given back to, by one outcome."""

    outcome_id: str
    type: str
    points: int
    says: str
    lots: list[Taken]


class Change(Part):
    """Something that happened later to what an outcome gave. `points`: of just that, None where it cannot be told apart."""

    outcome_id: str
    type: str
    time: str
    position: str
    cause: str
    subject: str
    points: int | None
    says: str
    limits: list[str]


class Fate(Part):
    """What became of an award's lot. `paid_deficit` of it paid what the account owed when it came; `left` is there still."""

    outcome_id: str
    subject: str
    lot_id: str
    account: str
    campaign: str | None
    points: int
    paid_deficit: int
    left: int
    says: str
    changes: list[Change]


class Cause(Part):
    """What something goes back to: an input, due work of a row (and what put it there), or the programme itself."""

    kind: Literal["input", "due", "journal"]
    says: str
    row_key: str | None = None
    due_at: str | None = None
    put_by: Origin | None = None


class Explanation(Part):
    """All of it. `id` is as asked for, `subject` whom it is about; `summary` says it in about three sentences."""

    version: Literal[1] = 1
    id: str
    kind: Literal["event", "outcome", "record"]
    subject: str
    history: str
    programme: Programme
    summary: list[str]
    notes: list[str]
    cause: Cause
    input: Input | None
    outcome: Outcome | None
    status: str
    decision: dict[str, Json] | None
    before: Before | None
    considered: list[Considered]
    steps: list[Step]
    backwards: list[Backwards]
    fates: list[Fate]
    later: list[Change]
