"""Writes the models as JSON Schemas for those who do not use Python: `python -m schemas.export`."""

import json
from pathlib import Path

from pydantic import BaseModel

from schemas.registry import INPUTS, OUTPUTS, dataschema

FOLDER = Path(__file__).parent / "json"


def exported() -> dict[str, str]:
    """The JSON Schema of every type by its file name."""
    return {
        f"{event_type}.v{entry.version}.json": _schema(dataschema(event_type, entry.version), entry.model)
        for event_type, entry in sorted({**INPUTS, **OUTPUTS}.items())
    }


def export(folder: Path = FOLDER) -> None:
    """Writes all schemas into the folder, and removes those of types that are gone."""
    wanted = exported()
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


def _schema(name: str, model: type[BaseModel]) -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": name, **model.model_json_schema()}
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    export()
