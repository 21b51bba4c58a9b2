"""Counted values: ordinals, numbered codes, sequence numbers (SDTMIG 4.1.4, 7.4.1)."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal, InvalidOperation
from functools import lru_cache, partial
from itertools import count
from typing import TYPE_CHECKING

from interchange.engine.ranks import ranks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interchange.engine.derive.base import Column, Row, Setting


def ordinal(rows: Sequence[Row], args: Sequence[str], _: Setting | None) -> Column:
    """The number of each row within rows of the same variables: TAETORD, TSSEQ (SDTMIG 7.2.1, 7.4.2).

    >>> ordinal([{"A": "x"}, {"A": "y"}, {"A": "x"}], ["A"], None)
    ['1', '1', '2']
    """
    seen: Counter[tuple[str | None, ...]] = Counter()
    numbers: Column = []
    for row in rows:
        key = tuple(row.get(a) for a in args)
        seen[key] += 1
        numbers.append(str(seen[key]))
    return numbers


def level(rows: Sequence[Row], args: Sequence[str], _: Setting | None) -> Column:
    """How deep a row is below its parent rows, 1 without one: LEVEL, of REFID and PARENT of a subject (SDTMIG 8.8).

    A parent that has no row is at level 1.

    >>> level([{"A": "x"}, {"A": "y", "P": "x"}, {"A": "z", "P": "y"}, {"P": "w"}], ["U", "A", "P"], None)
    ['1', '2', '3', '2']
    """
    group, name, parent = args
    parents = {(row.get(group), row[name]): row.get(parent) for row in rows if name in row}
    depths: Column = []
    for row in rows:
        above, seen = row.get(parent), set[str]()
        while above is not None and above not in seen:
            seen.add(above)
            above = parents.get((row.get(group), above))
        depths.append(str(len(seen) + 1) if above is None else None)
    return depths


def numbered(rows: Sequence[Row], args: Sequence[str], _: Setting | None) -> Column:
    """A code with a number of two digits a row, the prefix chosen by a variable: INCL01, EXCL01 (SDTMIG 7.4.1).

    Each study is numbered from 1.

    >>> numbered([{"C": "INCLUSION"}, {"C": "EXCLUSION"}], ["C", "INCLUSION=INCL", "EXCLUSION=EXCL"], None)
    ['INCL01', 'EXCL01']
    """
    variable, *pairs = args
    prefixes = dict(pair.split("=") for pair in pairs)
    numbers = ordinal(rows, ["STUDYID", variable], None)
    return [
        f"{prefixes[row[variable]]}{int(number or 0):02d}" if row.get(variable) in prefixes else None
        for row, number in zip(rows, numbers, strict=True)
    ]


def seq(rows: Sequence[Row], args: Sequence[str], _: Setting | None) -> Column:
    """The sequence number within the first variable, in the order of the others: --SEQ (SDTMIG 4.1.4).

    ``args`` starts with the variable that is numbered, whose stored numbers stay as they are; rows alike keep their
    order.

    >>> rows = [{"U": "a", "D": "2"}, {"U": "a", "D": "1"}, {"U": "b"}, {"U": "a", "S": "1"}]
    >>> seq(rows, ["S", "U", "D"], None)
    ['3', '2', '1', '1']
    """
    own, within, *order = args
    owners = [row.get(within) for row in rows]
    numbers: Column = [row.get(own) for row in rows]
    taken: dict[str | None, set[str]] = {}
    waiting: dict[str | None, list[int]] = {}
    for i, (owner, number) in enumerate(zip(owners, numbers, strict=True)):
        if number is None:
            waiting.setdefault(owner, []).append(i)
        else:
            taken.setdefault(owner, set()).add(number)
    places = [_places(owners, [row.get(v) for row in rows]) for v in order] if waiting else []
    keys = list(zip(*places, strict=True)) if places else [()] * len(rows)
    for owner, those in waiting.items():
        used = taken.get(owner, ())
        free = (text for text in map(str, count(1)) if text not in used)
        for i in sorted(those, key=keys.__getitem__):
            numbers[i] = next(free)
    return numbers


def _places(owners: Sequence[str | None], texts: Column) -> list[int]:
    """The place of each text among those of its owner: by value where all of them are numbers, else as texts.

    A subject's dates are texts, though a year alone looks like a number.
    """
    different = set(texts) - {None}
    words = {text for text in different if text is not None and _number(text) is None}
    if len(words) in (0, len(different)):
        return ranks(texts, partial(_rank, numeric=not words))
    worded = {owner for owner, text in zip(owners, texts, strict=True) if text in words}
    numeric = [owner not in worded for owner in owners]
    return ranks(list(zip(numeric, texts, strict=True)), lambda one: _rank(one[1], numeric=one[0]))


def _rank(text: str | None, *, numeric: bool) -> tuple[int, Decimal, str]:
    """Blanks first, then numbers by value, or texts: of dates, the year alone is no number."""
    if text is None:
        return (0, Decimal(0), "")
    return (1, _number(text) or Decimal(0) if numeric else Decimal(0), text)


@lru_cache(maxsize=1 << 14)  # the same dates and tests stand in many rows
def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
