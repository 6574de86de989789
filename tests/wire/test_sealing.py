"""Sealed values and keyed ids."""

import os

import pytest

from engine.core.sealed import is_sealed
from engine.wire.credentials import is_credential
from engine.wire.sealing import content_mac, external_hash, key_id_of, new_seal, unseal


@pytest.mark.parametrize("value", ["", "Ada", "sealed:1:x:y", 38, -1, True, False])
def test_a_sealed_value_is_read_with_its_key_and_keeps_its_type(value: object) -> None:
    seal = new_seal(os.urandom)
    text = seal.sealed(value)
    assert is_sealed(text)
    assert key_id_of(text) == seal.key_id
    opened = unseal(text, seal.key)
    assert (opened, type(opened)) == (value, type(value))


def test_another_key_reads_nothing() -> None:
    text = new_seal(os.urandom).sealed("Ada")
    with pytest.raises(ValueError, match="not sealed with this key"):
        unseal(text, new_seal(os.urandom).key)


@pytest.mark.parametrize("text", ["", "Ada", "sealed:1:", "sealed:1:ab:", "sealed:1:ab:!!", "sealed:2:ab:AAAA"])
def test_what_was_never_sealed_is_no_value(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - base64 and the cipher word it as they like
        unseal(text, os.urandom(64))


def test_a_value_moved_under_another_key_id_is_not_read() -> None:
    seal = new_seal(os.urandom)
    moved = seal.sealed("Ada").replace(seal.key_id, "0" * 32)
    with pytest.raises(ValueError, match="not sealed with this key"):
        unseal(moved, seal.key)


@pytest.mark.parametrize(
    ("kind", "one", "other", "same"),
    [
        ("email", "Ada@Example.com", " ada@example.com ", True),
        ("email", "ada@example.com", "adb@example.com", False),
        ("phone", "+1 (555) 010-0000", "0015550100000", True),
        ("phone", "+15550100000", "+15550100001", False),
        ("phone", "unknown", "hidden", False),
        ("loyalty_card", " 9000 ", "9000", True),
        ("loyalty_card", "a", "A", False),
    ],
)
def test_spellings_of_one_external_id_are_one(kind: str, one: str, other: str, same: bool) -> None:
    assert (external_hash(b"s", kind, one) == external_hash(b"s", kind, other)) is same


def test_an_external_id_is_keyed_by_secret_and_kind() -> None:
    hashes = {external_hash(secret, kind, "1") for secret in (b"a", b"b") for kind in ("device", "card")}
    assert len(hashes) == 4
    assert all(len(one) == 32 for one in hashes)


def test_the_digest_of_a_payload_does_not_depend_on_the_order_of_its_fields() -> None:
    assert content_mac(b"s", {"a": 1, "b": {"c": 2, "d": 3}}) == content_mac(b"s", {"b": {"d": 3, "c": 2}, "a": 1})
    assert content_mac(b"s", {"a": 1}) != content_mac(b"t", {"a": 1})


@pytest.mark.parametrize(
    ("name", "credential"),
    [
        ("password", True),
        ("user_password", True),
        ("Pass-Word", True),
        ("pin", True),
        ("PIN", True),
        ("cvv", True),
        ("card_number", True),
        ("cardNumber", True),
        ("client secret", True),
        ("access_token", True),
        ("api-key", True),
        ("pin_code", False),
        ("pineapple", False),
        ("shipping", False),
        ("outlet_code", False),
        ("loyalty_card", False),
        ("company", False),
        ("", False),
    ],
)
def test_names_of_credentials_are_known_in_every_spelling(name: str, credential: bool) -> None:
    assert is_credential(name) is credential
