"""How a cell that came back is held in FHIR: in an element, in an extension that HL7 publishes, or in another one.

The way that holds the cell says so by its lowered path, so R5 elements that a release has as cross-version extensions
(https://hl7.org/fhir/versions.html#extensions) count as extensions there. What is nested in an extension is held as the
outer one is. A cell of a referred entity is held as the reference and the entity's own rule hold it, the worse of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from interchange.engine.interpret import guard_holds, read_way
from interchange.engine.plan import EntityRef, RecordRef
from interchange.fhir.lower import Filter, Get
from interchange.mapping.codecs.time import DtcCodec, fhir_date_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interchange.engine.ops import Json, Row
    from interchange.engine.plan import Plan, PlannedLevel, PlannedRule, PlannedSource, Way
    from interchange.engine.shelf import ResourceShelf
    from interchange.fhir.lower import Op

Holding = Literal["native", "extension", "residual", "derived", "constant"]

KINDS: tuple[Holding, ...] = ("native", "extension", "residual")  # from best to worst
PUBLISHED = "http://hl7.org/fhir/"
EXTENSIONS = ("extension", "modifierExtension")
URL: tuple[Op, ...] = (Get("url", many=False),)
DEPTH = 4  # of entities that hold their variables by other entities


def extension_rank(ops: Sequence[Op]) -> int:
    """Return 0 for a path through elements alone, 1 through extensions of HL7, 2 through others.

    >>> from interchange.fhir.lower import Condition
    >>> def of(url: str) -> tuple[Op, ...]:
    ...     return (Get("extension", many=True), Filter((Condition(URL, url),)))
    >>> patient = of("http://hl7.org/fhir/us/core/StructureDefinition/us-core-race") + of("text")
    >>> extension_rank((Get("gender", many=False),)), extension_rank(patient), extension_rank(of("urn:own"))
    (0, 1, 2)
    """
    worst = 0
    for before, op in pairwise(ops):
        if not (isinstance(op, Filter) and isinstance(before, Get) and before.key in EXTENSIONS):
            continue
        for condition in op.conditions:
            url = str(condition.literal)
            if condition.ops == URL and ":" in url:  # one without a scheme is a part of the extension around it
                worst = max(worst, 1 if url.startswith(PUBLISHED) else 2)
    return worst


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A way that may hold a variable, how well, and the type of the date where its text may say more than that."""

    way: Way
    rank: int
    date: str = ""

    def kind(self, text: str) -> Holding:
        """How a text is held by this way: one that the element cannot hold whole stands in an extension of ours."""
        return "residual" if self.date and fhir_date_time(text, self.date) != text else KINDS[self.rank]


class Held:
    """Says how the cells of rows that stand on a shelf are held; what depends on no row is worked out once."""

    def __init__(self, plan: Plan, shelf: ResourceShelf) -> None:
        self.plan = plan
        self.shelf = shelf
        self._known: dict[tuple[str, str], Holding | tuple[_Candidate, ...]] = {}

    def kind(self, source: PlannedSource, levels: Sequence[Json], row: Row, variable: str) -> Holding:
        """How a cell that a rule of the source read back is held.

        It is the first way that writes it, under a guard that holds, and from which it can be read; where none writes
        it, as with what stands in the resource of another row, the first from which it can be read.
        """
        known = self._of(source, variable)
        if isinstance(known, str):
            return known
        found = [c for c in known if c.way.writes and guard_holds(c.way.guard, row)]
        found = found or [c for c in known if c.way.reads] or list(known)
        if len({c.rank for c in found}) > 1:
            found = [c for c in found if self._reads(c.way, levels, row, variable)] or found
        return found[0].kind(row.get(variable, ""))

    def always(self, source: PlannedSource, variable: str) -> Holding | None:
        """How a variable is held whatever the row; nothing where that depends on it."""
        known = self._of(source, variable)
        return known if isinstance(known, str) else None

    def _of(self, source: PlannedSource, variable: str) -> Holding | tuple[_Candidate, ...]:
        known = self._known.get((source.name, variable))
        if known is None:
            known = self._known[source.name, variable] = self._work_out(source, variable)
        return known

    def _reads(self, way: Way, levels: Sequence[Json], row: Row, variable: str) -> bool:
        own = {name: text for name, text in row.items() if name not in way.variables}
        read_way(way, levels, self.shelf, own)
        return own.get(variable) == row.get(variable)

    def _work_out(self, source: PlannedSource, variable: str) -> Holding | tuple[_Candidate, ...]:
        """How a variable is held whatever the row, or what it depends on."""
        rule = next((rule for rule in source.rules if variable in rule.variables), None)
        if rule is None:
            return "derived"  # the row names the record that it is about
        if rule.rule.const is not None:
            return "constant"
        ways = [way for way in rule.ways if variable in way.variables]
        found = tuple(self._candidate(way, variable, source.levels) for way in ways)
        if not found:
            return "derived"
        same = len({c.rank for c in found}) == 1 and not any(c.date for c in found)
        return KINDS[found[0].rank] if same else found

    def _candidate(self, way: Way, variable: str, levels: Sequence[PlannedLevel], depth: int = 0) -> _Candidate:
        rank = max(_level_rank(levels, way.level), *(extension_rank(path.ops) for path in way.paths))
        codec = way.codec
        if isinstance(codec, EntityRef) and not isinstance(codec, RecordRef):
            inner = self._inner(codec, variable, depth)
            return _Candidate(way, max(rank, inner.rank), inner.date) if inner else _Candidate(way, rank)
        return _Candidate(way, rank, codec.type if isinstance(codec, DtcCodec) else "")

    def _inner(self, ref: EntityRef, variable: str, depth: int) -> _Candidate | None:
        """The way of an entity's own rule for a variable; None where the reference alone holds it."""
        planned = self.plan.entities[ref.name]
        own = ref.variables[ref.row.index(variable)] if variable in ref.row else variable
        rule = _rule_of(planned.rules, own)
        ways = [way for way in rule.ways if own in way.variables] if rule and depth < DEPTH else []
        way = next((way for way in ways if way.writes), ways[0] if ways else None)
        return None if way is None else self._candidate(way, own, planned.levels, depth + 1)


def _rule_of(rules: Sequence[PlannedRule], variable: str) -> PlannedRule | None:
    return next((rule for rule in rules if variable in rule.variables), None)


def _level_rank(levels: Sequence[PlannedLevel], level: int) -> int:
    """How a level's element is held: every level on the way down to it counts."""
    worst = 0
    while level:
        planned = levels[level - 1]
        worst = max(worst, extension_rank(planned.path.ops))
        level = planned.start
    return worst
