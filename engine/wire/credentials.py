"""Which names of fields stand for credentials, which for codes, and how both are blanked (B-50)."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import orjson

from schemas.marks import Mark, names_marked
from schemas.registry import INPUTS

BLANK = "***"

# Compared without case and without signs between words: `cardNumber`, `card_number` and `CARD-NUMBER` are one name.
_WHOLE = frozenset(
    ("pin", "mpin", "pan", "otp", "passcode", "passphrase", "cvc2", "cvv2", "track1", "track2", "authorization", "bearer",
     "credential", "credentials", "apikey", "privatekey", "accesskey", "secretkey")
)  # fmt: skip
_ENDINGS = ("password", "passwd", "pwd", "secret", "token", "cvv", "cvc", "cardnumber", "cardpin")
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_CODE_FIELDS = frozenset(name for entry in INPUTS.values() for name in names_marked(entry.model, Mark.CODE))

_KEY_OF_JSON = re.compile(rb'"((?:[^"\\]|\\.){1,160}+)"\s*+:\s*+', re.DOTALL)
_TEXT_OF_JSON = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_SCALAR_OF_JSON = re.compile(rb"[^\[{,}\]\s]++")


@lru_cache(maxsize=4096)
def is_credential(name: str) -> bool:
    """Whether a field of that name is likely to hold a password, a PIN, a card's number or the like."""
    folded = _BETWEEN_WORDS.sub("", name.casefold())
    return folded in _WHOLE or folded.endswith(_ENDINGS)


def credential_in(document: Any) -> str | None:  # noqa: ANN401 - any JSON
    """The path of the first credential in a document, None where there is none."""
    for _, name, path in _members(document):
        if is_credential(name):
            return path
    return None


def blanked(document: Any) -> bool:  # noqa: ANN401 - any JSON
    """Blanks credentials and codes in place; tells whether there were any."""
    found = [(holder, name) for holder, name, _ in _members(document) if _is_secret(name)]
    for holder, name in found:
        holder[name] = BLANK
    return bool(found)


def blanked_bytes(unreadable: bytes) -> bytes:
    """Blanks credentials and codes in bytes that are no JSON but look like some; what follows a nested one is cut off."""
    kept: list[bytes] = []
    at = 0
    for key in _KEY_OF_JSON.finditer(unreadable):
        if key.start() < at or not _is_secret(_decoded(key[1])):
            continue
        kept += [unreadable[at : key.end()], f'"{BLANK}"'.encode()]
        value = _TEXT_OF_JSON.match(unreadable, key.end()) or _SCALAR_OF_JSON.match(unreadable, key.end())
        if value is None:
            return b"".join(kept)
        at = value.end()
    return b"".join([*kept, unreadable[at:]])


def segment(name: str) -> str:
    """A field's name as it may stand in a path that is logged: a sender chose it."""
    return name if name.isprintable() and 0 < len(name) <= 64 else "?"  # noqa: PLR2004 - long enough for any name of ours


def _is_secret(name: str) -> bool:
    return name in _CODE_FIELDS or is_credential(name)


def _decoded(name: bytes) -> str:
    try:
        return str(orjson.loads(b'"' + name + b'"'))
    except orjson.JSONDecodeError:
        return name.decode(errors="replace")


def _members(document: Any) -> Iterator[tuple[dict[str, Any], str, str]]:  # noqa: ANN401 - any JSON
    """(object, name, path) of every member, in the order of the document; without recursion, since senders choose the depth."""
    waiting: list[tuple[Any, str]] = [(document, "")]
    while waiting:
        value, path = waiting.pop()
        inner: list[tuple[Any, str]] = []
        if isinstance(value, dict):
            for name, member in value.items():
                at = f"{path}.{segment(name)}" if path else segment(name)
                yield value, name, at
                if isinstance(member, (dict, list)):
                    inner.append((member, at))
        elif isinstance(value, list):
            inner = [(member, f"{path}[{at}]") for at, member in enumerate(value) if isinstance(member, (dict, list))]
        waiting += reversed(inner)
