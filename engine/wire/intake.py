"""Intake of one record: a public event in, a journal record or a dead letter out.

Pure: no clock and no randomness but what is passed in, no I/O. A record that cannot be read never raises.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic_core import ValidationError

from engine.core import ids
from engine.core.records import Event, Origin
from engine.ruleset.model import Attribute, Programme
from engine.wire import cloudevents
from engine.wire.dead_letters import Dead, SourceRecord, letter
from engine.wire.journal import encode_event
from engine.wire.normalise import Form, check_profile, drop_nulls, form_of, instant, normalise, sealed_profile
from engine.wire.routing import ROUTES, Route, missing_of_sale, subject_of
from engine.wire.sealing import Seal, SealingKey, content_mac, new_seal
from engine.wire.unreadable import Unreadable, unreadable
from schemas.marks import Mark, Shape, shape_of
from schemas.plain import plain_validator
from schemas.registry import INPUTS, Entry, dataschema

__all__ = ["Accepted", "Dead", "Intake", "SealingKey", "SourceRecord"]


class Accepted(NamedTuple):
    """A record for the journal, after the `keys` that it is sealed with."""

    subject: str
    value: bytes
    keys: tuple[SealingKey, ...]


@dataclass(frozen=True, slots=True)
class _Reading:
    """All that reading one event type takes, made once."""

    type: str
    topic: str
    dataschema: str
    validate: Callable[[Any], dict[str, Any]]
    shape: Shape
    form: Form
    routes: Sequence[Route]
    sale_key: Sequence[str]  # fields that must be there, where the programme names sales by more than their id
    personal: Sequence[str]
    profiles: Sequence[str]


class Intake:
    """Reads records under one programme. `random(n)` gives n random bytes; `ruleset_digest` is that of the programme's ruleset."""

    def __init__(
        self, secret: bytes, programme: Programme, ruleset_digest: str, max_bytes: int, random: Callable[[int], bytes]
    ) -> None:
        self._secret = secret
        self._sale_key = programme.transaction_key
        self._declared: Mapping[str, Attribute] = {attribute.name: attribute for attribute in programme.attributes}
        self._ruleset_digest = ruleset_digest
        self._max_bytes = max_bytes
        self._random = random
        self._readings = {event_type: self._reading(event_type, entry) for event_type, entry in INPUTS.items()}

    def accept(self, record: SourceRecord, received_at_ms: int) -> Accepted | Dead:
        """The journal record of an event, or the dead letter of a record that cannot be read as one. Never raises for a record."""
        try:
            return self._accepted(record, received_at_ms)
        except Unreadable as problem:
            return letter(record, problem)

    def _accepted(self, record: SourceRecord, received_at_ms: int) -> Accepted:
        value = record.value
        if not value:
            raise Unreadable("no_value", "", "the record has no value")
        if len(value) > self._max_bytes:
            raise Unreadable("too_large", "", f"more than {self._max_bytes} bytes")
        envelope = cloudevents.read(value, record.headers)
        reading = self._reading_of(envelope, record.topic)
        time_ms = _time(envelope.time)
        payload = self._payload(reading, envelope.data, nulls=b"null" in value)
        subject = subject_of(reading.routes, payload, self._sale_key)
        mac = content_mac(self._secret, payload)
        keys = self._seal(reading, payload, subject) if reading.personal or reading.profiles else ()
        event = Event(
            ids.derive("event", envelope.source, envelope.id),
            envelope.type,
            envelope.source,
            envelope.id,
            time_ms,
            received_at_ms,
            subject,
            payload,
            mac,
            Origin(record.topic, record.epoch, record.partition, record.offset),
        )
        return Accepted(subject, encode_event(event), keys)

    def _reading_of(self, envelope: cloudevents.Envelope, topic: str) -> _Reading:
        reading = self._readings.get(envelope.type)
        if reading is None:
            raise Unreadable("unknown_type", "type", "no input has this type")
        if reading.topic != topic:
            raise Unreadable("wrong_topic", "type", f"events of this type belong into the topic {reading.topic}")
        if envelope.dataschema is not None and envelope.dataschema != reading.dataschema:
            raise Unreadable("unknown_version", "dataschema", f"this type is read as {reading.dataschema}")
        return reading

    def _payload(self, reading: _Reading, data: Any, *, nulls: bool) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        """The payload validated and normalised."""
        if type(data) is not dict:
            raise Unreadable("not_an_object", "data", "data is a JSON object")
        try:
            payload = reading.validate(data)
        except ValidationError as error:
            raise unreadable(error, data) from error
        if nulls:
            drop_nulls(reading.shape, payload)
        normalise(reading.form, payload)
        if reading.sale_key:
            missing = missing_of_sale(reading.type, payload, reading.sale_key)
            if missing is not None:
                raise Unreadable("missing_field", f"data.{missing}", "the programme names its sales by this field")
        for field in reading.profiles:
            check_profile(payload.get(field, {}), self._declared)
        return payload

    def _seal(self, reading: _Reading, payload: dict[str, Any], subject: str) -> tuple[SealingKey, ...]:
        """Seals what is personal, in place; the key, if one was needed."""
        made: list[Seal] = []

        def seal() -> Seal:
            if not made:
                made.append(new_seal(self._random))
            return made[0]

        for field in reading.profiles:
            if field in payload:
                payload[field] = sealed_profile(payload[field], self._declared, seal)
        for field in reading.personal:
            if field in payload:
                payload[field] = seal().sealed(payload[field])
        return tuple(one.record(subject, self._ruleset_digest) for one in made)

    def _reading(self, event_type: str, entry: Entry) -> _Reading:
        shape = shape_of(entry.model)
        names_a_sale = event_type.startswith("transaction.") and len(self._sale_key) > 1
        return _Reading(
            event_type,
            entry.topic,
            dataschema(event_type, entry.version),
            plain_validator(entry.model),
            shape,
            form_of(shape, self._secret),
            ROUTES[event_type],
            self._sale_key if names_a_sale else (),
            tuple(one.field for one in shape.marked if one.mark is Mark.PERSONAL),
            tuple(one.field for one in shape.marked if one.mark is Mark.PROFILE),
        )


def _time(text: str) -> int:
    try:
        return instant(text)
    except ValueError as error:
        raise Unreadable("invalid_value", "time", "not an RFC 3339 instant with an offset") from error
    except OverflowError as error:
        raise Unreadable("out_of_range", "time", str(error)) from error
