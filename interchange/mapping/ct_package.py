"""Reads a CDISC controlled terminology package: NCI EVS text, ODM XML, Dataset-JSON, or CSV.

The formats are told apart by content. A package that says no version has the date of its file name.
"""

from __future__ import annotations

import csv
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from xml.parsers import expat

from interchange.issues import Issue, Place, SourceError
from interchange.mapping.terminology import YES, Terminology
from interchange.sdtm.dataset_json import is_dataset_json, read_dataset_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# The columns of a table by what they hold: those of NCI EVS, of ct.csv, and of other tables of one line a term.
NAMES = {
    "code": ("code", "concept_code", "term_code"),
    "list_code": ("codelist code", "codelist_code"),
    "extensible": ("codelist extensible (yes/no)", "extensible", "codelist extensible"),
    "list": ("codelist", "codelist_short_name"),
    "term": ("cdisc submission value", "submission_value", "term"),
    "version": ("standard and date",),
}
DAMAGED = "the file is cut off or was edited; get it again"
FORMATS = "NCI EVS text (SDTM Terminology.txt), ODM XML, Dataset-JSON or CSV"
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class _Line(NamedTuple):
    """A codelist (no ``term``), or one of its terms."""

    list_code: str
    list: str
    extensible: bool
    term: str = ""
    code: str = ""


def read_ct_package(path: Path) -> Terminology:
    """Return the codelists of a package, by short name; SourceError where it cannot be read."""
    try:
        stat = path.stat()
    except OSError as error:
        raise _fault("IX-CT-001", path, None, f"cannot be read: {type(error).__name__}", "check --ct") from error
    return _read(path, stat.st_mtime_ns)


@lru_cache(maxsize=4)
def _read(path: Path, _: int) -> Terminology:
    data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    start = data[:4096].lstrip()
    if start.startswith(b"<"):
        version, lines = _read_odm(data, path)
    elif is_dataset_json(start):
        version, lines = _read_json(data, path)
    elif start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"{", b"[")) or b"\0" in start:
        raise _fault("IX-CT-001", path, None, f"is no package of {FORMATS}", "export it as one of these")
    else:
        version, lines = _read_text(data, path)
    made = _collect(lines, version or _date(path.name))
    if not made.terms:
        raise _fault("IX-CT-004", path, None, "has no codelist with terms", "give the whole package")
    return made


def _fault(code: str, path: Path, line: int | None, message: str, hint: str) -> SourceError:
    return SourceError(Issue(code, "error", Place(path.name, line), message, hint))


def _date(text: str) -> str:
    found = _DATE.search(text)
    return found[0] if found else ""


def _collect(lines: Iterable[_Line], version: str) -> Terminology:
    names: dict[str, str] = {}
    terms: dict[str, dict[str, str]] = {}
    extensible: dict[str, bool] = {}
    for line in lines:
        name = names.setdefault(line.list_code, line.list)
        if line.term:
            terms.setdefault(name, {}).setdefault(line.term, line.code)
        extensible.setdefault(name, line.extensible)
    codes = {name: code for code, name in names.items() if name in terms}
    return Terminology(version, terms, {n: e for n, e in extensible.items() if n in terms}, codes)


def _read_text(data: bytes, path: Path) -> tuple[str, list[_Line]]:
    """A table as text, with tabs or commas between the cells; ``# version:`` may stand before it."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")  # packages before 2015, and those that went through a spreadsheet
    lines = text.splitlines()
    skipped = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    head = " ".join(line for line in lines[:skipped] if "version:" in line)
    tabs = skipped < len(lines) and "\t" in lines[skipped]
    # EVS text has quotes as they are, so that a quote opens nothing
    reader = csv.reader(lines[skipped:], delimiter="\t" if tabs else ",", quoting=csv.QUOTE_NONE if tabs else 0)
    header = [cell.strip().strip('"') for cell in next(reader, [])]
    at = _columns(header, path, skipped + 1)
    rows = ((skipped + reader.line_num, row) for row in reader if row)
    version, found = _lines(rows, at, path)
    return version or _date(head), found


def _read_json(data: bytes, path: Path) -> tuple[str, list[_Line]]:
    dataset, _ = read_dataset_json(data, file=path.name)
    header = [variable.name for variable in dataset.variables]
    rows = ((i, [row.get(name, "") for name in header]) for i, row in enumerate(dataset.rows, 1))
    return _lines(rows, _columns(header, path, None), path)


def _columns(header: list[str], path: Path, line: int | None) -> dict[str, int]:
    """Where each thing stands."""
    lower = [name.lower() for name in header]
    at = {what: lower.index(name) for what, names in NAMES.items() for name in names if name in lower}
    missing = [NAMES[what][0] for what in ("code", "list_code", "extensible", "term") if what not in at]
    if missing:
        message = f"has no column {', '.join(f'`{name}`' for name in missing)}"
        raise _fault("IX-CT-002", path, line, message, f"give {FORMATS}, with its first line")
    return at


def _lines(rows: Iterable[tuple[int, list[str]]], at: dict[str, int], path: Path) -> tuple[str, list[_Line]]:
    """The lines of a table: with a column for the codelist's short name, or with lines for codelists (EVS)."""
    found: list[_Line] = []
    lists: dict[str, _Line] = {}
    version = ""
    width = max(at.values()) + 1
    for number, row in rows:
        if len(row) < width:
            message = f"has {len(row)} cells where {width} are needed"
            raise _fault("IX-CT-003", path, number, message, DAMAGED)
        cell = {what: row[i].strip() for what, i in at.items()}
        version = version or _date(cell.get("version", ""))
        extensible = cell["extensible"].lower() in YES
        if "list" in at:
            found.append(_Line(cell["list_code"], cell["list"], extensible, cell["term"], cell["code"]))
        elif not cell["list_code"]:
            lists[cell["code"]] = _Line(cell["code"], cell["term"], extensible)
        elif (own := lists.get(cell["list_code"])) is not None:
            found.append(own._replace(term=cell["term"], code=cell["code"]))
        else:
            message = f"a term of codelist {cell['list_code']}, which has no line above"
            raise _fault("IX-CT-003", path, number, message, "keep the order of the file as published")
    return version, found


class _Odm:
    """Takes codelists from the elements of an ODM as they come."""

    def __init__(self) -> None:
        self.version = ""
        self.lists: list[tuple[dict[str, str], list[tuple[str, str]]]] = []
        self.short = ""
        self.stack: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        element = name.rpartition(" ")[2]
        own = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        self.stack.append(element)
        if element in ("ODM", "Study", "MetaDataVersion"):
            self.version = self.version or _date(own.get("FileOID", "") + " " + own.get("OID", ""))
        elif element == "CodeList":
            own["short"] = own.get("OID", "").rpartition(".")[2]
            self.lists.append((own, []))
        elif element in ("EnumeratedItem", "CodeListItem") and self.lists:
            self.lists[-1][1].append((own.get("CodedValue", ""), own.get("ExtCodeID", "")))
        self.short = ""

    def text(self, data: str) -> None:
        if self.stack and self.stack[-1] == "CDISCSubmissionValue" and self.stack[-2:-1] == ["CodeList"]:
            self.short += data

    def end(self, _: str) -> None:
        if self.short.strip() and self.stack[-1] == "CDISCSubmissionValue":
            self.lists[-1][0]["short"] = self.short.strip()
        self.stack.pop()

    def lines(self) -> Iterator[_Line]:
        for own, terms in self.lists:
            extensible = own.get("CodeListExtensible", "").lower() in YES
            for term, code in terms:
                yield _Line(own.get("ExtCodeID", own.get("OID", "")), own["short"], extensible, term, code)


def _read_odm(data: bytes, path: Path) -> tuple[str, list[_Line]]:
    """An ODM, read as a stream. A document type is refused: that is where entities and outside files are declared."""
    odm = _Odm()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        message = "has a document type declaration, which could bring in other files"
        raise _fault("IX-CT-005", path, parser.CurrentLineNumber, message, "take the declaration out")

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = odm.start
    parser.CharacterDataHandler = odm.text
    parser.EndElementHandler = odm.end
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        message = f"is no XML from here on: {expat.errors.messages[error.code]}"
        raise _fault("IX-CT-003", path, error.lineno, message, DAMAGED) from None
    return odm.version, list(odm.lines())
