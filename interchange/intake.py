"""What comes in: FHIR records and SDTM datasets, from whatever a caller has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from interchange.fhir.elements import RELEASES, Release
from interchange.fhir.read import Reader, Record, Rejected
from interchange.fhir.version import detect
from interchange.issues import Issue, Issues, Place, SourceError
from interchange.sdtm.dataset import Dataset
from interchange.sdtm.formats import is_sdtm, read_package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

FhirVersion = Literal["auto", "R4", "R4B", "R5"]


def read_resources(
    source: object,
    issues: Issues,
    fhir_version: FhirVersion = "auto",
    progress: Callable[[int], None] | None = None,
) -> tuple[list[Record], list[Rejected], Release]:
    """Return the records of a source, what was rejected, and the release, found from content if it is not given.

    SourceError where the release cannot be told, or nothing at all could be read.
    """
    release = None if fhir_version == "auto" else fhir_version
    if release is not None and release not in RELEASES:
        raise SourceError(unknown_release(fhir_version))
    records: list[Record] = []
    rejected: list[Rejected] = []
    seen: dict[str, bytes] = {}
    for one in _sources(source):
        reader = Reader(one, issues, release, seen)
        for record in reader:
            records.append(record)
            if progress is not None:
                progress(len(records))
        rejected += reader.rejected
    if not records:
        first = next((i for i in issues if i.severity == "error"), None)
        empty = Issue("IX-FHIR-021", "error", Place(_name(source)), "holds no FHIR resource", "check the path")
        raise SourceError(first or empty)
    if release is None:
        found = detect(record.resource for record in records)
        if found.release is None:
            message = f"cannot tell the FHIR release ({', '.join(found.candidates) or 'none'} would fit)"
            raise SourceError(
                Issue("IX-FHIR-022", "error", Place(_name(source)), message, "say it with --fhir-version")
            )
        release = found.release
    return records, rejected, release


def _sources(source: object) -> list[object]:
    """One or more sources as a list: several paths, or anything that is one source."""
    if hasattr(source, "columns") and hasattr(source, "iloc"):
        frame: Any = source
        column = "resource" if "resource" in frame.columns else frame.columns[0]
        return [list(frame[column])]
    if isinstance(source, (list, tuple)) and source and all(isinstance(s, (str, Path)) for s in source):
        return list(source)
    return [source]


def unknown_release(given: str) -> Issue:
    """The issue of a FHIR release that there is not."""
    return Issue("IX-FHIR-023", "error", Place(), f"`{given}` is no FHIR release", f"use {', '.join(RELEASES)}")


def _name(source: object) -> str:
    return str(source) if isinstance(source, (str, Path)) and len(str(source)) < 500 else ""


def read_datasets(
    source: object,
    issues: Issues,
    encoding: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Dataset]:
    """Return the datasets of a source as `to_fhir` takes it; of two with one name the first.

    One of several sources that cannot be read is an issue. SourceError where none can.
    """
    if hasattr(source, "items"):
        frames: Mapping[str, Any] = source  # type: ignore[assignment]  # a mapping, as its items show
        return [
            frame if isinstance(frame, Dataset) else Dataset.from_pandas(name.upper(), frame)
            for name, frame in frames.items()
        ]
    datasets: dict[str, Dataset] = {}
    sources: Sequence[Any] = source if isinstance(source, (list, tuple)) else [source]
    for one in sources:
        found: list[Dataset] = [one] if isinstance(one, Dataset) else []
        trouble: Iterable[Issue] = ()
        if not found:
            try:
                found, trouble = read_package(one, encoding=encoding)
            except SourceError as error:
                if len(sources) == 1:
                    raise
                trouble = [error.issue]
        issues.extend(trouble)
        for dataset in found:
            if datasets.setdefault(dataset.name, dataset) is not dataset:
                place = Place(_name(one), record=dataset.name)
                message = f"{dataset.name} was read before; this one is left out"
                issues.add(Issue("IX-SDTM-021", "error", place, message, "give each dataset once"))
        if progress is not None:
            progress(sum(len(dataset.rows) for dataset in datasets.values()))
    if not datasets and len(issues):
        raise SourceError(next(iter(issues)))
    return list(datasets.values())


def is_sdtm_source(source: object) -> bool:
    """Whether a source holds SDTM datasets, not FHIR resources."""
    if hasattr(source, "items") and not hasattr(source, "columns"):
        return "resourceType" not in source  # type: ignore[operator]  # a mapping, as its items show
    first = source[0] if isinstance(source, (list, tuple)) and source else source
    if isinstance(first, Dataset):
        return True
    return isinstance(first, (str, Path)) and first != "-" and Path(first).exists() and is_sdtm(first)
