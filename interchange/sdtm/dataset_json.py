"""CDISC Dataset-JSON 1.1, as one JSON object or as NDJSON with a row a line."""

from __future__ import annotations

from importlib import metadata
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from interchange.issues import Issue, Place, SourceError
from interchange.sdtm.dataset import Dataset, Row, Variable, check_columns, is_number, number_text
from interchange.sdtm.files import read_bytes, stamp, write_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

_NUMERIC = {"integer", "float", "double", "decimal"}


def write_dataset_json(dataset: Dataset, path: Path, *, lines: bool = False) -> list[Issue]:
    """Return what is wrong with writing a dataset; with an error among it, no file is written."""
    data, issues = encode_dataset_json(dataset, lines=lines)
    if data is not None:
        write_bytes(path, data)
    return issues


def encode_dataset_json(dataset: Dataset, *, lines: bool = False) -> tuple[bytes | None, list[Issue]]:
    """Return a dataset as Dataset-JSON 1.1, and what is wrong with it; no bytes where an error is among that.

    With ``lines`` it is NDJSON. A Num variable is ``integer`` or ``float`` where JSON gives every value back
    as it is, else ``decimal``, whose values are text (Dataset-JSON 1.1, Decimal Variables). Blank is null.
    The creation time is SOURCE_DATE_EPOCH, else 1960-01-01.
    """
    issues = check_columns(dataset)
    columns: list[dict[str, Any]] = []
    cells: list[list[Any]] = []
    for variable in dataset.variables:
        texts = [row.get(variable.name) for row in dataset.rows]
        kind, values = ("string", texts) if variable.type == "Char" else _numbers(texts)
        if kind == "":
            issues.extend(_not_numbers(dataset.name, variable.name, texts))
        columns.append(_column(dataset, variable, kind, texts))
        cells.append(values)
    if any(issue.severity == "error" for issue in issues):
        return None, issues
    head = _head(dataset, columns)
    rows = list(zip(*cells, strict=True)) if cells else []
    if lines:
        data = b"".join(msgspec.json.encode(part) + b"\n" for part in [head, *rows])
    else:
        data = msgspec.json.encode(head | {"rows": rows}) + b"\n"
    return data, issues


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
    dataset.study = dataset.rows[0].get("STUDYID", "") if dataset.rows else ""
    return dataset, issues


def _numbers(texts: list[str | None]) -> tuple[str, list[Any]]:
    """Return the data type that keeps every text, with the values; ``""`` where a text is no number."""
    unique = {text for text in texts if text is not None}
    if not all(is_number(text) for text in unique):
        return "", []
    values: dict[str | None, Any] = {None: None}
    if unique and all(_is_integer(text) for text in unique):
        values |= {text: int(text) for text in unique}
        return "integer", [values[text] for text in texts]
    if all(isfinite(float(text)) and number_text(float(text)) == text for text in unique):
        values |= {text: float(text) for text in unique}
        return "float", [values[text] for text in texts]
    return "decimal", texts


def _is_integer(text: str) -> bool:
    # Past 15 digits a reader that keeps numbers as doubles would change them.
    return len(text) <= 15 and "." not in text and text.lower().find("e") < 0 and str(int(text)) == text


def _not_numbers(name: str, field: str, texts: list[str | None]) -> Iterable[Issue]:
    for number, text in enumerate(texts, 1):
        if text is not None and not is_number(text):
            place = Place(line=number, record=name, field=field)
            message = "not a number in a Num variable; the dataset is not written"
            hint = "mend it, or make the variable Char"
            yield Issue("IX-JSON-005", "error", place, message, hint, text)


def _column(dataset: Dataset, variable: Variable, kind: str, texts: list[str | None]) -> dict[str, Any]:
    column: dict[str, Any] = {
        "itemOID": f"IT.{dataset.name}.{variable.name}",
        "name": variable.name,
        "label": variable.label,
        "dataType": kind,
    }
    if kind == "decimal":
        column["targetDataType"] = "decimal"
    if kind in {"string", "decimal"}:
        longest = max((len(text) for text in texts if text), default=1)
        column["length"] = max(longest, variable.length or 1) if kind == "string" else longest
    if variable.format:
        column["displayFormat"] = variable.format
    keys = [key for key in dataset.keys if any(key == other.name for other in dataset.variables)]
    if variable.name in keys:
        column["keySequence"] = keys.index(variable.name) + 1
    return column


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
    for number, cells in enumerate(rows, 1):
        if not isinstance(cells, list) or len(cells) != len(names):
            message = f"the row does not have the {len(names)} cells of the columns; it is left out"
            place = Place(file, number, dataset.name)
            issues.append(Issue("IX-JSON-003", "error", place, message, "mend the row"))
            continue
        yield {name: _text(cell) for name, cell in zip(names, cells, strict=True) if cell is not None and cell != ""}


def _text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float):
        return number_text(cell)
    return msgspec.json.encode(cell).decode()


def _not_dataset_json(file: str, message: str) -> Issue:
    return Issue("IX-JSON-001", "error", Place(file), message, "give a Dataset-JSON 1.1 file")
