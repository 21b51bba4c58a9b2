"""What derivations share: rows, columns, and what a derivation may ask for beside its own rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from interchange.mapping.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from interchange.mapping.model import Call
    from interchange.mapping.tables import Parameter, Table
    from interchange.mapping.terminology import Terminology

    Derivation = Callable[[Sequence["Row"], Sequence[str], "Setting | None"], "Column"]

Row = dict[str, str]
Column = list[str | None]
Made = dict[tuple[str | None, ...], str | None]  # by cells
SUBJECT = "USUBJID"


@dataclass(frozen=True, slots=True)
class Setting:
    """What derivations may ask for beside the rows: settings, terminology, tables, and the rows of other datasets.

    ``made`` remembers what calls have given that follows from cells, settings and tables alone.
    """

    settings: Mapping[str, str]
    terminology: Terminology
    parameters: Mapping[str, Mapping[str, Parameter]]
    places: Sequence[str] = ()
    datasets: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    made: dict[Call, Made] = field(default_factory=dict, compare=False, repr=False)

    def table(self, name: str) -> Table:
        """A table of the terminology folder, by name."""
        return read_table(name, self.places)


def rows_of(known: Setting | None, domain: str) -> Sequence[Row]:
    """The rows of another dataset; none where there is no such dataset."""
    return known.datasets.get(domain, ()) if known else ()


def split_argument(arg: str) -> tuple[str, str]:
    """The dataset and variable that an argument names; no dataset for a variable of the row itself.

    >>> split_argument("DM.RFSTDTC"), split_argument("AESTDTC")
    (('DM', 'RFSTDTC'), ('', 'AESTDTC'))
    """
    domain, dot, variable = arg.partition(".")
    return (domain, variable) if dot else ("", arg)


def column(rows: Sequence[Row], arg: str, known: Setting | None) -> Column:
    """The values of an argument, one a row: of the row itself, or of the subject's row in another dataset (DM.SEX).

    >>> column([{"A": "1"}, {}], "A", None)
    ['1', None]
    """
    domain, variable = split_argument(arg)
    if not domain:
        return [row.get(variable) for row in rows]
    found: dict[str, str] = {}
    for other in rows_of(known, domain):
        if SUBJECT in other and variable in other:
            found.setdefault(other[SUBJECT], other[variable])
    return [found.get(row.get(SUBJECT, "")) for row in rows] if found else [None] * len(rows)


@lru_cache(maxsize=1 << 14)  # many rows of a subject have one date
def day_of(text: str | None) -> date | None:
    """The day of an ISO 8601 date; nothing for a partial one.

    >>> day_of("2013-12-26T14:45"), day_of("2013-12")
    (datetime.date(2013, 12, 26), None)
    """
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None
