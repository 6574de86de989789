"""What the kernel says about a process: CPU time and memory, of any process of ours, without its help."""

import os
from pathlib import Path
from typing import NamedTuple

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_KIB = 1024


class Usage(NamedTuple):
    """CPU time since the process began, user and system of all threads, and resident memory now and at its highest."""

    cpu_s: float
    resident_bytes: int
    peak_bytes: int


def usage(pid: int) -> Usage:
    """What a process has used. Raises OSError where it runs no longer. Linux only."""
    stat = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    ticks = int(stat[11]) + int(stat[12])  # utime and stime; the name before may contain spaces
    sizes = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
        if ":" in line
    )
    return Usage(ticks / _TICKS_A_SECOND, _bytes(sizes["VmRSS"]), _bytes(sizes["VmHWM"]))


def _bytes(size: str) -> int:
    """`  1234 kB`, as bytes."""
    return int(size.split(maxsplit=1)[0]) * _KIB
