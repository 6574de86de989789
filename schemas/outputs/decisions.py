"""The topic `decisions`: one record for each input, for auditors."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from schemas.scalars import Digest, Entered, FlatMap, Id, Instant, Payload, Points


class DecidedInput(Payload):
    """The input, as its sender named it."""

    id: Id
    source: Id
    type: Id
    time: Instant
    subject: Id


class RefusedCampaign(Payload):
    """A campaign that did not fire, and the first condition, limit or group that stood against it."""

    campaign: Id
    reason: Id


class ShadowCampaign(Payload):
    """What a shadow campaign would have done: `points` by account. `reason`: why it would not have fired, else ""."""

    mode: Literal["shadow"]
    campaign: Id
    fired: bool
    reason: Entered
    points: dict[Id, Points] | None = None


class CarriedEffect(Payload):
    """An effect that was decided and takes effect once what it `awaits` is built: what it would give, and of which kind."""

    campaign: Id
    effect: Id
    awaits: Id
    account: Id | None = None
    points: Points | None = None
    times: Points | None = None
    voucher: Id | None = None
    list: Id | None = None
    ladder: Id | None = None
    tier: Id | None = None
    tag: Id | None = None
    attribute: Id | None = None
    message: Id | None = None
    name: Id | None = None


class LimitedAward(Payload):
    """An award that a limit cut: the points asked for and those given."""

    campaign: Id
    asked: Points
    given: Points


class DecisionRecorded(Payload):
    """What was decided about an input, and by which ruleset.

    `state_before` and `state_after`: digests of the subject's row, "" where there is none.
    """

    input: DecidedInput
    ruleset_digest: Digest | None
    status: Annotated[str, StringConstraints(pattern=r"^(decided|refused: [a-z_]+)$")]
    campaigns_fired: list[Id]
    campaigns_refused: list[RefusedCampaign]
    state_before: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{32,64})?$")]
    state_after: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{32,64})?$")]
    detail: FlatMap | None = None
    shadow: list[ShadowCampaign] | None = None
    carried: list[CarriedEffect] | None = None
    limited: list[LimitedAward] | None = None
