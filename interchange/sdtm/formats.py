"""The file formats by name, and packages: datasets in a file, a folder or a zip, whatever their formats."""

from __future__ import annotations

import zipfile
import zlib
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from interchange.issues import Issue, Issues, Place, SourceError, TargetError
from interchange.sdtm.csv_file import is_csv, read_csv, write_csv
from interchange.sdtm.dataset_json import is_dataset_json, read_dataset_json, write_dataset_json
from interchange.sdtm.files import read_bytes, unreadable
from interchange.sdtm.parquet_file import is_parquet, read_parquet, write_parquet
from interchange.sdtm.xpt import is_xpt, read_xpt, write_xpt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from interchange.sdtm.dataset import Dataset

    _Load = Callable[[int], bytes]

FORMATS = {
    "xpt": ".xpt",
    "dataset-json": ".json",
    "dataset-ndjson": ".ndjson",
    "csv": ".csv",
    "parquet": ".parquet",
}

_START = 1 << 16
_SIGNS = {"xpt": is_xpt, "parquet": is_parquet, "dataset-json": is_dataset_json, "csv": is_csv}


def write_dataset(
    dataset: Dataset,
    folder: Path,
    format: str,  # noqa: A002 - the word of the command line
    *,
    encoding: str = "utf-8",
) -> tuple[Path | None, list[Issue]]:
    """Return the file a dataset was written to, None where an issue is an error, and the issues.

    ``encoding`` is for xpt and csv; the other formats are UTF-8. Raises TargetError for an unknown format or
    a folder that cannot be written to.
    """
    if format not in FORMATS:
        hint = f"use one of {', '.join(FORMATS)}"
        raise TargetError(Issue("IX-SDTM-020", "error", Place(), f"no format is called {format!r}", hint))
    path = folder / (dataset.name.lower() + FORMATS[format])
    match format:
        case "xpt":
            issues = write_xpt(dataset, path, encoding=encoding)
        case "csv":
            issues = write_csv(dataset, path, encoding=encoding)
        case "parquet":
            issues = write_parquet(dataset, path)
        case _:
            issues = write_dataset_json(dataset, path, lines=format == "dataset-ndjson")
    written = not any(issue.severity == "error" for issue in issues)
    return (path if written else None), issues


def read_package(source: Path | str, *, encoding: str | None = None) -> tuple[list[Dataset], Issues]:
    """Return the datasets of a file, folder or zip, by name, and what was wrong.

    A file is recognised by its content, else by its extension; others, such as define.xml, are left alone. A
    dataset file that cannot be read is an issue. Of two datasets with one name the first is taken. Raises
    SourceError where no dataset at all can be read.
    """
    found: dict[str, Dataset] = {}
    issues = Issues()
    for file, load in _files(Path(source)):
        try:
            datasets, trouble = _read(file, load, encoding)
        except SourceError as error:
            datasets, trouble = [], [error.issue]
        issues.extend(trouble)
        for dataset in datasets:
            if found.setdefault(dataset.name, dataset) is not dataset:
                message = f"{dataset.name} was read before; this one is left out"
                place = Place(file, record=dataset.name)
                issues.add(Issue("IX-SDTM-021", "error", place, message, "give each dataset once"))
    if not found:
        nothing = Issue("IX-SDTM-022", "error", Place(str(source)), "holds no SDTM dataset", "check the path")
        raise SourceError(issues.found[0] if issues.found else nothing)
    return [found[name] for name in sorted(found)], issues


def is_sdtm(path: Path | str) -> bool:
    """Return whether a file, or one in a folder or zip, is an SDTM dataset; FHIR JSON and NDJSON are not.

    Raises SourceError if the path cannot be read.
    """
    return any(_kind(file, load(_START)) for file, load in _files(Path(path)))


def _kind(file: str, start: bytes) -> str:
    """Return the format of a file by how it begins, else by its name; "" if it is no dataset."""
    for kind, recognised in _SIGNS.items():
        if recognised(start):
            return kind
    suffix = PurePath(file).suffix.lower()
    return suffix[1:] if suffix in {".xpt", ".parquet"} else ""


def _read(file: str, load: _Load, encoding: str | None) -> tuple[list[Dataset], list[Issue]]:
    match _kind(file, load(_START)):
        case "xpt":
            return read_xpt(load(-1), encoding=encoding, file=file)
        case "csv":
            dataset, issues = read_csv(load(-1), encoding=encoding, file=file)
        case "parquet":
            dataset, issues = read_parquet(load(-1), file=file)
        case "dataset-json":
            dataset, issues = read_dataset_json(load(-1), file=file)
        case _:
            return [], []
    return [dataset], issues


def _files(source: Path) -> Iterator[tuple[str, _Load]]:
    """Yield each file's name in the package, and what loads its bytes: all for -1, else so many."""
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            name = path.relative_to(source).as_posix()
            if path.is_file() and not name.startswith("."):
                yield name, partial(_load, path)
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            for name in sorted(archive.namelist()):
                if not name.endswith("/") and not name.startswith("__MACOSX/"):
                    yield name, partial(_unzip, archive, name)
    else:
        yield source.name, partial(_load, source)


def _load(path: Path, size: int) -> bytes:
    if size < 0:
        return read_bytes(path)
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise SourceError(unreadable(path, error)) from error


def _unzip(archive: zipfile.ZipFile, name: str, size: int) -> bytes:
    try:
        with archive.open(name) as file:
            return file.read(size)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
        message = f"cannot be unpacked ({error})"
        issue = Issue("IX-SDTM-023", "error", Place(name), message, "zip it again, without a password")
        raise SourceError(issue) from error
