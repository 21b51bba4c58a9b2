"""Places in an order: what rows are sorted by, found out once for each of the values that stand in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

T = TypeVar("T", bound="Hashable")


def ranks(values: Sequence[T], key: Callable[[T], Any]) -> list[int]:
    """Return the place of each value among the different ones by a key, from 0; those with equal keys have one place.

    >>> ranks(["10", "9", "9.0", "10"], float)
    [1, 0, 0, 1]
    """
    by_value = {value: key(value) for value in set(values)}
    places: dict[T, int] = {}
    place, before = -1, None
    for value in sorted(by_value, key=by_value.__getitem__):
        if by_value[value] != before:
            place, before = place + 1, by_value[value]
        places[value] = place
    return list(map(places.__getitem__, values))
