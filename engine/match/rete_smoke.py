"""Tries rules for durable-rules in a child process first: a rule set that would crash it, or hang it, does so there.

`python -m engine.match.rete_smoke` is the child: it reads the shards from its input, and writes a line for each that can be loaded and
finds what it should.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

from engine.match.rete_shards import Trial

START_S = 20.0  # for the child to start, on a busy machine
SHARD_S = 1.0  # and for each shard; tens of milliseconds is usual
MOST_FAILURES = 3  # of shards; then none of the rest is loaded
GOOD, BAD = "good", "bad"


class Loadable(NamedTuple):
    """A shard's rules, and what should be found."""

    source: str
    trials: tuple[Trial, ...]


def loadable(shards: Sequence[Loadable], start_s: float = START_S, shard_s: float = SHARD_S) -> frozenset[int]:
    """The places of those shards that a child process loaded, and whose trials all came out, within the time allowed."""
    good: set[int] = set()
    begin = failures = 0
    while begin < len(shards) and failures < MOST_FAILURES:
        rest = shards[begin:]
        words = _asked(rest, start_s + shard_s * len(rest))[: len(rest)]
        good.update(begin + place for place, word in enumerate(words) if word == GOOD)
        failures += words.count(BAD)
        begin += len(words)
        if len(words) < len(rest):  # the child ended, or hung, at the next
            failures += 1
            begin += 1
    return frozenset(good)


def _asked(shards: Sequence[Loadable], limit_s: float) -> list[str]:
    command = [sys.executable, "-m", "engine.match.rete_smoke"]
    try:
        ended = subprocess.run(  # noqa: S603 - our own module, by the interpreter that runs
            command, input=json.dumps(shards).encode(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            timeout=limit_s, check=False,
        )  # fmt: skip
        output = ended.stdout
    except subprocess.TimeoutExpired as expired:
        output = expired.stdout or b""
    return [line for line in output.decode(errors="replace").splitlines() if line in (GOOD, BAD)]


def main() -> None:
    """Tries each shard of the input; the engine of one is given up before the next is loaded."""
    from engine.match.rete import Engine  # noqa: PLC0415 - the parent must not need the engine to ask for the child

    for source, trials in json.loads(sys.stdin.buffer.read()):
        engine = Engine(source)
        right = all(engine.find(facts) == set(found) for facts, found in trials)
        sys.stdout.write(f"{GOOD if right else BAD}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
