"""One process on this machine, everything in memory: resources to datasets, and datasets to resources."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from interchange.engine.declared import declare, read_declared, sized
from interchange.engine.forward import declared_variables
from interchange.engine.ledger import Comparison
from interchange.engine.shelf import ResourceShelf
from interchange.fhir.elements import elements
from interchange.fhir.write import arranged
from interchange.issues import Issue, Issues, Place
from interchange.runners.assemble import described, to_datasets
from interchange.runners.remainder import remainder_of, settled_datasets
from interchange.runners.remarks import Remarks, report_misfits
from interchange.sdtm.aligned import unpadded, widths_of
from interchange.sdtm.dataset import listed
from interchange.sdtm.suppqual import Joined, join, parent_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from interchange.engine.forward import Found
    from interchange.engine.ledger import Ledger
    from interchange.engine.ops import Resource
    from interchange.engine.plan import Plan
    from interchange.engine.remainder.model import Remainder
    from interchange.engine.settle import Tally, Written
    from interchange.fhir.read import Record
    from interchange.mapping.codecs.base import Miss
    from interchange.runners.engines import Engines
    from interchange.sdtm.dataset import Dataset


@dataclass(slots=True)
class Datasets:
    """What came of resources: datasets with their qualifiers split off, the ledger, what a code map did not hold."""

    datasets: list[Dataset] = field(default_factory=list)
    ledger: Ledger | None = None
    remainder: Remainder | None = None
    unmapped: Counter[Miss] = field(default_factory=Counter)
    work: object = None  # what rows and losses on disk lie in, for as long as they are wanted


def resources_to_datasets(
    engines: Engines,
    records: Iterable[Record],
    issues: Issues,
    *,
    ledger: bool = True,
    back: Callable[[Sequence[Dataset]], Engines] | None = None,
) -> Datasets:
    """Return the datasets of resources, in the order of the mappings' dependence.

    With ``back``, which gives the engines that take datasets back, what SDTM cannot hold is kept as a remainder.
    """
    plan = engines.plan
    records = list(records)
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
    if back is not None:
        settled = settled_datasets(result.datasets)
        made = datasets_to_resources(back(settled), settled, Issues())
        result.remainder, compared = remainder_of(engines, shelf, records, found, made)
        result.ledger = compared if ledger else None
    elif ledger:
        result.ledger, _ = lay_beside(engines, shelf, found)
    return result


def lay_beside(
    engines: Engines, shelf: ResourceShelf, found: Mapping[str, Sequence[Found]]
) -> tuple[Ledger, Comparison]:
    """Return what the resources of a shelf lose, and the comparison with what the rows found on it make of them.

    What would be kept beside the resources that are made changes nothing, but where the shelf's own have such things.
    """
    kept = [engines.plan.project.systems[name] for name in ("cells", "row")]
    comparison = _compared(engines, shelf, found, settled=False)
    ledger = comparison.run(resource for own in shelf.types.values() for resource in own)
    if any(url in element for _, lost in ledger.groups() for element, _ in lost for url in kept):
        comparison = _compared(engines, shelf, found, settled=True)
        ledger = comparison.run(resource for own in shelf.types.values() for resource in own)
    return ledger, comparison


def _compared(
    engines: Engines, shelf: ResourceShelf, found: Mapping[str, Sequence[Found]], *, settled: bool
) -> Comparison:
    """The resources of a shelf paired with those that the rows found on it make when they go back."""
    back = engines.backward.anew()
    asked = None if settled else {domain: [tuple(f.resource) for f in own] for domain, own in found.items()}
    bench, written = back.written({domain: [f.row for f in own] for domain, own in found.items()}, asked)
    if settled:
        back.settle(bench, written, declared_variables(shelf))
    comparison = Comparison(engines.plan, shelf, bench.named)
    for domain, rows in found.items():
        for one, again in zip(rows, written[domain], strict=True):
            if one.source is not None and not one.filled:
                comparison.with_rows.add(id(one.resource))
                if again.source is not None:
                    comparison.pair(one.resource, again.levels[0])
    return comparison


@dataclass(slots=True)
class Resources:
    """What came of datasets: resources, the rows as written into them, and how the cells of each dataset are held.

    The resources share members.
    """

    resources: list[Resource] = field(default_factory=list)
    written: dict[str, list[Written]] = field(default_factory=dict)
    tallies: dict[str, dict[str, Tally]] = field(default_factory=dict)
    lost: list[tuple[str, dict[str, str]]] = field(default_factory=list)


def datasets_to_resources(engines: Engines, datasets: Sequence[Dataset], issues: Issues) -> Resources:
    """Return the resources of datasets that the engines' mappings name; ``lost`` are rows that have no key."""
    plan = engines.plan
    parents, joins = _joined(datasets, issues)
    for name, dataset in parents.items():
        if not plan.mappings[name].sources and len(dataset.rows):
            message = f"of no observation class: its {len(dataset.rows)} rows are kept whole at the study"
            issues.add(Issue("IX-MAP-021", "info", Place(record=name), message, "add a mapping file for it"))
    tables = {name: joins[name].dataset if name in joins else dataset for name, dataset in parents.items()}
    rows = {name: listed(table.rows) for name, table in tables.items()}
    widths = {name: found for name, own in sorted(rows.items()) if (found := widths_of(own))}
    rows |= {name: unpadded(rows[name], own) for name, own in widths.items()}
    back = engines.backward.anew(issues)
    resources = back.convert(rows, {name: frozenset(v.name for v in table.variables) for name, table in tables.items()})
    if parents:
        studies = {row["STUDYID"] for own in rows.values() for row in own if "STUDYID" in row}
        study = min(studies, default=plan.project.settings.get("studyid", "study"))
        own = [described(d, plan) for _, d in sorted(parents.items())]
        resources.append(declare(own, dict(sorted(joins.items())), study, widths))
    table = elements(plan.release)
    result = Resources([arranged(r, table) for r in sorted(resources, key=lambda r: _rank(r, plan))], lost=back.lost)
    for domain in rows:
        settled = back.settled[domain]
        result.written[domain] = settled.written
        tallies = settled.tallies()
        supp = {v.qnam for v in joins[domain].variables} if domain in joins else set()
        result.tallies[domain] = {name: tally for name, tally in tallies.items() if name not in supp}
        if domain in joins:
            result.tallies[joins[domain].supp.name] = {n: tally for n, tally in tallies.items() if n in supp}
    return result


def _joined(datasets: Sequence[Dataset], issues: Issues) -> tuple[dict[str, Dataset], dict[str, Joined]]:
    """Datasets by name, and those that have supplemental qualifiers joined with them."""
    names = {dataset.name for dataset in datasets}
    supps = {parent: dataset for dataset in datasets if (parent := parent_of(dataset, names))}
    taken = {dataset.name for dataset in supps.values()}
    parents = {dataset.name: dataset for dataset in datasets if dataset.name not in taken}
    joins = {name: join(parents[name], sized(supp)) for name, supp in supps.items()}
    for joined in joins.values():
        issues.extend(joined.issues)
    return parents, joins


def _rank(resource: Resource, plan: Plan) -> tuple[int, str]:
    """Studies first, then by type; within a type in the order of making."""
    return (resource["resourceType"] != plan.entities["study"].resource, resource["resourceType"])
