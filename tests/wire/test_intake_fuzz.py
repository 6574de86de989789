"""No record makes intake raise: arbitrary bytes, and right events with something changed anywhere in them."""

import copy
import json
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core.records import Event
from engine.wire import journal
from engine.wire.dead_letters import SourceRecord
from engine.wire.intake import Accepted, Dead
from engine.wire.unreadable import CODES
from schemas.registry import INPUTS, OUTPUTS
from tests.support.events import DATA, RECEIVED_MS, event, intake

INTAKE = intake()
TOPICS = sorted({entry.topic for entry in INPUTS.values()})
HEADERS = (
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_time",
    "ce_specversion",
    "ce_dataschema",
    "content-type",
    "ce_token",
    "x",
)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=2**63, max_value=2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["2026-02-30", "2026-11-03T00:00:00Z", "90.5", "sealed:1:a:b", "x" * 200, "\u2028"]),
)
names = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["pin", "code", "store_id", "member_id", "external_id", "user", "kind", "hash"]),
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=8
)


def check(record: SourceRecord) -> None:
    result = INTAKE.accept(record, RECEIVED_MS)
    if isinstance(result, Accepted):
        assert isinstance(journal.decode(result.value), Event)
        return
    assert isinstance(result, Dead)
    assert result.code in CODES
    OUTPUTS["record.rejected"].model.model_validate(orjson.loads(result.value)["data"])


@given(
    value=st.binary(max_size=200),
    topic=st.sampled_from(TOPICS),
    headers=st.lists(st.tuples(st.sampled_from(HEADERS), st.binary(max_size=12)), max_size=5),
    timestamp_ms=st.integers(min_value=-(2**63), max_value=2**63 - 1),
)
def test_arbitrary_bytes_never_raise(
    value: bytes, topic: str, headers: list[tuple[str, bytes]], timestamp_ms: int
) -> None:
    check(SourceRecord(topic, 0, 0, 0, timestamp_ms, None, value, headers))


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a document that can be changed."""
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    else:
        return []
    return [found for key, member in inner for found in [(*path, key), *places(member, (*path, key))]]


@st.composite
def nearly_right(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """An example with one or two of its values replaced, taken away, or with a neighbour that does not belong there."""
    event_type = draw(st.sampled_from(sorted(DATA)))
    document = copy.deepcopy(orjson.loads(event(event_type)))
    for _ in range(draw(st.integers(min_value=1, max_value=2))):
        *path, last = draw(st.sampled_from(places(document)))
        holder: Any = document
        for step in path:
            holder = holder[step]
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                holder[last] = draw(anything)
            case "remove":
                del holder[last]
            case "add" if isinstance(holder, dict):
                holder[draw(names)] = draw(anything)
            case _:
                holder.append(draw(anything))
        if not places(document):
            break
    return event_type, document


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(changed=nearly_right(), cut=st.integers(min_value=0, max_value=40), at=st.integers(min_value=0, max_value=5_000))
def test_events_with_something_changed_never_raise(changed: tuple[str, dict[str, Any]], cut: int, at: int) -> None:
    event_type, document = changed
    value = json.dumps(document, ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )  # orjson writes no integers beyond 64 bits
    check(SourceRecord(INPUTS[event_type].topic, 0, 0, 0, 0, None, value))
    start = at % len(value)
    check(SourceRecord(INPUTS[event_type].topic, 0, 0, 0, 0, None, value[:start] + value[start + cut :]))


@given(
    profile=st.dictionaries(
        names.filter(lambda name: name not in ("", "pin")), st.text(min_size=9, max_size=20), min_size=1
    )
)
def test_no_personal_text_reaches_the_journal(profile: dict[str, str]) -> None:
    marked = {f"n{at}": f"<<{text}>>" for at, text in enumerate(profile.values())}
    result = INTAKE.accept(
        SourceRecord("members", 0, 0, 0, 0, None, event("member.enrolled", {"member_id": "M", "profile": marked})), 0
    )
    assert isinstance(result, Accepted)
    assert b"<<" not in result.value
