"""Projects adapted to the datasets of a conversion: those at hand, or those that a Library declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.engine.declared import read_declared
from interchange.mapping.adapt import adapt, find_need, needs_of
from interchange.sdtm.suppqual import labels, parent_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from interchange.engine.ops import Resource
    from interchange.mapping.model import Project
    from interchange.sdtm.dataset import Dataset


def adapt_to_datasets(project: Project, datasets: Sequence[Dataset]) -> Project:
    """Return a project that maps every one of some datasets, and each qualifier of their supplemental ones."""
    names = {dataset.name for dataset in datasets}
    parents = {dataset.name: parent_of(dataset, names) for dataset in datasets}
    qualifiers = {parents[dataset.name]: labels(dataset) for dataset in datasets if parents[dataset.name]}
    return _adapt(project, (dataset for dataset in datasets if not parents[dataset.name]), qualifiers)


def adapt_to_resources(project: Project, resources: Iterable[Resource]) -> Project:
    """Return a project that maps every dataset that a Library among resources declares."""
    libraries = [resource for resource in resources if resource["resourceType"] == "Library"]
    declared = read_declared(libraries)
    qualifiers = {
        domain: {variable.qnam: variable.label for variable in joined.variables}
        for domain, joined in declared.joins.items()
    }
    return _adapt(project, declared.datasets.values(), qualifiers)


def _adapt(project: Project, datasets: Iterable[Dataset], qualifiers: Mapping[str, Mapping[str, str]]) -> Project:
    needs = (
        find_need(project, dataset.name, {v.name for v in dataset.variables}, qualifiers.get(dataset.name, {}))
        for dataset in datasets
    )
    return adapt(project, needs_of(needs))
