"""What an ETL job calls: to_sdtm, to_fhir, roundtrip.

Sources are paths, open data in memory, or results of other libraries; results are values to look at, with ``write``
to put them into a folder. Nothing prints, nothing is global.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from interchange.fhir.elements import RELEASES, Release
from interchange.fhir.read import Reader, Record, Rejected
from interchange.fhir.validate import check, dangling
from interchange.fhir.version import detect
from interchange.issues import Issue, Issues, Place, SourceError, TargetError
from interchange.mapping.load import load_project
from interchange.runners.local import Engine, build_engines, datasets_to_resources, resources_to_datasets
from interchange.sdtm.dataset import Dataset
from interchange.sdtm.formats import FORMATS, is_sdtm, read_package, write_dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pandas as pd
    import pyarrow as pa

    from interchange.engine.ledger import Ledger
    from interchange.engine.settle import Tally
    from interchange.mapping.model import Project

Resource = dict[str, Any]
FhirVersion = Literal["auto", "R4", "R4B", "R5"]
Progress = "Callable[[str, int], None]"


@dataclass(slots=True)
class SdtmResult:
    """Datasets made of FHIR, with what was lost, what was wrong, and what was left out.

    ``ledger`` lists every FHIR leaf that does not come back (None if it was not asked for); ``rejected`` what could
    not be read; ``unmapped`` counts values that a code map does not hold, by (map, value).
    """

    datasets: list[Dataset]
    release: Release
    issues: Issues
    ledger: Ledger | None = None
    rejected: list[Rejected] = field(default_factory=list)
    unmapped: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __getitem__(self, name: str) -> pd.DataFrame:
        """The dataset of a name as a DataFrame; KeyError where there is none."""
        return self.dataset(name).to_pandas()

    def dataset(self, name: str) -> Dataset:
        """The dataset of a name; KeyError where there is none."""
        for dataset in self.datasets:
            if dataset.name == name:
                return dataset
        raise KeyError(name)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Every dataset as a DataFrame: Char as text, Num as float64."""
        return {d.name: d.to_pandas() for d in self.datasets}

    def tables(self) -> dict[str, pa.Table]:
        """Every dataset as an Arrow table."""
        return {d.name: d.to_arrow() for d in self.datasets}

    def write(
        self, folder: Path | str, formats: Sequence[str] = ("xpt",), *, encoding: str = "utf-8"
    ) -> list[Path]:
        """Write the datasets in each format, and beside them ledger.csv, issues.csv, codes.csv and quarantine.ndjson.

        A dataset that a format cannot hold is an issue and is not written in it. Returns the files written.
        """
        from interchange.report.files import write_codes, write_issues, write_ledger, write_quarantine

        target = _folder(folder)
        unknown = [f for f in formats if f not in FORMATS]
        if unknown:
            known = ", ".join(FORMATS)
            raise TargetError(
                Issue("IX-OUT-001", "error", Place(str(folder)), f"no format `{unknown[0]}`", f"use {known}")
            )
        written = []
        for dataset in self.datasets:
            for name in formats:
                path, issues = write_dataset(dataset, target, name, encoding=encoding)
                self.issues.extend(issues)
                if path is not None:
                    written.append(path)
        if self.ledger is not None:
            written.append(write_ledger(self.ledger, target))
        written += write_codes(self.unmapped, target)
        written += write_quarantine(self.rejected, target)
        written += write_issues(self.issues, target)
        return written


@dataclass(slots=True)
class FhirResult:
    """Resources made of SDTM, with how each variable's cells are held, what was wrong, and what was left out."""

    resources: list[Resource]
    release: Release
    issues: Issues
    tallies: dict[str, dict[str, Tally]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    lost: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def models(self) -> Iterator[Any]:
        """Yield each resource as a model of fhir.resources (R4 as R4B). Decimals and ``+00:00`` change in them."""
        from interchange.fhir.validate import to_model

        for resource in self.resources:
            yield to_model(resource, self.release)

    def check(self) -> list[Issue]:
        """What fhir.resources, required bindings and reference targets say against the resources."""
        found = [issue for resource in self.resources for issue in check(resource, self.release)]
        return found + dangling(self.resources)

    def write(self, folder: Path | str, as_: Literal["ndjson", "bundle"] = "ndjson") -> list[Path]:
        """Write NDJSON by resource type, or one Bundle; beside it issues.csv, and quarantine.ndjson of lost rows.

        Returns the files written.
        """
        from interchange.fhir.write import write_bundle, write_ndjson
        from interchange.report.files import write_issues, write_lost

        target = _folder(folder)
        if as_ == "bundle":
            write_bundle(self.resources, target / "bundle.json")
            written = [target / "bundle.json"]
        else:
            written = write_ndjson(self.resources, target)
        return written + write_lost(self.lost, target) + write_issues(self.issues, target)


def _folder(folder: Path | str) -> Path:
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        place = Place(str(folder))
        message = f"cannot be made a folder: {type(error).__name__}"
        raise TargetError(Issue("IX-OUT-002", "error", place, message, "choose another --out")) from error
    return target


def _settings(project: Project, sdtmig: str | None) -> Project:
    from dataclasses import replace

    from interchange.sdtm.standard import standard

    version = sdtmig or project.settings["sdtmig"]
    standard(version)  # an unknown version stops here, with those that are known
    return replace(project, settings={**project.settings, "sdtmig": version})


def _sources(source: object) -> list[object]:
    """One or more sources as a list: several paths, or anything that is one source."""
    if hasattr(source, "columns") and hasattr(source, "iloc"):
        frame: Any = source
        column = "resource" if "resource" in frame.columns else frame.columns[0]
        return [list(frame[column])]
    if isinstance(source, (list, tuple)) and source and all(isinstance(s, (str, Path)) for s in source):
        return list(source)
    return [source]


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
        raise SourceError(_unknown_release(fhir_version))
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
        empty = Issue(
            "IX-FHIR-021", "error", Place(_name(source)), "holds no FHIR resource", "check the path"
        )
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


def _unknown_release(given: str) -> Issue:
    return Issue(
        "IX-FHIR-023", "error", Place(), f"`{given}` is no FHIR release", f"use {', '.join(RELEASES)}"
    )


def _name(source: object) -> str:
    return str(source) if isinstance(source, (str, Path)) and len(str(source)) < 500 else ""


def to_sdtm(
    source: object,
    *,
    fhir_version: FhirVersion = "auto",
    sdtmig: str | None = None,
    mappings: Path | str | None = None,
    study: Path | str | None = None,
    engine: Engine = "compiled",
    ledger: bool = True,
    progress: Callable[[int], None] | None = None,
) -> SdtmResult:
    """Return the SDTM datasets of FHIR resources.

    ``source`` is a path (a Bundle, a resource, NDJSON, gzip, zip, a folder of these, ``-`` for standard input), a list
    of paths, an iterable of dicts or of fhir.resources models, or a DataFrame with a resource a row. ``mappings`` is a
    folder of overlays, ``study`` a settings file. SourceError where nothing can be read, MappingError where a mapping
    is broken.
    """
    project = _settings(load_project(mappings, study), sdtmig)
    issues = Issues()
    records, rejected, release = read_resources(source, issues, fhir_version, progress)
    made = resources_to_datasets(build_engines(project, release, engine), records, issues, ledger=ledger)
    return SdtmResult(made.datasets, release, issues, made.ledger, rejected, made.unmapped)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of one dataset, in order."""

    dataset: Dataset
    number: int


def stream_sdtm(source: object, *, rows: int = 50_000, **options: Any) -> Iterator[Batch]:
    """Yield the datasets of FHIR resources in batches of at most ``rows`` rows; options are those of `to_sdtm`."""
    from dataclasses import replace

    result = to_sdtm(source, ledger=False, **options)
    while result.datasets:
        dataset = result.datasets.pop(0)
        for number, start in enumerate(range(0, max(len(dataset.rows), 1), rows)):
            yield Batch(replace(dataset, rows=dataset.rows[start : start + rows]), number)


def to_fhir(
    source: object,
    *,
    fhir_version: Release = "R5",
    sdtmig: str | None = None,
    mappings: Path | str | None = None,
    study: Path | str | None = None,
    engine: Engine = "compiled",
    encoding: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> FhirResult:
    """Return the FHIR resources of SDTM datasets.

    ``source`` is a path (XPT, Dataset-JSON, CSV, Parquet, a folder or zip of these), a list of paths, Datasets, or
    DataFrames by dataset name. SourceError where nothing can be read, MappingError where a mapping is broken.
    """
    if fhir_version not in RELEASES:
        raise SourceError(_unknown_release(fhir_version))
    project = _settings(load_project(mappings, study), sdtmig)
    issues = Issues()
    datasets = read_datasets(source, issues, encoding, progress)
    made = datasets_to_resources(build_engines(project, fhir_version, engine), datasets, issues)
    return FhirResult(made.resources, fhir_version, issues, made.tallies, made.left_out, made.lost)


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


@dataclass(slots=True)
class RoundTrip:
    """A source there and back: SDTM by FHIR (``tallies``, ``different``), or FHIR by SDTM (``ledger``).

    ``different`` counts cells that did not come back, by DATASET.VARIABLE; it is empty when the laws hold.
    ``invalid`` is what validation says against the resources in between, ``resources`` how many of each type there
    are there; ``rejected`` is what of FHIR could not be read.
    """

    kind: Literal["SDTM", "FHIR"]
    release: Release
    issues: Issues
    tallies: dict[str, dict[str, Tally]] = field(default_factory=dict)
    different: Counter[str] = field(default_factory=Counter)
    invalid: list[Issue] = field(default_factory=list)
    ledger: Ledger | None = None
    left_out: dict[str, str] = field(default_factory=dict)
    datasets: list[Dataset] = field(default_factory=list)
    resources: Counter[str] = field(default_factory=Counter)
    rejected: list[Rejected] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether everything came back, or is explained in the ledger."""
        return not self.different and not self.invalid


def roundtrip(
    source: object,
    *,
    fhir_version: FhirVersion = "auto",
    sdtmig: str | None = None,
    mappings: Path | str | None = None,
    study: Path | str | None = None,
    engine: Engine = "compiled",
    encoding: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> RoundTrip:
    """Return what becomes of a source that goes to the other side and back. Either kind is recognised."""
    options: dict[str, Any] = {"sdtmig": sdtmig, "mappings": mappings, "study": study, "engine": engine}
    if _is_sdtm_source(source):
        release: Release = "R5" if fhir_version == "auto" else fhir_version
        issues = Issues()
        datasets = read_datasets(source, issues, encoding, progress)
        there = to_fhir(datasets, fhir_version=release, **options)
        back = to_sdtm(there.resources, fhir_version=release, ledger=False, **options)
        issues.extend(there.issues)
        trip = RoundTrip(
            "SDTM", release, issues, there.tallies, left_out=there.left_out, datasets=back.datasets
        )
        trip.invalid = there.check()
        trip.resources = Counter(resource["resourceType"] for resource in there.resources)
        trip.different = compare_datasets(
            [d for d in datasets if d.name not in there.left_out], back.datasets
        )
        return trip
    result = to_sdtm(source, fhir_version=fhir_version, progress=progress, **options)
    return RoundTrip(
        "FHIR",
        result.release,
        result.issues,
        ledger=result.ledger,
        datasets=result.datasets,
        rejected=result.rejected,
    )


def _is_sdtm_source(source: object) -> bool:
    if hasattr(source, "items") and not hasattr(source, "columns"):
        return "resourceType" not in source  # type: ignore[operator]  # a mapping, as its items show
    first = source[0] if isinstance(source, (list, tuple)) and source else source
    if isinstance(first, Dataset):
        return True
    return isinstance(first, (str, Path)) and first != "-" and Path(first).exists() and is_sdtm(first)


def compare_datasets(before: Iterable[Dataset], after: Iterable[Dataset]) -> Counter[str]:
    """Count cells that differ between datasets of the same names, row by row, by DATASET.VARIABLE.

    Numbers are equal to 1e-9, texts exactly; a missing row counts once under ``DATASET.(rows)``.
    """
    different: Counter[str] = Counter()
    others = {dataset.name: dataset for dataset in after}
    for dataset in before:
        other = others.get(dataset.name)
        rows = other.rows if other else []
        if len(rows) != len(dataset.rows):
            different[f"{dataset.name}.(rows)"] += abs(len(rows) - len(dataset.rows))
        numeric = {v.name for v in dataset.variables if v.type == "Num"}
        for one, two in zip(dataset.rows, rows, strict=False):
            for variable in one.keys() | two.keys():
                if not _equal(one.get(variable), two.get(variable), variable in numeric):
                    different[f"{dataset.name}.{variable}"] += 1
    return different


def _equal(one: str | None, two: str | None, numeric: bool) -> bool:
    if one == two:
        return True
    if not numeric or one is None or two is None:
        return False
    try:
        return abs(float(one) - float(two)) <= 1e-9 * max(1.0, abs(float(one)))
    except ValueError:
        return False
