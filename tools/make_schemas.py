"""Writes mappings/*.schema.json from interchange.mapping.schema: ``python tools/make_schemas.py``."""

from __future__ import annotations

import json
from pathlib import Path

from interchange.mapping.schema import mapping_schema, settings_schema

FOLDER = Path(__file__).parents[1] / "mappings"
SCHEMAS = {"mapping.schema.json": mapping_schema, "settings.schema.json": settings_schema}


def text_of(name: str) -> str:
    """The text that a schema file should have."""
    return json.dumps(SCHEMAS[name](), indent=1) + "\n"


if __name__ == "__main__":
    for name in SCHEMAS:
        (FOLDER / name).write_text(text_of(name), encoding="utf-8")
