"""What an ETL job calls: to_sdtm, to_fhir, roundtrip, and trace, which says where a cell comes from.

Sources are paths, open data in memory, or results of other libraries; results are values to look at, with ``write``
to put them into a folder. Nothing prints, nothing is global. What only some sources need, documents of trials and
traces, is imported for them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from interchange.engine.codelists import check_codelists
from interchange.engine.remainder.lines import read_remainder
from interchange.fhir.elements import RELEASES, Release
from interchange.fhir.members import copied
from interchange.intake import (
    FhirVersion,
    are_records,
    path_of,
    read_datasets,
    read_resources,
    size_of,
    source_paths,
    stream_resources,
    unknown_release,
)
from interchange.issues import Issue, Issues, Place, SourceError
from interchange.mapping.load import package_lines, project_of
from interchange.report.manifest import check_dataset, check_inputs, describe_run, read_manifest
from interchange.results import Batch, FhirResult, Run, SdtmResult
from interchange.runners.adapted import adapt_to_datasets, adapt_to_resources
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
from interchange.runners.stream import MEMORY, Stream, parts_for, shared_out
from interchange.sdtm.chunks import chunks
from interchange.trees.documents import is_tree_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from interchange.engine.remainder.model import Remainder
    from interchange.engine.traced import Trace, Traces
    from interchange.fhir.read import Record
    from interchange.mapping.load import Packages
    from interchange.mapping.model import Project
    from interchange.runners.engines import Engines
    from interchange.sdtm.dataset import Dataset
    from interchange.trees.convert import Grown


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

    ClinicalTrials.gov records and USDM studies are taken as well, by way of FHIR R5 if no release is given.

    With ``remainder`` the result has what SDTM cannot hold, for `to_fhir` (of records and studies for `to_registry`
    and `to_usdm`) to merge back. The ledger of a source in memory is that of files then, in which a Num cell is a
    double.

    Files that would not fit into ``memory`` (a budget in bytes) are converted in parts on disk, a part being whole for
    its subjects, by ``jobs`` processes; the datasets are the same.

    With ``runner="dask"`` the parts are converted on the Dask cluster at ``scheduler`` (an address, a Client, a
    cluster), or without one by ``jobs`` workers that are started for it. RunnerError where that cannot be used.
    """
    project = project_of(mappings, study, sdtmig, ct)
    if is_tree_source(source):
        from interchange.trees.convert import grow

        release = "R5" if fhir_version == "auto" else fhir_version
        options: dict[str, Any] = {"sdtmig": sdtmig, "mappings": mappings, "study": study, "ct": ct, "engine": engine}
        grown = grow(source, project, release, issues := Issues(), progress)
        return _grown_to_sdtm(
            source, grown, project, release, issues, options, ledger=ledger, remainder=remainder, memory=memory
        )
    issues = Issues()
    records: list[Record] = []
    engines: Engines | None = None
    parts = parts_for(size_of(source), memory)
    opened = open_runner(runner, scheduler, jobs)
    if parts > 1:
        with opened as elsewhere:
            stream = Stream(shared_out(parts, jobs), jobs, elsewhere)
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
        _run_options(sdtmig, mappings, study, ct),
        lambda: _tracer(project, release, held or source, memory, engines),
    )
    result = SdtmResult(made.datasets, release, issues, made.ledger, rejected, made.unmapped, outside, run, made.work)
    result.remainder = made.remainder
    return result


def _run_options(
    sdtmig: str | None, mappings: Path | str | None, study: Path | str | None, ct: Packages
) -> dict[str, str | None]:
    """The options of a run, as its manifest has them."""
    named = {"mappings": str(mappings or ""), "study": str(study or ""), "ct": package_lines(ct)}
    return {"sdtmig": sdtmig, **{name: text or None for name, text in named.items()}}


def _grown_to_sdtm(
    source: object,
    grown: Grown,
    project: Project,
    release: Release,
    issues: Issues,
    options: dict[str, Any],
    *,
    ledger: bool,
    remainder: bool,
    memory: int,
) -> SdtmResult:
    """The datasets of the resources of documents.

    Ledger and remainder are those of the documents: what does not come back from the datasets.
    """
    from interchange.trees.build import trees_of
    from interchange.trees.convert import resources_to_documents

    result = to_sdtm(grown.records(), fhir_version=release, ledger=False, **options)
    issues.extend(result.issues)
    result.issues = issues
    result.rejected = grown.rejected
    result.unmapped.update(grown.unmapped)
    if ledger or remainder:
        resources = to_fhir(result.datasets, fhir_version=release, **options).resources
        mappings = trees_of(project)
        backs = grown.found_in(
            {
                tree: resources_to_documents(project, mappings[tree], resources, release, Issues())
                for tree in {document.tree for _, document in grown.documents}
            }
        )
        result.ledger = grown.ledger(backs) if ledger else None
        result.rests = grown.rests(backs) if remainder else None
    paths = source_paths(source)
    again = source if paths and "-" not in paths else [document.content for _, document in grown.documents]
    chosen = {name: options[name] for name in ("sdtmig", "mappings", "study", "ct")}
    result.run = Run(paths, _run_options(**chosen), lambda: _tracer(project, release, again, memory))
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
    from interchange.runners.again import PartedTracer, tracer_of

    paths = source_paths(source)

    def where(file: str) -> str:
        return path_of(file, paths)

    if (parts := parts_for(size_of(source), memory)) > 1 and not is_tree_source(source):
        stream = Stream(parts)
        stream_resources(source, Issues(), stream.add, release, progress)
        return PartedTracer(stream, project, release, where)
    if is_tree_source(source):
        from interchange.runners.grown import GrownTracer
        from interchange.trees.convert import grow

        grown = grow(source, project, release, Issues(), progress)
        inner = _tracer(project, release, grown.records(), memory)
        return GrownTracer(inner, grown, project, release, where)
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
    keep_remainder: bool = False,
    sdtmig: str | None = None,
    mappings: Path | str | None = None,
    study: Path | str | None = None,
    ct: Packages = None,
    engine: Engine = "compiled",
    encoding: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> FhirResult:
    """Return the FHIR resources of SDTM datasets, of registry records, or of USDM studies.

    ``source`` is a path (XPT, Dataset-JSON, CSV, Parquet, a folder or zip of these), a list of paths, Datasets, or
    DataFrames by dataset name; or ClinicalTrials.gov records or USDM studies as JSON, in files or as dicts.
    SourceError where nothing can be read, MappingError where a mapping is broken.

    With ``keep_remainder`` the result has what FHIR cannot hold of records and studies, for `to_registry` and
    `to_usdm` to merge back.

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
    if is_tree_source(source):
        from interchange.trees.convert import grow

        grown = grow(source, project, release, issues, progress)
        return FhirResult(
            grown.resources,
            release,
            issues,
            rejected=grown.rejected,
            ledger=grown.ledger(),
            rests=grown.rests() if keep_remainder else None,
            unmapped=grown.unmapped,
        )
    datasets = read_datasets(source, issues, encoding, progress)
    if kept is not None:
        check_remainder(kept, release)
        datasets = settled_datasets(datasets)
    else:
        issues.extend(unasked_remainders(source_paths(source)))
    engines = ready_engines(adapt_to_datasets(project, datasets), release, engine)
    made = datasets_to_resources(engines, datasets, issues)
    if kept is not None:
        made.resources = merged(engines, replace(made, resources=copied(made.resources)), datasets, kept, issues)
    outside = check_codelists(datasets, project.settings)
    return FhirResult(made.resources, release, issues, made.tallies, made.lost, outside)
