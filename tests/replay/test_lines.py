"""The line format: what is written is read again with the same bytes; what is no line is refused with its place."""

import json
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UsageError
from engine.replay import lines
from engine.replay.lines import Line

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)
values = (
    st.none()
    | st.binary()
    | st.text().map(str.encode)
    | st.dictionaries(st.text(), documents, max_size=4).map(lambda body: json.dumps(body).encode())
    | documents.map(lambda body: json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode())
)
numbers = st.none() | st.integers(0, 2**62)


written = st.builds(
    Line,
    topic=st.text(min_size=1),
    key=st.none() | st.binary(),
    value=values,
    partition=numbers,
    offset=numbers,
    timestamp_ms=numbers,
    headers=st.dictionaries(st.text(), st.binary(), max_size=3).map(lambda named: tuple(sorted(named.items()))),
)


@given(written)
def test_a_line_reads_back_as_the_record_it_was_written_from(line: Line) -> None:
    text = lines.encode(line)
    assert b"\n" not in text
    again = lines.decode(text)
    assert again._replace(headers=tuple(sorted(again.headers))) == line


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (b'{"a":1}', {"value": {"a": 1}}),
        (b'{"a": 1}', {"value": '{"a": 1}'}),  # a space: text, so that the bytes stay
        (b'{"a":1,"a":2}', {"value": '{"a":1,"a":2}'}),
        (b'{"a":1000000000000000000000000000000}', {"value": '{"a":1000000000000000000000000000000}'}),
        (b'{"a":NaN}', {"value": '{"a":NaN}'}),
        (b'"a"', {"value": '"a"'}),
        (b"[1]", {"value": "[1]"}),
        (b"", {"value": ""}),
        (b"\xff{", {"value_base64": "/3s="}),
        (None, {"value": None}),
    ],
)
def test_only_compact_json_objects_are_written_as_objects(value: bytes | None, field: dict[str, object]) -> None:
    assert orjson.loads(lines.encode(Line("members", b"M-1", value))) == {"topic": "members", "key": "M-1", **field}


@pytest.mark.parametrize("depth", [250, 253, 254, 255, 256, 1000, 1023, 1024, 1025, 100_000])
def test_nesting_of_any_depth_keeps_its_bytes(depth: int) -> None:
    value = b'{"a":' * depth + b"1" + b"}" * depth
    assert lines.decode(lines.encode(Line("members", None, value))).value == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty document"),
        ("{", "line 1 column"),
        ("[]", "a line is a JSON object"),
        ('{"key":"a","value":null}', "`topic` must be a text"),
        ('{"topic":"","value":null}', "`topic` must be a text"),
        ('{"topic":7,"value":null}', "`topic` must be a text"),
        ('{"topic":"members","key":"a"}', "`value` is missing"),
        ('{"topic":"members","value":1}', "`value` must be an object, a text or null"),
        ('{"topic":"members","value":[1]}', "`value` must be an object, a text or null"),
        ('{"topic":"members","key":1,"value":null}', "`key` must be a text or null"),
        ('{"topic":"members","value":null,"value_base64":"AA=="}', "exclude each other"),
        ('{"topic":"members","value":{},"value_base64":"AA=="}', "exclude each other"),
        ('{"topic":"members","value_base64":"A"}', "is not base64"),
        ('{"topic":"members","value_base64":1}', "must be a text"),
        ('{"topic":"members","value":null,"partition":-1}', "`partition` must be a whole number"),
        ('{"topic":"members","value":null,"offset":true}', "`offset` must be a whole number"),
        ('{"topic":"members","value":null,"headers":[]}', "`headers` must map names to texts"),
        ('{"topic":"members","value":null,"headers_base64":{"a":"A"}}', "`headers_base64.a` is not base64"),
        ('{"topic":"members","value":null,"vaule":1}', "unknown field 'vaule'"),
    ],
)
def test_what_is_no_line_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        lines.decode(text.encode())


def test_a_file_names_the_line_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"topic":"members","value":null}\n\n{"topic":"members"}\n')
    with pytest.raises(UsageError, match=r"events\.jsonl:3: `value` is missing"):
        list(lines.read(path))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.jsonl: No such file"):
        list(lines.read(tmp_path / "nowhere.jsonl"))
