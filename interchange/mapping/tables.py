"""The tables beside the mapping files: code maps, parameter tables and controlled terminology, read as CSV."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from interchange.issues import Issue, MappingError, Place

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a code map: one FHIR coding and the SDTM term it stands for."""

    system: str
    code: str
    display: str
    text: str
    term: str
    relation: str
    prefer: str
    releases: frozenset[str]
    place: Place

    def written_in(self, release: str) -> bool:
        """Whether the way to FHIR writes this coding in a release."""
        return self.prefer != "to-sdtm" and (not self.releases or release in self.releases)


@dataclass(frozen=True, slots=True)
class CodeMap:
    """A code map: its entries, and the codelist that its terms belong to.

    ``retired`` are terms of earlier releases of the codelist, which the map still knows.
    """

    name: str
    codelist: str
    entries: tuple[Entry, ...]
    retired: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A row of a parameter table: code, label and the codelist of its value."""

    code: str
    label: str
    codelist: str
    wanted: str


@dataclass(frozen=True, slots=True)
class Terminology:
    """Controlled terminology: per codelist the terms with their C-codes; ``version`` is the package's date.

    ``codes`` has the C-code of each codelist.
    """

    version: str
    terms: dict[str, dict[str, str]]
    extensible: dict[str, bool]
    codes: dict[str, str] = field(default_factory=dict)


def _find(name: str, folder: str, places: Iterable[str]) -> Path:
    for place in places:
        path = Path(place) / folder / f"{name}.csv"
        if path.is_file():
            return path
    raise MappingError(
        [
            Issue(
                "IX-TABLE-001",
                "error",
                Place(f"{folder}/{name}.csv"),
                "no such table",
                "check the name in the mapping",
            )
        ]
    )


def _rows(path: Path, columns: tuple[str, ...]) -> tuple[dict[str, str], list[tuple[int, dict[str, str]]]]:
    """The ``# key: value`` head lines and the rows with their line numbers."""
    head: dict[str, str] = {}
    name = f"{path.parent.name}/{path.name}"
    with path.open(encoding="utf-8", newline="") as file:
        line = 0
        text = file.readline()
        while text.startswith("#"):
            key, colon, value = text[1:].partition(":")
            if colon:
                head[key.strip()] = value.strip()
            line += 1
            text = file.readline()
        header = next(csv.reader([text]), [])
        if missing := [c for c in columns if c not in header]:
            raise MappingError(
                [
                    Issue(
                        "IX-TABLE-002",
                        "error",
                        Place(name, line + 1),
                        f"no column {', '.join(missing)}",
                        "add it",
                    )
                ]
            )
        reader = csv.DictReader(file, header)
        rows = [(line + 1 + reader.line_num, {k: v or "" for k, v in row.items() if k}) for row in reader]
    return head, rows


@lru_cache(maxsize=256)
def _code_map(name: str, path: Path) -> CodeMap:
    columns = ("system", "code", "display", "text", "term", "relation", "prefer", "release")
    head, rows = _rows(path, columns)
    entries = tuple(
        Entry(
            row["system"],
            row["code"],
            row["display"],
            row["text"],
            row["term"],
            row["relation"],
            row["prefer"],
            frozenset(row["release"].split()),
            Place(f"codemaps/{path.name}", line),
        )
        for line, row in rows
    )
    return CodeMap(name, head.get("codelist", ""), entries, tuple(head.get("retired", "").split()))


def read_code_map(name: str, places: Iterable[str]) -> CodeMap:
    """Return a code map by name from the first folder that holds it; MappingError where none does."""
    return _code_map(name, _find(name, "codemaps", places))


@lru_cache(maxsize=16)
def _parameters(path: Path) -> dict[str, Parameter]:
    _, rows = _rows(path, ("code", "label", "codelist", "fda"))
    return {row["code"]: Parameter(row["code"], row["label"], row["codelist"], row["fda"]) for _, row in rows}


def read_parameters(name: str, places: Iterable[str]) -> dict[str, Parameter]:
    """Return a parameter table by name."""
    return _parameters(_find(name, "terminology", places))


@lru_cache(maxsize=16)
def _terminology(path: Path) -> Terminology:
    head, rows = _rows(path, ("codelist", "codelist_code", "extensible", "term", "code"))
    terms: dict[str, dict[str, str]] = {}
    extensible: dict[str, bool] = {}
    codes: dict[str, str] = {}
    for _, row in rows:
        codes[row["codelist"]] = row["codelist_code"]
        terms.setdefault(row["codelist"], {})[row["term"]] = row["code"]
        extensible[row["codelist"]] = row["extensible"].lower() in ("yes", "y", "true")
    return Terminology(head.get("version", ""), terms, extensible, codes)


def read_terminology(places: Iterable[str]) -> Terminology:
    """Return the controlled terminology that ships with the mappings."""
    return _terminology(_find("ct", "terminology", places))
