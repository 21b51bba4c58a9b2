"""CDISC Dataset-JSON 1.1, as one JSON object or as NDJSON with a row a line."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from interchange.issues import Issue, Place, SourceError
from interchange.sdtm.chunks import Fresh, cells, chunks
from interchange.sdtm.dataset import Dataset, Row, Variable, column_issues, is_exact, is_number, number_text
from interchange.sdtm.files import read_bytes, stamp, whole_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_NUMERIC = {"integer", "float", "double", "decimal"}


def write_dataset_json(dataset: Dataset, path: Path, *, lines: bool = False) -> list[Issue]:
    """Return what is wrong with writing a dataset; with an error among it, no file is written."""
    columns, issues = _survey(dataset)
    if not issues:
        with whole_file(path) as file:
            _write(dataset, columns, file, lines)
    return issues


def encode_dataset_json(dataset: Dataset, *, lines: bool = False) -> tuple[bytes | None, list[Issue]]:
    """Return a dataset as Dataset-JSON 1.1, and what is wrong with it; no bytes where anything is.

    With ``lines`` it is NDJSON. A Num variable is ``integer`` or ``float`` where JSON gives every value back
    as it is, else ``decimal``, whose values are text (Dataset-JSON 1.1, Decimal Variables). Blank is null.
    The creation time is SOURCE_DATE_EPOCH, else 1960-01-01.
    """
    columns, issues = _survey(dataset)
    if issues:
        return None, issues
    data = io.BytesIO()
    _write(dataset, columns, data, lines)
    return data.getvalue(), issues


def is_dataset_json(start: bytes) -> bool:
    """Return whether a file that begins so is Dataset-JSON, of any version, JSON or NDJSON."""
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and b'"datasetJSONVersion"' in start


def read_dataset_json(source: Path | str | bytes, *, file: str = "") -> tuple[Dataset, list[Issue]]:
    """Return the dataset of a Dataset-JSON 1.1 file, JSON or NDJSON, and what was wrong with its rows.

    Raises SourceError for what is not Dataset-JSON 1.1.
    """
    data = read_bytes(source).removeprefix(b"\xef\xbb\xbf")
    file = file or ("" if isinstance(source, bytes) else Path(source).name)
    issues: list[Issue] = []
    first, _, rest = data.partition(b"\n")
    try:
        head = msgspec.json.decode(first)
        rows = _lines(rest, file, issues) if rest.strip() else head.get("rows") or []
    except (msgspec.DecodeError, UnicodeDecodeError, AttributeError):
        head = _object(data, file)
        rows = head.get("rows") or []
    dataset = _described(head, file)
    if not isinstance(rows, list):
        raise SourceError(_not_dataset_json(file, "its rows are not an array"))
    dataset.rows = list(_rows(rows, dataset, file, issues))
    if head.get("records", len(rows)) != len(rows):
        message = f"it announces {head['records']} rows and has {len(rows)}"
        issues.append(Issue("IX-JSON-004", "error", Place(file, record=dataset.name), message, "get the file again"))
    dataset.study = next(iter(dataset.rows), {}).get("STUDYID", "")
    return dataset, issues


class _Column:
    """What all cells of a variable have in common, as far as they were looked at."""

    def __init__(self, dataset: Dataset, variable: Variable) -> None:
        self.record = dataset.name
        self.variable = variable
        self.issues: list[Issue] = []
        self.longest = 0
        self.integer = self.exact = True
        self.fresh = Fresh()
        self.wrong: set[str] = set()

    def look(self, texts: list[str | None], first: int) -> None:
        """Take in the cells of some rows, the first of which has the number ``first``."""
        self.longest = max(self.longest, max(map(len, filter(None, texts)), default=0))
        if self.variable.type == "Char":
            return
        for text in self.fresh.of(texts):
            integer = _is_integer(text)
            self.integer &= integer
            self.exact &= integer or is_exact(text)
            if not is_number(text):
                self.wrong.add(text)
        if self.wrong:
            self.report(texts, first)

    def report(self, texts: list[str | None], first: int) -> None:
        """Add an issue for each cell that is no number."""
        for number, text in enumerate(texts, first):
            if text in self.wrong:
                place = Place(line=number, record=self.record, field=self.variable.name)
                message = "not a number in a Num variable; the dataset is not written"
                hint = "mend it, or make the variable Char"
                self.issues.append(Issue("IX-JSON-005", "error", place, message, hint, text))

    @property
    def kind(self) -> str:
        """The data type that keeps every text."""
        if self.variable.type == "Char":
            return "string"
        if self.integer and self.longest:
            return "integer"
        return "float" if self.exact else "decimal"

    def values(self, texts: list[str | None]) -> Sequence[str | float | None]:
        """Return cells as values of that data type."""
        kind = self.kind
        if kind in {"string", "decimal"}:
            return texts
        read = int if kind == "integer" else float
        known = {text: None if text is None else read(text) for text in set(texts)}
        return [known[text] for text in texts]


def _survey(dataset: Dataset) -> tuple[list[_Column], list[Issue]]:
    """Return the columns of a dataset, and what is wrong with it: each issue is an error."""
    columns = [_Column(dataset, variable) for variable in dataset.variables]
    found: set[str] = set()
    first = 1
    for chunk in chunks(dataset.rows):
        found.update(*chunk)
        for column in columns:
            column.look(list(cells(chunk, column.variable.name)), first)
        first += len(chunk)
    return columns, [*column_issues(dataset, found), *(issue for column in columns for issue in column.issues)]


def _write(dataset: Dataset, columns: list[_Column], file: BinaryIO, lines: bool) -> None:
    encoder = msgspec.json.Encoder()
    head = _head(dataset, [_described_column(dataset, column) for column in columns])
    if lines:
        file.write(encoder.encode(head) + b"\n")
        file.writelines(encoder.encode_lines(rows) for rows in _values(dataset, columns))
        return
    file.write(encoder.encode(head | {"rows": []}).removesuffix(b"]}"))
    separator = b""
    for rows in _values(dataset, columns):
        file.write(separator + encoder.encode(rows)[1:-1])
        separator = b","
    file.write(b"]}\n")


def _values(dataset: Dataset, columns: list[_Column]) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows as they stand in JSON, a chunk at a time; none where there are no columns."""
    for chunk in chunks(dataset.rows) if columns else ():
        values = (column.values(list(cells(chunk, column.variable.name))) for column in columns)
        yield list(zip(*values, strict=True))


def _is_integer(text: str) -> bool:
    # Past 15 digits a reader that keeps numbers as doubles would change them.
    return len(text) <= 15 and text.removeprefix("-").isdecimal() and text.isascii() and str(int(text)) == text


def _described_column(dataset: Dataset, column: _Column) -> dict[str, Any]:
    variable, kind = column.variable, column.kind
    described: dict[str, Any] = {
        "itemOID": f"IT.{dataset.name}.{variable.name}",
        "name": variable.name,
        "label": variable.label,
        "dataType": kind,
    }
    if kind == "decimal":
        described["targetDataType"] = "decimal"
    if kind in {"string", "decimal"}:
        longest = column.longest or 1
        described["length"] = max(longest, variable.length or 1) if kind == "string" else longest
    if variable.format:
        described["displayFormat"] = variable.format
    keys = [key for key in dataset.keys if any(key == other.name for other in dataset.variables)]
    if variable.name in keys:
        described["keySequence"] = keys.index(variable.name) + 1
    return described


def _head(dataset: Dataset, columns: list[dict[str, Any]]) -> dict[str, Any]:
    head: dict[str, Any] = {
        "datasetJSONCreationDateTime": f"{stamp():%Y-%m-%dT%H:%M:%SZ}",
        "datasetJSONVersion": "1.1.0",
        "sourceSystem": {"name": "interchange", "version": _version()},
    }
    if dataset.study:
        head["studyOID"] = dataset.study
    return head | {
        "itemGroupOID": f"IG.{dataset.name}",
        "records": len(dataset.rows),
        "name": dataset.name,
        "label": dataset.label,
        "columns": columns,
    }


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("interchange")
    except metadata.PackageNotFoundError:
        return "0"


def _object(data: bytes, file: str) -> dict[str, Any]:
    try:
        head = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SourceError(_not_dataset_json(file, f"is not JSON ({error})")) from error
    if not isinstance(head, dict):
        raise SourceError(_not_dataset_json(file, "is not a JSON object"))
    return head


def _described(head: dict[str, Any], file: str) -> Dataset:
    version = str(head.get("datasetJSONVersion", ""))
    if not version.startswith("1.1"):
        raise SourceError(_not_dataset_json(file, f"is not Dataset-JSON 1.1 but {version or 'no Dataset-JSON'}"))
    try:
        columns = head["columns"]
        keys = sorted((column["keySequence"], column["name"]) for column in columns if column.get("keySequence"))
        variables = [
            Variable(
                column["name"],
                column.get("label") or "",
                "Num" if column["dataType"] in _NUMERIC else "Char",
                8 if column["dataType"] in _NUMERIC else column.get("length"),
                column.get("displayFormat") or "",
            )
            for column in columns
        ]
        name, label = str(head["name"]), str(head.get("label") or "")
        return Dataset(name, label, variables, keys=tuple(key for _, key in keys), encoding="utf-8")
    except (KeyError, TypeError, AttributeError) as error:
        message = f"its description is broken (at {error})"
        raise SourceError(_not_dataset_json(file, message)) from error


def _lines(data: bytes, file: str, issues: list[Issue]) -> list[Any]:
    decode = msgspec.json.Decoder(list[Any]).decode
    rows: list[Any] = []
    for number, line in enumerate(data.split(b"\n"), 2):
        if not line.strip():
            continue
        try:
            rows.append(decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError):
            message = "is not a JSON array; the row is left out"
            issues.append(Issue("IX-JSON-002", "error", Place(file, number), message, "mend the line"))
    return rows


def _rows(rows: list[Any], dataset: Dataset, file: str, issues: list[Issue]) -> Iterable[Row]:
    names = [variable.name for variable in dataset.variables]
    for number, values in enumerate(rows, 1):
        if not isinstance(values, list) or len(values) != len(names):
            message = f"the row does not have the {len(names)} cells of the columns; it is left out"
            place = Place(file, number, dataset.name)
            issues.append(Issue("IX-JSON-003", "error", place, message, "mend the row"))
            continue
        yield {name: _text(cell) for name, cell in zip(names, values, strict=True) if cell is not None and cell != ""}


def _text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float):
        return number_text(cell)
    return msgspec.json.encode(cell).decode()


def _not_dataset_json(file: str, message: str) -> Issue:
    return Issue("IX-JSON-001", "error", Place(file), message, "give a Dataset-JSON 1.1 file")
