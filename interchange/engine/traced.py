"""What a trace says: where a cell comes from, down to the element of the source and the line of the mapping file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

from interchange.issues import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from interchange.issues import Issue
    from interchange.sdtm.dataset import Dataset

Kind = Literal["native", "derived", "constant", "kept", "null flavor", "supplemental", "blank", "unexplained"]


@dataclass(frozen=True, slots=True)
class Element:
    """An element of the source: file and line, entry of its Bundle (from 0), resource, path with indices, value."""

    file: str
    line: int | None
    entry: int | None
    resource: str
    path: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class RuleUsed:
    """A rule, or line of a code map, that made the cell: where it stands and what it says."""

    file: str
    line: int | None
    text: str

    @property
    def place(self) -> Place:
        """File and line."""
        return Place(self.file, self.line)


def rule_used(place: Place, text: str) -> RuleUsed:
    """Return a rule at its place."""
    return RuleUsed(place.file, place.line, text)


@dataclass(frozen=True, slots=True)
class CellTrace:
    """Where one cell comes from.

    ``kind`` is how it was made: ``native`` in FHIR, ``derived`` of the cells in ``uses``, ``constant``, ``kept`` beside
    the row by a conversion to FHIR, ``null flavor``, ``supplemental`` (the parent's cell is in ``uses``), ``blank``.
    ``says`` has that in words. ``elements`` are what the value was read from, ``through`` the references that led
    there. ``row`` counts from 1; it is 0 for a variable of an entity, which ``dataset`` names.
    """

    dataset: str
    row: int
    variable: str
    value: str | None
    kind: Kind
    says: str
    elements: tuple[Element, ...] = ()
    through: tuple[Element, ...] = ()
    rules: tuple[RuleUsed, ...] = ()
    derivation: str = ""
    uses: tuple[CellTrace, ...] = ()

    def without_values(self) -> CellTrace:
        """The same without any value of the data."""
        return replace(
            self,
            value=None,
            elements=tuple(replace(e, value=None) for e in self.elements),
            through=tuple(replace(e, value=None) for e in self.through),
            uses=tuple(used.without_values() for used in self.uses),
        )


@dataclass(frozen=True, slots=True)
class Trace:
    """Where the cells of one row come from, or the one that was asked for; ``issues`` say what to mind."""

    dataset: str
    row: int
    cells: tuple[CellTrace, ...]
    issues: list[Issue] = field(default_factory=list)

    def __getitem__(self, variable: str) -> CellTrace:
        """The trace of a variable; KeyError where there is none."""
        for cell in self.cells:
            if cell.variable == variable:
                return cell
        raise KeyError(variable)

    def without_values(self) -> Trace:
        """The same without any value of the data."""
        return replace(self, cells=tuple(cell.without_values() for cell in self.cells))


class Traces(Protocol):
    """What traces the cells of the datasets that a source becomes."""

    @property
    def datasets(self) -> Mapping[str, Dataset]:
        """The datasets by name."""

    def trace(self, dataset: str, row: int, variable: str = "") -> Trace:
        """The trace of a row, counted from 1, or of one cell of it; SourceError where there is none such."""
