"""The tables beside the mapping files: code maps, parameter tables and tables to look up in, read as CSV."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from interchange.issues import Issue, MappingError, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


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
    since: str = ""
    until: str = ""

    def holds_with(self, ct: str) -> bool:
        """Whether the row is one with a version of CDISC CT, a date; ``since`` and ``until`` are the first and last."""
        return not ct or ((not self.since or self.since <= ct) and (not self.until or ct <= self.until))

    def written_in(self, release: str) -> bool:
        """Whether the way to FHIR writes this coding in a release."""
        return self.prefer != "to-sdtm" and (not self.releases or release in self.releases)


@dataclass(frozen=True, eq=False)
class CodeMap:
    """A code map: its entries, and the codelist that its terms belong to.

    ``retired`` are terms of earlier releases of the codelist, which the map still knows. ``text`` is that of its
    file, in whose line ``header`` its columns stand: a run looks into few of the maps that its mappings name.
    """

    name: str
    codelist: str
    path: Path
    text: str
    header: int
    retired: tuple[str, ...] = ()

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The rows, read when they are first asked for."""
        return tuple(
            Entry(
                row["system"],
                row["code"],
                row["display"],
                row["text"],
                row["term"],
                row["relation"],
                row["prefer"],
                frozenset(row["release"].split()),
                Place(f"codemaps/{self.path.name}", line),
                row.get("since", ""),
                row.get("until", ""),
            )
            for line, row in _rows(self.text, self.header)
        )


@dataclass(frozen=True, slots=True)
class Parameter:
    """A row of a parameter table: code, label and the codelist of its value."""

    code: str
    label: str
    codelist: str
    wanted: str


def find_table(name: str, folder: str, places: Iterable[str]) -> Path:
    """Return the file of a table in the first place whose folder holds it; MappingError where none does."""
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


def head_of(path: Path, columns: tuple[str, ...]) -> tuple[dict[str, str], int, str]:
    """Return the ``# key: value`` head lines of a table, the number of the line with its columns, and the whole text.

    MappingError where a column is missing.
    """
    text = path.read_text(encoding="utf-8")
    head: dict[str, str] = {}
    lines = 0
    for line in text.split("\n"):
        lines += 1
        if not line.startswith("#"):
            break
        key, colon, value = line[1:].partition(":")
        if colon:
            head[key.strip()] = value.strip()
    header = next(csv.reader([line]), []) if lines else []
    if missing := [c for c in columns if c not in header]:
        place = Place(f"{path.parent.name}/{path.name}", max(lines, 1))
        raise MappingError([Issue("IX-TABLE-002", "error", place, f"no column {', '.join(missing)}", "add it")])
    return head, lines, text


def _rows(text: str, header: int) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a table with their line numbers; a cell that a row lacks is blank."""
    reader = csv.reader(text.split("\n")[header - 1 :])
    columns = next(reader, [])
    blank = [""] * len(columns)
    for row in reader:
        if row:
            yield header - 1 + reader.line_num, dict(zip(columns, row + blank, strict=False))


@lru_cache(maxsize=256)
def _code_map(name: str, path: Path, written: int, size: int) -> CodeMap:  # noqa: ARG001 - a changed file is another call
    columns = ("system", "code", "display", "text", "term", "relation", "prefer", "release")
    head, header, text = head_of(path, columns)
    return CodeMap(name, head.get("codelist", ""), path, text, header, tuple(head.get("retired", "").split()))


def read_code_map(name: str, places: Iterable[str]) -> CodeMap:
    """Return a code map by name from the first folder that holds it; MappingError where none does."""
    path = find_table(name, "codemaps", places)
    stat = path.stat()
    return _code_map(name, path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=16)
def _parameters(path: Path) -> dict[str, Parameter]:
    _, header, text = head_of(path, ("code", "label", "codelist", "fda"))
    rows = (row for _, row in _rows(text, header))
    return {row["code"]: Parameter(row["code"], row["label"], row["codelist"], row["fda"]) for row in rows}


def read_parameters(name: str, places: Iterable[str]) -> dict[str, Parameter]:
    """Return a parameter table by name."""
    return _parameters(find_table(name, "terminology", places))


@dataclass(frozen=True, slots=True)
class Table:
    """A table that derivations look values up in; its columns are named as the variables that they hold."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def lookup(self, wanted: str, keys: tuple[str, ...]) -> dict[tuple[str, ...], str]:
        """Return, by values of the key columns, the value of the wanted column where its rows have but one.

        >>> Table("t", ("A", "B"), (("1", "x"), ("2", "y"), ("2", "z"))).lookup("B", ("A",))
        {('1',): 'x'}
        """
        at, among = self.columns.index(wanted), [self.columns.index(key) for key in keys]
        found: dict[tuple[str, ...], set[str]] = {}
        for row in self.rows:
            if row[at]:
                found.setdefault(tuple(row[i] for i in among), set()).add(row[at])
        return {key: next(iter(values)) for key, values in found.items() if len(values) == 1}


@lru_cache(maxsize=32)
def _table(name: str, path: Path) -> Table:
    _, lines, text = head_of(path, ())
    reader = csv.reader(text.split("\n")[lines - 1 :])
    columns = tuple(next(reader, []))
    return Table(name, columns, tuple(tuple(row) for row in reader if len(row) == len(columns)))


def read_table(name: str, places: Iterable[str]) -> Table:
    """Return a table of the terminology folder by name; MappingError where no folder holds it."""
    return _table(name, find_table(name, "terminology", places))
