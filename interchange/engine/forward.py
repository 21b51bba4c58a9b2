"""To SDTM: the rows of a domain, from the resources on a shelf.

Rows are read source by source in document order, what was kept beside them is put back, derivations fill gaps, null
flavors fill in for parameters that nothing is known of, long texts are split, and the rows are put in order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from interchange.engine.declared import read_declared
from interchange.engine.derive import Part, Setting, derive_parts
from interchange.engine.derive.base import split_argument
from interchange.engine.interpret import guard_holds
from interchange.engine.longtext import split_long
from interchange.engine.ranks import ranks
from interchange.engine.records import RELATION, Records
from interchange.engine.residual import kept_cells, kept_rows
from interchange.engine.shelf import interpreted_elements, interpreted_read
from interchange.mapping.codecs.number import decimal_of
from interchange.mapping.tables import read_parameters
from interchange.mapping.terminology import project_terminology

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from collections.abc import Mapping as Dict

    from interchange.engine.ops import Json, Resource, Row
    from interchange.engine.plan import Plan, PlannedMapping, PlannedSource
    from interchange.engine.shelf import Elements, Read, ResourceShelf
    from interchange.mapping.model import Mapping

    # by row source: each element that it reads, with the cells that stand there
    Readings = dict[str, list[tuple[Sequence[Json], Row]]]


@dataclass(slots=True)
class Found:
    """A row as read: where it was read, which cells stood in FHIR itself, and what was kept beside it.

    ``source`` is missing for a row that was kept whole; ``blanks`` is missing where nothing may be derived.
    """

    row: Row
    resource: Resource
    source: PlannedSource | None = None
    levels: Sequence[Json] = ()
    native: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    blanks: frozenset[str] | None = frozenset()
    order: int | None = None
    filled: bool = False

    @property
    def stored(self) -> frozenset[str]:
        """The variables that the row has from its source."""
        return self.native | self.kept if self.kept else self.native

    @property
    def spot(self) -> tuple[str, int]:
        """Which row of which element this is, within one run."""
        return (self.source.name if self.source else "", id(self.levels[-1]) if self.levels else 0)


class Needs(NamedTuple):
    """The variables that the rows of a source must have, and those of them that must come from it."""

    required: frozenset[str]
    stored: frozenset[str]


def needs_of(source: PlannedSource, mapping: Mapping) -> Needs:
    """Return what the rows of a source must have; what a derivation can give need not come from the source."""
    required = set(source.source.require)
    if mapping.params is not None and source.source.parameter:
        required.add(mapping.params.value)
    derived = {rule.variables[0] for rule in source.source.rules if rule.derive}
    return Needs(frozenset(required), frozenset(required - derived))


class Forward:
    """Reads domains from a shelf; ``read`` and ``elements`` are those of the interpreter or compiled ones.

    ``disagreements`` counts, by DOMAIN.VARIABLE, stored values that a derivation computes otherwise.
    """

    def __init__(self, plan: Plan, read: Read | None = None, elements: Elements | None = None) -> None:
        self.plan = plan
        self.read = read or interpreted_read
        self.elements = elements or interpreted_elements
        self.systems = plan.project.systems
        self.disagreements: dict[str, int] = {}
        places = self.plan.tools.places
        self.looked_up = _looked_up(plan)
        self.about_records = frozenset(d for d, planned in plan.mappings.items() if planned.mapping.about_records)
        self.needs = {s.name: needs_of(s, m.mapping) for m in plan.mappings.values() for s in m.sources}
        tables = {m.params.table for m in self.plan.project.mappings.values() if m.params}
        self.known = Setting(
            self.plan.project.settings,
            project_terminology(self.plan.project.settings),
            {table: read_parameters(table, places) for table in tables},
            places,
        )

    def every(self, shelf: ResourceShelf, beside: Dict[str, Sequence[Row]] | None = None) -> dict[str, list[Found]]:
        """Return the rows of every domain, complete and in order, by domain; ``beside`` are rows made before."""
        done: dict[str, list[Found]] = {}
        declared = declared_variables(shelf)
        for about_records in (False, True):
            records = Records({domain: [(f.resource, f.row) for f in rows] for domain, rows in done.items()})
            found = {
                domain: self._gather(planned, shelf, records)
                for domain, planned in self.plan.mappings.items()
                if (domain in self.about_records) == about_records
            }
            datasets = dict(beside or {})
            for domain, rows in done.items():
                datasets[domain] = [*datasets.get(domain, ()), *(f.row for f in rows)]
            self._derive(found, replace(self.known, datasets=datasets))
            done |= {
                domain: self._finish(self.plan.mappings[domain], rows, declared.get(domain))
                for domain, rows in found.items()
            }
        return done

    def rows(
        self,
        planned: PlannedMapping,
        shelf: ResourceShelf,
        beside: Dict[str, Sequence[Row]] | None = None,
        records: Records | None = None,
        declared: Collection[str] | None = None,
        memory: Readings | None = None,
    ) -> list[Found]:
        """Return the rows of one domain, complete and in order.

        ``beside`` are the rows of other domains, ``records`` what their resources became, ``declared`` the variables
        that its dataset has, where that is known: others are not derived. ``memory`` spares a second reading of
        elements where nothing changes but what is kept beside them.
        """
        mapping = planned.mapping
        found = self._gather(planned, shelf, records or Records(), memory)
        others = {domain: rows for domain, rows in (beside or {}).items() if domain != mapping.domain}
        self._derive({mapping.domain: found}, replace(self.known, datasets=others))
        return self._finish(planned, found, declared)

    def _gather(
        self, planned: PlannedMapping, shelf: ResourceShelf, records: Records, memory: Readings | None = None
    ) -> list[Found]:
        """The rows of a domain before anything is derived."""
        shelf.records = records
        relations = [s for s in planned.sources if s.source.about == RELATION]
        own = [s for s in planned.sources if s.source.about != RELATION]
        found = list(self._native(own, shelf, records, memory))
        found += self._whole(planned, shelf)
        if relations:
            records.relationships(f.row for f in found)
            found += self._native(relations, shelf, records, memory)
        return found + self._nulls(planned, found, shelf)

    def _finish(self, planned: PlannedMapping, found: list[Found], declared: Collection[str] | None) -> list[Found]:
        mapping, nothing = planned.mapping, frozenset[str]()
        required = {id(s): names for s in planned.sources if (names := self.needs[s.name].required)}
        if required:
            found = [f for f in found if f.filled or required.get(id(f.source), nothing) <= f.row.keys()]
        dropped, allowed = mapping.dropped, None if declared is None else frozenset(declared)
        for one in found if mapping.long or dropped or allowed is not None else ():
            for variable in mapping.long:
                if one.source is not None:
                    kept = {name: one.row[name] for name in one.kept if name in one.row}
                    split_long(one.row, variable)
                    one.row.update(kept)
                    for blank in one.blanks or ():
                        one.row.pop(blank, None)
            for variable in dropped:
                if variable not in one.kept:
                    one.row.pop(variable, None)
            if allowed is not None and not one.filled and not one.row.keys() <= allowed:
                for variable in one.row.keys() - allowed - one.stored:
                    del one.row[variable]
        return in_order(found, mapping.order)

    def _native(
        self,
        sources: Sequence[PlannedSource],
        shelf: ResourceShelf,
        records: Records,
        memory: Readings | None,
    ) -> Iterator[Found]:
        for source in sources:
            stored = self.needs[source.name].stored
            seen: set[tuple[str | None, ...]] = set()
            for levels, read in self._readings(source, shelf, memory):
                for given in _given(source, levels, shelf, records):
                    one = self._row(source, levels, given | read)
                    if one is None or not stored <= one.row.keys():
                        continue
                    if source.source.distinct:
                        key = tuple(one.row.get(v) for v in ("STUDYID", *source.source.distinct))
                        if key in seen:
                            continue
                        seen.add(key)
                    yield one

    def _readings(
        self, source: PlannedSource, shelf: ResourceShelf, memory: Readings | None
    ) -> Iterable[tuple[Sequence[Json], Row]]:
        """Every element that a row source reads, with the cells that stand in it."""
        known = None if memory is None else memory.get(source.name)
        if known is not None:
            return known
        made = ((levels, self.read(source, levels, shelf)) for levels in self.elements(source, shelf))
        if memory is None:
            return made
        memory[source.name] = list(made)
        return memory[source.name]

    def _row(self, source: PlannedSource, levels: Sequence[Json], row: Row) -> Found | None:
        """The row of an element, of the cells that stand in it (a row of its own) and of those kept beside it."""
        kept = kept_cells(levels[-1], self.systems["cells"], source.name)
        if kept is not None and kept.absent:
            return None
        native = _names(tuple(row))
        if kept is None:
            return Found(row, levels[0], source, levels, native)
        row.update(kept.cells)
        for blank in kept.blanks:
            row.pop(blank, None)
        return Found(row, levels[0], source, levels, native, frozenset(kept.cells), frozenset(kept.blanks), kept.order)

    def _whole(self, planned: PlannedMapping, shelf: ResourceShelf) -> list[Found]:
        """The rows that no element took, kept whole at the study."""
        return [
            Found(kept.cells, study, kept=frozenset(kept.cells), blanks=None, order=kept.order)
            for study in shelf.own(self.plan.entities["study"].resource)
            for kept in kept_rows(study, self.systems["row"], planned.mapping.domain)
        ]

    def _nulls(self, planned: PlannedMapping, found: list[Found], shelf: ResourceShelf) -> list[Found]:
        """A row with a null flavor for each parameter that is wanted and that nothing is known of."""
        params = planned.mapping.params
        if params is None or not params.nulls:
            return []
        filled = []
        labels = self.known.parameters[params.table]
        for study in shelf.own(planned.sources[0].resource):
            kept = kept_cells(study, self.systems["cells"], fill_name(planned.mapping))
            if kept is not None and kept.absent:
                continue
            known = {f.row.get(params.code, ""): f.row.get(params.value, "") for f in found if f.resource is study}
            base = self.read(planned.sources[0], [study], shelf)
            for code, nulls in params.nulls.items():
                flavor = next((n.flavor for n in nulls if guard_holds(n.when, known)), None)
                if code in known or flavor is None:
                    continue
                row = {k: v for k, v in base.items() if k not in (params.value, params.label, params.code)}
                row |= {params.code: code, params.label: labels[code].label, params.null: flavor}
                filled.append(Found(row, study, planned.sources[0], [study], filled=True))
        return filled

    def _derive(self, found: Dict[str, list[Found]], known: Setting) -> None:
        parts = {
            domain: Part(
                [f.row for f in rows],
                [f.source.source.rules if f.source else () for f in rows],
                [f.blanks for f in rows],
                [f.row for f in in_order(rows, self.plan.mappings[domain].mapping.order)]
                if domain in self.looked_up
                else None,
            )
            for domain, rows in found.items()
        }
        for (domain, variable), count in derive_parts(parts, known).items():
            name = f"{domain}.{variable}"
            self.disagreements[name] = self.disagreements.get(name, 0) + count


def _looked_up(plan: Plan) -> frozenset[str]:
    """The datasets that derivations of others look up."""
    rules = (rule.rule for m in plan.mappings.values() for source in m.sources for rule in source.rules)
    calls = (call for rule in rules for call in rule.derive)
    return frozenset(domain for call in calls for arg in call.args if (domain := split_argument(arg)[0]))


@lru_cache(maxsize=1 << 12)
def _names(names: tuple[str, ...]) -> frozenset[str]:
    """The names of a row's cells, one object for all rows that have the same ones in the same order."""
    return frozenset(names)


_NOTHING_GIVEN: tuple[Row, ...] = ({},)


def _given(source: PlannedSource, levels: Sequence[Json], shelf: ResourceShelf, records: Records) -> tuple[Row, ...]:
    """The cells that name a record, a row each: those of the resource that an element stands in, or of a relation."""
    match source.source.about:
        case "record":
            record = records.of(levels[0])
            return () if record is None else (record,)
        case "relation":
            return records.relate(levels[0], shelf.index.resolve(levels[-1], within=levels[0])) or ()
    return _NOTHING_GIVEN


def declared_variables(shelf: ResourceShelf) -> dict[str, frozenset[str]]:
    """The variables, qualifiers included, of the datasets that a Library on a shelf declares."""
    declared = read_declared(list(shelf.of("Library")))
    qualifiers = {domain: {v.qnam for v in joined.variables} for domain, joined in declared.joins.items()}
    return {
        domain: frozenset({v.name for v in dataset.variables} | qualifiers.get(domain, set()))
        for domain, dataset in declared.datasets.items()
    }


def fill_name(mapping: Mapping) -> str:
    """The row name that says whether a dataset's null flavors were filled in."""
    return f"{mapping.domain}/nulls"


@lru_cache(maxsize=1 << 14)  # the same studies, subjects and numbers stand in many rows
def _place(text: str | None) -> tuple[int, Any, str]:
    """What a text is sorted by: numbers by value before texts, blanks first."""
    number = decimal_of(text)
    return (0, 0, "") if text is None else (1, number, "") if number is not None else (2, 0, text)


def in_order(found: list[Found], order: Sequence[str]) -> list[Found]:
    """Return rows in the order that was kept; else by the mapping's order variables, else in document order."""
    if order and len(found) > 1:
        places = list(zip(*(ranks(_sorted_by(found, name), _place) for name in order), strict=True))
        found = [found[i] for i in sorted(range(len(found)), key=places.__getitem__)]
    if any(f.order is not None for f in found):
        return sorted(found, key=lambda f: (f.order is None, f.order or 0))
    return found


def _sorted_by(found: list[Found], name: str) -> list[str | None]:
    """The cells that count for the order, of one of its variables.

    ``VAR?`` counts only where the variable was computed: rows that have it from their source keep their place.
    """
    variable = name.rstrip("?")
    if variable == name:
        return [f.row.get(variable) for f in found]
    return [None if variable in f.native or variable in f.kept else f.row.get(variable) for f in found]
