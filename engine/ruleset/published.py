"""The value of a record on the topic `rulesets`: a ruleset and the texts that it was compiled from."""

import json
from collections.abc import Mapping

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
