"""What an ETL job calls: to_sdtm, to_fhir, roundtrip.

Sources are paths, open data in memory, or results of other libraries; results are values to look at, with ``write``
to put them into a folder. Nothing prints, nothing is global.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from interchange.fhir.elements import RELEASES, Release
from interchange.intake import FhirVersion, is_sdtm_source, read_datasets, read_resources, unknown_release
from interchange.issues import Issues, SourceError
from interchange.mapping.load import load_project
from interchange.results import Batch, FhirResult, RoundTrip, SdtmResult
from interchange.runners.local import Engine, build_engines, datasets_to_resources, resources_to_datasets
from interchange.sdtm.standard import standard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from interchange.mapping.model import Project
    from interchange.sdtm.dataset import Dataset


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


def stream_sdtm(source: object, *, rows: int = 50_000, **options: Any) -> Iterator[Batch]:
    """Yield the datasets of FHIR resources in batches of at most ``rows`` rows; options are those of `to_sdtm`."""
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
        raise SourceError(unknown_release(fhir_version))
    project = _settings(load_project(mappings, study), sdtmig)
    issues = Issues()
    datasets = read_datasets(source, issues, encoding, progress)
    made = datasets_to_resources(build_engines(project, fhir_version, engine), datasets, issues)
    return FhirResult(made.resources, fhir_version, issues, made.tallies, made.left_out, made.lost)


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
    if is_sdtm_source(source):
        release: Release = "R5" if fhir_version == "auto" else fhir_version
        issues = Issues()
        datasets = read_datasets(source, issues, encoding, progress)
        there = to_fhir(datasets, fhir_version=release, **options)
        back = to_sdtm(there.resources, fhir_version=release, ledger=False, **options)
        issues.extend(there.issues)
        trip = RoundTrip("SDTM", release, issues, there.tallies, left_out=there.left_out, datasets=back.datasets)
        trip.invalid = there.check()
        trip.resources = Counter(resource["resourceType"] for resource in there.resources)
        trip.different = compare_datasets([d for d in datasets if d.name not in there.left_out], back.datasets)
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


def _settings(project: Project, sdtmig: str | None) -> Project:
    version = sdtmig or project.settings["sdtmig"]
    standard(version)  # an unknown version stops here, with those that are known
    return replace(project, settings={**project.settings, "sdtmig": version})


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
