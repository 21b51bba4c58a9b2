"""The rows of a dataset by column, and by groups of rows that have the same cells.

Most derivations say of a row what follows from a few of its cells, and thousands of rows have the same ones: the same
test and unit, the same subject and date. So they are worked out once for each group, over rows that stand for it.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple

from interchange.engine.derive.base import SUBJECT, split_argument
from interchange.engine.derive.registry import DERIVATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interchange.engine.derive.base import Column, Made, Row, Setting
    from interchange.mapping.model import Call

# Functions of a row's own cells, and how many of their first arguments name something else.
OF_CELLS = {
    "age": 0,
    "copy": 0,
    "ct-version": 0,
    "decode": 2,
    "dy": 0,
    "first": 0,
    "ifset": 0,
    "last": 0,
    "last-part": 0,
    "lookup": 1,
    "paired": 0,
    "parameter-code": 1,
    "planned": 2,
    "range-indicator": 0,
    "setting": 1,
    "standard-limit": 1,
    "standard-number": 0,
    "standard-unit": 1,
    "standard-value": 1,
    "table": 2,
    "testcd": 0,
    "within": 3,
}
# Those that look the row's subject up in other datasets, whatever their arguments are.
BESIDE = frozenset({"first", "last", "lookup", "planned", "within"})
MOST = 1 << 14  # so many results of a call are remembered


class Reads(NamedTuple):
    """The variables of a row that a call reads; ``beside`` says that it reads other datasets too."""

    variables: tuple[str, ...]
    beside: bool


class Groups(NamedTuple):
    """The cells of each group, and the number of the group of each row, from 0."""

    cells: list[tuple[str | None, ...]]
    of_row: list[int]


@lru_cache(maxsize=1 << 12)
def reads_of(call: Call) -> Reads | None:
    """Return what a call reads of a row; nothing where it looks at several rows at once.

    >>> from interchange.mapping.model import Call
    >>> reads_of(Call("dy", ("AESTDTC", "DM.RFSTDTC"))), reads_of(Call("ordinal", ("TSPARMCD",)))
    (Reads(variables=('AESTDTC', 'USUBJID'), beside=True), None)
    """
    at = OF_CELLS.get(call.name)
    if at is None:
        return None
    own = [arg for arg in call.args[at:] if not split_argument(arg)[0]]
    beside = call.name in BESIDE or any(split_argument(arg)[0] for arg in call.args)
    if beside:
        own = [*(arg for arg in own if arg != SUBJECT), SUBJECT]
    return Reads(tuple(dict.fromkeys(own)), beside)


class Columns:
    """The rows of a dataset, whose columns and groups are made once, until a variable is filled.

    >>> columns = Columns([{"A": "1"}, {"A": "1", "B": "2"}, {"A": "1"}])
    >>> columns.groups(("A", "B"))
    Groups(cells=[('1', None), ('1', '2')], of_row=[0, 1, 0])
    """

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self._columns: dict[str, Column] = {}
        self._groups: dict[tuple[str, ...], Groups] = {}

    def groups(self, variables: tuple[str, ...]) -> Groups:
        """The groups of rows that have the same cells of some variables."""
        found = self._groups.get(variables)
        if found is None:
            there = tuple(v for v in variables if self._column(v).count(None) < len(self.rows))
            made = self._grouped(there) if there == variables else self._wider(there, variables)
            found = self._groups[variables] = made
        return found

    def _grouped(self, variables: tuple[str, ...]) -> Groups:
        every = [self._column(variable) for variable in variables]
        numbers: dict[tuple[str | None, ...], int] = {}
        cells = zip(*every, strict=True) if every else repeat((), len(self.rows))
        of_row = [numbers.setdefault(each, len(numbers)) for each in cells]
        return Groups(list(numbers), of_row)

    def _wider(self, there: tuple[str, ...], variables: tuple[str, ...]) -> Groups:
        """The groups by variables of which some stand in no row: those by the others."""
        cells, of_row = self.groups(there)
        rows = _standing_for(cells, there)
        return Groups([tuple(row.get(variable) for variable in variables) for row in rows], of_row)

    def _column(self, variable: str) -> Column:
        found = self._columns.get(variable)
        if found is None:
            found = self._columns[variable] = [row.get(variable) for row in self.rows]
        return found

    def fill(self, variable: str, values: Column) -> list[int]:
        """Fill the gaps of a variable; the numbers of the rows, from 0, that have another value."""
        if values.count(None) == len(values):
            return []
        column = [
            row.get(variable) if value is None else row.setdefault(variable, value)
            for row, value in zip(self.rows, values, strict=True)
        ]
        self._columns[variable] = column
        for group in [group for group in self._groups if variable in group]:
            del self._groups[group]
        if column == values:
            return []
        pairs = enumerate(zip(column, values, strict=True))
        return [i for i, (there, value) in pairs if value is not None and there != value]

    def derived(self, call: Call, args: Sequence[str], known: Setting | None) -> Column:
        """What a call gives each row; ``args`` are its arguments as the function takes them."""
        derivation = DERIVATIONS[call.name]
        reads = reads_of(call)
        if reads is None:
            return list(derivation(self.rows, args, known))
        cells, of_row = self.groups(reads.variables)
        made: Made = {} if known is None or reads.beside else known.made.setdefault(call, {})
        new = [each for each in cells if each not in made]
        if len(made) + len(new) > MOST:
            made, new = {}, cells
            if known is not None and not reads.beside:
                known.made[call] = made
        if new:
            made.update(zip(new, derivation(_standing_for(new, reads.variables), args, known), strict=True))
        values = [made[each] for each in cells]
        return [values[number] for number in of_row]


def _standing_for(cells: Sequence[Sequence[str | None]], variables: Sequence[str]) -> list[Row]:
    """Rows that have just the cells of groups."""
    return [{name: cell for name, cell in zip(variables, each, strict=True) if cell is not None} for each in cells]
