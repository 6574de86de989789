"""What operators are shown of a record that could not be read, and what not."""

import orjson
import pytest

from engine.core import ids
from engine.wire import cloudevents
from engine.wire.intake import Dead
from tests.support.events import HUGE, RECEIVED_MS, changed, dead, intake, record, shown


def test_a_dead_letter_is_named_by_where_its_record_lies() -> None:
    letter = dead(b"{")
    assert letter.key == b"transactions/3/17"
    written = orjson.loads(letter.value)
    assert written["id"] == ids.derive("record.rejected", "transactions", "1", "3", "17")
    assert (written["data"]["topic"], written["data"]["partition"], written["data"]["offset"]) == (
        "transactions",
        3,
        17,
    )
    assert (written["type"], written["dataschema"]) == ("record.rejected", "guerdon/record.rejected/1")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b'{"a": 1', b'{"a": 1'),
        (b'{"pin": "12\\"34", "a": 1', b'{"pin": "***", "a": 1'),
        (b'{"p\\u0069n": 1234, "a": 1', b'{"p\\u0069n": "***", "a": 1'),
        (b'{"code": ["A", "B"], "a"', b'{"code": "***"'),
        (b'{"codes" : "unfinished', b'{"codes" : "***"'),
        (b'{"outlet_code": "O-7"', b'{"outlet_code": "O-7"'),
        ('{"pin": "1"'.encode("utf-16"), b""),
    ],
)
def test_secrets_in_unreadable_bytes_are_blanked(value: bytes, expected: bytes) -> None:
    assert shown(dead(value)) == expected


def test_codes_and_credentials_in_a_dead_letter_are_blanked() -> None:
    letter = dead(changed("transaction.completed", payments=[{"password": {"old": "hunter2"}}]))
    text = shown(letter)
    assert b"hunter2" not in letter.value + text
    assert b"V-SECRET" not in text
    data = orjson.loads(text)["data"]
    assert (data["voucher_codes"], data["promo_codes"], data["payments"]) == ("***", "***", [{"password": "***"}])
    assert data["outlet_code"] == "O-7"


def test_nothing_is_blanked_without_need() -> None:
    value = changed("transaction.cancelled", reason=5)
    assert shown(dead(value)) == value


def test_a_long_record_is_shown_in_part() -> None:
    letter = dead(HUGE)
    assert orjson.loads(letter.value)["data"]["truncated"] is True
    assert shown(letter) == HUGE[: 64 << 10]
    assert orjson.loads(dead(b"{").value)["data"]["truncated"] is False


def test_secrets_nested_deeper_than_can_be_written_are_not_shown() -> None:
    letter = dead(b'{"pin": 1, "a": ' + b"[" * 500 + b"]" * 500 + b"}")
    assert (letter.code, letter.path, shown(letter)) == ("credentials_present", "pin", b"")


def test_a_credential_in_the_binary_mode_has_its_path_in_data() -> None:
    headers, payload = cloudevents.binary(
        cloudevents.read(changed("transaction.completed", attributes={"otp": "1"}), ())
    )
    letter = intake().accept(record(payload, headers=headers), RECEIVED_MS)
    assert isinstance(letter, Dead)
    assert (letter.code, letter.path) == ("credentials_present", "data.attributes.otp")
