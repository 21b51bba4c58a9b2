"""To FHIR: resources made from the rows of datasets, and what they cannot hold kept beside them.

Every row is written by the first row source that takes it. Then the resources are read back, and only what does not
come back is kept: cells at their element, whole rows at the study. So the way back is exact for any dataset.
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING

from interchange.engine.bench import (
    ResourceBench,
    interpreted_emit,
    interpreted_write,
    keys_of,
    template_variables,
)
from interchange.engine.interpret import guard_holds
from interchange.engine.longtext import join_long
from interchange.engine.plan import EntityRef
from interchange.engine.records import Records
from interchange.engine.settle import Beside, Settling, Written
from interchange.engine.shelf import shelve
from interchange.fhir.elements import elements
from interchange.fhir.legal import tidy
from interchange.issues import Issue, Issues, Place

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from interchange.engine.bench import Write
    from interchange.engine.forward import Forward
    from interchange.engine.memberwise import MemberWriter
    from interchange.engine.ops import Json, Resource, Row
    from interchange.engine.plan import Plan, PlannedMapping, PlannedSource, Way
    from interchange.fhir.elements import Elements
    from interchange.mapping.model import Params


class Backward:
    """Makes resources from datasets; ``write`` and ``constants`` are those of the interpreter or compiled ones.

    ``members`` makes the members once that rows share; without it, each row is written by itself.
    ``settled`` holds, by domain, how the rows of the last conversion ended up; ``lost`` the rows that were left out.
    """

    def __init__(
        self,
        plan: Plan,
        forward: Forward,
        write: Write | None = None,
        issues: Issues | None = None,
        constants: Write | None = None,
        members: MemberWriter | None = None,
    ) -> None:
        self.plan = plan
        self.forward = forward
        self.write = write or interpreted_write
        self.constants = constants or interpreted_emit
        self.members = members
        self.issues = Issues() if issues is None else issues
        self.settled: dict[str, Settling] = {}
        self.lost: list[tuple[str, Row]] = []
        self._told: set[tuple[str, int]] = set()

    def anew(self, issues: Issues | None = None) -> Backward:
        """One for another conversion, which writes as this one does."""
        return Backward(self.plan, self.forward, self.write, issues, self.constants, self.members)

    def convert(
        self, datasets: Mapping[str, Sequence[Row]], declared: Mapping[str, Collection[str]] | None = None
    ) -> list[Resource]:
        """Return the resources of datasets, by domain; a domain without a mapping is an issue and is left out.

        ``declared`` are the variables that a dataset has, where that is known: on the way back, others are not derived.
        """
        bench, written = self.written(datasets)
        self.settle(bench, written, declared or {})
        return list(bench.resources.values())

    def written(
        self, datasets: Mapping[str, Sequence[Row]], asked: Mapping[str, Sequence[tuple[str, ...]]] | None = None
    ) -> tuple[ResourceBench, dict[str, list[Written]]]:
        """Return the bench with the resources of datasets, and how their rows were written: nothing is kept beside.

        With ``asked``, the members for each row, its own resource need have no others.
        """
        bench = ResourceBench(self.plan, self.write, self.constants)
        self._told.clear()
        for domain in datasets:
            if domain not in self.plan.mappings:
                message = f"no mapping for {domain}: its {len(datasets[domain])} rows are left out"
                self.issues.add(
                    Issue(
                        "IX-MAP-020",
                        "warning",
                        Place(record=domain),
                        message,
                        "add a mapping file for the domain",
                    )
                )
        written: dict[str, list[Written]] = {}
        for domain, planned in self.plan.mappings.items():
            if planned.mapping.about_records:
                bench.records = _records(written)
            if domain in datasets:
                members = repeat(None) if asked is None else asked[domain]
                written[domain] = [
                    self._write(bench, planned, row, i, own)
                    for i, (row, own) in enumerate(zip(datasets[domain], members, strict=False))
                ]
        study, met = self.plan.entities["study"].entity, set()
        for row in (row for domain in written for row in datasets[domain]):
            if (key := keys_of(study, row)) not in met:
                met.add(key)
                bench.follow("study", row)  # settling keeps whole rows there, and must see every study from the start
        for resource in bench.unshared():
            tidy(resource)
        for resource in bench.shared():
            keep_one_type(resource, resource["resourceType"], elements(self.plan.release))
        return bench, written

    def settle(
        self,
        bench: ResourceBench,
        written: Mapping[str, list[Written]],
        declared: Mapping[str, Collection[str]],
    ) -> None:
        """Keep beside the resources what does not come back from them."""
        records = _records(written)
        shelf = shelve(self.plan, bench.resources.values(), self.forward.read)
        beside = {domain: _staying(bench, rows) for domain, rows in written.items()}
        for domain, planned in self.plan.mappings.items():
            own = Beside(beside, records, declared.get(domain))
            settling = Settling(self.forward, bench, shelf, planned, written.get(domain, []), own, self.issues)
            settling.run()
            self.settled[domain] = settling
        self.lost = [
            (domain, one.row) for domain, settling in self.settled.items() for one in settling.written if one.lost
        ]

    def _write(
        self,
        bench: ResourceBench,
        planned: PlannedMapping,
        row: Row,
        position: int,
        asked: tuple[str, ...] | None = None,
    ) -> Written:
        joined = row
        for variable in planned.mapping.long:
            joined = join_long(joined, variable)
        for source in planned.sources:
            if not self._takes(planned, source, joined):
                continue
            clusters = None if self.members is None else self.members.clusters(source)
            opened = bench.open(source, joined) if clusters is None else bench.anchored(source, joined)
            if opened is None:
                continue
            levels, taken = opened
            if source.source.parameter and not source.levels:  # of a study's one value, a second has no place there
                if (source.name, id(levels[-1])) in self._told:
                    continue
                self._told.add((source.name, id(levels[-1])))
            if taken:
                place = Place(record=f"{planned.mapping.domain} row {position + 1}", field=source.source.id)
                message = "another row has the same keys: the id of this one ends in a number"
                self.issues.add(Issue("IX-KEY-002", "warning", place, message, "make the keys unique"))
            if clusters is None or self.members is None:
                self.write(source, levels, bench, joined)
                self.constants(source, levels, bench, joined)
            else:
                self.members.fill(clusters, levels[0], bench, joined, asked)
            return Written(row, position, source, levels)
        self._report_homeless(planned, row, position)
        return Written(row, position)

    def _report_homeless(self, planned: PlannedMapping, row: Row, position: int) -> None:
        """Report a row that no element takes for want of a key; a parameter without a home in FHIR is none of these."""
        missing = {v for s in planned.sources for v in needed(s) if v not in row}
        if planned.mapping.params is None and missing and "STUDYID" in row:
            place = Place(record=f"{planned.mapping.domain} row {position + 1}", field=", ".join(sorted(missing)))
            message = "blank, so no FHIR element takes the row; it is kept whole at the study"
            self.issues.add(Issue("IX-KEY-003", "warning", place, message, "fill in the key variables"))

    def _takes(self, planned: PlannedMapping, source: PlannedSource, row: Row) -> bool:
        """Whether a row source takes a row: its guard holds, what it requires is there, the parameter is its own."""
        params = planned.mapping.params
        if params is not None and not _of_parameter(params, source, row):
            return False
        return guard_holds(source.source.pick, row) and all(v in row for v in source.source.require)


def _of_parameter(params: Params, source: PlannedSource, row: Row) -> bool:
    """Whether a row source takes the row of a parameter: its own has an element that can hold the value.

    Any other source takes what is left, but for null flavors that come by themselves where nothing is known.
    """
    code = row.get(params.code, "")
    if not source.source.parameter:
        flavors = {null.flavor for null in params.nulls.get(code, ())}
        return params.value in row or row.get(params.null) not in flavors
    return source.source.name == code and params.value in row and _holds(source, params.value, row)


def _holds(source: PlannedSource, variable: str, row: Row) -> bool:
    """Whether a way can hold a variable's cell, or its rule has none that writes: it is counted, or derived."""
    rule = next(rule for rule in source.rules if variable in rule.variables)
    if not any(way.oneway != "to-sdtm" for way in rule.rule.alternatives):
        return True
    ways = (way for way in rule.ways if way.writes and guard_holds(way.guard, row))
    return any(isinstance(way.codec, EntityRef) or way.codec.encode(_cells(way, row)) is not None for way in ways)


def _cells(way: Way, row: Row) -> object:
    """The cells that a way's codec takes."""
    cells = tuple(row.get(name) for name in way.variables)
    return cells[0] if len(cells) == 1 else cells


def _records(written: Mapping[str, Sequence[Written]]) -> Records:
    """What the resources of rows that found a place are records of."""
    return Records(
        {domain: [(w.levels[0], w.row) for w in own if w.source is not None] for domain, own in written.items()}
    )


def _staying(bench: ResourceBench, written: Sequence[Written]) -> list[Row]:
    """The rows of a dataset that will come back, which is what the rows of others can be derived from."""
    return [w.row for w in written if w.source is not None or bench.keeper(w.row) is not None]


def needed(source: PlannedSource) -> frozenset[str]:
    """The variables without which a row source cannot take a row."""
    return frozenset(source.source.require) | template_variables(source.source.id)


def keep_one_type(node: Json, content: str, table: Elements) -> None:
    """Leave each choice one type, the first, where rows that share a resource disagree; the cells are kept beside.

    >>> patient = {"deceasedBoolean": True, "deceasedDateTime": "2014"}
    >>> keep_one_type(patient, "Patient", elements("R5")), patient
    (None, {'deceasedBoolean': True})
    """
    if isinstance(node, list):
        for item in node:
            keep_one_type(item, content, table)
        return
    if not isinstance(node, dict):
        return
    known, types = table.physicals(content), dict[str, str]()
    for key in list(node):
        element, type_ = known.get(key.removeprefix("_"), (None, ""))
        if element is None or element.name == "extension":
            continue
        if element.choice and types.setdefault(element.name, type_) != type_:
            del node[key]
        else:
            keep_one_type(node[key], type_ if element.choice else element.content, table)
