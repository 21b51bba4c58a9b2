"""What findings compute from their own rows: baseline flags, range indicators, codes for tests that no map knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.engine.derive.base import column, day_of
from interchange.mapping.codecs.number import decimal_of
from interchange.mapping.codecs.text import short_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interchange.engine.derive.base import Column, Row, Setting


def code_of_test(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """A test code made of a test's name: its letters and digits, or five of them and three of a digest.

    It depends on the name alone, so that a test has one code everywhere (SDTMIG 4.2.1).

    >>> code_of_test([{"N": "Skin"}, {"N": "Tobacco smoking status [NHIS]"}, {"N": "6 minute walk"}, {}], ["N"], None)
    ['SKIN', 'TOBACEBF', 'T6MIN5E1', None]
    """
    return [None if name is None else short_code(name) for name in column(rows, args[0], known)]


def baseline(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """Y at the last row with a result up to a date, for each subject and each combination of the other variables.

    ``args`` are the date of the row, the dates of other datasets up to which (the first that is known), and variables
    of the row: --LOBXFL (SDTMIG 4.5.9). Of rows of one time the last is taken; a row of that very day counts where one
    of the two has no time.

    >>> from interchange.engine.derive.base import Setting
    >>> from interchange.mapping.terminology import Terminology
    >>> dm = [{"USUBJID": "1", "RFSTDTC": "2014-01-02"}]
    >>> known = Setting({}, Terminology("", {}, {}), {}, (), {"DM": dm})
    >>> rows = [{"USUBJID": "1", "VSDTC": d, "VSORRES": "1"} for d in ("2013-12-26", "2014-01-02", "2014-01-03")]
    >>> baseline(rows, ["VSDTC", "DM.RFXSTDTC", "DM.RFSTDTC"], known)
    [None, 'Y', None]
    """
    date, *others = args
    by = [arg for arg in others if "." not in arg]
    ends: Column = [None] * len(rows)
    for arg in others:
        if "." in arg:
            ends = [later if end is None else end for end, later in zip(ends, column(rows, arg, known), strict=True)]
    if not any(ends):
        return [None] * len(rows)
    spans = [(row.get(date) or "", end or "") for row, end in zip(rows, ends, strict=True)]
    reached = {span for span in set(spans) if _until(*span)}
    collected, standard = f"{date[:2]}ORRES", f"{date[:2]}STRESC"
    names = ["USUBJID", *by]
    latest: dict[tuple[str | None, ...], str] = {}
    last: dict[tuple[str | None, ...], int] = {}
    for i, (row, span) in enumerate(zip(rows, spans, strict=True)):
        if span in reached and (collected in row or standard in row):
            key = tuple(map(row.get, names))
            if span[0] >= latest.get(key, ""):
                latest[key], last[key] = span[0], i
    flagged = set(last.values())
    return ["Y" if i in flagged else None for i in range(len(rows))]


def _until(when: str, end: str) -> bool:
    day, last = day_of(when), day_of(end)
    if day is None or last is None:
        return False
    return day < last or (day == last and ("T" not in when or "T" not in end or when[:16] <= end[:16]))


def range_indicator(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """NORMAL, LOW or HIGH: a result against the limits of its reference range, which belong to it (--NRIND).

    >>> range_indicator([{"N": "5.1", "L": "3", "H": "5"}, {"N": "5.1", "L": "3"}, {"N": "5"}], ["N", "L", "H"], None)
    ['HIGH', 'NORMAL', None]
    """
    found: Column = []
    for texts in zip(*(column(rows, arg, known) for arg in args), strict=True):
        result, low, high = (decimal_of(text) for text in texts)
        if result is None or (low is None and high is None):
            found.append(None)
        elif low is not None and result < low:
            found.append("LOW")
        else:
            found.append("HIGH" if high is not None and result > high else "NORMAL")
    return found
