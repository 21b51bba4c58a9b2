"""Rows of two datasets matched one to one within a subject, and their cells laid side by side.

--SEQ is in no FHIR resource of others, so rows are matched by what they say. A tier is a set of variables that both
rows must agree on; the tiers of a domain are tried from the narrowest to the widest. Among rows that a tier cannot
tell apart, those with most equal cells are taken first. What is left after the last tier stays unmatched.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Row = dict[str, str]
Tier = tuple[tuple[str, int | None], ...]


@dataclass(slots=True)
class Matched:
    """Pairs of rows, ours first, and the rows of either side that have no partner."""

    pairs: list[tuple[Row, Row]] = field(default_factory=list)
    only_ours: list[Row] = field(default_factory=list)
    only_theirs: list[Row] = field(default_factory=list)


def tier(text: str) -> Tier:
    """A tier from its words: variables, or the first characters of one.

    >>> tier("LBTESTCD LBDTC:10")
    (('LBTESTCD', None), ('LBDTC', 10))
    """
    parts = (word.partition(":") for word in text.split())
    return tuple((name, int(length) if length else None) for name, _, length in parts)


def same(ours: str, theirs: str, *, numeric: bool) -> bool:
    """Whether two cells say the same: as text, or as numbers to 12 digits, which is what an XPT keeps of 0.4.

    >>> same("0.4", "0.39999999999999997", numeric=True), same("5.0", "5.00", numeric=False)
    (True, False)
    """
    if ours == theirs or not numeric:
        return ours == theirs
    try:
        one, other = float(ours), float(theirs)
    except ValueError:
        return False
    return abs(one - other) <= 1e-12 * max(abs(one), abs(other))


def match(ours: Sequence[Row], theirs: Sequence[Row], tiers: Iterable[Tier]) -> Matched:
    """Return the rows of two sides matched within each subject."""
    found = Matched()
    left, right = _by_subject(ours), _by_subject(theirs)
    for subject in dict.fromkeys([*right, *left]):
        here, there = list(left.get(subject, ())), list(right.get(subject, ()))
        for one in tiers:
            here, there = _match_tier(here, there, one, found.pairs)
        found.only_ours += here
        found.only_theirs += there
    return found


def _by_subject(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.get("USUBJID", "")].append(row)
    return found


def _match_tier(
    ours: list[Row], theirs: list[Row], one: Tier, pairs: list[tuple[Row, Row]]
) -> tuple[list[Row], list[Row]]:
    """Match what agrees on a tier, add it to the pairs, and return what is left of each side."""
    groups: dict[tuple[str, ...], tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, rows in enumerate((ours, theirs)):
        for at, row in enumerate(rows):
            groups[_key(row, one)][side].append(at)
    taken: tuple[set[int], set[int]] = (set(), set())
    for here, there in groups.values():
        scores = ((_agreement(ours[i], theirs[j]), -i, -j) for i in here for j in there)
        for _, i, j in sorted(scores, reverse=True):
            if -i not in taken[0] and -j not in taken[1]:
                taken[0].add(-i)
                taken[1].add(-j)
                pairs.append((ours[-i], theirs[-j]))
    return [r for i, r in enumerate(ours) if i not in taken[0]], [r for j, r in enumerate(theirs) if j not in taken[1]]


def _key(row: Row, one: Tier) -> tuple[str, ...]:
    return tuple(row.get(name, "")[:length].casefold() for name, length in one)


def _agreement(ours: Row, theirs: Row) -> int:
    return sum(theirs.get(name) == cell for name, cell in ours.items())
