"""What an ETL job calls for trial definitions of other kinds: registry records and USDM studies of FHIR or SDTM."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from interchange.api import to_fhir
from interchange.intake import is_sdtm_source, read_datasets, read_resources
from interchange.issues import Issues
from interchange.mapping.load import project_of
from interchange.results import TreeResult
from interchange.trees.build import trees_of
from interchange.trees.convert import resources_to_documents
from interchange.trees.documents import is_tree_source
from interchange.trees.remainder import read_rests

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from interchange.fhir.elements import Release, Tree
    from interchange.fhir.read import Rejected
    from interchange.intake import FhirVersion
    from interchange.mapping.load import Packages
    from interchange.trees.remainder import Rest


def to_registry(source: object, **options: Any) -> TreeResult:
    """Return the ClinicalTrials.gov records (API v2 JSON) of FHIR studies or SDTM datasets; options as `to_usdm`."""
    return _to_tree("CTGOV", source, **options)


def to_usdm(source: object, **options: Any) -> TreeResult:
    """Return the USDM studies of FHIR studies or SDTM datasets.

    ``source`` is what `to_sdtm` or `to_fhir` takes. Options: ``remainder`` is what `to_fhir` kept of the originals, or
    the file that it was written to: they come back as they were, with what changed since. ``fhir_version`` is that of
    FHIR, found from its content if it is not given; ``sdtmig``, ``mappings``, ``study``, ``ct``, ``encoding`` and
    ``progress`` as there. SourceError where nothing can be read, MappingError where a mapping is broken.
    """
    return _to_tree("USDM", source, **options)


def _to_tree(
    tree: Tree,
    source: object,
    *,
    fhir_version: FhirVersion = "auto",
    remainder: Sequence[Rest] | Path | str | None = None,
    sdtmig: str | None = None,
    mappings: Path | str | None = None,
    study: Path | str | None = None,
    ct: Packages = None,
    encoding: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> TreeResult:
    project = project_of(mappings, study, sdtmig, ct)
    rests = read_rests(remainder) if isinstance(remainder, (str, Path)) else remainder
    issues = Issues()
    rejected: list[Rejected] = []
    documents_given = is_tree_source(source)
    if documents_given or is_sdtm_source(source):
        given: Release = "R5" if fhir_version == "auto" else fhir_version
        held = source if documents_given else read_datasets(source, issues, encoding, progress)
        there = to_fhir(held, fhir_version=given, sdtmig=sdtmig, mappings=mappings, study=study, ct=ct)
        issues.extend(there.issues)
        resources, release, rejected = there.resources, given, there.rejected
    else:
        records, rejected, release = read_resources(source, issues, fhir_version, progress)
        resources = [record.resource for record in records]
    documents = resources_to_documents(project, trees_of(project)[tree], resources, release, issues, rests or ())
    return TreeResult(tree, documents, release, issues, rejected)
