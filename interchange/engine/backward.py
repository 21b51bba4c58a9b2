"""To FHIR: resources made from the rows of datasets, and what they cannot hold kept beside them.

Every row is written by the first row source that takes it. Then the resources are read back, and only what does not
come back is kept: cells at their element, whole rows at the study. So the way back is exact for any dataset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.engine.bench import ResourceBench
from interchange.engine.interpret import guard_holds, write_row
from interchange.engine.longtext import join_long
from interchange.engine.settle import Settling, Written
from interchange.engine.shelf import shelve
from interchange.issues import Issue, Issues, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from interchange.engine.forward import Forward
    from interchange.engine.ops import Json, Resource, Row
    from interchange.engine.plan import Plan, PlannedMapping, PlannedSource


class Backward:
    """Makes resources from datasets; ``write`` is the interpreter or a compiled writer.

    ``settled`` holds, by domain, how the rows of the last conversion ended up.
    """

    def __init__(
        self,
        plan: Plan,
        forward: Forward,
        write: Callable[[PlannedSource, Sequence[Json], ResourceBench, Row], None] | None = None,
        issues: Issues | None = None,
    ) -> None:
        self.plan = plan
        self.forward = forward
        self.write = write or interpreted_write
        self.issues = Issues() if issues is None else issues
        self.settled: dict[str, Settling] = {}

    def convert(self, datasets: Mapping[str, Sequence[Row]]) -> list[Resource]:
        """Return the resources of datasets, by domain; a domain without a mapping is an issue and is left out."""
        bench = ResourceBench(self.plan)
        for domain in datasets:
            if domain not in self.plan.mappings:
                message = f"no mapping for {domain}: its {len(datasets[domain])} rows are left out"
                self.issues.add(
                    Issue("IX-MAP-020", "warning", Place(record=domain), message, "add a mapping file for the domain")
                )
        written = {
            domain: [self._write(bench, planned, row, i) for i, row in enumerate(datasets[domain])]
            for domain, planned in self.plan.mappings.items()
            if domain in datasets
        }
        shelf = shelve(self.plan, bench.resources.values())
        for domain, planned in self.plan.mappings.items():
            settling = Settling(self.forward, bench, shelf, planned, written.get(domain, []), self.issues)
            settling.run()
            self.settled[domain] = settling
        return [pruned for resource in bench.resources.values() if (pruned := prune(resource))]

    def _write(self, bench: ResourceBench, planned: PlannedMapping, row: Row, position: int) -> Written:
        joined = row
        for variable in planned.mapping.long:
            joined = join_long(joined, variable)
        for source in planned.sources:
            if not self._takes(planned, source, joined):
                continue
            opened = bench.open(source, joined)
            if opened is None:
                continue
            levels, taken = opened
            if taken:
                place = Place(record=f"{planned.mapping.domain} row {position + 1}", field=source.source.id)
                message = "another row has the same keys: the id of this one ends in a number"
                self.issues.add(Issue("IX-KEY-002", "warning", place, message, "make the keys unique"))
            self.write(source, levels, bench, joined)
            bench.emit(source.emit, levels, joined)
            return Written(row, source, levels)
        return Written(row)

    def _takes(self, planned: PlannedMapping, source: PlannedSource, row: Row) -> bool:
        """Whether a row source takes a row: it is the parameter's own, its guard holds, what it requires is there."""
        params = planned.mapping.params
        if params is not None and source.source.name != row.get(params.code):
            return False
        if params is not None and params.value not in row:
            return False
        return guard_holds(source.source.pick, row) and all(v in row for v in source.source.require)


def interpreted_write(source: PlannedSource, levels: Sequence[Json], bench: ResourceBench, row: Row) -> None:
    """Write the cells of a row by the interpreter."""
    write_row(source.rules, levels, bench, row)


def prune(value: Json) -> Json:
    """Return JSON without empty objects, lists and nulls, which FHIR forbids; nothing where nothing is left.

    >>> prune({"a": {"b": []}, "c": 0, "d": [{}, {"e": False}]})
    {'c': 0, 'd': [{'e': False}]}
    """
    if isinstance(value, dict):
        return {k: v for k, item in value.items() if (v := prune(item)) is not None} or None
    if isinstance(value, list):
        return [v for item in value if (v := prune(item)) is not None] or None
    return value
