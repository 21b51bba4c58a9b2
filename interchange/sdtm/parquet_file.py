"""Apache Parquet: columns of text and numbers, the dataset's description in the schema's metadata."""

from __future__ import annotations

import io
from math import isfinite
from pathlib import Path, PurePath
from typing import Any, cast

import msgspec

from interchange.issues import Issue, Place, SourceError
from interchange.sdtm.dataset import Dataset, Variable, check_columns, is_number, number_text
from interchange.sdtm.files import read_bytes, write_bytes

_KEY = b"interchange"


def write_parquet(dataset: Dataset, path: Path) -> list[Issue]:
    """Return what is wrong with writing a dataset; with an error among it, no file is written.

    A Num variable is float64 where that gives every text back as it is, else string; either way the schema's
    metadata says Num.
    """
    issues = check_columns(dataset)
    if issues:
        return issues
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields, columns = [], []
    for variable in dataset.variables:
        texts = [row.get(variable.name) for row in dataset.rows]
        exact = variable.type == "Num" and all(_is_float(text) for text in set(texts) if text is not None)
        kind = pa.float64() if exact else pa.string()
        values = [None if text is None else float(text) for text in texts] if exact else texts
        columns.append(pa.array(values, kind))
        fields.append(pa.field(variable.name, kind, metadata={_KEY: msgspec.json.encode(variable)}))
    about = {"name": dataset.name, "label": dataset.label, "keys": dataset.keys, "study": dataset.study}
    schema = pa.schema(fields, metadata={_KEY: msgspec.json.encode(about)})
    sink = io.BytesIO()
    pq.write_table(pa.table(columns, schema=schema), sink)
    write_bytes(path, sink.getvalue())
    return []


def is_parquet(start: bytes) -> bool:
    """Return whether a file that begins so is Parquet."""
    return start.startswith(b"PAR1")


def read_parquet(source: Path | str | bytes, *, file: str = "") -> tuple[Dataset, list[Issue]]:
    """Return the dataset of a Parquet file, named for the file where the file itself has no name for it.

    A file of another writer has no labels; its columns of numbers are Num. Raises SourceError for a broken
    file, or a column of neither text nor numbers.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = read_bytes(source)
    file = file or ("" if isinstance(source, bytes) else str(source))
    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError) as error:
        issue = Issue("IX-PARQUET-001", "error", Place(file), "is not Parquet", "get the file again")
        raise SourceError(issue) from error
    about = _json(table.schema.metadata)
    name = str(about.get("name") or PurePath(file).name.split(".")[0].upper())
    variables = [msgspec.convert(known, Variable) for field in table.schema if (known := _json(field.metadata))]
    dataset = Dataset.from_arrow(name, table, str(about.get("label", "")), variables)
    dataset.keys = tuple(about.get("keys", ()))
    dataset.study = str(about.get("study", "")) or (dataset.rows[0].get("STUDYID", "") if dataset.rows else "")
    dataset.encoding = "utf-8"
    return dataset, []


def _is_float(text: str) -> bool:
    return is_number(text) and isfinite(float(text)) and number_text(float(text)) == text


def _json(metadata: dict[bytes, bytes] | None) -> dict[str, Any]:
    return cast("dict[str, Any]", msgspec.json.decode((metadata or {}).get(_KEY, b"{}")))
