"""What an ETL job calls to compare: a source to the other side and back."""

from __future__ import annotations

from collections import Counter
from importlib import metadata
from typing import TYPE_CHECKING, Any

from interchange.api import to_fhir, to_sdtm
from interchange.engine.leafwise import LeafTally, Leafwise
from interchange.fhir.read import Repeats
from interchange.intake import is_sdtm_source, read_datasets, read_resources, size_of, stream_resources
from interchange.issues import Issues
from interchange.mapping.load import project_of
from interchange.results import FhirResult, RoundTrip
from interchange.runners.stream import MEMORY, parts_for
from interchange.trees.build import trees_of
from interchange.trees.convert import grow, leaf_tallies
from interchange.trees.documents import is_tree_source
from interchange.trees.remainder import merged
from interchange.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from interchange.fhir.elements import Release
    from interchange.intake import FhirVersion
    from interchange.mapping.load import Packages
    from interchange.mapping.model import Project
    from interchange.runners.engines import Engine
    from interchange.sdtm.dataset import Dataset


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
    """Return what becomes of a source that goes to the other side and back. Its kind is recognised.

    SDTM is compared cell by cell. FHIR is compared leaf by leaf; where it would not fit into memory, by the ledger.
    Registry records and USDM studies go to FHIR, and are compared leaf by leaf.
    """
    if is_tree_source(source):
        chosen = project_of(mappings, study, sdtmig, ct)
        return _by_fhir(source, chosen, "R5" if fhir_version == "auto" else fhir_version, progress)
    options: dict[str, Any] = {"sdtmig": sdtmig, "mappings": mappings, "study": study, "ct": ct, "engine": engine}
    if is_sdtm_source(source):
        release: Release = "R5" if fhir_version == "auto" else fhir_version
        issues = Issues()
        datasets = read_datasets(source, issues, encoding, progress)
        there = to_fhir(datasets, fhir_version=release, **options)
        back = to_sdtm(there.made, fhir_version=release, ledger=False, **options)
        issues.extend(there.issues)
        trip = RoundTrip("SDTM", release, issues, there.tallies, datasets=back.datasets)
        trip.versions = _versions(release, project_of(mappings, study, sdtmig, ct))
        trip.invalid = there.check()
        trip.resources = Counter(resource["resourceType"] for resource in there.made)
        trip.different = compare_datasets(datasets, back.datasets)
        return trip
    trip = _by_sdtm(source, fhir_version, progress, options)
    trip.versions = _versions(trip.release, project_of(mappings, study, sdtmig, ct))
    return trip


def _by_fhir(source: object, project: Project, release: Release, progress: Callable[[int], None] | None) -> RoundTrip:
    """Documents to FHIR and back, without the remainder and with it."""
    issues = Issues()
    grown = grow(source, project, release, issues, progress)
    trip = RoundTrip("documents", release, issues, ledger=grown.ledger(), rejected=grown.rejected)
    trip.resources = Counter(resource["resourceType"] for resource in grown.resources)
    trip.invalid = FhirResult(grown.resources, release, issues).check()
    trip.remainder = True
    trip.documents = len(grown.documents)
    mappings = trees_of(project)
    for (_, document), back, rest in zip(grown.documents, grown.backs, grown.rests(), strict=True):
        whole, _ = merged(back, rest.changes)
        for name, tally in leaf_tallies(document.content, back, whole, mappings[document.tree].class_).items():
            trip.leaves.setdefault(name, LeafTally()).add(tally)
    trip.versions = _versions(release, project)
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
