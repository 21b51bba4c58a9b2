"""Study days, ages, and what dates say (SDTMIG 4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.engine.derive.base import column, day_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interchange.engine.derive.base import Column, Row, Setting


def dy(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """The study day of a date against the reference start date; there is no day 0 (SDTMIG 4.4.4).

    >>> dy([{"D": "2013-12-26", "R": "2014-01-02"}, {"D": "2014-01-02", "R": "2014-01-02"}], ["D", "R"], None)
    ['-7', '1']
    """
    days: Column = []
    for date_text, start_text in zip(column(rows, args[0], known), column(rows, args[1], known), strict=True):
        when, start = day_of(date_text), day_of(start_text)
        if when is None or start is None:
            days.append(None)
        else:
            apart = (when - start).days
            days.append(str(apart + 1 if apart >= 0 else apart))
    return days


def age(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """The age in whole years at a date, of two full dates (SDTMIG 5.2, AGE).

    >>> age([{"B": "1950-08-30", "R": "2014-01-02"}], ["B", "R"], None)
    ['63']
    """
    ages: Column = []
    for birth_text, date_text in zip(column(rows, args[0], known), column(rows, args[1], known), strict=True):
        born, when = day_of(birth_text), day_of(date_text)
        if born is None or when is None or when < born:
            ages.append(None)
        else:
            ages.append(str(when.year - born.year - ((when.month, when.day) < (born.month, born.day))))
    return ages
