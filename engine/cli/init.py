"""`guerdon init`: a deployment's folder to begin with."""

from importlib.resources import as_file, files
from pathlib import Path
from shutil import copytree
from typing import Annotated

import typer

from engine.cli import screen
from engine.errors import UsageError

_DOTTED = ("env.example", "gitignore")  # packages leave files out whose name begins with a dot

_NEXT = """\
Next:
  cd {folder}
  guerdon rules check          the rules, with places in the errors
  guerdon up --baskets 50      an embedded broker, a worker, and public baskets to try it on
README.md there says more."""


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that does not exist yet, or is empty.")],
) -> None:
    """Write a deployment to begin with: rules, topics.yaml, settings."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already and not empty; nothing was written")
    try:
        with as_file(files("engine.cli") / "sample") as sample:
            copytree(sample, folder, dirs_exist_ok=True)
        for name in _DOTTED:
            (folder / name).rename(folder / f".{name}")
    except OSError as error:
        raise UsageError(f"cannot write {error.filename or folder}: {error.strerror or error}") from error
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            screen.say(f"wrote {path}")
    screen.say(_NEXT.format(folder=folder))
