"""Ids made of content: the same cause gives the same id on every worker and in every replay."""

from hashlib import blake2b, sha256

_SEPARATOR = "\x1f"  # no id that the contract allows contains it


def derive(*parts: str) -> str:
    """An id of 32 hex digits made of the parts, in their order."""
    return blake2b(_SEPARATOR.join(parts).encode(), digest_size=16).hexdigest()


def digest(data: bytes) -> str:
    """A digest of 32 hex digits of a row or a record, for audit trails."""
    return blake2b(data, digest_size=16).hexdigest()


def digest_of_ruleset(canonical: bytes) -> str:
    """The digest that names a ruleset: 64 hex digits of its canonical bytes."""
    return sha256(canonical).hexdigest()
