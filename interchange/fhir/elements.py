"""The elements of each FHIR release: what children a type has, of which types, how often, with which codes.

The tables in ``tables/`` are made from HL7's packages (CC0) by ``tools/make_fhir_tables.py``. Words here:

- a *content* is what has children: a resource type, a datatype, or a backbone element's path
  (``"ResearchStudy"``, ``"CodeableConcept"``, ``"ResearchStudy.comparisonGroup"``);
- a *choice* is an element written ``value[x]`` in the specification: its name here is ``value``, and its
  JSON key carries the type, ``valueQuantity`` (https://hl7.org/fhir/formats.html#choice).
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

import msgspec

Release = Literal["R4", "R4B", "R5"]
RELEASES: tuple[Release, ...] = get_args(Release)
Tree = Literal["CTGOV", "USDM"]  # other trees that mappings read and write, described by tables of the same form
TREES: tuple[Tree, ...] = get_args(Tree)

Row = tuple[str, str, int, int | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a content.

    ``path`` is the specification's (``Observation.value[x]``), ``name`` its last part without ``[x]``.
    ``max`` is None for ``*``. ``binding`` is the canonical, without version, of a required binding.
    ``content`` is where its children are found: a backbone path (its own, or the one a contentReference
    names), else its type, or "" for a choice of several types.
    """

    path: str
    name: str
    types: tuple[str, ...]
    min: int
    max: int | None
    binding: str | None
    content: str
    order: int

    @property
    def many(self) -> bool:
        """Whether JSON holds it as a list."""
        return self.max != 1

    @property
    def choice(self) -> bool:
        """Whether the specification writes it ``name[x]``."""
        return self.path.endswith("[x]")

    @property
    def keys(self) -> tuple[str, ...]:
        """The JSON keys it can have: one, or one a type for a choice."""
        return tuple(choice_key(self, each) for each in self.types) if self.choice else (self.name,)


class Table(msgspec.Struct):
    """A release's file, as it is stored."""

    release: str
    source: str
    license: str
    primitives: dict[str, str]
    resources: list[str]
    abstract: list[str]
    contents: dict[str, msgspec.Raw]
    codes: dict[str, msgspec.Raw]


class Elements:
    """The elements of one release; get it with `elements`. A content is built when it is first asked for."""

    def __init__(self, release: Release | Tree) -> None:
        package = "interchange.trees" if release in TREES else "interchange.fhir"
        text = files(package).joinpath("tables", f"{release.lower()}.json").read_bytes()
        self.release: Release | Tree = release
        self._table = msgspec.json.decode(text, type=Table)
        self._resources = frozenset(self._table.resources)
        self._children: dict[str, dict[str, Element]] = {}
        self._keys: dict[str, dict[str, tuple[Element, str]]] = {}
        self._codes: dict[str, frozenset[str]] = {}
        self._near: dict[tuple[str, str], str | None] = {}  # misspelt names come again and again

    @property
    def source(self) -> str:
        """The packages, with versions, the table was made from."""
        return self._table.source

    def resource_types(self) -> frozenset[str]:
        """The resource types that have instances."""
        return self._resources

    def is_resource(self, name: str) -> bool:
        """Whether it is a resource type, ``Resource`` and ``DomainResource`` included."""
        return name in self._resources or (name in self._table.abstract and name.endswith("Resource"))

    def is_primitive(self, name: str) -> bool:
        """Whether it is a primitive type: its JSON is a string, number or boolean."""
        return name in self._table.primitives

    def is_complex(self, name: str) -> bool:
        """Whether it is a datatype with children, ``BackboneElement`` and ``Element`` included."""
        return name in self._table.contents and "." not in name and not self.is_resource(name)

    def pattern(self, primitive: str) -> str:
        """The regular expression the release states for the text of a primitive, or ""."""
        return self._table.primitives[primitive]

    def has_content(self, content: str) -> bool:
        """Whether the release has such a content."""
        return content in self._table.contents

    def child(self, content: str, name: str) -> Element | None:
        """The element of that name, inherited ones too; None where the release has none.

        >>> elements("R5").child("Observation", "value").types[0]
        'Quantity'
        >>> elements("R5").child("PlanDefinition.action", "action").content
        'PlanDefinition.action'
        """
        return self._content(content).get(name)

    def children(self, content: str) -> tuple[Element, ...]:
        """The elements of a content in the order of its definition; none for an unknown content."""
        return tuple(self._content(content).values())

    def choice_key(self, element: Element, type_: str) -> str:
        """The JSON key of a choice as one of its types; see `choice_key`."""
        return choice_key(element, type_)

    def physical(self, content: str, key: str) -> tuple[Element, str] | None:
        """The element a JSON key stands for, with its type; None for an unknown key or a ``_key`` companion.

        >>> element, type_ = elements("R4").physical("Observation", "valueQuantity")
        >>> element.name, type_
        ('value', 'Quantity')
        """
        return self.physicals(content).get(key)

    def physicals(self, content: str) -> dict[str, tuple[Element, str]]:
        """Every JSON key a content can have, with its element and type, in the order of the definition."""
        found = self._keys.get(content)
        if found is None:
            found = self._keys[content] = {
                key: (element, type_)
                for element in self._content(content).values()
                for key, type_ in zip(element.keys, element.types, strict=False)
            }
        return found

    def codes(self, binding: str | None) -> frozenset[str] | None:
        """The codes of a required binding; None where its value set cannot be listed (currencies, units).

        >>> sorted(elements("R5").codes("http://hl7.org/fhir/ValueSet/administrative-gender"))
        ['female', 'male', 'other', 'unknown']
        """
        canonical = (binding or "").partition("|")[0]
        if canonical not in self._codes:
            if canonical not in self._table.codes:
                return None
            self._codes[canonical] = frozenset(msgspec.json.decode(self._table.codes[canonical], type=list[str]))
        return self._codes[canonical]

    def suggest(self, content: str, name: str) -> str | None:
        """The element or JSON key nearest to a misspelt one, or None.

        >>> elements("R5").suggest("Observation", "efective")
        'effective'
        """
        if (content, name) not in self._near:
            names = [*self._content(content), *self.physicals(content)]
            self._near[content, name] = next(iter(get_close_matches(name, names, 1)), None)
        return self._near[content, name]

    def suggest_type(self, name: str) -> str | None:
        """The resource type nearest to a misspelt one, or None."""
        return next(iter(get_close_matches(name, sorted(self._resources), 1)), None)

    def _content(self, content: str) -> dict[str, Element]:
        found = self._children.get(content)
        if found is None:
            raw = self._table.contents.get(content)
            if raw is None:
                return {}
            rows = msgspec.json.decode(raw, type=list[Row])
            built = [self._element(content, order, row) for order, row in enumerate(rows)]
            found = self._children[content] = {element.name: element for element in built}
        return found

    def _element(self, content: str, order: int, row: Row) -> Element:
        name, joined, least, most, binding, reference = row
        path = f"{content}.{name}"
        types = tuple(joined.split("|")) if joined else ("BackboneElement",)
        where = reference or path if reference or path in self._table.contents else types[0] if len(types) == 1 else ""
        return Element(path, name.removesuffix("[x]"), types, least, most, binding, where, order)


def choice_key(element: Element, type_: str) -> str:
    """The JSON key of a choice as one of its types.

    >>> choice_key(elements("R5").child("Patient", "deceased"), "boolean")
    'deceasedBoolean'
    """
    return f"{element.name}{type_[0].upper()}{type_[1:]}"


@cache
def elements(release: Release | Tree) -> Elements:
    """The element tables of a release, or of another tree, read once.

    >>> "ResearchSubject" in elements("R4B").resource_types()
    True
    """
    return Elements(release)
