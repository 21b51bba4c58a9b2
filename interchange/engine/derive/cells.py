"""Values that follow from other cells: copies, constants, codes made of names, settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from interchange.engine.derive.base import column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interchange.engine.derive.base import Column, Row, Setting


_ARM_TYPE = re.compile(
    r"^(?:experimental|(?:active|placebo|sham) comparator|no intervention|other)\s*:\s*", re.IGNORECASE
)
ARMCD_LENGTH = 20


def armcd(rows: Sequence[Row], args: Sequence[str], _: Setting | None) -> Column:
    """A short arm code of an arm's name: its type and last dot left out, at most 20 characters, unique (SDTMIG 7.2.1).

    >>> armcd([{"ARM": "Experimental: CD123-CAR-NK."}, {"ARM": "Placebo"}], ["ARM"], None)
    ['CD123-CAR-NK', 'Placebo']
    """
    codes: Column = []
    stored = args[1] if len(args) > 1 else "ARMCD"
    owners: dict[str, str] = {row[stored]: row.get(args[0], "") for row in rows if stored in row}
    for row in rows:
        name = row.get(args[0])
        if name is None:
            codes.append(None)
            continue
        base = _ARM_TYPE.sub("", name).rstrip(". ")[:ARMCD_LENGTH].strip() or name[:ARMCD_LENGTH].strip()
        code, number = base, 1
        while owners.setdefault(code, name) != name:
            number += 1
            code = f"{base[: ARMCD_LENGTH - len(str(number)) - 1]}-{number}"
        codes.append(code)
    return codes


def ifset(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """A constant where a variable has a value.

    >>> ifset([{"AGE": "63"}, {}], ["AGE", "YEARS"], None)
    ['YEARS', None]
    """
    return [None if value is None else args[1] for value in column(rows, args[0], known)]


def paired(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """The value of the second variable, where the first has one: --ENTPT beside --ENRTPT (SDTMIG 4.4.7).

    >>> paired([{"R": "ONGOING", "D": "2014-01-02"}, {"D": "2014-01-02"}], ["R", "D"], None)
    ['2014-01-02', None]
    """
    ones, others = (column(rows, arg, known) for arg in args)
    return [None if one is None else other for one, other in zip(ones, others, strict=True)]


def copy(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """The value of the first of several variables that has one.

    >>> copy([{"B": "x"}], ["A", "B"], None)
    ['x']
    """
    columns = [column(rows, arg, known) for arg in args]
    return [next((value for value in values if value is not None), None) for values in zip(*columns, strict=True)]


def last_part(rows: Sequence[Row], args: Sequence[str], _: Setting | None) -> Column:
    """What follows the last hyphen of an identifier: the subject's number in STUDY-SITE-SUBJECT (SDTMIG 5.2, USUBJID).

    >>> last_part([{"USUBJID": "01-701-1015"}], ["USUBJID"], None)
    ['1015']
    """
    return [row[args[0]].rpartition("-")[2] or None if args[0] in row else None for row in rows]


def setting(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """A value of the settings, such as ``studyid`` or ``sdtmig``."""
    value = known.settings.get(args[0]) if known else None
    return [value] * len(rows)
