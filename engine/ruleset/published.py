"""The records on the topic `rulesets`: rulesets with the texts they were compiled from, and who published which when.

A ruleset's key is its digest; a publication's begins with `publication/`, so that each has a key of its own and is kept.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

from engine.ruleset.codec import RulesetUnreadable, decode, encode
from engine.ruleset.model import Ruleset


def pack(ruleset: Ruleset, sources: Mapping[str, str]) -> bytes:
    """Canonical JSON `{"ruleset", "sources": {path: text}}`; the paths are relative to the folder of rules."""
    texts = json.dumps(dict(sources), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return b'{"ruleset":' + encode(ruleset) + b',"sources":' + texts.encode() + b"}"


def unpack(data: bytes) -> tuple[Ruleset, Mapping[str, str]]:
    """The ruleset and its sources. Raises RulesetUnreadable where the bytes are damaged or the digest does not fit."""
    try:
        values = json.loads(data)
        ruleset, sources = values["ruleset"], values["sources"]
    except (ValueError, RecursionError, KeyError, TypeError) as problem:
        raise RulesetUnreadable(
            f"a published ruleset must be JSON with `ruleset` and `sources`: {problem}"
        ) from problem
    if not isinstance(sources, dict) or not all(isinstance(text, str) for text in sources.values()):
        raise RulesetUnreadable("the sources of a published ruleset must map paths to texts")
    return decode(json.dumps(ruleset, ensure_ascii=False).encode("utf-8", "surrogatepass")), sources


_PUBLICATION = "publication/"
PROMOTED = "promoted"
STOPPED = "stopped"
CANDIDATE = "@candidate"  # what the shadow copy of a changed campaign has after its name; no author can write it


class Publication(NamedTuple):
    """That a ruleset was published: `at_ms` is when it comes into force, None at once.

    `shadow`: the digest of the candidate that runs in shadow within it, "" for none. `how`: `promoted` where a candidate came
    out of shadow, all of it or these `campaigns`; `stopped` where the rules in force go on without theirs.
    """

    published_at_ms: int
    digest: str
    by: str
    at_ms: int | None = None
    shadow: str = ""
    how: str = ""
    campaigns: tuple[str, ...] = ()

    @property
    def key(self) -> bytes:
        """The record's key; keys sort by time."""
        return f"{_PUBLICATION}{self.published_at_ms:013d}/{self.digest}".encode()

    @property
    def value(self) -> bytes:
        """The record's value."""
        return json.dumps(self._asdict(), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def is_ruleset(key: str) -> bool:
    """Whether a record of `rulesets` with this key holds a ruleset."""
    return not key.startswith(_PUBLICATION)


def read_publication(value: bytes) -> Publication:
    """The publication that a record tells of. Raises RulesetUnreadable where it tells of none."""
    try:
        told = Publication(**json.loads(value))
        return told._replace(campaigns=tuple(told.campaigns))
    except (ValueError, RecursionError, TypeError) as problem:
        raise RulesetUnreadable(f"a publication cannot be read: {problem}") from problem
