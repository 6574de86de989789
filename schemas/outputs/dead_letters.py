"""The topic `dead-letters`: records that could not be read as what they should be."""

from typing import Annotated

from pydantic import StringConstraints

from schemas.scalars import Count, Id, Payload


class RecordRejected(Payload):
    """A record that is dead: why, at which field, and where it lies.

    `data_base64`: its first 64 KiB, credentials and codes blanked; `truncated` where it is not all of it.
    """

    code: Id
    path: Annotated[str, StringConstraints(max_length=1_000)]
    message: Annotated[str, StringConstraints(max_length=1_000)]
    topic: Id
    partition: Count
    offset: Count
    data_base64: Annotated[str, StringConstraints(max_length=90_000, pattern=r"^[A-Za-z0-9+/]*={0,2}$")]
    truncated: bool
