"""Traces of cells that rules read from FHIR, through references, entities and code maps; and where elements stand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from interchange.engine.derive import DERIVATIONS
from interchange.engine.plan import EntityRef, RecordRef
from interchange.engine.spots import Spot, spots, target_spot
from interchange.engine.traced import CellTrace, Element, RuleUsed, rule_used
from interchange.engine.witness import Witness, witness_row
from interchange.issues import Place
from interchange.mapping.tables import read_code_map

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from interchange.engine.forward import Found
    from interchange.engine.ops import Row
    from interchange.engine.plan import PlannedEntity, PlannedLevel, PlannedRule, Way
    from interchange.engine.shelf import ResourceShelf
    from interchange.fhir.read import Record
    from interchange.mapping.model import Rule

MAPPED = frozenset({"concept", "multi", "quantity", "unit"})


class Reading:
    """What stands on a shelf, read again with its places.

    ``records`` say where each resource was read; ``path_of`` gives the path of a file there.
    """

    def __init__(self, shelf: ResourceShelf, records: Iterable[Record], path_of: Callable[[str], str]) -> None:
        self.shelf = shelf
        self.plan = shelf.plan
        self.path_of = path_of
        self.records = {id(record.resource): record for record in records}
        self._witnesses: dict[int, dict[str, Witness]] = {}

    def levels(self, one: Found) -> list[Spot]:
        """The levels of a row with their places."""
        self.shelf.within(one.resource)
        levels = [Spot(one.resource, one.resource)]
        for planned, node in zip(one.source.levels if one.source else (), one.levels[1:], strict=False):
            there = list(spots(planned.path.ops, levels[planned.start], self.shelf, {}))
            same = next((spot for spot in there if spot.value is node), None)
            levels.append(same or next(spot for spot in there if spot.value == node))
        return levels

    def witnesses(self, one: Found) -> dict[str, Witness]:
        """How the cells of a row were read, by variable."""
        found = self._witnesses.get(id(one))
        if found is None:
            rules = one.source.rules if one.source else ()
            found = self._witnesses[id(one)] = witness_row(rules, self.levels(one), self.shelf)
        return found

    def cell(self, cell: CellTrace, witness: Witness, row: Row) -> CellTrace:
        """The trace of a cell that a rule reads, or that is constant."""
        way = witness.way
        if way is None:
            says = "the same in every row of its row source"
            return replace(cell, kind="constant", says=says, rules=(said_by(witness.rule),))
        if isinstance(way.codec, EntityRef):
            return self._entity(cell, witness, way, way.codec, row)
        leaves = witness.leaves()
        return replace(
            cell,
            kind="native",
            says="read from the source",
            elements=tuple(self.element(leaf) for leaf in leaves),
            through=self._through(leaves[0].hops if leaves else ()),
            rules=(_lane(way), *self._mapped(way, cell.value, leaves)),
        )

    def element(self, spot: Spot) -> Element:
        """An element of the source, with the file that its resource was read from."""
        resource = spot.resource
        record = self.records.get(id(resource))
        name = "/".join(str(resource[key]) for key in ("resourceType", "id") if key in resource)
        place = record.place if record else Place()
        entry = record.entry if record else None
        return Element(self.path_of(place.file), place.line, entry, name, spot.text, spot.value)

    def _through(self, hops: Sequence[Spot]) -> tuple[Element, ...]:
        """The references that led somewhere, each once."""
        return tuple({id(hop.resource): self.element(hop) for hop in hops}.values())

    def _mapped(self, way: Way, term: str | None, leaves: Sequence[Spot]) -> Iterator[RuleUsed]:
        """The line of the code map that a term was read by, if one was."""
        name, _, args = way.text.rpartition(" | ")[2].rstrip(")").partition("(")
        if name not in MAPPED or not args:
            return
        read = {str(leaf.value) for leaf in leaves}
        words = {text.casefold() for text in read} - {""}
        for entry in read_code_map(args.split()[0], self.plan.tools.places).entries:
            code = entry.code or entry.system
            told = {entry.display.casefold(), entry.text.casefold()} & words
            if entry.term == term and entry.prefer != "to-fhir" and (code in read or told):
                yield rule_used(entry.place, f"{code or entry.display or entry.text} is {entry.term}")
                return

    def _entity(self, cell: CellTrace, witness: Witness, way: Way, ref: EntityRef, row: Row) -> CellTrace:
        """A cell of the row that a reference or link stands for."""
        reference = next(spot for spot in witness.inputs if spot is not None)
        if isinstance(ref, RecordRef):
            said = "read from the source: the record that the reference leads to"
            return replace(cell, kind="native", says=said, elements=(self.element(reference),), rules=(_lane(way),))
        planned = self.plan.entities[ref.name]
        levels = self._linked(planned, ref.link, reference, row) if planned.links else self._followed(ref, reference)
        variable = ref.variables[witness.at]
        inner = self._of_entity(replace(cell, dataset=f"entity {ref.name}", row=0, variable=variable), planned, levels)
        hops = reference.hops if levels and levels[0].stand_in else (*reference.hops, reference)
        through = [*(self.element(hop) for hop in hops), *inner.through]
        return replace(
            inner,
            dataset=cell.dataset,
            row=cell.row,
            variable=cell.variable,
            through=tuple(element for i, element in enumerate(through) if element not in through[:i]),
            rules=(_lane(way), *inner.rules),
        )

    def _of_entity(self, cell: CellTrace, planned: PlannedEntity, levels: list[Spot]) -> CellTrace:
        """A variable of an entity: read by one of its rules, or derived of others of them."""
        found = witness_row(planned.rules, levels, self.shelf)
        if cell.variable in found:
            return self.cell(cell, found[cell.variable], {})
        rule = next((r.rule for r in planned.rules if r.variables[0] == cell.variable), None)
        needs = rule.derive[0].args if rule and rule.derive else ()
        others = (replace(cell, variable=name, value=found[name].value()) for name in needs if name in found)
        return computed(cell, rule, 0, [self.cell(other, found[other.variable], {}) for other in others])

    def _followed(self, ref: EntityRef, reference: Spot) -> list[Spot]:
        target = self.shelf.follow(reference.value, ref.name)
        return [] if target is None else [target_spot(reference, target)]

    def _linked(self, planned: PlannedEntity, link: str, reference: Spot, row: Row) -> list[Spot]:
        """The levels of an entity that lives inside another resource, by what refers to it; the row's study first."""
        owner = self.plan.entities[planned.entity.within]
        ops = planned.links[link].ops
        other: list[Spot] = []
        for resource in self.shelf.of(planned.resource):
            study = self.shelf.entity_row(owner, resource).get(owner.entity.key[0], "")
            for levels in self._deeper([Spot(resource, resource)], planned.levels):
                at = next(spots(ops, levels[-1], self.shelf, {}), None)
                if at is not None and str(at.value) == str(reference.value):
                    if study == row.get("STUDYID", study):
                        return levels
                    other = other or levels
        return other

    def _deeper(self, so_far: list[Spot], levels: Sequence[PlannedLevel]) -> Iterator[list[Spot]]:
        if len(so_far) > len(levels):
            yield so_far
            return
        level = levels[len(so_far) - 1]
        for spot in spots(level.path.ops, so_far[level.start], self.shelf, {}):
            yield from self._deeper([*so_far, spot], levels)


def _lane(way: Way) -> RuleUsed:
    return rule_used(way.place, f"{' '.join(way.variables)}: {way.text}")


def said_by(rule: PlannedRule) -> RuleUsed:
    """What a rule says as a whole: its constant, its ways, or how it is derived."""
    said = [way.text for way in rule.ways]
    said += [f"const {rule.rule.const}"] if rule.rule.const is not None else []
    said += [f"derive {call}" for call in rule.rule.derive]
    return rule_used(rule.rule.place, f"{' '.join(rule.variables)}: {', else '.join(said)}")


def computed(cell: CellTrace, rule: Rule | None, number: int, uses: Sequence[CellTrace]) -> CellTrace:
    """The trace of a cell that the numbered derivation of a rule gave; ``unexplained`` where there is none."""
    if rule is None or not rule.derive:
        return replace(cell, kind="unexplained", says="no rule says where it comes from; report this")
    call = rule.derive[number]
    line = (DERIVATIONS[call.name].__doc__ or "").strip().partition("\n")[0].replace("``", "`")
    text = f"{' '.join(rule.variables)}: derive {', else '.join(map(str, rule.derive))}"
    return replace(
        cell,
        kind="derived",
        says=f"computed: {line}",
        rules=(rule_used(rule.place, text),),
        derivation=str(call),
        uses=tuple(uses),
    )
