"""A recorded journal folded again: every outcome of the live run, byte for byte."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from engine.errors import RulesetMissing, UsageError
from engine.match.choice import Setting
from engine.pipeline.partition import JournalRecord
from engine.replay import lines
from engine.replay.lines import Line
from engine.replay.log import AT_ONCE, JOURNAL, Log
from engine.replay.outputs import Outputs
from engine.replay.rules_of import RulesOf
from engine.ruleset.model import Ruleset
from engine.ruleset.published import is_ruleset, unpack
from engine.wire.quarantine import QuarantinedRecord
from engine.wire.quarantine import decode as decode_word


class Recording(NamedTuple):
    """Files of lines as tail wrote them, and what was found in them: partitions, records, rulesets, quarantined offsets."""

    paths: tuple[Path, ...]
    prefix: str
    partitions: int
    records: int
    rulesets: Mapping[str, Ruleset]
    quarantined: Mapping[int, set[int]]


def survey(paths: Iterable[Path], prefix: str) -> Recording:
    """Reads the files once. Raises UsageError where they are not a journal from its start, each partition in its order."""
    files = tuple(paths)
    rulesets: dict[str, Ruleset] = {}
    quarantined: defaultdict[int, set[int]] = defaultdict(set)
    last: dict[int, int] = {}
    records = 0
    for path in files:
        for line in lines.read(path):
            match line.topic.removeprefix(prefix):
                case "journal":
                    _follow(line, last, path)
                    records += 1
                case "rulesets" if line.value is not None and is_ruleset((line.key or b"").decode(errors="replace")):
                    ruleset, _ = unpack(line.value)
                    rulesets[ruleset.digest] = ruleset
                case "quarantine" if line.value is not None:
                    word = decode_word(line.key or b"", line.value)
                    if isinstance(word, QuarantinedRecord):
                        quarantined[word.partition].add(word.offset)
    if not last:
        raise UsageError(f"{', '.join(map(str, files))}: no line of the topic journal")
    return Recording(files, prefix, max(last) + 1, records, rulesets, quarantined)


class Replay:
    """One run over a recording. Messages are taken as they were recorded, never made anew."""

    def __init__(
        self, recording: Recording, rulesets: Mapping[str, Ruleset], outputs: Outputs, matcher: Setting = "auto"
    ) -> None:
        """`rulesets`: besides those of the recording, by digest."""
        self._recording = recording
        self._rulesets = {**rulesets, **recording.rulesets}
        self._rules_of = RulesOf(self._rulesets, matcher)
        self._outputs = outputs
        self._log = Log(recording.partitions, self._rules_of, outputs.take, recording.quarantined)

    def run(self) -> None:
        """Folds all of it. Raises UsageError naming both digests where a ruleset is missing."""
        waiting: Counter[int] = Counter()
        for path in self._recording.paths:
            for line in lines.read(path):
                if line.topic.removeprefix(self._recording.prefix) == JOURNAL:
                    number, record = _record_of(line)
                    self._log.append(number, record)
                    waiting[number] += 1
                    if waiting[number] >= AT_ONCE:
                        self._settle()
                        waiting.clear()
        self._settle()

    def finish(self) -> dict[str, Any]:
        """Writes the rows and the summary, which it returns."""
        run = {
            "rulesets": self._rules_of.used,
            "partitions": self._recording.partitions,
            "journal_records": self._recording.records,
        }
        return self._outputs.finish(self._log.partitions, run)

    def _settle(self) -> None:
        try:
            self._log.settle()
        except RulesetMissing as missing:
            there = ", ".join(sorted(self._rulesets)) or "none"
            raise UsageError(
                f"the journal activates the ruleset {missing.digest}; given is {there} "
                "(rules that compile to another digest are other rules)"
            ) from missing


def _follow(line: Line, last: dict[int, int], path: Path) -> None:
    if line.partition is None or line.offset is None:
        raise UsageError(f"{path}: a journal's lines need partition and offset, as `guerdon tail --json` writes them")
    if line.key is None or line.value is None:
        raise UsageError(f"{path}: journal {line.partition}:{line.offset} has no key or no value")
    before = last.get(line.partition, -1)
    if line.offset <= before:
        raise UsageError(f"{path}: journal {line.partition}:{line.offset} stands after {line.partition}:{before}")
    last[line.partition] = line.offset


def _record_of(line: Line) -> tuple[int, JournalRecord]:
    """The record of a line that `_follow` let pass."""
    if line.partition is None or line.offset is None or line.key is None or line.value is None:
        raise AssertionError("the file was changed since it was surveyed")
    return line.partition, JournalRecord(line.offset, line.timestamp_ms or 0, line.key, line.value)
