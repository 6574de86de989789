"""What may not stand in the clear inside: external ids become keyed hashes, personal values are sealed (B-51).

AES-SIV under a random key of one record; the key lies in the compacted topic `keys` below its subject, so that forgetting a
member is deleting keys, and every journal record, row and digest stays as it is.
"""

import hmac
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from engine.core.sealed import PREFIX, is_sealed

KEY_BYTES = 64  # AES-256-SIV
KEY_ID_BYTES = 16
HASH_DIGITS = 32
FORGOTTEN = "(sealed, and its key is gone)"


class SealingKey(NamedTuple):
    """A record for the topic `keys`, to be written and acknowledged before what it seals."""

    key: bytes
    value: bytes


class Seal(NamedTuple):
    """A key of its own for one record's personal values."""

    key_id: str
    key: bytes

    def sealed(self, value: Any) -> str:  # noqa: ANN401 - text, integer or boolean
        """The value as a text that only the key can read."""
        box = AESSIV(self.key).encrypt(orjson.dumps(value), [self.key_id.encode()])
        return f"{PREFIX}{self.key_id}:{b64encode(box).decode()}"

    def record(self, subject: str, ruleset_digest: str) -> SealingKey:
        """The key for `keys`: below its subject, with the ruleset that said what is personal."""
        value = {"key": b64encode(self.key).decode(), "subject": subject, "ruleset": ruleset_digest}
        return SealingKey(f"{subject}/{self.key_id}".encode(), orjson.dumps(value))


def new_seal(random: Callable[[int], bytes]) -> Seal:
    """A seal made of `random(n)`, n random bytes."""
    return Seal(random(KEY_ID_BYTES).hex(), random(KEY_BYTES))


def key_id_of(sealed: str) -> str:
    """The id of the key that reads a sealed value."""
    return sealed.removeprefix(PREFIX).partition(":")[0]


def unseal(sealed: str, key: bytes) -> Any:  # noqa: ANN401 - text, integer or boolean
    """The value that was sealed. Raises ValueError where the text is none, or was sealed with another key."""
    if not is_sealed(sealed):
        raise ValueError("not a sealed value")
    key_id, _, box = sealed.removeprefix(PREFIX).partition(":")
    try:
        return orjson.loads(AESSIV(key).decrypt(b64decode(box, validate=True), [key_id.encode()]))
    except InvalidTag as error:
        raise ValueError(f"not sealed with this key: {key_id}") from error


def key_in(value: bytes) -> bytes:
    """The key that a record of the topic `keys` holds."""
    return b64decode(orjson.loads(value)["key"])


def cleared(value: Any, keys: Mapping[str, bytes]) -> Any:  # noqa: ANN401 - any JSON
    """JSON with its sealed values in clear, as far as there are keys for them by their ids; else as FORGOTTEN."""
    if isinstance(value, Mapping):
        return {name: cleared(each, keys) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [cleared(each, keys) for each in value]
    if not is_sealed(value):
        return value
    key = keys.get(key_id_of(value))
    return FORGOTTEN if key is None else unseal(value, key)


def external_hash(secret: bytes, kind: str, value: str) -> str:
    """An external id under the deployment's secret: 32 hex digits, the same for all spellings of an e-mail address or a number."""
    canonical = orjson.dumps(["external", kind, _canonical(kind, value)])
    return hmac.digest(secret, canonical, "sha256").hex()[:HASH_DIGITS]


def content_mac(secret: bytes, payload: Mapping[str, Any]) -> str:
    """A keyed digest of a payload before sealing, whatever the order of its fields: 32 hex digits."""
    canonical = orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)
    return hmac.digest(secret, b"content:" + canonical, "sha256").hex()[:HASH_DIGITS]


def _canonical(kind: str, value: str) -> str:
    text = unicodedata.normalize("NFKC", value).strip()
    match kind:
        case "email":
            return text.casefold()
        case "phone":
            digits = "".join(sign for sign in text if sign in "0123456789")
            return digits.removeprefix("00") or text
        case _:
            return text
