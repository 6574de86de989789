"""Holds a compiled guerdon against the interpreted one: the same events must give the same bytes, and cost less.

`python -m benchmarks.compiled PATH_OF_THE_COMPILED_COMMAND`; exits 1 where a byte differs.
"""

import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.running import GUERDON

HOUSEHOLDS = 60


def main(compiled: str) -> int:
    """Simulates the public baskets of some households by both, and compares every file that they write."""
    with tempfile.TemporaryDirectory(prefix="guerdon-compiled-") as name:
        folder = Path(name)
        events = folder / "events.jsonl"
        _cpu_s([*GUERDON, "feed", "completejourney", "--households", str(HOUSEHOLDS), "--out", str(events)])
        costs = {}
        for label, command in (("interpreted", GUERDON), ("compiled", (compiled,))):
            out = str(folder / label)
            costs[label] = _cpu_s([*command, "simulate", "--rules", "rules", "--events", str(events), "--out", out])
        differing = _differing(folder / "interpreted", folder / "compiled")
    for label, cost in costs.items():
        print(f"{label:12} {cost:6.2f} s of CPU")
    print(
        f"{costs['compiled'] / costs['interpreted']:.2f} of the interpreted one's CPU, reading and writing files included"
    )
    print("NOT THE SAME BYTES: " + ", ".join(differing) if differing else "the same bytes in every file")
    return 1 if differing else 0


def _differing(one: Path, other: Path) -> list[str]:
    names = {path.name for folder in (one, other) for path in folder.iterdir()} - {"summary.json"}  # it tells the speed
    return sorted(
        name
        for name in names
        if not ((one / name).exists() and (other / name).exists())
        or (one / name).read_bytes() != (other / name).read_bytes()
    )


def _cpu_s(command: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
