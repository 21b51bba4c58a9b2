"""Reports as JSON: one object, the same words as in the tables."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from pathlib import Path

import msgspec


def plain(value: object) -> object:
    """Return a report as JSON values: dataclasses and structs as objects, without what is None.

    >>> plain({"files": (Path("out/dm.xpt"),), "ledger": None})
    {'files': ['out/dm.xpt']}
    """
    if is_dataclass(value) and not isinstance(value, type):
        return plain({field.name: getattr(value, field.name) for field in fields(value)})
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value.as_posix() if isinstance(value, Path) else value


def as_json_text(value: object) -> str:
    """Return a report as indented JSON text."""
    return json.dumps(plain(value), indent=2, ensure_ascii=False)
