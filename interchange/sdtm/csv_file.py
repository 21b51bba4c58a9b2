"""CSV: a header of variable names and a line a row. It says nothing of labels, types and lengths."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from interchange.issues import Issue, Place, SourceError
from interchange.sdtm.chunks import chunks
from interchange.sdtm.dataset import Dataset, Row, Variable, column_issues, is_number
from interchange.sdtm.files import decode_text, read_bytes, whole_file
from interchange.sdtm.standard import DatasetSpec, standard

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def write_csv(dataset: Dataset, path: Path, *, encoding: str = "utf-8") -> list[Issue]:
    """Return what is wrong with writing a dataset; with an error among it, no file is written.

    Lines end in CRLF (RFC 4180), with which Python 3.11 also quotes a bare carriage return in a value.
    """
    names = [variable.name for variable in dataset.variables]
    encoder = codecs.getincrementalencoder(encoding)()
    found: set[str] = set()
    unencodable = False
    with whole_file(path) as file:
        file.write(encoder.encode(_lines([names])))
        for chunk in chunks(dataset.rows):
            found.update(*chunk)
            try:
                file.write(encoder.encode(_lines([row.get(name, "") for name in names] for row in chunk)))
            except UnicodeEncodeError:
                unencodable = True
        file.write(encoder.encode("", final=True))
        issues = column_issues(dataset, found)
        if unencodable:
            message = f"a value has a character {encoding} does not have; the dataset is not written"
            issues.append(Issue("IX-CSV-001", "error", Place(path.name), message, "write as utf-8"))
        if issues:
            file.close()
    return issues


def _lines(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def is_csv(start: bytes) -> bool:
    """Return whether a file that begins so is a CSV of SDTM: its header has STUDYID."""
    header = start.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0]
    return b"STUDYID" in (name.strip(b'" \r') for name in header.split(b","))


def read_csv(
    source: Path | str | bytes, *, encoding: str | None = None, file: str = "", version: str = "3.4"
) -> tuple[Dataset, list[Issue]]:
    """Return the dataset of a CSV file, named for the file, and what was wrong with its rows.

    Labels and types are those of the SDTMIG ``version``; a variable it does not know is Char. So is one that
    it has as Num but that holds other text, with a warning. Raises SourceError if there is no header.
    """
    data = read_bytes(source)
    file = file or ("" if isinstance(source, bytes) else str(source))
    text, used, issues = decode_text(data, encoding, PurePath(file).name)
    name = PurePath(file).name.split(".")[0].upper()
    place = Place(PurePath(file).name)
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        header = next(reader, [])
        if not header or len(set(header)) < len(header) or "" in header:
            hint = "give each variable a name of its own"
            raise SourceError(Issue("IX-CSV-002", "error", place, "its header is blank or repeats a name", hint))
        rows: list[Row] = []
        for cells in reader:
            if cells and len(cells) != len(header):
                issues.append(_ragged(place.file, reader.line_num, len(cells), len(header)))
            if cells:
                rows.append({key: cell for key, cell in zip(header, cells, strict=False) if cell})
    except csv.Error as error:
        where = Place(place.file, reader.line_num)
        raise SourceError(Issue("IX-CSV-003", "error", where, f"is not CSV ({error})", "mend the file")) from error
    spec = standard(version).dataset(name)
    variables = [_variable(column, rows, spec, place.file, issues) for column in header]
    study = rows[0].get("STUDYID", "") if rows else ""
    return Dataset(name, spec.label if spec else "", variables, rows, study=study, encoding=used), issues


def _variable(name: str, rows: list[Row], spec: DatasetSpec | None, file: str, issues: list[Issue]) -> Variable:
    found = spec.variable(name) if spec else None
    if found is None:
        return Variable(name, name)
    if found.type == "Char":
        return Variable(name, found.label)
    for number, row in enumerate(rows, 1):
        if name in row and not is_number(row[name]):
            message = "not a number in a variable that is Num in the SDTMIG; the variable is read as Char"
            place = Place(file, number, field=name)
            issues.append(Issue("IX-CSV-004", "warning", place, message, "mend the value", row[name]))
            return Variable(name, found.label)
    return Variable(name, found.label, "Num", 8)


def _ragged(file: str, line: int, count: int, expected: int) -> Issue:
    message = f"the line has {count} cells, the header {expected}; the rest is blank, or left out"
    return Issue("IX-CSV-005", "error", Place(file, line), message, "mend the line")
