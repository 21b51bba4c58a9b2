"""One process on this machine: a shelf of resources to datasets, and datasets to resources."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from interchange.engine.backward import Backward
from interchange.engine.declared import Declared, declare, read_declared
from interchange.engine.forward import Forward, Found
from interchange.engine.ledger import Comparison, Ledger
from interchange.engine.planner import plan_project
from interchange.engine.shelf import ResourceShelf, shelve
from interchange.fhir.elements import Release, elements
from interchange.fhir.structure import findings
from interchange.fhir.write import ordered
from interchange.issues import Issue, Issues, Place
from interchange.sdtm.dataset import Dataset
from interchange.sdtm.standard import shape, standard
from interchange.sdtm.suppqual import Joined, SuppVariable, join, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from interchange.engine.ops import Resource
    from interchange.engine.plan import Plan
    from interchange.engine.settle import Tally
    from interchange.fhir.read import Record
    from interchange.issues import Severity
    from interchange.mapping.model import Mapping, Project

Engine = Literal["compiled", "interpreted"]


@dataclass(slots=True)
class Engines:
    """The two directions of one plan, by the chosen engine."""

    plan: Plan
    forward: Forward
    backward: Backward


def build_engines(project: Project, release: Release, engine: Engine = "compiled") -> Engines:
    """Return both directions of a project on a release."""
    plan = plan_project(project, release)
    if engine == "interpreted":
        forward = Forward(plan)
        return Engines(plan, forward, Backward(plan, forward))
    from interchange.engine.compile import compile_plan

    compiled = compile_plan(plan)
    forward = Forward(plan, compiled.read)
    return Engines(plan, forward, Backward(plan, forward, compiled.write))


@dataclass(slots=True)
class Datasets:
    """What came of a shelf: datasets with their qualifiers split off, the ledger, what a code map did not hold."""

    datasets: list[Dataset] = field(default_factory=list)
    ledger: Ledger | None = None
    unmapped: Counter[tuple[str, str]] = field(default_factory=Counter)


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
            _report_misfits(record, plan.release, issues)
    declared = read_declared(list(shelf.of("Library")))
    found = {domain: engines.forward.rows(planned, shelf) for domain, planned in plan.mappings.items()}
    result = Datasets(unmapped=Counter(plan.tools.misses))
    for domain, planned in plan.mappings.items():
        result.datasets += to_datasets(plan, planned.mapping, found[domain], declared)
        _report_blank_keys(plan, domain, found[domain], issues)
    _report_disagreements(engines.forward, issues)
    _report_unresolved(shelf, issues)
    if ledger:
        result.ledger = lay_beside(engines, shelf, found)
    return result


# What of a misfit with the release's element table can leave a cell blank.
_BLANK, _AS_IT_IS = "what cannot be read stays blank", "the text is taken as it stands"
_MISFITS: dict[str, tuple[str, Severity, str]] = {
    "type": ("IX-READ-001", "error", _BLANK),
    "cardinality": ("IX-READ-002", "error", _BLANK),
    "choice": ("IX-READ-003", "error", _BLANK),
    "json": ("IX-READ-004", "error", _BLANK),
    "unknown": ("IX-READ-005", "warning", "it is not read"),
    "text": ("IX-READ-006", "warning", _AS_IT_IS),
}


def _report_misfits(record: Record, release: Release, issues: Issues) -> None:
    """Report where a resource does not fit its release: what stands there may not be read."""
    for finding in findings(record.resource, release):
        if finding.kind in _MISFITS:
            code, severity, meaning = _MISFITS[finding.kind]
            place = replace(record.place, field=finding.path)
            message = f"{finding.message}; {meaning}"
            issues.add(Issue(code, severity, place, message, finding.hint or "mend the source", finding.value))


def _report_disagreements(forward: Forward, issues: Issues) -> None:
    for name, count in sorted(forward.disagreements.items()):
        message = f"{count} stored values differ from what the derivation gives; the stored ones are kept"
        issues.add(Issue("IX-DERIVE-001", "info", Place(field=name), message, "compare them with the source"))


def _report_blank_keys(plan: Plan, domain: str, found: Sequence[Found], issues: Issues) -> None:
    """Report identifiers that SDTM requires and that some rows lack; such rows cannot go back to FHIR."""
    spec = standard(plan.project.settings["sdtmig"]).dataset(domain)
    keys = [v.name for v in spec.variables if v.core == "Req" and v.role == "Identifier"] if spec else []
    for key in keys:
        if blank := sum(key not in f.row for f in found):
            message = f"blank in {blank} rows, and SDTM requires it"
            hint = "add the identifier to the source, or say in a study settings file where it stands"
            issues.add(Issue("IX-KEY-004", "warning", Place(record=domain, field=key), message, hint))


def _report_unresolved(shelf: ResourceShelf, issues: Issues) -> None:
    for entity, references in sorted(shelf.unresolved.items()):
        type_ = shelf.plan.entities[entity].resource
        message = f"{len(references)} references to a {type_} find none in the source; what it holds stays blank"
        issues.add(Issue("IX-REF-001", "warning", Place(record=type_), message, "add the resource to the source"))


def to_datasets(plan: Plan, mapping: Mapping, found: Sequence[Found], declared: Declared) -> Iterator[Dataset]:
    """Yield the dataset of a domain and, where it has any, that of its supplemental qualifiers."""
    domain = mapping.domain
    before = declared.datasets.get(domain)
    if not found and before is None:
        return
    spec = standard(plan.project.settings["sdtmig"]).dataset(domain)
    rows = [f.row for f in found]
    joined = declared.joins.get(domain)
    qualifiers = _qualifiers(mapping, joined, rows, {v.name for v in before.variables} if before else set())
    names = {v.qnam for v in qualifiers}
    own: Dataset
    if before is not None:
        known = {v.name for v in before.variables}
        extra = [v for v in shape(rows, spec, before.variables) if any(v.name in row for row in rows)]
        added = [v for v in extra if v.name not in known and v.name not in names]
        own = replace(before, variables=[*before.variables, *added], rows=rows)
    else:
        plain = [{k: v for k, v in row.items() if k not in names} for row in rows]
        own = Dataset(domain, spec.label if spec else domain, shape(plain, spec), rows)
    own = _described(own, plan)
    idvar = "" if spec is None or f"{domain}SEQ" not in {v.name for v in own.variables} else f"{domain}SEQ"
    parent, supp = split(own, qualifiers, idvar, described=joined.supp if joined else None)
    yield parent
    supp_rows = supp.rows + (joined.leftovers if joined else [])
    if joined and len(joined.order) == len(supp_rows):
        supp_rows = [row for _, row in sorted(zip(joined.order, supp_rows, strict=True), key=lambda pair: pair[0])]
    if supp_rows or joined:
        yield replace(supp, rows=supp_rows)


def _described(dataset: Dataset, plan: Plan) -> Dataset:
    """A dataset with the keys that the guide gives it, where it has none of its own, and the study of its rows."""
    spec = standard(plan.project.settings["sdtmig"]).dataset(dataset.name)
    study = next((row["STUDYID"] for row in dataset.rows if "STUDYID" in row), dataset.study)
    return replace(dataset, keys=dataset.keys or (spec.keys if spec else ()), study=study)


def _qualifiers(
    mapping: Mapping, joined: Joined | None, rows: Sequence[dict[str, str]], own: set[str]
) -> list[SuppVariable]:
    """The variables of a domain that go into its supplemental dataset: declared ones, then the mapping's own.

    What the dataset declared as a variable of its ``own`` stays there.
    """
    found = {v.qnam: v for v in joined.variables} if joined else {}
    used = {name for row in rows for name in row} - own
    for qnam, supp in mapping.supp.items():
        if qnam in used:
            found.setdefault(qnam, SuppVariable(qnam, supp.label, supp.orig, supp.eval))
    return list(found.values())


def lay_beside(engines: Engines, shelf: ResourceShelf, found: dict[str, list[Found]]) -> Ledger:
    """Return what the rows found on a shelf lose of its resources, by converting them back."""
    plan = engines.plan
    back = Backward(plan, engines.forward, engines.backward.write)
    resources = back.convert({domain: [dict(f.row) for f in rows] for domain, rows in found.items()})
    made = shelve(plan, resources, engines.forward.read)
    comparison = Comparison(plan, shelf, made)
    for domain, rows in found.items():
        for one, written in zip(rows, back.settled[domain].written, strict=True):
            if written.source is not None and one.source is not None and not one.filled:
                new = made.index.resolve(f"{written.levels[0]['resourceType']}/{written.levels[0]['id']}")
                if new is not None:
                    comparison.pair(one.resource, new)
    return comparison.run(r for resources in shelf.types.values() for r in resources)


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
    rows = {name: (joins[name].dataset if name in joins else d).rows for name, d in parents.items()}
    rows = {name: _without_dropped(plan.mappings[name].mapping, own, issues) for name, own in rows.items()}
    back = Backward(plan, engines.forward, engines.backward.write, issues)
    resources = back.convert(rows)
    studies = {row["STUDYID"] for own in rows.values() for row in own if "STUDYID" in row}
    study = min(studies, default=plan.project.settings.get("studyid", "study"))
    if parents:
        own = [_described(d, plan) for _, d in sorted(parents.items())]
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


def _without_dropped(mapping: Mapping, rows: list[dict[str, str]], issues: Issues) -> list[dict[str, str]]:
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
