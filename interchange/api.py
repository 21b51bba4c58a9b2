"""What an ETL job calls: to_sdtm, to_fhir, roundtrip, and trace, which says where a cell comes from.

Sources are paths, open data in memory, or results of other libraries; results are values to look at, with ``write``
to put them into a folder. Nothing prints, nothing is global.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import lru_cache, partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from interchange.engine.codelists import check_codelists
from interchange.engine.leafwise import Leafwise
from interchange.engine.remainder.lines import read_remainder
from interchange.fhir.elements import RELEASES, Release
from interchange.fhir.read import Record, Repeats
from interchange.intake import (
    FhirVersion,
    are_records,
    is_sdtm_source,
    path_of,
    read_datasets,
    read_resources,
    size_of,
    source_paths,
    stream_resources,
    unknown_release,
)
from interchange.issues import Issue, Issues, Place, SourceError
from interchange.mapping.load import load_project
from interchange.mapping.terminology import project_terminology
from interchange.report.manifest import check_dataset, check_inputs, describe_run, read_manifest
from interchange.results import Batch, FhirResult, RoundTrip, Run, SdtmResult
from interchange.runners.adapted import adapt_to_datasets, adapt_to_resources
from interchange.runners.again import PartedTracer, tracer_of
from interchange.runners.distributed import Runner, open_runner
from interchange.runners.engines import Engine, ready_engines
from interchange.runners.garbage import uncollected
from interchange.runners.local import datasets_to_resources, resources_to_datasets
from interchange.runners.remainder import (
    check_remainder,
    merged,
    settled_datasets,
    unasked_remainders,
)
from interchange.runners.stream import MEMORY, Stream, parts_for
from interchange.sdtm.chunks import chunks
from interchange.sdtm.standard import standard
from interchange.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from interchange.engine.remainder.model import Remainder
    from interchange.engine.traced import Trace, Traces
    from interchange.mapping.model import Project
    from interchange.runners.engines import Engines
    from interchange.sdtm.dataset import Dataset

    Packages = Path | str | Sequence[Path | str] | None


@uncollected()
def to_sdtm(
    source: object,
    *,
    fhir_version: FhirVersion = "auto",
    sdtmig: str | None = None,
    mappings: Path | str | None = None,
    study: Path | str | None = None,
    ct: Packages = None,
    engine: Engine = "compiled",
    ledger: bool = True,
    remainder: bool = False,
    memory: int = MEMORY,
    jobs: int = 1,
    runner: Runner = "local",
    scheduler: Any = None,
    progress: Callable[[int], None] | None = None,
) -> SdtmResult:
    """Return the SDTM datasets of FHIR resources.

    ``source`` is a path (a Bundle, a resource, NDJSON, gzip, zip, a folder of these, ``-`` for standard input), a list
    of paths, an iterable of dicts or of fhir.resources models, or a DataFrame with a resource a row. ``mappings`` is a
    folder of overlays, ``study`` a settings file, ``ct`` one CDISC CT package or several, whose codelists stand in for
    the shipped ones. SourceError where nothing can be read, MappingError where a mapping is broken.

    With ``remainder`` the result has what SDTM cannot hold, for `to_fhir` to merge back. The ledger of a source in
    memory is that of files then, in which a Num cell is a double.

    Files that would not fit into ``memory`` (a budget in bytes) are converted in parts on disk, a part being whole for
    its subjects, by ``jobs`` processes; the datasets are the same.

    With ``runner="dask"`` the parts are converted on the Dask cluster at ``scheduler`` (an address, a Client, a
    cluster), or without one by ``jobs`` workers that are started for it. RunnerError where that cannot be used.
    """
    project = project_of(mappings, study, sdtmig, ct)
    issues = Issues()
    records: list[Record] = []
    engines: Engines | None = None
    parts = parts_for(size_of(source), memory)
    opened = open_runner(runner, scheduler, jobs)
    if parts > 1:
        with opened as elsewhere:
            stream = Stream(parts, jobs, elsewhere)
            rejected, release = stream_resources(source, issues, stream.add, fhir_version, progress)
            back = partial(_back, project, release, engine) if remainder else None
            made = stream.finish(project, release, engine, issues, rejected, ledger=ledger, back=back)
    else:
        records, rejected, release = read_resources(source, issues, fhir_version, progress)
        base, project = project, adapt_to_resources(project, (record.resource for record in records))
        engines = ready_engines(project, release, engine)
        back = partial(_back, base, release, engine) if remainder else None
        made = resources_to_datasets(engines, records, issues, ledger=ledger, back=back)
    outside = check_codelists(made.datasets, project.settings, issues)
    paths = source_paths(source)
    held = None if paths and "-" not in paths else records  # what cannot be read again is kept for traces
    run = Run(
        paths,
        {
            "sdtmig": sdtmig,
            "mappings": str(mappings or "") or None,
            "study": str(study or "") or None,
            "ct": _lines(ct) or None,
        },
        lambda: _tracer(project, release, held or source, memory, engines),
    )
    result = SdtmResult(made.datasets, release, issues, made.ledger, rejected, made.unmapped, outside, run, made.work)
    result.remainder = made.remainder
    return result


def _back(project: Project, release: Release, engine: Engine, datasets: Sequence[Dataset]) -> Engines:
    """The engines by which `to_fhir` takes datasets back."""
    return ready_engines(adapt_to_datasets(project, datasets), release, engine)


def trace(
    folder: Path | str,
    dataset: str,
    row: int,
    variable: str = "",
    *,
    source: Sequence[Path | str] = (),
    memory: int = MEMORY,
    progress: Callable[[int], None] | None = None,
) -> Trace:
    """Return where a row's cells come from, or one of them; rows count from 1.

    ``folder`` is what `SdtmResult.write` or ``interchange to-sdtm --out`` wrote; its run.json says what to convert
    again, in parts where it would not fit into ``memory``. ``source`` is for sources that lie elsewhere by now. What
    changed since is in the trace's issues; SourceError where the dataset is another than it was, where the source is
    not at hand, or where there is no such cell.
    """
    manifest = read_manifest(Path(folder))
    options: dict[str, str | None] = {**manifest.options}
    paths = [str(path) for path in source] or [given.path for given in manifest.sources]
    _check_at_hand(paths, folder)
    project = project_of(*(options.get(name) for name in ("mappings", "study", "sdtmig", "ct")))
    release = cast("Release", manifest.fhir_version)
    tracer = _tracer(project, release, paths, memory, progress=progress)
    now = describe_run(paths, release, options, tracer.datasets.values())
    found = tracer.trace(dataset, row, variable)
    check_dataset(manifest, now, found.dataset)
    return replace(found, issues=check_inputs(manifest, now))


def _tracer(
    project: Project,
    release: Release,
    source: object,
    memory: int,
    engines: Engines | None = None,
    progress: Callable[[int], None] | None = None,
) -> Traces:
    """What traces the cells that a source, or the records of one, become."""
    paths = source_paths(source)

    def where(file: str) -> str:
        return path_of(file, paths)

    if (parts := parts_for(size_of(source), memory)) > 1:
        stream = Stream(parts)
        stream_resources(source, Issues(), stream.add, release, progress)
        return PartedTracer(stream, project, release, where)
    records = source if are_records(source) else read_resources(source, Issues(), release, progress)[0]
    if engines is None:
        engines = ready_engines(adapt_to_resources(project, (record.resource for record in records)), release)
    return tracer_of(engines, records, where)


def _check_at_hand(paths: Sequence[str], folder: Path | str) -> None:
    """Stop with SourceError where the sources of a conversion cannot be read again."""
    hint = "say with --source where it lies now"
    if not paths or "-" in paths:
        message = "the datasets were made of data in memory or of standard input"
        raise SourceError(Issue("IX-TRACE-003", "error", Place(str(folder)), message, hint))
    for path in paths:
        if not Path(path).exists():
            raise SourceError(Issue("IX-TRACE-003", "error", Place(path), "the source is not at its place", hint))


def stream_sdtm(source: object, *, rows: int = 50_000, **options: Any) -> Iterator[Batch]:
    """Yield the datasets of FHIR resources in batches of at most ``rows`` rows; options are those of `to_sdtm`."""
    result = to_sdtm(source, ledger=False, **options)
    while result.datasets:
        dataset = result.datasets.pop(0)
        for number, batch in enumerate(chunks(dataset.rows, rows) if len(dataset.rows) else ([],)):
            yield Batch(replace(dataset, rows=batch), number)


@uncollected()
def to_fhir(
    source: object,
    *,
    fhir_version: Release | None = None,
    remainder: Remainder | Path | str | None = None,
    sdtmig: str | None = None,
    mappings: Path | str | None = None,
    study: Path | str | None = None,
    ct: Packages = None,
    engine: Engine = "compiled",
    encoding: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> FhirResult:
    """Return the FHIR resources of SDTM datasets.

    ``source`` is a path (XPT, Dataset-JSON, CSV, Parquet, a folder or zip of these), a list of paths, Datasets, or
    DataFrames by dataset name. SourceError where nothing can be read, MappingError where a mapping is broken.

    ``remainder`` is what `to_sdtm` kept of the originals of these datasets, or the file that it was written to: the
    originals come back as they were, with what changed in the datasets since. The release is that of the remainder,
    else R5.
    """
    kept = read_remainder(remainder) if isinstance(remainder, (str, Path)) else remainder
    release = fhir_version or (kept.release if kept is not None else "R5")
    if release not in RELEASES:
        raise SourceError(unknown_release(release))
    project = project_of(mappings, study, sdtmig, ct)
    issues = Issues()
    datasets = read_datasets(source, issues, encoding, progress)
    if kept is not None:
        check_remainder(kept, release)
        datasets = settled_datasets(datasets)
    else:
        issues.extend(unasked_remainders(source_paths(source)))
    engines = ready_engines(adapt_to_datasets(project, datasets), release, engine)
    made = datasets_to_resources(engines, datasets, issues)
    if kept is not None:
        made.resources = merged(engines, made, datasets, kept, issues)
    outside = check_codelists(datasets, project.settings)
    return FhirResult(made.resources, release, issues, made.tallies, made.lost, outside)


def roundtrip(
    source: object,
    *,
    fhir_version: FhirVersion = "auto",
    sdtmig: str | None = None,
    mappings: Path | str | None = None,
    study: Path | str | None = None,
    ct: Packages = None,
    engine: Engine = "compiled",
    encoding: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> RoundTrip:
    """Return what becomes of a source that goes to the other side and back. Either kind is recognised.

    SDTM is compared cell by cell. FHIR is compared leaf by leaf; where it would not fit into memory, by the ledger.
    """
    options: dict[str, Any] = {"sdtmig": sdtmig, "mappings": mappings, "study": study, "ct": ct, "engine": engine}
    if is_sdtm_source(source):
        release: Release = "R5" if fhir_version == "auto" else fhir_version
        issues = Issues()
        datasets = read_datasets(source, issues, encoding, progress)
        there = to_fhir(datasets, fhir_version=release, **options)
        back = to_sdtm(there.resources, fhir_version=release, ledger=False, **options)
        issues.extend(there.issues)
        trip = RoundTrip("SDTM", release, issues, there.tallies, datasets=back.datasets)
        trip.versions = _versions(release, project_of(mappings, study, sdtmig, ct))
        trip.invalid = there.check()
        trip.resources = Counter(resource["resourceType"] for resource in there.resources)
        trip.different = compare_datasets(datasets, back.datasets)
        return trip
    trip = _by_sdtm(source, fhir_version, progress, options)
    trip.versions = _versions(trip.release, project_of(mappings, study, sdtmig, ct))
    return trip


def _by_sdtm(
    source: object, fhir_version: FhirVersion, progress: Callable[[int], None] | None, options: dict[str, Any]
) -> RoundTrip:
    """FHIR to SDTM and back, with the remainder; that of a source too large for memory is not put through."""
    whole = parts_for(size_of(source), MEMORY) == 1
    if not whole:
        result = to_sdtm(source, fhir_version=fhir_version, progress=progress, **options)
        leafwise = Leafwise()
        stream_resources(source, Issues(), lambda r: leafwise.add(r.resource), result.release, repeats=Repeats())
        issues, rejected, release = result.issues, result.rejected, result.release
    else:
        issues = Issues()
        records, rejected, release = read_resources(source, issues, fhir_version, progress)
        result = to_sdtm(records, fhir_version=release, remainder=True, **options)
        back = to_fhir(result.datasets, fhir_version=release, remainder=result.remainder, **options)
        issues.extend(result.issues)
        issues.extend(issue for issue in back.issues if issue.severity == "error")
        leafwise = Leafwise(back.resources)
        for record in records:
            leafwise.add(record.resource)
    trip = RoundTrip("FHIR", release, issues, ledger=result.ledger, datasets=result.datasets, rejected=rejected)
    trip.remainder = whole
    trip.leaves = leafwise.tallies(result.ledger.losses if result.ledger else ())
    trip.resources = Counter({type_: tally.resources for type_, tally in trip.leaves.items()})
    return trip


def _versions(release: Release, project: Project) -> dict[str, str]:
    """The versions of what a round trip went through."""
    return {
        "interchange": __version__,
        "FHIR": release,
        "SDTMIG": project.settings["sdtmig"],
        "fhir.resources": metadata.version("fhir.resources"),
    }


def project_of(
    mappings: Path | str | None = None,
    study: Path | str | None = None,
    sdtmig: str | None = None,
    ct: Packages = None,
) -> Project:
    """Return the mappings, settings and terminology that options name; MappingError and SourceError as `to_sdtm`."""
    project = load_project(mappings, study)
    return _settled(project, sdtmig or project.settings["sdtmig"], _lines(ct))


@lru_cache(maxsize=16)
def _settled(project: Project, version: str, packages: str) -> Project:
    standard(version)  # an unknown version stops here, with those that are known
    settings = {**project.settings, "sdtmig": version}
    if packages:
        settings["ct"] = packages
        project_terminology(settings)  # and a package that cannot be read
    return replace(project, settings=settings)


def _lines(ct: Packages) -> str:
    """The paths of packages, one a line."""
    return "" if ct is None else str(ct) if isinstance(ct, (str, Path)) else "\n".join(map(str, ct))


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
