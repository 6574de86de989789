"""An in-memory journal that drives real partitions: what the worker does with Kafka, without Kafka."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson

from engine.core import ids, keys
from engine.core.instants import parse
from engine.core.partitioning import partition_of
from engine.core.records import Event, Origin
from engine.pipeline.partition import Partition
from engine.pipeline.records import Bounds, Folded, JournalRecord
from engine.ruleset.matching import Rules
from engine.wire import journal

START = parse("2026-11-03T09:00:00Z")


def event(
    kind: str,
    subject: str,
    data: Mapping[str, Any],
    *,
    time_ms: int = START,
    event_id: str = "",
    origin: Origin | None = None,
) -> Event:
    """An accepted input, as intake would write it."""
    name = event_id or ids.derive(kind, subject, orjson.dumps(data).decode(), str(time_ms))
    content = ids.digest(orjson.dumps(data, option=orjson.OPT_SORT_KEYS))
    return Event(
        ids.derive("event", "test", name), kind, "test", name, time_ms, time_ms, subject, data, content, origin
    )


def enrolled(member: str, *, time_ms: int = START, event_id: str = "", **data: Any) -> Event:
    """A member's enrolment."""
    payload = {"member_id": member, **data}
    return event("member.enrolled", keys.subject("member", member), payload, time_ms=time_ms, event_id=event_id)


def line(number: int, amount_minor: int, category: str = "grocery", quantity: int = 1) -> dict[str, Any]:
    """A line of a sale."""
    return {
        "line_id": str(number),
        "sku": f"S{number}",
        "quantity": quantity,
        "amount_minor": amount_minor,
        "category": category,
    }


def sale(
    member: str,
    transaction: str,
    *lines: dict[str, Any],
    time_ms: int = START,
    event_id: str = "",
    subject: str = "",
    **data: Any,
) -> Event:
    """A sale whose amount is the sum of its lines, unless given."""
    payload = {
        "transaction_id": transaction,
        "member_id": member,
        "currency": "USD",
        "amount_minor": sum(each["amount_minor"] for each in lines),
        "lines": list(lines),
        **data,
    }
    at = subject or keys.subject("member", member)
    return event("transaction.completed", at, payload, time_ms=time_ms, event_id=event_id)


class Log:
    """Journal partitions, their folds, and what the transactions wrote."""

    def __init__(
        self, rules: Rules | Sequence[Rules], partitions: int = 4, batch: int = 100, salt: str = "00" * 32
    ) -> None:
        chosen = [rules] if isinstance(rules, Rules) else list(rules)
        self._rules = {each.ruleset.digest: each for each in chosen}
        self._salt = salt
        self.batch = batch
        self.complete = False
        self.partitions = [self._open(number, partitions) for number in range(partitions)]
        self.journal: list[list[JournalRecord]] = [[] for _ in range(partitions)]
        self.topics: dict[str, list[tuple[int, bytes, bytes]]] = defaultdict(list)
        self.state: list[dict[bytes, tuple[bytes | None, int | None]]] = [{} for _ in range(partitions)]
        self.counts: Counter[str] = Counter()
        self.activate(chosen[0])

    def activate(self, rules: Rules) -> None:
        """Appends a ruleset's activation to every partition."""
        made = rules.ruleset
        for number in range(len(self.partitions)):
            value = journal.encode_activation(number, made.digest, self._salt, made.semantics)
            self.append(number, journal.ACTIVATION_KEY, value)

    def append(self, number: int, key: bytes, value: bytes) -> None:
        """Appends a record to a partition, unless the journal is complete."""
        if self.complete:
            return
        records = self.journal[number]
        records.append(JournalRecord(len(records), START, key, value))

    def feed(self, *events: Event) -> "Log":
        """Appends events, each to the partition of its subject, and decides them."""
        for each in events:
            number = partition_of(each.subject, len(self.partitions))
            self.append(number, each.subject.encode(), journal.encode_event(each))
        return self.run()

    def tick(self, to_ms: int) -> "Log":
        """Moves every partition's clock."""
        for number, partition in enumerate(self.partitions):
            made = partition.tick(to_ms)
            self.append(number, made.key, made.value)
        return self.run()

    def run(self) -> "Log":
        """Folds until no partition has anything left."""
        moved = True
        while moved:
            moved = False
            for number in range(len(self.partitions)):
                moved |= self.fold(number)
        return self

    def fold(self, number: int, bounds: Bounds = Bounds()) -> bool:  # noqa: B008  # a frozen value
        """Folds and commits one batch of a partition; whether there was one."""
        partition = self.partitions[number]
        start = partition.position
        records = self.journal[number][start : start + self.batch]
        if not records:
            return False
        folded = partition.fold(start, records[-1].offset + 1, records, bounds)
        self.write(number, folded)
        partition.commit(folded)
        return True

    def write(self, number: int, folded: Folded) -> None:
        """Takes what one transaction writes."""
        self.counts.update(folded.counts)
        for made in folded.outgoing:
            if made.topic == "journal":
                self.append(made.partition, made.key, made.value)
            else:
                self.topics[made.topic].append((made.partition, made.key, made.value))
        for kept in folded.state:
            self.state[number][kept.key] = (kept.value, kept.due_ms)

    def crash(self, number: int) -> None:
        """Loses a partition's memory and restores it from what was written."""
        partition = self._open(number, len(self.partitions))
        for key, (value, due_ms) in self.state[number].items():
            partition.restore(key, value, due_ms)
        partition.restored()
        self.partitions[number] = partition

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The outcomes of a type, in the order in which each partition wrote them."""
        found = [orjson.loads(value) for records in self.topics.values() for _, _, value in records]
        return [each for each in found if each["type"] == kind]

    def data(self, kind: str) -> list[dict[str, Any]]:
        """The payloads of the outcomes of a type."""
        return [each["data"] for each in self.events(kind)]

    def row(self, key: str) -> Any:
        """A row, decoded; None where there is none."""
        number = partition_of(keys.owner_of(key), len(self.partitions))
        value = self.partitions[number].rows.get(key)
        return None if value is None else orjson.loads(value)

    def rows(self) -> dict[str, bytes]:
        """All rows of all partitions."""
        return {key: value for partition in self.partitions for key, value in partition.rows.items()}

    def statuses(self) -> list[str]:
        """What became of the inputs, in order."""
        return [each["status"] for each in self.data("decision.recorded")]

    def _open(self, number: int, partitions: int) -> Partition:
        def rules_of(digest: str, _salt: str) -> Rules:
            return self._rules[digest]

        return Partition(number, partitions, rules_of)


def outcomes_of(log: Log, without: Callable[[dict[str, Any]], Iterable[str]] = lambda _: ()) -> dict[str, list[bytes]]:
    """Every topic's outcomes as bytes, sorted by partition and in order within it, less some attributes."""
    found: dict[str, list[bytes]] = {}
    for topic, records in sorted(log.topics.items()):
        ordered = sorted(records, key=lambda record: record[0])
        found[topic] = []
        for _, _, value in ordered:
            body = orjson.loads(value)
            for name in without(body):
                body.pop(name, None)
            found[topic].append(orjson.dumps(body))
    return found
