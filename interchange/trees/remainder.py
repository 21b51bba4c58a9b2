"""What FHIR does not hold of a document: the difference between it and what comes back, put in place again later.

A remainder is a list of changes, each with the way to where it belongs. A list element on that way is known by its
content, so that a change finds its element again where others were added or taken out meanwhile; what was edited since
wins over the remainder.
"""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from interchange.fhir.elements import Tree  # noqa: TC001 - msgspec reads the annotations
from interchange.fhir.read import CANONICAL
from interchange.issues import Issue, Place, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FILE = "remainder.ndjson"

Json = Any
Step = str | int


class Change(msgspec.Struct, omit_defaults=True):
    """One change: the way to it, the value that belongs there, and what stood there without it.

    ``items`` are digests of the list elements on the way, the outermost first. Without ``value`` the key is taken out;
    without ``was`` nothing stood there.
    """

    at: list[Step]
    value: Json = msgspec.UNSET
    was: Json = msgspec.UNSET
    items: list[str] = []


class Rest(msgspec.Struct):
    """The remainder of one document, by its tree and key."""

    tree: Tree
    key: str
    changes: list[Change]


_ENCODE = msgspec.json.Encoder(decimal_format="number").encode
_DECODE = msgspec.json.Decoder(Rest, float_hook=Decimal).decode


def difference(original: Json, back: Json) -> list[Change]:
    """Return the changes that make of what came back what was there.

    >>> [(c.at, c.value) for c in difference({"a": 1, "b": [{"c": "x"}]}, {"b": [{}]})]
    [(['a'], 1), (['b', 0, 'c'], 'x')]
    """
    return list(_differences(original, back, [], []))


def _differences(original: Json, back: Json, at: list[Step], items: list[str]) -> Iterator[Change]:
    if isinstance(original, dict) and isinstance(back, dict):
        for key, value in original.items():
            if key in back:
                yield from _differences(value, back[key], [*at, key], items)
            else:
                yield Change([*at, key], value=value, items=items)
        for key in back.keys() - original.keys():
            yield Change([*at, key], was=back[key], items=items)
    elif isinstance(original, list) and isinstance(back, list) and len(original) == len(back) and original:
        for i, (value, other) in enumerate(zip(original, back, strict=True)):
            if isinstance(value, (dict, list)) and isinstance(other, (dict, list)):
                yield from _differences(value, other, [*at, i], [*items, digest(other)])
            elif not same(value, other):
                yield Change([*at, i], value=value, was=other, items=[*items, digest(other)])
    elif not same(original, back):
        yield Change(at, value=original, was=back, items=items)


def merged(back: Json, changes: list[Change]) -> tuple[Json, list[Change]]:
    """Return what came back with the changes in place, and those that what was edited since left no place for.

    >>> merged({"b": [{}]}, difference({"a": 1, "b": [{"c": "x"}]}, {"b": [{}]}))
    ({'b': [{'c': 'x'}], 'a': 1}, [])
    """
    whole = deepcopy(back)
    places = [(change, _holder(back, whole, change)) for change in changes]  # before anything is changed
    left = [change for change, (holder, key) in places if not _put(holder, key, change)]
    return whole, left


def _holder(back: Json, whole: Json, change: Change) -> tuple[Any, Any]:
    """The object or list in ``whole`` that holds the place of a change, and the key there; None where it is gone."""
    items = iter(change.items)
    for depth, step in enumerate(change.at):
        key = _index(back, step, next(items, "")) if isinstance(step, int) else step
        if key is None or (isinstance(key, str) and not isinstance(back, dict)):
            return None, step
        if depth == len(change.at) - 1:
            return whole, key
        if isinstance(key, str) and key not in back:
            return None, step
        back, whole = back[key], whole[key]
    return None, ""


def _index(items: Json, index: int, wanted: str) -> int | None:
    """Where a list element stands by now: at its place, where its content stands alone, else at its place still."""
    if not isinstance(items, list):
        return None
    if index < len(items) and digest(items[index]) == wanted:
        return index
    found = [i for i, item in enumerate(items) if digest(item) == wanted]
    if len(found) == 1:
        return found[0]
    return index if not found and index < len(items) else None


def _put(holder: Any, key: Any, change: Change) -> bool:
    """Put a change in its place; False where something else stands there by now."""
    if holder is None:
        return False
    there = holder.get(key, msgspec.UNSET) if isinstance(holder, dict) else holder[key]
    if there is msgspec.UNSET or change.was is msgspec.UNSET:
        if there is not change.was:
            return False
    elif not same(there, change.was):
        return False
    if change.value is msgspec.UNSET:
        del holder[key]
    else:
        holder[key] = change.value
    return True


def encode_rests(rests: Iterable[Rest]) -> Iterator[bytes]:
    """Yield the lines of remainders; the same remainders give the same bytes."""
    for rest in rests:
        yield _ENCODE(rest) + b"\n"


def read_rests(path: Path | str) -> list[Rest]:
    """Return the remainders that a file holds; SourceError for a file that holds none."""
    try:
        with Path(path).open("rb") as file:
            return [_DECODE(line) for line in file if line.strip()]
    except OSError as error:
        raise _broken(path, f"cannot be read ({error.strerror})") from error
    except msgspec.MsgspecError as error:
        raise _broken(path, "is no remainder of registry records or studies, or one that was damaged") from error


def _broken(path: Path | str, message: str) -> SourceError:
    hint = "give the remainder.ndjson that to-fhir --keep-remainder wrote"
    return SourceError(Issue("IX-TREE-018", "error", Place(str(path)), message, hint))


def digest(value: Json) -> str:
    """Return a digest of JSON that does not depend on the order of its keys."""
    return blake2b(CANONICAL(value), digest_size=6).hexdigest()


def same(one: Json, other: Json) -> bool:
    """Whether two JSON values are equal in type and text: 1 is not true, and 5.10 is not 5.1.

    >>> same(1, True), same({"a": 1}, {"a": 1})
    (False, True)
    """
    return type(one) is type(other) and bool(CANONICAL(one) == CANONICAL(other))
