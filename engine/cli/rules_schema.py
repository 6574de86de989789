"""`guerdon rules schema`: what editors complete rules by."""

import orjson

from engine.cli import screen
from engine.cli.deployment import deployment
from engine.cli.rules_folder import Folder
from engine.errors import UsageError
from engine.rulebook.schema import FOLDER, schemas_for


def schema(folder: Folder = None) -> None:
    """Write a JSON Schema of each kind of file, with the programme's names, to `.schemas/` in the folder of rules."""
    path = folder or deployment().rules
    schemas = schemas_for(path)
    below = path / FOLDER
    try:
        below.mkdir(exist_ok=True)
        for name, made in schemas.items():
            (below / f"{name}.json").write_bytes(
                orjson.dumps(made, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
            )
    except OSError as error:
        raise UsageError(f"cannot write to {below}: {error.strerror or error}") from error
    screen.say(f"wrote {len(schemas)} schemas to {below}")
