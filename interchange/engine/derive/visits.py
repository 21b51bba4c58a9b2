"""Visits, elements and reference dates: what the dates of a subject say against those in other datasets.

Dates are ISO 8601 texts of any precision (SDTMIG 4.4). Two full dates are compared as far as both are given; a date
without a day says something only where all its days agree.
"""

from __future__ import annotations

import calendar
from typing import TYPE_CHECKING

from interchange.engine.derive.base import SUBJECT, column, rows_of, split_argument
from interchange.mapping.codecs.number import decimal_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from interchange.engine.derive.base import Column, Row, Setting

DAY = 10  # characters of a date down to its day


def within(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """The value of the subject's row in another dataset whose interval holds a date: the EPOCH of an event.

    ``args`` are the wanted variable (SE.EPOCH), the interval's start and end there, and the date. Where an interval
    ends on the day the next one starts, the day belongs to the next (SDTMIG 5.3, SE); without an end it is open.
    Nothing where intervals with the same start, or those that a date without a day may lie in, give several values.
    """
    wanted, start, end, date = args
    domain, variable = split_argument(wanted)
    intervals: dict[str, list[tuple[str, str, str]]] = {}
    for other in rows_of(known, domain):
        if SUBJECT in other and start in other and variable in other:
            own = intervals.setdefault(other[SUBJECT], [])
            own.append((other[start], other.get(end, ""), other[variable]))
    return [
        None if when is None else _value_at(when, intervals.get(row.get(SUBJECT, ""), ()))
        for row, when in zip(rows, column(rows, date, known), strict=True)
    ]


def _value_at(when: str, intervals: Iterable[tuple[str, str, str]]) -> str | None:
    """The value of the one interval that holds a date.

    >>> _value_at("2014-01-02", [("2013-12-26", "2014-01-02", "SCREENING"), ("2014-01-02", "", "TREATMENT")])
    'TREATMENT'
    >>> _value_at("2014-01", [("2013-12-26", "2014-01-02", "SCREENING"), ("2014-01-02", "", "TREATMENT")])
    """
    if len(when) < DAY:
        months = _days_of(when)
        if months is None:
            return None
        touched = {
            v for start, end, v in intervals if not _is_before(months[1], start) and not _is_after(months[0], end)
        }
        return touched.pop() if len(touched) == 1 and _is_covered(months, intervals) else None
    holding = [(start, v) for start, end, v in intervals if not _is_before(when, start) and not _is_after(when, end)]
    latest = max((start[:DAY] for start, _ in holding), default="")
    values = {v for start, v in holding if start[:DAY] == latest}
    if len(values) > 1:
        exact = max(start for start, _ in holding)
        values = {v for start, v in holding if start == exact}
    return values.pop() if len(values) == 1 else None


def _is_before(when: str, start: str) -> bool:
    size = min(len(when), len(start))
    return when[:size] < start[:size]


def _is_after(when: str, end: str) -> bool:
    size = min(len(when), len(end))
    return when[:size] > end[:size]


def _is_covered(days: tuple[str, str], intervals: Iterable[tuple[str, str, str]]) -> bool:
    """Whether one interval holds the first day and the last."""
    return any(start[:DAY] <= days[0] and (not end or days[1] <= end[:DAY]) for start, end, _ in intervals)


def _days_of(text: str) -> tuple[str, str] | None:
    """The first and last day that a date without a day may mean.

    >>> _days_of("2014-02"), _days_of("2014"), _days_of("--02")
    (('2014-02-01', '2014-02-28'), ('2014-01-01', '2014-12-31'), None)
    """
    year, _, month = text.partition("-")
    if not (year.isascii() and year.isdecimal() and len(year) == len("2014") and int(year)):
        return None
    if not month:
        return (f"{year}-01-01", f"{year}-12-31")
    if not (month.isascii() and month.isdecimal() and 1 <= int(month) <= 12):
        return None
    return (f"{year}-{month}-01", f"{year}-{month}-{calendar.monthrange(int(year), int(month))[1]}")


def planned(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """The planned visit of a study day: of TV, the one whose day is nearest, within half the way to its neighbours.

    ``args`` are the wanted variable (TV.VISITNUM), the planned day there, and the study day. Rows of other arms do not
    count; nothing where two visits have the same planned day, or where the day is as far from one as from another.
    """
    wanted, day, actual = args
    domain, variable = split_argument(wanted)
    _, planned_day = split_argument(day)
    arms = column(rows, "DM.ARMCD", known)
    schedules: dict[str | None, list[tuple[Decimal, str]]] = {}
    found: Column = []
    for when, arm in zip(column(rows, actual, known), arms, strict=True):
        if arm not in schedules:
            own = [r for r in rows_of(known, domain) if variable in r and r.get("ARMCD", arm) == arm]
            days = [(_elapsed(r.get(planned_day)), r[variable]) for r in own]
            schedules[arm] = sorted((d, v) for d, v in days if d is not None)
        found.append(_nearest(_elapsed(when), schedules[arm]))
    return found


def _elapsed(day: str | None) -> Decimal | None:
    """Days since study day 1, for a study day; there is no day 0 (SDTMIG 4.4.4)."""
    number = decimal_of(day)
    if number is None or number == 0:
        return None
    return number - 1 if number > 0 else number


def _nearest(when: Decimal | None, schedule: Sequence[tuple[Decimal, str]]) -> str | None:
    """The value of the schedule's day that a day is nearest to, within half the way to the next day on that side.

    Before the first day and after the last one it is half the way to the only neighbour.
    """
    if when is None or not schedule:
        return None
    apart = min(abs(day - when) for day, _ in schedule)
    nearest = {(day, value) for day, value in schedule if abs(day - when) == apart}
    if len(nearest) > 1:
        return None
    day, value = nearest.pop()
    others = [other for other, _ in schedule if other != day]
    beyond = [other for other in others if (other > day) == (when > day)] or others
    gap = min((abs(other - day) for other in beyond), default=None)
    return value if apart == 0 or (gap is not None and 2 * apart <= gap) else None


def first(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """The earliest date of the subject in other datasets: the first dose (RFXSTDTC, SDTMIG 5.2).

    Nothing where a date without a day may be earlier than the earliest known day.
    """
    return _edge(rows, args, known, latest=False)


def last(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """The latest date of the subject in other datasets: the last dose (RFXENDTC, SDTMIG 5.2).

    Nothing where a date without a day may be later than the latest known day.
    """
    return _edge(rows, args, known, latest=True)


def _edge(rows: Sequence[Row], args: Sequence[str], known: Setting | None, *, latest: bool) -> Column:
    dates: dict[str, list[str]] = {}
    for arg in args:
        domain, variable = split_argument(arg)
        for other in rows_of(known, domain):
            if SUBJECT in other and variable in other:
                dates.setdefault(other[SUBJECT], []).append(other[variable])
    return [_edge_of(dates.get(row.get(SUBJECT, ""), []), latest=latest) for row in rows]


def _edge_of(dates: Sequence[str], *, latest: bool) -> str | None:
    """The earliest or latest of dates, where they tell.

    >>> _edge_of(["2014-01-16", "2014-01-02"], latest=False), _edge_of(["2014", "2014-01-16"], latest=True)
    ('2014-01-02', None)
    """
    legal = [d for d in dates if d[:1].isdecimal()]
    if not legal:
        return None
    edge = max(legal) if latest else min(legal)
    vague = [d for d in legal if d != edge and len(min(d, edge, key=len)) < DAY]
    return None if any(edge.startswith(d) or d.startswith(edge) for d in vague) else edge
