"""What must hold after a run, from the topics alone, read committed. Each check gives what differs, in words; none is well."""

import json
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.chaos import naive
from benchmarks.chaos.naive import Expected
from benchmarks.chaos.processes import run_command
from engine.broker.reading import Fetched, beginning_offsets, end_offsets, read_spans
from engine.broker.settings import Settings

OUTCOMES = (
    "points", "issuances", "tier-changes", "member-changes", "emissions", "notifications", "merchant-alerts",
    "provider-requests", "decisions",
)  # fmt: skip
INPUTS = ("members", "transactions")
RECORDED = ("journal", "rulesets", "quarantine")  # what `simulate` needs to decide it all again
SHOWN = 5  # differences named of each kind
DECIDED = "decided"

Kept = tuple[bytes, tuple[tuple[str, bytes], ...]]  # a row's value and its headers as base64
Records = Mapping[int, Sequence[Fetched]]  # by partition, in order


@dataclass(frozen=True, slots=True)
class Found:
    """All committed records of a deployment by topic, and what should be there."""

    topics: Mapping[str, Records]
    expected: Expected

    def events(self, topic: str) -> list[dict[str, Any]]:
        """The events of an outcome topic, in order within each partition."""
        return [json.loads(record.value or b"null") for records in self.topics[topic].values() for record in records]


async def find(settings: Settings) -> Found:
    """Reads everything."""
    topics = {name: await _records(settings, name) for name in (*INPUTS, *OUTCOMES, "dead-letters", "state")}
    inputs = ((record.value or b"" for record in records) for name in INPUTS for records in topics[name].values())
    return Found(topics, naive.count(inputs))


def violations(found: Found) -> list[str]:
    """What differs between the topics and the independent count."""
    return [f"{name}: {text}" for name, check in CHECKS.items() for text in check(found)]


def _one_decision_for_each_input(found: Found) -> Iterable[str]:
    decided = Counter(event["data"]["input"]["id"] for event in found.events("decisions"))
    sent = found.expected.sent
    return _differing({name: (sent[name], decided[name]) for name in sent.keys() | decided.keys()}, "sent", "decided")


def _right_verdict(found: Found) -> Iterable[str]:
    decided = Counter(
        event["data"]["input"]["id"]
        for event in found.events("decisions")
        if event["data"]["input"]["type"] == "transaction.completed" and event["data"]["status"] == DECIDED
    )
    sales = found.expected.decided | decided.keys()
    return _differing({name: (int(name in found.expected.decided), decided[name]) for name in sales}, "once", "found")


def _no_outcome_twice(found: Found) -> Iterable[str]:
    ids = Counter(event["id"] for topic in OUTCOMES for event in found.events(topic))
    return _some(f"outcome {name} stands {count} times" for name, count in ids.items() if count > 1)


def _points_as_counted(found: Found) -> Iterable[str]:
    points: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for event in found.events("points"):
        data = event["data"]
        if event["type"] != "points.awarded":
            yield f"unexpected {event['type']}"
            return
        points[data["member_id"]][data["campaign"]] += data["points"]
    expected = found.expected.points
    for member in sorted(points.keys() | expected.keys()):
        if points[member] != expected[member]:
            yield f"{member}: counted {dict(expected[member])}, found {dict(points[member])}"


def _rows_as_counted(found: Found) -> Iterable[str]:
    rows = {key: json.loads(value) for (_, key), (value, _) in _table(found.topics["state"]).items() if "/" not in key}
    for member in sorted(found.expected.members):
        row = rows.get(f"member:{member}")
        if row is None:
            yield f"{member} has no row"
            continue
        balance = row["accounts"].get("points", {"balance": 0})["balance"]
        counted = found.expected.balance(member), found.expected.tier(member)
        if (balance, row["ladders"]["status"]["tier"]) != counted:
            yield f"{member}: counted {counted}, found {(balance, row['ladders']['status']['tier'])}"


def _welcomed_once(found: Found) -> Iterable[str]:
    welcomes = Counter(
        event["data"]["member_id"] for event in found.events("notifications") if event["data"]["trigger"] == "welcome"
    )
    members = found.expected.members | welcomes.keys()
    return _differing(
        {name: (int(name in found.expected.members), welcomes[name]) for name in members}, "once", "found"
    )


def _order_kept(found: Found) -> Iterable[str]:
    """Each owner's events are decided in the order in which they were fed; repeats come where they come."""
    first = _first_decisions(found)
    for (event_type, owner), fed in found.expected.order.items():
        places = [first[name] for name in fed if name in first]
        if places != sorted(places):
            at = next(index for index in range(1, len(places)) if places[index] < places[index - 1])
            yield f"{event_type} of {owner}: {fed[at]} was decided before {fed[at - 1]}"


def _first_decisions(found: Found) -> dict[str, tuple[int, int]]:
    """Where each event was decided itself: partition and offset of its decision, that of a repeat only where there is no other."""
    places: dict[str, tuple[int, int]] = {}
    for number, records in found.topics["decisions"].items():
        for record in records:
            data = json.loads(record.value or b"null")["data"]
            name = data["input"]["id"]
            if data["status"] == DECIDED or name not in places:
                places[name] = number, record.offset
    return places


def _dead_letters(found: Found) -> Iterable[str]:
    letters = {event["id"] for event in found.events("dead-letters")}  # intake may write one again, with the same id
    if len(letters) != found.expected.unreadable:
        yield f"{found.expected.unreadable} unreadable records were fed, {len(letters)} dead letters found"


def _none_stuck(found: Found) -> Iterable[str]:
    stuck = [(number, value) for (number, key), (value, _) in _table(found.topics["state"]).items() if key == "_stuck"]
    return _some(f"partition {number} has a row _stuck: {value!r}" for number, value in stuck)


CHECKS: dict[str, Callable[[Found], Iterable[str]]] = {
    "one decision for each input": _one_decision_for_each_input,
    "each sale counts once": _right_verdict,
    "no outcome twice": _no_outcome_twice,
    "points": _points_as_counted,
    "rows": _rows_as_counted,
    "welcomes": _welcomed_once,
    "order": _order_kept,
    "dead letters": _dead_letters,
    "no record failed": _none_stuck,
}


async def replayed(found: Found, environment: Mapping[str, str], root: Path, folder: Path) -> list[str]:
    """Exports the journal, decides it again with `guerdon simulate`, and compares outcomes and rows byte for byte."""
    files = []
    for topic in RECORDED:
        files.append(folder / f"{topic}.jsonl")
        arguments = ("tail", topic, "--from-start", "--until-end", "--json")
        code, said = await run_command(arguments, environment, root, files[-1])
        if code != 0:
            return [f"guerdon tail {topic} ended with {code}: {said}"]
    out = folder / "simulated"
    journals = tuple(word for file in files for word in ("--journal", str(file)))
    code, said = await run_command(("simulate", *journals, "--out", str(out)), environment, root)
    if code != 0:
        return [f"guerdon simulate ended with {code}: {said}"]
    return list(differing(found, out))


async def verified(environment: Mapping[str, str], root: Path, folder: Path) -> list[str]:
    """Has `guerdon verify` hold the whole deployment against what it derives: outcomes, messages, rows and books."""
    report = folder / "verified.txt"
    code, said = await run_command(("verify",), environment, root, report)
    return [] if code == 0 else [f"guerdon verify ended with {code}: {said}{report.read_text('utf-8')[-2000:]}"]


def differing(found: Found, out: Path) -> Iterable[str]:
    """What differs, byte for byte, between the topics and what `simulate` wrote to a folder."""
    yield from _outcomes_differ(found, out)
    yield from _rows_differ(found, out)


def _outcomes_differ(found: Found, out: Path) -> Iterable[str]:
    for topic in OUTCOMES:
        simulated: defaultdict[int, list[bytes]] = defaultdict(list)
        for line, raw in _lines(out / f"{topic}.jsonl"):
            simulated[line["partition"]].append(_value_in(raw))
        for number, records in found.topics[topic].items():
            live = [record.value or b"" for record in records]
            if live != simulated[number]:
                at = next(
                    (i for i, both in enumerate(zip(live, simulated[number], strict=False)) if both[0] != both[1]), -1
                )
                yield (
                    f"replay: {topic}:{number} has {len(live)} records live, {len(simulated[number])} simulated; "
                    f"the first other one is number {at}"
                )


def _rows_differ(found: Found, out: Path) -> Iterable[str]:
    live = {place: kept for place, kept in _table(found.topics["state"]).items() if not place[1].startswith("_")}
    simulated = {
        (line["partition"], line["key"]): (_value_in(raw), _headers_in(line))
        for line, raw in _lines(out / "state.jsonl")
    }
    return _some(
        f"replay: row {place} is {live.get(place)} live, {simulated.get(place)} simulated"
        for place in sorted(live.keys() | simulated.keys())
        if live.get(place) != simulated.get(place)
    )


def _lines(path: Path) -> Iterable[tuple[dict[str, Any], bytes]]:
    if path.exists():
        with path.open("rb") as file:
            for raw in file:
                yield json.loads(raw), raw


def _value_in(line: bytes) -> bytes:
    """The bytes of a line's value, not parsed and written anew: from `"value":` to the partition that follows it."""
    begin = line.index(b',"value":') + len(b',"value":')
    return line[begin : line.rindex(b',"partition":')]


def _headers_in(line: Mapping[str, Any]) -> tuple[tuple[str, bytes], ...]:
    """A line's headers as base64, which it gives for those that are no text."""
    texts = ((name, b64encode(text.encode())) for name, text in line.get("headers", {}).items())
    others = ((name, text.encode()) for name, text in line.get("headers_base64", {}).items())
    return tuple(sorted((*texts, *others)))


def _table(records: Records) -> dict[tuple[int, str], Kept]:
    """The latest row of each key with its headers."""
    rows: dict[tuple[int, str], Kept] = {}
    for number, each in records.items():
        for record in each:
            place = number, (record.key or b"").decode()
            if record.value is None:
                rows.pop(place, None)
            else:
                rows[place] = record.value, tuple(sorted((name, b64encode(text)) for name, text in record.headers))
    return rows


async def _records(settings: Settings, topic: str) -> Records:
    starts, ends = await beginning_offsets(settings, topic), await end_offsets(settings, topic)
    found: dict[int, list[Fetched]] = {number: [] for number in starts}
    async for batch in read_spans(settings, topic, {number: (starts[number], ends[number]) for number in starts}):
        found[batch.partition] += batch.records
    return found


def _differing(pairs: Mapping[str, tuple[int, int]], should: str, does: str) -> Iterable[str]:
    return _some(
        f"{name}: {should} {expected}, {does} {found}"
        for name, (expected, found) in sorted(pairs.items())
        if expected != found
    )


def _some(texts: Iterable[str]) -> Iterable[str]:
    """The first few and how many more."""
    everything = list(texts)
    yield from everything[:SHOWN]
    if len(everything) > SHOWN:
        yield f"and {len(everything) - SHOWN} more"
