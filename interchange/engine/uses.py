"""Which cells a derived cell was computed from: those of its row that the derivation names, and few of other rows.

Other rows, of its own dataset and of others, are left out as long as the derivation still gives the same value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from interchange.engine.derive.base import SUBJECT, split_argument
from interchange.engine.derive.registry import DERIVATIONS
from interchange.engine.derive.run import NAMES, NUMBERING

if TYPE_CHECKING:
    from interchange.engine.derive.base import Row, Setting
    from interchange.mapping.model import Call

TRIES = 200  # with how many choices of other rows a derivation is tried


class Cell(NamedTuple):
    """A cell by dataset (``""`` for the row's own), place of the row from 0, and variable."""

    dataset: str
    row: int
    variable: str


@dataclass(frozen=True, slots=True)
class Uses:
    """The cells that a derivation needs; not ``complete`` where it needs more rows than are worth listing."""

    cells: list[Cell]
    complete: bool = True


def uses_of(
    call: Call,
    target: str,
    rows: Sequence[Row],
    at: int,
    known: Setting | None,
    others: Mapping[str, Sequence[Row]],
    expected: str,
) -> Uses | None:
    """Return the cells that a call needs for the value of a row; None where it does not give that value.

    ``rows`` are those of the row's own dataset, without the values that are derived for ``target``; ``others`` are
    the rows of all datasets.

    >>> from interchange.mapping.model import Call
    >>> rows = [{"BRTHDTC": "1950-08-30", "RFSTDTC": "2014-01-02", "SEX": "F"}]
    >>> found = uses_of(Call("age", ("BRTHDTC", "RFSTDTC")), "AGE", rows, 0, None, {}, "63")
    >>> [cell.variable for cell in found.cells]
    ['BRTHDTC', 'RFSTDTC']
    """
    named = [split_argument(arg) for arg in call.args[NAMES.get(call.name, 0) :]]
    variables = dict.fromkeys(variable for _, variable in named)
    datasets = {**{domain: others[domain] for domain, _ in named if domain in others}, "": rows}
    args = (target, *call.args) if call.name in NUMBERING else call.args

    def same(places: Mapping[str, Sequence[int]]) -> bool:
        there = {name: [own[i] for i in places[name]] for name, own in datasets.items() if name}
        setting = None if known is None else replace(known, datasets=there)
        own = [rows[i] for i in places[""]]
        return DERIVATIONS[call.name](own, args, setting)[places[""].index(at)] == expected

    subject = rows[at].get(SUBJECT)
    places = {
        n: [i for i, row in enumerate(own) if row.get(SUBJECT, subject) == subject] for n, own in datasets.items()
    }
    if not same(places):
        places = {name: list(range(len(own))) for name, own in datasets.items()}
        if not same(places):
            return None
    complete = True
    for name in datasets:
        needed, done = _needed(places, name, at, same)
        places, complete = {**places, name: needed}, complete and done
    cells = [Cell("", at, variable) for domain, variable in named if not domain and variable in rows[at]]
    for name, rest in places.items() if complete else ():
        cells += [Cell(name, i, v) for i in rest if name or i != at for v in variables if v in datasets[name][i]]
    return Uses(list(dict.fromkeys(cells)), complete)


_Same = Callable[[Mapping[str, Sequence[int]]], bool]


def _needed(places: Mapping[str, Sequence[int]], name: str, at: int, same: _Same) -> tuple[list[int], bool]:
    """The rows of one dataset that a value needs, beside the row itself, and whether all was tried."""
    own = () if name else (at,)
    loose = [i for i in places[name] if i not in own]
    needed, done = without(loose, lambda some: same({**places, name: sorted((*own, *some))}))
    return sorted((*own, *needed)), done


def without(items: list[int], enough: Callable[[list[int]], bool], tries: int = TRIES) -> tuple[list[int], bool]:
    """Return as few of the items as are enough, the first ones where it does not matter, and whether all was tried.

    Ever smaller runs are left out.

    >>> without(list(range(100)), lambda kept: {3, 70} <= set(kept))
    ([3, 70], True)
    """
    kept, size = items, len(items)
    while size:
        end = len(kept)
        while end > 0:
            start = max(end - size, 0)
            fewer = kept[:start] + kept[end:]
            if not tries:
                return kept, False
            tries -= 1
            if enough(fewer):
                kept = fewer
            end = start
        size //= 2
    return kept, True
