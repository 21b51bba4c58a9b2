"""Standard results of collected ones: --STRESC, --STRESN, --STRESU and the limits of the range (SDTMIG 3.4, 6.3).

They take a table of standard units, the test, the value, the collected unit and, where there is one, the specimen:
``standard-value(standard-units LBTESTCD LBORRES LBORRESU LBSPEC)``. A number is read off the result. The setting
``units`` says which system of units is meant: si (without the setting), conventional, or collected for no conversion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.engine.derive.base import column
from interchange.mapping.standard_units import Standard, number_in, read_standard_units

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from interchange.engine.derive.base import Column, Row, Setting

SYSTEM = "si"


def standard_value(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """The result in the standard unit: numbers are converted, behind a comparator too; text stays: --STRESC."""
    return _each(rows, args, known, lambda standard, text, _: standard.value(text))


def standard_number(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """The number that a standard result is; nothing for text and what has a comparator: --STRESN of --STRESC.

    >>> standard_number([{"R": "036.20"}, {"R": "<4"}, {"R": "TRACE"}, {}], ["R"], None)
    ['36.20', None, None, None]
    """
    return [None if text is None else number_in(text) for text in column(rows, args[0], known)]


def standard_limit(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """A limit of the reference range in the standard unit: --STNRLO and --STNRHI."""
    return _each(rows, args, known, lambda standard, text, _: standard.limit(text))


def standard_unit(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """The standard unit of a number; the unit as it was collected of a text: --STRESU."""

    def unit(standard: Standard, text: str, collected: str) -> str | None:
        is_text = number_in(text.lstrip("<>= ")) is None
        return collected if is_text and standard.unit else standard.unit

    return _each(rows, args, known, unit)


def _each(
    rows: Sequence[Row],
    args: Sequence[str],
    known: Setting | None,
    of: Callable[[Standard, str, str], str | None],
) -> Column:
    if known is None:
        return [None] * len(rows)
    table, test, value, unit, *specimen = args
    units = read_standard_units(table, tuple(known.places), known.settings.get("units", SYSTEM))
    names = [column(rows, arg, known) for arg in (test, value, unit)]
    specimens = column(rows, specimen[0], known) if specimen else [None] * len(rows)
    return [
        None if text is None else of(units.standard(code or "", on or "", own or ""), text, own or "")
        for code, text, own, on in zip(*names, specimens, strict=True)
    ]
