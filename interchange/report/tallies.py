"""How the cells of datasets are held in FHIR: native, derived, constant, residual; and which came back different."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interchange.report.layout import table

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from interchange.engine.settle import Tally

SMALL = 40
COLUMNS = ("cells", "native", "derived", "constant", "residual", "different", "native share")


@dataclass(slots=True)
class CellCounts:
    """Numbers of cells of a dataset or a variable; ``different`` is None where nothing was compared."""

    name: str
    cells: int = 0
    native: int = 0
    derived: int = 0
    constant: int = 0
    residual: int = 0
    different: int | None = None
    variables: list[CellCounts] | None = None

    @property
    def share(self) -> float:
        """The share of cells that live in FHIR elements; 0 without cells."""
        return self.native / self.cells if self.cells else 0.0

    @property
    def row(self) -> tuple[object, ...]:
        """The numbers as they stand in a table, from the name on."""
        different = () if self.different is None else (self.different,)
        return (self.name, self.cells, self.native, self.derived, self.constant, self.residual, *different, self.share)


def count_cells(tallies: Mapping[str, Mapping[str, Tally]], different: Counter[str] | None = None) -> list[CellCounts]:
    """Return the numbers of each dataset with those of its variables; ``different`` is by DATASET.VARIABLE.

    Rows that are missing count under the variable ``(rows)``.
    """
    names = dict.fromkeys((*tallies, *(key.partition(".")[0] for key in different or ())))
    found = []
    for name in names:
        own = tallies.get(name, {})
        extra = [key.partition(".")[2] for key in different or () if key.startswith(f"{name}.")]
        variables = [
            _count(variable, own.get(variable), None if different is None else different[f"{name}.{variable}"])
            for variable in dict.fromkeys((*own, *extra))
        ]
        found.append(_total(name, variables, compared=different is not None))
    return found


def _count(name: str, tally: Tally | None, different: int | None) -> CellCounts:
    if tally is None:
        return CellCounts(name, different=different)
    return CellCounts(name, tally.cells, tally.native, tally.derived, tally.constant, tally.residual, different)


def _total(name: str, variables: list[CellCounts], *, compared: bool) -> CellCounts:
    return CellCounts(
        name,
        sum(v.cells for v in variables),
        sum(v.native for v in variables),
        sum(v.derived for v in variables),
        sum(v.constant for v in variables),
        sum(v.residual for v in variables),
        sum(v.different or 0 for v in variables) if compared else None,
        variables,
    )


def show_datasets(datasets: Sequence[CellCounts]) -> list[RenderableType]:
    """Return the table of totals by dataset."""
    if not datasets:
        return []
    return [table("Cells by dataset", ("dataset", *_columns(datasets)), [d.row for d in datasets])]


def show_variables(datasets: Sequence[CellCounts]) -> list[RenderableType]:
    """Return a table of the variables of each dataset."""
    return [
        table(f"Variables of {d.name}", ("variable", *_columns(d.variables)), [v.row for v in d.variables])
        for d in datasets
        if d.variables
    ]


def is_small(datasets: Sequence[CellCounts]) -> bool:
    """Whether the variables of all datasets fit on a screen."""
    return sum(len(d.variables or ()) for d in datasets) <= SMALL


def _columns(rows: Sequence[CellCounts]) -> tuple[str, ...]:
    return COLUMNS if rows[0].different is not None else tuple(c for c in COLUMNS if c != "different")
