"""Builds the package; with GUERDON_COMPILE=1, and a C compiler, the modules of deciding are compiled (docs/adr/0009).

A checkout is never compiled in place: an extension beside a source would win over it, and edits would be ignored.
"""

import os
from pathlib import Path

from setuptools import setup

FOLDERS = ("engine/core", "engine/decide", "engine/match", "engine/pipeline", "engine/wire", "engine/ruleset")
# Their dataclasses and type hints are read at run time, which compiled ones do not show.
INTERPRETED = {
    "engine/core/calendar.py",
    "engine/core/records.py",
    "engine/pipeline/records.py",
}
COMPILED_ONLY = {
    "engine/match": {"plain.py", "predicates.py"},
    "engine/wire": {"journal.py", "rows.py", "outcomes.py"},
    "engine/ruleset": {"lines.py", "index.py"},
}


def modules() -> list[str]:
    """The sources to compile, in order; of a package with packages below it, all of them."""
    found = []
    for folder in FOLDERS:
        wanted = COMPILED_ONLY.get(folder)
        for path in sorted(Path(folder).rglob("*.py")):
            named = wanted is None or path.name in wanted
            if named and path.name != "__init__.py" and path.as_posix() not in INTERPRETED:
                found.append(path.as_posix())
    return found


if os.environ.get("GUERDON_COMPILE") == "1":
    from mypyc.build import mypycify

    setup(ext_modules=mypycify([*modules(), "--follow-imports=silent", "--ignore-missing-imports"], opt_level="3"))
else:
    setup()
