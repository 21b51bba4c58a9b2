"""What a remainder says: an entry for each original resource, and one for each resource that only rows make.

It is the difference between the originals and the resources that their rows become, so what the rows hold is not in it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec

from interchange.fhir.read import CANONICAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from interchange.fhir.elements import Release

Json = Any
Step = str | int
Line_co = TypeVar("Line_co", covariant=True)
VERSION = 1
SHOWN = 40  # a longer text is known by its digest


class RowEntry(msgspec.Struct, omit_defaults=True):
    """A row that an original became.

    ``source`` is its row source, ``keys`` what tells it from other rows (``number`` from others with those), ``at`` the
    way from the original to the element that it was read from (None where that stands elsewhere), ``made`` the resource
    that it makes, where that is not the one that the original has; ``digest`` stands for the cells of a row that no
    element takes.
    """

    dataset: str
    source: str
    keys: dict[str, str]
    at: tuple[Step, ...] | None = ()
    made: str = ""
    digest: str = ""
    number: int = 1


class Original(msgspec.Struct, omit_defaults=True):
    """An original resource: ``made`` is what its rows make of it, ``digest`` that of the made one.

    ``url`` is that of its entry in a Bundle, where it is another than type and id say.

    ``rest`` is how the original differs from the made one; ``whole`` is the original where no made one is its own.
    """

    resource: str
    made: str | None = None
    url: str | None = None
    digest: str = ""
    rows: list[RowEntry] = []
    rest: Json = None
    whole: dict[str, Any] | None = None


class Extra(msgspec.Struct, omit_defaults=True):
    """A resource that rows make beside the originals, ``of`` the original that the rows are of.

    It is left out as long as it has the same digest; with none, always.
    """

    made: str
    of: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class LeafCount:
    """Leaves of the originals of one type: all, those that the rows bring back, those that only the remainder has."""

    leaves: int
    kept: int
    remainder: int


class Lines(Protocol[Line_co]):
    """Lines in order: a list, or what lies on disk."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Line_co]: ...


@dataclass(slots=True)
class Remainder:
    """What SDTM could not hold of resources of a release; `interchange.to_fhir` merges it back.

    ``natural`` says that no original keeps an order of rows, so that orders of rows are no part of it. ``leaves`` and
    ``held`` count, by resource type, the leaves of the originals and those in the remainder; blank for one read back.
    """

    release: Release
    originals: Lines[Original] = field(default_factory=list)
    extras: Lines[Extra] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    natural: bool = True
    leaves: Counter[str] = field(default_factory=Counter, compare=False)
    held: Counter[str] = field(default_factory=Counter, compare=False)
    work: object = field(default=None, compare=False, repr=False)  # what lines on disk lie in

    def count(self, original: Original, leaves: int, held: int) -> None:
        """Count the leaves of an original, and those in the remainder."""
        type_ = original.resource.partition("/")[0]
        self.leaves[type_] += leaves
        self.held[type_] += held

    def counts(self) -> dict[str, LeafCount]:
        """The leaves of the originals by resource type; nothing of them is lost."""
        return {
            type_: LeafCount(count, count - self.held[type_], self.held[type_])
            for type_, count in sorted(self.leaves.items())
        }


def digest(value: Json) -> str:
    """Return what stands for a JSON value; numbers go by their digits.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}), digest([1]) == digest([2])
    (True, False)
    """
    return blake2b(CANONICAL(value), digest_size=6).hexdigest()


def mark(value: Json) -> Json:
    """Return what a made value is known by: short leaves by themselves, objects by digest, lists by their elements.

    After ``@`` stands what an element of a list goes by where its digest is gone: the URL, system or use that it has.

    >>> mark("x"), mark([{"url": "u", "valueCode": "x"}])
    ('x', ['#780534af@584c'])
    """
    if isinstance(value, list):
        return [mark(item) for item in value]
    if isinstance(value, dict):
        kind = next((value[key] for key in ("url", "system", "linkId", "use", "code") if key in value), None)
        return f"#{digest(value)[:8]}" + ("" if kind is None else f"@{digest(kind)[:4]}")
    if isinstance(value, str) and (len(value) > SHOWN or value.startswith("#")):
        return f"#{digest(value)[:8]}"
    return value


def leaf_count(value: Json) -> int:
    """Return how many leaves a JSON value has.

    >>> leaf_count({"a": [1, {"b": 2}], "c": {}})
    2
    """
    if isinstance(value, dict):
        return sum(map(leaf_count, value.values()))
    return sum(map(leaf_count, value)) if isinstance(value, list) else 1
