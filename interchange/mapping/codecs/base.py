"""What a codec is: the two directions between the text of SDTM cells and the JSON of a FHIR element."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Law = Literal["iso", "lens", "lossy"]
Json = Any  # a JSON value as decoded: str, int, Decimal, bool, dict, list


class CodecError(ValueError):
    """A codec that cannot be bound: unknown name, argument or element type; the message says which."""


class Miss(NamedTuple):
    """A value that a code map does not hold: what went through in its place, and the coding that was read."""

    map: str
    value: str
    system: str = ""
    code: str = ""


@dataclass(slots=True)
class Tools:
    """What codecs may ask for: the release, named systems, and the folders that hold code maps.

    ``ct`` is the version of CDISC CT, a date, that rows of code maps may ask for. ``misses`` counts values that a code
    map does not hold, ``missed`` all that came so far. ``whole`` is the document of a tree that is being read, for
    codecs that look something up in it.
    """

    release: str
    systems: Mapping[str, str]
    places: Sequence[str]
    ct: str = ""
    misses: Counter[Miss] = field(default_factory=Counter)
    missed: int = 0
    whole: Json = None

    def miss(self, code_map: str, value: str, system: str = "", code: str = "") -> str:
        """Count a value that a code map does not hold; the value goes through."""
        self.misses[Miss(code_map, value, system, code)] += 1
        self.missed += 1
        return value


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
