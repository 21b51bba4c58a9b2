"""The plan of the mappings on one FHIR release: every path lowered, every codec bound, ready to interpret or compile.

A plan is what lint checks and what both engines run; `interchange.engine.planner` builds it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from interchange.issues import Place
from interchange.mapping.codecs import Codec, Tools
from interchange.mapping.model import STRENGTHS

if TYPE_CHECKING:
    from collections.abc import Mapping as Dict
    from decimal import Decimal

    from interchange.fhir.elements import Release
    from interchange.fhir.lower import Lowered, Op
    from interchange.mapping.lookups import Lookup
    from interchange.mapping.model import Entity, Guard, Level, Mapping, Project, Rule, Source


@dataclass(frozen=True, slots=True)
class EntityRef:
    """The codec ``entity(name)`` or ``entity(name.link)``: a reference to, or the link of, another row."""

    name: str
    link: str
    variables: tuple[str, ...]
    row: tuple[str, ...]

    def own(self, row: dict[str, str]) -> dict[str, str]:
        """A row under the entity's own variable names, where the rule has others (ACTARM for ARM)."""
        if self.row == self.variables:
            return row
        renamed = {name: row[mine] for name, mine in zip(self.variables, self.row, strict=True) if mine in row}
        return {k: v for k, v in row.items() if k not in self.variables} | renamed


@dataclass(frozen=True, slots=True)
class RecordRef(EntityRef):
    """The codec ``record(SEQ GRPID)``: a reference to the record of another dataset, as RELREC names it (SDTMIG 8.2).

    ``systems`` are those of the identifiers that a record is named by, by what follows the two letters of its domain:
    SEQ for AESEQ. It gives RDOMAIN, IDVAR and IDVARVAL, in this order.
    """

    systems: Dict[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Way:
    """One lowered alternative of a rule: where it starts (0 is the resource, n the n-th level), paths, codec, guard."""

    variables: tuple[str, ...]
    level: int
    paths: tuple[Lowered, ...]
    codec: Codec | EntityRef
    guard: Guard
    reads: bool
    writes: bool
    place: Place
    text: str
    because: str = ""

    @property
    def shape(self) -> tuple[bool, bool]:
        """Whether the codec works on a primitive with its ``_`` sibling, and whether on all values at once."""
        codec = self.codec
        return (codec.sibling, codec.many) if isinstance(codec, Codec) else (False, False)


@dataclass(frozen=True, slots=True)
class PlannedRule:
    """A rule with its ways on this release."""

    rule: Rule
    ways: tuple[Way, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that the rule owns."""
        return self.rule.variables


@dataclass(frozen=True, slots=True)
class PlannedEmit:
    """A constant of FHIR, lowered; ``picked`` leads to the element that a ``where`` picks, which must be there.

    With ``lookups`` the value is what the first that yields has for the row, and an element that is picked is made.

    ``blank`` leads to the elements, one for each type of a choice, that must hold nothing: those of a reason why
    data is absent.
    """

    level: int
    path: Lowered
    value: str | bool | int | Decimal
    template: bool = False
    place: Place = field(default_factory=Place)
    picked: tuple[Op, ...] = ()
    when: Guard = ()
    blank: tuple[tuple[Op, ...], ...] = ()
    lookups: tuple[Lookup, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedLevel:
    """A level, lowered, and the level it starts from."""

    level: Level
    start: int
    path: Lowered


@dataclass(frozen=True, slots=True)
class PlannedTest:
    """A path that only has to exist, and where it starts."""

    level: int
    path: Lowered


@dataclass(frozen=True, slots=True)
class PlannedClaim:
    """What a row source takes a resource by; ``rank`` 0 is the strongest."""

    rank: int
    tests: tuple[PlannedTest, ...]
    ways: tuple[Way, ...]

    @property
    def written(self) -> bool:
        """Whether its first path is written to FHIR: that of a mark or category."""
        return bool(self.tests) and STRENGTHS[self.rank] in ("mark", "category")


@dataclass(frozen=True, slots=True)
class PlannedSource:
    """A row source on this release; ``records`` are the records that a row of it must name."""

    domain: str
    source: Source
    resource: str
    levels: tuple[PlannedLevel, ...]
    match: tuple[PlannedTest, ...]
    skip_if: tuple[PlannedTest, ...]
    only_if: tuple[PlannedTest, ...]
    claims: tuple[PlannedClaim, ...]
    emit: tuple[PlannedEmit, ...]
    rules: tuple[PlannedRule, ...]
    records: tuple[RecordRef, ...] = ()

    @property
    def name(self) -> str:
        """``DOMAIN/source``, the name that residual cells are kept under."""
        return f"{self.domain}/{self.source.name}"


@dataclass(frozen=True, slots=True)
class PlannedEntity:
    """An entity on this release; ``links`` are the paths of what refers to it by text."""

    entity: Entity
    resource: str
    levels: tuple[PlannedLevel, ...]
    match: tuple[PlannedTest, ...]
    links: Dict[str, Lowered]
    emit: tuple[PlannedEmit, ...]
    rules: tuple[PlannedRule, ...]


@dataclass(frozen=True, slots=True)
class PlannedMapping:
    """A domain's mapping on this release."""

    mapping: Mapping
    sources: tuple[PlannedSource, ...]


@dataclass(slots=True, eq=False)
class Plan:
    """All mappings of a project on one release."""

    project: Project
    release: Release
    tools: Tools
    entities: dict[str, PlannedEntity] = field(default_factory=dict)
    mappings: dict[str, PlannedMapping] = field(default_factory=dict)

    def resource_types(self) -> frozenset[str]:
        """The resource types that any row source or entity reads."""
        sources = {s.resource for m in self.mappings.values() for s in m.sources}
        return frozenset(sources | {e.resource for e in self.entities.values()})
