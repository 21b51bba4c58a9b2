"""What a mapping between a tree and FHIR says, as frozen values: sides, values, and parts in parts.

The words are those of the mapping language (docs/trees.md). Nothing here reads files or converts data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping as Dict

    from interchange.fhir.elements import Tree
    from interchange.fhir.path import Path
    from interchange.issues import Place
    from interchange.mapping.model import Emit, Entity, Rule, Versioned

Heading = Literal["", "to-fhir", "from-fhir"]


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a part: the element that it is there, and what stands in it.

    Without ``path`` it is the element of the part around it. ``find`` looks for such an element before one is made.
    ``through`` names what makes elements of a text.
    """

    rules: tuple[Rule, ...] = ()
    path: Versioned[Path] | None = None
    find: bool = False
    through: str = ""
    skip: tuple[Versioned[Path], ...] = ()
    only: tuple[Versioned[Path], ...] = ()
    emit: tuple[Emit, ...] = ()
    chain: Chain | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """The attributes by which the elements of a list tell what stands before and after them: ids, of ``id``."""

    id: str
    previous: str = ""
    next: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A value that counts the elements of a part, or the different values of ``of`` among them.

    ``text`` stands before the number. ``document`` counts over the whole document: parts whose numbers have the same
    text count on, and give a value of ``of`` the number that it has.
    """

    value: str
    of: str = ""
    text: str = ""
    document: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """An element on one side that is an element on the other, with its values and the parts in it."""

    name: str
    place: Place
    tree: Side
    fhir: Side
    parts: tuple[Part, ...] = ()
    number: Number | None = None
    require: tuple[str, ...] = ()
    heading: Heading = ""
    because: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class TreeMapping:
    """The mapping of a whole tree: a document, whose content is ``root``, and the resource that it becomes.

    ``class_`` is the element by which an object says of which class it is, if any. It is equal to itself alone.
    """

    tree: Tree
    word: str
    root: str
    resource: str
    key: str
    id: str
    place: Place
    part: Part
    class_: str = ""
    systems: Dict[str, str] = field(default_factory=dict)
    entities: Dict[str, Entity] = field(default_factory=dict)
