"""One process on this machine, everything in memory: resources to datasets, and datasets to resources."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from interchange.engine.backward import Backward
from interchange.engine.declared import declare, read_declared
from interchange.engine.ledger import Comparison, Ledger
from interchange.engine.shelf import ResourceShelf, shelve
from interchange.fhir.elements import elements
from interchange.fhir.write import ordered
from interchange.issues import Issue, Issues, Place
from interchange.runners.assemble import described, to_datasets
from interchange.runners.remarks import Remarks, report_misfits
from interchange.sdtm.dataset import listed
from interchange.sdtm.suppqual import Joined, join

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from interchange.engine.forward import Found
    from interchange.engine.ops import Resource
    from interchange.engine.plan import Plan
    from interchange.engine.settle import Tally
    from interchange.fhir.read import Record
    from interchange.mapping import model
    from interchange.mapping.codecs.base import Miss
    from interchange.runners.engines import Engines
    from interchange.sdtm.dataset import Dataset


@dataclass(slots=True)
class Datasets:
    """What came of resources: datasets with their qualifiers split off, the ledger, what a code map did not hold."""

    datasets: list[Dataset] = field(default_factory=list)
    ledger: Ledger | None = None
    unmapped: Counter[Miss] = field(default_factory=Counter)
    work: object = None  # what rows and losses on disk lie in, for as long as they are wanted


def resources_to_datasets(
    engines: Engines, records: Iterable[Record], issues: Issues, *, ledger: bool = True
) -> Datasets:
    """Return the datasets of resources, in the order of the mappings' dependence."""
    plan = engines.plan
    shelf = ResourceShelf(plan, engines.forward.read)
    types = plan.resource_types()
    for record in records:
        shelf.add(record.resource, record.full_url)
        if record.resource["resourceType"] in types:
            report_misfits(record, plan.release, issues)
    declared = read_declared(list(shelf.of("Library")))
    found = engines.forward.every(shelf)
    result = Datasets(unmapped=Counter(plan.tools.misses))
    for domain, planned in plan.mappings.items():
        result.datasets += to_datasets(plan, planned.mapping, [f.row for f in found[domain]], declared)
    remarks = Remarks(disagreed=Counter(engines.forward.disagreements))
    remarks.take(plan, shelf, found)
    remarks.report(plan, issues)
    if ledger:
        result.ledger = lay_beside(engines, shelf, found).run(r for own in shelf.types.values() for r in own)
    return result


def lay_beside(engines: Engines, shelf: ResourceShelf, found: Mapping[str, Sequence[Found]]) -> Comparison:
    """Return the resources of a shelf paired with those that the rows found on it make when they go back."""
    plan = engines.plan
    back = Backward(plan, engines.forward, engines.backward.write)
    resources = back.convert({domain: [dict(f.row) for f in rows] for domain, rows in found.items()})
    made = shelve(plan, resources, engines.forward.read)
    comparison = Comparison(plan, shelf, made)
    for domain, rows in found.items():
        for one, written in zip(rows, back.settled[domain].written, strict=True):
            if one.source is not None and not one.filled:
                comparison.with_rows.add(id(one.resource))
            if written.source is not None and one.source is not None and not one.filled:
                new = made.index.resolve(f"{written.levels[0]['resourceType']}/{written.levels[0]['id']}")
                if new is not None:
                    comparison.pair(one.resource, new)
    return comparison


@dataclass(slots=True)
class Resources:
    """What came of datasets: resources, and how the cells of each dataset are held in them."""

    resources: list[Resource] = field(default_factory=list)
    tallies: dict[str, dict[str, Tally]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    lost: list[tuple[str, dict[str, str]]] = field(default_factory=list)


def datasets_to_resources(engines: Engines, datasets: Sequence[Dataset], issues: Issues) -> Resources:
    """Return the resources of datasets.

    ``left_out`` says which datasets no mapping takes, and why; ``lost`` are rows that have no key.
    """
    plan = engines.plan
    joins: dict[str, Joined] = {}
    result = Resources()
    parents = {d.name: d for d in datasets if d.name in plan.mappings}
    for dataset in datasets:
        if dataset.name in parents:
            continue
        parent = parents.get(dataset.name.removeprefix("SUPP")) if dataset.name.startswith("SUPP") else None
        if parent is None:
            result.left_out[dataset.name] = f"no mapping takes {dataset.name}"
            message = f"{result.left_out[dataset.name]}: its {len(dataset.rows)} rows are left out"
            issues.add(Issue("IX-MAP-020", "warning", Place(record=dataset.name), message, "add a mapping file for it"))
            continue
        joins[parent.name] = joined = join(parent, dataset)
        issues.extend(joined.issues)
    rows = {name: listed((joins[name].dataset if name in joins else d).rows) for name, d in parents.items()}
    rows = {name: _without_dropped(plan.mappings[name].mapping, own, issues) for name, own in rows.items()}
    back = Backward(plan, engines.forward, engines.backward.write, issues)
    resources = back.convert(rows)
    studies = {row["STUDYID"] for own in rows.values() for row in own if "STUDYID" in row}
    study = min(studies, default=plan.project.settings.get("studyid", "study"))
    if parents:
        own = [described(d, plan) for _, d in sorted(parents.items())]
        resources.append(declare(own, dict(sorted(joins.items())), study))
    table = elements(plan.release)
    result.resources = [ordered(r, table) for r in sorted(resources, key=lambda r: _rank(r, plan))]
    result.lost = back.lost
    for domain in rows:
        tallies = back.settled[domain].tallies()
        supp = {v.qnam for v in joins[domain].variables} if domain in joins else set()
        result.tallies[domain] = {name: tally for name, tally in tallies.items() if name not in supp}
        if domain in joins:
            result.tallies[joins[domain].supp.name] = {n: tally for n, tally in tallies.items() if n in supp}
    return result


def _without_dropped(mapping: model.Mapping, rows: list[dict[str, str]], issues: Issues) -> list[dict[str, str]]:
    """Return rows without the variables that the mapping drops, and report how many cells that were."""
    dropped = mapping.dropped
    for variable, because in dropped.items():
        if cells := sum(variable in row for row in rows):
            message = f"{cells} cells are dropped: {because}"
            issues.add(Issue("IX-DROP-001", "info", Place(record=mapping.domain, field=variable), message))
    return [{k: v for k, v in row.items() if k not in dropped} for row in rows] if dropped else rows


def _rank(resource: Resource, plan: Plan) -> tuple[int, str]:
    """Studies first, then by type; within a type in the order of making."""
    return (resource["resourceType"] != plan.entities["study"].resource, resource["resourceType"])
