"""What comes in: FHIR records and SDTM datasets, from whatever a caller has."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeGuard

from interchange.fhir.elements import RELEASES, Release
from interchange.fhir.read import HeldRepeats, Reader, Record, Rejected, Repeats, Unjudged
from interchange.fhir.version import PER_TYPE, Detection, detect
from interchange.issues import Issue, Issues, Place, SourceError
from interchange.sdtm.dataset import Dataset
from interchange.sdtm.formats import is_sdtm, read_package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

FhirVersion = Literal["auto", "R4", "R4B", "R5"]
PACKED = 12  # how many times its size gzipped JSON has, about


def read_resources(
    source: object,
    issues: Issues,
    fhir_version: FhirVersion = "auto",
    progress: Callable[[int], None] | None = None,
) -> tuple[list[Record], list[Rejected], Release]:
    """Return the records of a source, what was rejected, and the release, found from content if it is not given.

    Records that were read before come back as they are, where the release is given. SourceError where the release
    cannot be told, or nothing at all could be read.
    """
    if fhir_version != "auto" and are_records(source):
        return source, [], fhir_version
    records: list[Record] = []
    rejected, release = stream_resources(source, issues, records.append, fhir_version, progress, HeldRepeats())
    return records, rejected, release


def are_records(source: object) -> TypeGuard[list[Record]]:
    """Whether a source was read before."""
    return isinstance(source, list) and bool(source) and isinstance(source[0], Record)


def size_of(source: object) -> int:
    """Return how many bytes of JSON a source holds, as far as its files tell; 0 for data in memory."""
    return sum(_size(Path(path)) for path in source_paths(source))


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(_size(each) for each in path.iterdir())
    if not path.is_file():
        return 0
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return sum(member.file_size for member in archive.infolist())
    return path.stat().st_size * (PACKED if path.suffix == ".gz" else 1)


def stream_resources(
    source: object,
    issues: Issues,
    take: Callable[[Record], None],
    fhir_version: FhirVersion = "auto",
    progress: Callable[[int], None] | None = None,
    repeats: Repeats | None = None,
) -> tuple[list[Rejected], Release]:
    """Hand the records of a source to ``take`` one by one; return what was rejected, and the release.

    Without ``repeats`` those of a resource are handed on as well, and of a record in a line only its head and text.
    SourceError as of `read_resources`.
    """
    release = None if fhir_version == "auto" else fhir_version
    if release is not None and release not in RELEASES:
        raise SourceError(unknown_release(fhir_version))
    rejected: list[Rejected] = []
    count = 0
    types: Counter[str] = Counter()

    def weighed() -> Iterator[Mapping[str, object]]:
        """The resources that tell the release."""
        nonlocal count
        for one in _sources(source):
            reader = Reader(one, issues, release, repeats or Unjudged(), heads=repeats is None)
            for record in reader:
                take(record)
                count += 1
                if progress is not None:
                    progress(count)
                type_ = record.resource["resourceType"]
                types[type_] += 1
                if types[type_] <= PER_TYPE:
                    yield record.whole().resource
            rejected.extend(reader.rejected)

    if release is not None:
        for _ in weighed():
            pass
        found = release
    else:
        detection = detect(weighed())
        if detection.release is None and count:
            raise _untold(detection, source)
        found = detection.release or "R4"
    if not count:
        raise _empty(source, issues)
    return rejected, found


def _empty(source: object, issues: Issues) -> SourceError:
    first = next((i for i in issues if i.severity == "error"), None)
    empty = Issue("IX-FHIR-021", "error", Place(_name(source)), "holds no FHIR resource", "check the path")
    return SourceError(first or empty)


def _untold(detection: Detection, source: object) -> SourceError:
    message = f"cannot tell the FHIR release ({', '.join(detection.candidates) or 'none'} would fit)"
    return SourceError(Issue("IX-FHIR-022", "error", Place(_name(source)), message, "say it with --fhir-version"))


def _sources(source: object) -> list[object]:
    """One or more sources as a list: several paths, or anything that is one source."""
    if hasattr(source, "columns") and hasattr(source, "iloc"):
        frame: Any = source
        column = "resource" if "resource" in frame.columns else frame.columns[0]
        return [list(frame[column])]
    if isinstance(source, (list, tuple)) and source and all(isinstance(s, (str, Path)) for s in source):
        return list(source)
    return [source]


def source_paths(source: object) -> tuple[str, ...]:
    """The paths that a source is given by; none for data in memory."""
    paths = [one for one in _sources(source) if isinstance(one, (str, Path))]
    return tuple(str(path) for path in paths if not str(path).lstrip().startswith(("{", "[")))


def path_of(file: str, paths: Sequence[str]) -> str:
    """The path of a file that a record was read from: a file of a folder goes by its name in there.

    >>> path_of("trial.json", ("trial.json",))
    'trial.json'
    """
    folder = "" if file in paths else next((path for path in paths if (Path(path) / file).is_file()), "")
    return f"{folder.rstrip('/')}/{file}" if folder else file


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
