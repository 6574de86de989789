"""What the compacted topics of a deployment say: rulesets by digest, who published which, what operators took out.

A deleted key is taken no notice of: what was decided by it stays decided.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from engine.ruleset.model import Ruleset
from engine.ruleset.published import Publication, is_ruleset, read_publication, unpack
from engine.wire.quarantine import QuarantinedRecord, decode

RULESETS = "rulesets"
QUARANTINE = "quarantine"
TABLES = (RULESETS, QUARANTINE)


class Entry(NamedTuple):
    """A record of a table that has both."""

    key: bytes
    value: bytes


def rulesets_in(entries: Iterable[Entry]) -> Mapping[str, Ruleset]:
    """The rulesets by digest. Raises RulesetUnreadable."""
    packed = {entry.key: entry.value for entry in entries if is_ruleset(entry.key.decode(errors="replace"))}
    return {ruleset.digest: ruleset for ruleset, _ in map(unpack, packed.values())}


def publications_in(entries: Iterable[Entry]) -> Sequence[Publication]:
    """The publications, oldest first. Raises RulesetUnreadable."""
    told = {entry.key: entry.value for entry in entries if not is_ruleset(entry.key.decode(errors="replace"))}
    return [read_publication(value) for _, value in sorted(told.items())]


def quarantined_in(entries: Iterable[Entry]) -> Mapping[int, frozenset[int]]:
    """The offsets that were taken out, by journal partition."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    for entry in entries:
        try:
            word = decode(entry.key, entry.value)
        except ValueError:
            continue  # a worker passes over it as well
        if isinstance(word, QuarantinedRecord):
            found[word.partition].add(word.offset)
    return {partition: frozenset(offsets) for partition, offsets in found.items()}
