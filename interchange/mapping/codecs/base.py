"""What a codec is: the two directions between the text of SDTM cells and the JSON of a FHIR element."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Law = Literal["iso", "lens", "lossy"]
Json = Any  # a JSON value as decoded: str, int, Decimal, bool, dict, list


class CodecError(ValueError):
    """A codec that cannot be bound: unknown name, argument or element type; the message says which."""


@dataclass(slots=True)
class Tools:
    """What codecs may ask for: the release, named systems, and the folders that hold code maps.

    ``misses`` counts values that a code map does not hold, by (map, value).
    """

    release: str
    systems: Mapping[str, str]
    places: Sequence[str]
    misses: Counter[tuple[str, str]] = field(default_factory=Counter)


class Codec:
    """One codec bound to an element type.

    ``decode`` takes one JSON value a path (``None`` where a path has none) and gives the cells' texts: one text, or
    a tuple where ``arity`` is not 1; ``None`` where the value says nothing. ``encode`` is its inverse; ``None`` where
    the element cannot hold the text. With ``sibling`` both deal in pairs of a primitive's value and its ``_`` object;
    with ``many`` in the list of all values of the path.
    """

    name: ClassVar[str]
    types: ClassVar[frozenset[str]]  # "*" stands for any
    arity: ClassVar[int] = 1
    paths: ClassVar[int] = 1
    law: ClassVar[Law] = "lens"
    sibling: ClassVar[bool] = False
    many: ClassVar[bool] = False
    samples: ClassVar[tuple[Any, ...]] = ()

    def __init__(self, args: tuple[str, ...], type_: str, tools: Tools) -> None:
        self.args = args
        self.type = type_
        self.tools = tools

    def decode(self, *values: Json) -> Any:
        """Return the cells' text, or nothing."""
        raise NotImplementedError

    def encode(self, text: Any) -> Json:
        """Return the JSON value, or nothing."""
        raise NotImplementedError
