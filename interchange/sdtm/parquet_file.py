"""Apache Parquet: columns of text and numbers, the dataset's description in the schema's metadata."""

from __future__ import annotations

import io
from itertools import islice
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, cast

import msgspec

from interchange.issues import Issue, Place, SourceError
from interchange.sdtm.chunks import Fresh, cells, chunks
from interchange.sdtm.dataset import Dataset, Variable, column_issues, is_exact
from interchange.sdtm.files import read_bytes, whole_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from interchange.sdtm.dataset import Row

# How many rows of a column lie together in the file, and, as Arrow has them, in memory while they are written.
ROW_GROUP = 50_000

_KEY = b"interchange"


def write_parquet(dataset: Dataset, path: Path) -> list[Issue]:
    """Return what is wrong with writing a dataset; with an error among it, no file is written.

    A Num variable is float64 where that gives every text back as it is, else string; either way the schema's
    metadata says Num.
    """
    found: set[str] = set()
    fresh = {variable.name: Fresh() for variable in dataset.variables if variable.type == "Num"}
    for chunk in chunks(dataset.rows):
        found.update(*chunk)
        inexact = [name for name, new in fresh.items() if not all(map(is_exact, new.of(cells(chunk, name))))]
        for name in inexact:
            del fresh[name]
    if issues := column_issues(dataset, found):
        return issues
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = [
        pa.field(
            variable.name,
            pa.float64() if variable.name in fresh else pa.string(),
            metadata={_KEY: msgspec.json.encode(variable)},
        )
        for variable in dataset.variables
    ]
    about = {"name": dataset.name, "label": dataset.label, "keys": dataset.keys, "study": dataset.study}
    schema = pa.schema(fields, metadata={_KEY: msgspec.json.encode(about)})
    with whole_file(path) as file, pq.ParquetWriter(file, schema) as writer:
        rows = iter(dataset.rows)
        while batches := [_batch(chunk, schema) for chunk in chunks(islice(rows, ROW_GROUP))]:
            writer.write_table(pa.Table.from_batches(batches, schema).combine_chunks())
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
    first = next(iter(dataset.rows), {})
    dataset.study = str(about.get("study", "")) or first.get("STUDYID", "")
    dataset.encoding = "utf-8"
    return dataset, []


def _batch(rows: Sequence[Row], schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    columns = []
    for field in schema:
        texts = cells(rows, field.name)
        if pa.types.is_floating(field.type):
            columns.append(pa.array((None if text is None else float(text) for text in texts), field.type))
        else:
            columns.append(pa.array(texts, field.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _json(metadata: dict[bytes, bytes] | None) -> dict[str, Any]:
    return cast("dict[str, Any]", msgspec.json.decode((metadata or {}).get(_KEY, b"{}")))
