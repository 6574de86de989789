"""The topic `decisions`: one record for each input, for auditors."""

from typing import Annotated

from pydantic import StringConstraints

from schemas.scalars import Digest, FlatMap, Id, Instant, Payload


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


class ShadowOutcome(Payload):
    """What a shadow campaign would have done."""

    campaign: Id
    type: Id
    detail: FlatMap | None = None


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
    shadow: list[ShadowOutcome] | None = None
