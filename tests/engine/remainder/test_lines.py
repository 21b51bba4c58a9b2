from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from interchange.engine.remainder.lines import encode_remainder, read_remainder
from interchange.engine.remainder.model import Extra, Original, Remainder, RowEntry, leaf_count, mark
from interchange.issues import SourceError

if TYPE_CHECKING:
    from pathlib import Path

ROW = RowEntry("VS", "VS/component", {"USUBJID": "1"}, ("component", 1), "Observation/b")
WHOLE = Original("Basic/x", whole={"resourceType": "Basic", "id": "x", "n": Decimal("5.10")})
PAIRED = Original("Observation/o", "Observation/a", digest="d", rows=[ROW], rest={"-": ["identifier"]})


def test_a_remainder_comes_back_from_its_lines(tmp_path: Path) -> None:
    remainder = Remainder("R4", [PAIRED, WHOLE], [Extra("Observation/b", "Observation/o", "e")], {"A/1": "A/2"}, False)
    lines = list(encode_remainder(remainder))
    assert lines[0] == b'{"remainder":1,"fhir_version":"R4","natural":false,"names":{"A/1":"A/2"}}\n'
    assert lines[2] == b'{"resource":"Basic/x","whole":{"resourceType":"Basic","id":"x","n":5.10}}\n'
    path = tmp_path / "remainder.ndjson"
    path.write_bytes(b"".join(lines))
    assert read_remainder(path) == remainder


@pytest.mark.parametrize(
    "text", ["", "{}\n", "[1]\n", '{"remainder":2,"fhir_version":"R4","natural":true,"names":{}}\n']
)
def test_what_is_no_remainder_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "remainder.ndjson"
    path.write_text(text)
    with pytest.raises(SourceError, match="IX-REM-004"):
        read_remainder(path)
    with pytest.raises(SourceError, match="IX-REM-004"):
        read_remainder(tmp_path / "none.ndjson")


def test_marks_and_counts() -> None:
    assert mark(["x", 5, "#x", "y" * 50]) == ["x", 5, mark("#x"), mark("y" * 50)]
    assert mark("#x").startswith("#")
    assert mark("#x") != "#x"
    assert leaf_count({"a": [1, {"b": None}], "c": {}}) == 2
