"""What is wrong, as a value: each divergence with its place in the journal, and both versions."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

Kind = Literal[
    "damaged_file", "ruleset", "undecidable", "changed", "missing", "extra", "twice", "order", "message_missing",
    "message_extra", "rows", "books",
]  # fmt: skip
KINDS: Mapping[Kind, str] = {
    "damaged_file": "a file of the archive is not as it was written",
    "ruleset": "a ruleset is missing, or its content is not what its digest names",
    "undecidable": "a record that was decided cannot be decided",
    "changed": "published otherwise than derived",
    "missing": "derived, never published",
    "extra": "published, nothing derives it",
    "twice": "published twice",
    "order": "published in another order than derived",
    "message_missing": "a message is derived that the journal does not have",
    "message_extra": "the journal has a message that nothing derives",
    "rows": "a row is another than derived",
    "books": "books that do not close",
}
_RANKS = {kind: rank for rank, kind in enumerate(KINDS)}
MOST_KEPT = 1_000  # of a partition; all are counted
MOST_FIELDS = 20

Path = tuple[str, str, str]  # a field, its value as derived and as published, both as JSON; "" where it is not there


@dataclass(frozen=True, slots=True)
class Divergence:
    """One thing that differs. `offset`: the lowest journal offset of the partition that either side names, None where none is.

    `topic` is an outcome topic, or `journal`, `state`, `rulesets`, `archive`. `name`: the id of an outcome, the key of a row, the
    digest of a ruleset, a file. `at`: where the published record stands in its topic.
    """

    kind: Kind
    topic: str
    partition: int
    offset: int | None
    name: str
    what: str = ""
    at: int | None = None
    derived: bytes | None = None
    published: bytes | None = None

    @property
    def place(self) -> tuple[bool, int, int, int, str, str]:
        """By this they are sorted within a partition: by the journal, those that have no place in it last."""
        offset = self.offset
        return (offset is None, offset or 0, _RANKS[self.kind], self.at or 0, self.topic, self.name)

    def fields(self) -> list[Path]:
        """What differs between the two versions, field by field; empty where there are not both, or one is no JSON."""
        if self.derived is None or self.published is None:
            return []
        try:
            derived, published = orjson.loads(self.derived), orjson.loads(self.published)
        except orjson.JSONDecodeError:
            return []
        return list(differing(derived, published))[:MOST_FIELDS]

    def value(self) -> dict[str, Any]:
        """As JSON."""
        told = {
            "kind": self.kind,
            "topic": self.topic,
            "partition": self.partition,
            "journal_offset": self.offset,
            "name": self.name,
            "what": self.what,
            "published_at": self.at,
            "derived": _text(self.derived),
            "published": _text(self.published),
        }
        fields = [{"field": name, "derived": one, "published": other} for name, one, other in self.fields()]
        return {**told, "fields": fields}


@dataclass(slots=True)
class Divergences:
    """Those of one partition: the first by their places, and how many there are of each kind and topic."""

    counts: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    _kept: list[Divergence] = field(default_factory=list)

    def add(self, divergence: Divergence) -> None:
        """Counts one, and keeps it where it is among the first."""
        self.counts[divergence.kind, divergence.topic] += 1
        self._kept.append(divergence)
        if len(self._kept) > 2 * MOST_KEPT:
            self._cut()

    def extend(self, others: Iterable[Divergence]) -> None:
        """Adds several."""
        for each in others:
            self.add(each)

    def first(self) -> list[Divergence]:
        """The first of them, sorted."""
        self._cut()
        return list(self._kept)

    def _cut(self) -> None:
        self._kept.sort(key=lambda each: each.place)
        del self._kept[MOST_KEPT:]


def differing(derived: Any, published: Any, path: str = "") -> Iterator[Path]:  # noqa: ANN401 - decoded JSON
    """The fields that differ between two JSON values, in their order."""
    if isinstance(derived, dict) and isinstance(published, dict):
        for name in dict.fromkeys((*derived, *published)):
            inside = f"{path}.{name}" if path else name
            if name not in derived:
                yield inside, "", _json(published[name])
            elif name not in published:
                yield inside, _json(derived[name]), ""
            else:
                yield from differing(derived[name], published[name], inside)
    elif isinstance(derived, list) and isinstance(published, list) and len(derived) == len(published):
        for number, (one, other) in enumerate(zip(derived, published, strict=True)):
            yield from differing(one, other, f"{path}[{number}]")
    elif derived != published or type(derived) is not type(published):
        yield path, _json(derived), _json(published)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")
