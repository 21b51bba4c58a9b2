"""How the cells of datasets are held in FHIR, in numbers; and which came back different."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from interchange.report.layout import table

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from interchange.engine.settle import Tally

SMALL = 40
TOTAL = "total"
KINDS = ("native", "extension", "derived", "constant", "residual")
COLUMNS = ("cells", "native", "HL7 extension", "derived", "constant", "residual", "different", "residual share")


@dataclass(slots=True)
class CellCounts:
    """Numbers of cells of a dataset or a variable; ``different`` is None where nothing was compared.

    ``native`` cells stand in FHIR elements, ``extension`` in extensions that HL7 publishes, ``derived`` are computed
    again from others, ``constant`` are the mapping's, ``residual`` stand in extensions of this project.
    """

    name: str
    cells: int = 0
    native: int = 0
    extension: int = 0
    derived: int = 0
    constant: int = 0
    residual: int = 0
    different: int | None = None
    variables: list[CellCounts] | None = None
    residual_share: float = field(init=False)

    def __post_init__(self) -> None:
        self.residual_share = self.residual / self.cells if self.cells else 0.0

    @property
    def row(self) -> tuple[object, ...]:
        """The numbers as they stand in a table, from the name on."""
        different = () if self.different is None else (self.different,)
        return (self.name, self.cells, *(getattr(self, kind) for kind in KINDS), *different, self.residual_share)


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
        found.append(add_up(name, variables, compared=different is not None))
    return found


def _count(name: str, tally: Tally | None, different: int | None) -> CellCounts:
    if tally is None:
        return CellCounts(name, different=different)
    held = {kind: getattr(tally, kind) for kind in KINDS}
    return CellCounts(name, tally.cells, different=different, **held)


def add_up(name: str, parts: list[CellCounts], *, compared: bool) -> CellCounts:
    """Return the sums of variables, which stand in it, or of datasets."""
    sums = {kind: sum(getattr(part, kind) for part in parts) for kind in ("cells", *KINDS)}
    different = sum(part.different or 0 for part in parts) if compared else None
    return CellCounts(name, different=different, variables=parts, **sums)


def total_cells(datasets: Sequence[CellCounts]) -> CellCounts:
    """Return the sums of all datasets.

    >>> total_cells([CellCounts("DM", 3, native=3), CellCounts("AE", 1, residual=1)]).residual_share
    0.25
    """
    total = add_up(TOTAL, list(datasets), compared=any(d.different is not None for d in datasets))
    total.variables = None
    return total


def show_datasets(datasets: Sequence[CellCounts]) -> list[RenderableType]:
    """Return the table of totals by dataset, and of all of them."""
    if not datasets:
        return []
    rows = [*(d.row for d in datasets), *([total_cells(datasets).row] if len(datasets) > 1 else [])]
    return [table("Cells by dataset", ("dataset", *columns(datasets)), rows)]


def show_variables(datasets: Sequence[CellCounts]) -> list[RenderableType]:
    """Return a table of the variables of each dataset."""
    return [
        table(f"Variables of {d.name}", ("variable", *columns(d.variables)), [v.row for v in d.variables])
        for d in datasets
        if d.variables
    ]


def is_small(datasets: Sequence[CellCounts]) -> bool:
    """Whether the variables of all datasets fit on a screen."""
    return sum(len(d.variables or ()) for d in datasets) <= SMALL


def columns(rows: Sequence[CellCounts]) -> tuple[str, ...]:
    """The headings of the numbers of `CellCounts.row`."""
    return COLUMNS if rows[0].different is not None else tuple(c for c in COLUMNS if c != "different")
