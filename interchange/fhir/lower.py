"""Paths in R5 names lowered onto one release: plain JSON keys, list-ness, extension URLs and element types.

An R5 element that a release lacks is, in this order: the release's own name for it (an alias); or HL7's cross-version
extension, ``http://hl7.org/fhir/5.0/StructureDefinition/extension-ResearchStudy.recruitment`` with sub-extensions by
element name (https://hl7.org/fhir/versions.html#extensions).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from interchange.fhir import path as p
from interchange.fhir.elements import Release, elements

if TYPE_CHECKING:
    from collections.abc import Mapping

    from interchange.fhir.elements import Element, Elements

CROSS_VERSION = "http://hl7.org/fhir/5.0/StructureDefinition/extension-"


class LowerError(ValueError):
    """A path that the release cannot hold; ``code`` names the check, ``hint`` a way out."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        self.code = code
        self.hint = hint
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Get:
    """Descend to a JSON key; ``many`` where it holds a list."""

    key: str
    many: bool


@dataclass(frozen=True, slots=True)
class Condition:
    """What ``where`` asks of an element: some value at the end of ``ops`` equals the literal or the row's variable."""

    ops: tuple[Op, ...]
    literal: str | bool | int | Decimal
    variable: str = ""
    slug: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """Keep the elements for which every condition holds."""

    conditions: tuple[Condition, ...]

    @property
    def is_url(self) -> bool:
        """Whether it only picks an extension by its URL."""
        return all(c.ops == (Get("url", many=False),) for c in self.conditions)


@dataclass(frozen=True, slots=True)
class Take:
    """Keep the first element only."""


@dataclass(frozen=True, slots=True)
class Follow:
    """From a reference to the resource of an entity; ``form`` is the type of the element that refers."""

    entity: str
    form: str = "Reference"


@dataclass(frozen=True, slots=True)
class Meet:
    """To the resource of an entity that has the row's key variables."""

    entity: str


@dataclass(frozen=True, slots=True)
class Back:
    """To the resources of a type whose element refers to this resource."""

    type: str
    key: str


Op = Get | Filter | Take | Follow | Meet | Back


class Focus(NamedTuple):
    """Where a path starts or ends: content in the release and in R5; ``crossing`` within a cross-version extension."""

    content: str
    five: str
    crossing: bool = False


@dataclass(frozen=True, slots=True)
class Lowered:
    """A path on one release: its ops, what stands at its end, and the elements on the way.

    ``many`` says that a list stands at the end; ``spread`` that each value gets a cross-version extension of its own,
    since the R5 element repeats. ``via`` names HL7's cross-version extension where the path runs through one.
    ``elements`` are (content, key) pairs, for checks and for the ledger.
    """

    ops: tuple[Op, ...]
    type: str
    focus: Focus
    many: bool
    spread: bool = False
    via: str = ""
    elements: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """The JSON key at the end, if it ends in one."""
        last = next((op for op in reversed(self.ops) if isinstance(op, Get)), None)
        return last.key if last else ""


@dataclass(slots=True)
class _At:
    """Where lowering stands: the content in the release and in R5, and what it has not yet written down."""

    content: str
    five: str
    type: str
    choice: Element | None = None
    crossing: bool = False
    owed: bool = False
    url: str = ""
    many: bool = False
    ops: list[Op] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)


def typed_constant(text: str, type_: str) -> str | bool | int | Decimal:
    """Return a constant as the JSON of an element's type; LowerError where the text is no such value.

    >>> typed_constant("false", "boolean"), typed_constant("2", "positiveInt"), typed_constant("0.5", "decimal")
    (False, 2, Decimal('0.5'))
    """
    if type_ == "boolean":
        if text not in ("true", "false"):
            raise LowerError("IX-PATH-010", f"`{text}` is no {type_}", "write true or false")
        return text == "true"
    if type_ in ("integer", "positiveInt", "unsignedInt"):
        if not text.removeprefix("-").isdecimal():
            raise LowerError("IX-PATH-010", f"`{text}` is no {type_}", "write a whole number")
        return int(text)
    if type_ == "decimal":
        if not text.removeprefix("-").replace(".", "", 1).isdecimal():
            raise LowerError("IX-PATH-010", f"`{text}` is no {type_}", "write a number")
        return Decimal(text)
    return text


@dataclass(frozen=True, slots=True)
class Lowering:
    """What lowering needs to know: the release, renamed elements, systems, and the resource of each entity."""

    release: Release
    aliases: Mapping[str, str]
    systems: Mapping[str, str]
    entities: Mapping[str, str]
    _known: dict[tuple[str, Focus], Lowered] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def elements(self) -> Elements:
        """The release's element table."""
        return elements(self.release)

    def lower(self, path: p.Path, focus: Focus) -> Lowered:
        """Return a path lowered from a focus; LowerError where the release has no such element."""
        known = self._known.get((path.text, focus))
        if known is None:
            known = self._known[path.text, focus] = self._lowered(path, focus)
        return known

    def _lowered(self, path: p.Path, focus: Focus) -> Lowered:
        at = _At(focus.content, focus.five, focus.content, crossing=focus.crossing)
        for step in path.steps:
            if at.choice is not None and not isinstance(step, p.OfType):
                self._ambiguous(at.choice)
            self._step(at, step)
        if at.choice is not None:
            self._ambiguous(at.choice)
        spread = at.owed and at.many
        self._settle(at)
        end = Focus(at.content, at.five, at.crossing)
        return Lowered(tuple(at.ops), at.type, end, at.many, spread, at.url, tuple(at.seen))

    def _ambiguous(self, choice: Element) -> None:
        types = ", ".join(choice.types[:6])
        raise LowerError("IX-PATH-003", f"`{choice.name}[x]` has several types", f"add .ofType(…), one of {types}")

    def _step(self, at: _At, step: p.Step) -> None:
        match step:
            case p.Name(name):
                self._settle(at)
                self._name(at, name)
            case p.OfType(type_):
                self._of_type(at, type_)
            case p.Extension(url):
                self._extension(at, self.literal(url))
            case p.Where(conditions):
                self._settle(at)
                at.ops.append(Filter(tuple(self._condition(at, path, lit) for path, lit in conditions)))
            case p.First():
                at.ops.append(Take())
                at.many = False
            case p.Resolve(entity):
                self._settle(at)
                if at.type not in ("Reference", "canonical", "uri", "CodeableReference"):
                    raise LowerError("IX-PATH-005", f"resolve() needs a Reference, not {at.type}", "mend the path")
                at.ops.append(Follow(entity, at.type))
                self._jump(at, self._resource(entity))
            case p.Join(entity):
                at.ops.append(Meet(entity))
                self._jump(at, self._resource(entity))
            case p.Referrer(type_, element):
                renamed = self.aliases.get(f"{type_}.{element}", element)
                if self.elements.child(type_, renamed) is None:
                    self._missing(type_, element)
                at.ops.append(Back(type_, renamed))
                self._jump(at, type_)

    def _resource(self, entity: str) -> str:
        if entity not in self.entities:
            known = ", ".join(sorted(self.entities))
            raise LowerError("IX-PATH-006", f"no entity `{entity}`", f"name one of {known}, or declare it")
        return self.entities[entity]

    def _jump(self, at: _At, resource: str) -> None:
        at.content = at.five = at.type = resource
        at.crossing = at.many = False

    def literal(self, lit: p.Literal) -> str:
        """The text of a literal that needs no row; LowerError for a variable or an unknown system."""
        if isinstance(lit, p.Text):
            return lit.value
        if isinstance(lit, p.System):
            if lit.name not in self.systems:
                raise LowerError("IX-PATH-007", f"no system `%{lit.name}`", "declare it under `systems`")
            return self.systems[lit.name] + (f"/{lit.suffix}" if lit.suffix else "")
        raise LowerError("IX-PATH-008", f"`${lit.name}` cannot stand here", "use 'text' or %system")

    def _condition(self, at: _At, path: p.Path, lit: p.Literal) -> Condition:
        lowered = self.lower(path, Focus(at.content, at.five, at.crossing))
        if isinstance(lit, p.Var):
            return Condition(lowered.ops, "", lit.name, lit.slug)
        return Condition(lowered.ops, typed_constant(self.literal(lit), lowered.type))

    def _name(self, at: _At, name: str) -> None:
        if at.crossing and name != "extension":  # what a cross-version extension has of its own is no element of R5
            self._cross(at, name)
            return
        at.crossing = False
        renamed = self.aliases.get(f"{at.five}.{name}", name)
        element = self.elements.child(at.content, renamed)
        five = elements("R5").child(at.five, name)
        if element is None:
            if five is None or self.release == "R5":
                self._missing(at.content, name)
            self._cross(at, name)
            return
        if element.choice:
            at.choice, at.many = element, element.many
            return
        at.seen.append((at.content, renamed))
        at.ops.append(Get(renamed, element.many))
        at.type = element.types[0] if element.types else "Element"
        at.many = element.many
        at.five = five.content if five is not None and not five.choice else element.content
        at.content = element.content

    def _missing(self, content: str, name: str) -> None:
        near = self.elements.suggest(content, name)
        hint = f"did you mean `{near}`?" if near else "see the element list of the release"
        raise LowerError("IX-PATH-002", f"{content} has no element `{name}` in {self.release}", hint)

    def _cross(self, at: _At, name: str) -> None:
        """Into a cross-version extension (or its sub-extension) for an R5 element that the release lacks."""
        five = elements("R5").child(at.five, name)
        if five is None:
            self._missing(at.five, name)
            return
        url = name if at.crossing else CROSS_VERSION + five.path.removesuffix("[x]")
        at.url = at.url or url
        at.seen.append((at.content, "extension"))
        at.ops += [Get("extension", many=True), Filter((Condition((Get("url", many=False),), url),))]
        at.many = five.many
        at.content = "Extension"
        at.crossing = False
        if five.choice:
            at.choice, at.owed = five, False
            return
        type_ = five.types[0]
        at.five = five.content
        at.type = type_
        if type_ in ("BackboneElement", "Element") or five.content.startswith(five.path):
            at.crossing = True
            return
        at.owed = True

    def _settle(self, at: _At) -> None:
        """Write down the ``value[x]`` that a cross-version extension owes before the path goes on."""
        if not at.owed:
            return
        at.owed = False
        at.ops.append(Get(f"value{at.type[0].upper()}{at.type[1:]}", many=False))
        at.content = at.type
        at.many = False

    def _of_type(self, at: _At, type_: str) -> None:
        choice = at.choice
        if choice is None:
            if type_ == at.type:
                return
            raise LowerError("IX-PATH-004", f"ofType({type_}) on an element of type {at.type}", "leave it out")
        if type_ not in choice.types:
            known = ", ".join(choice.types)
            raise LowerError("IX-PATH-004", f"`{choice.name}[x]` has no type {type_} in {self.release}", f"use {known}")
        key = f"{choice.name}{type_[0].upper()}{type_[1:]}"
        if at.content == "Extension" and choice.name != "value":
            key = f"value{type_[0].upper()}{type_[1:]}"
        at.seen.append((at.content, key))
        at.ops.append(Get(key, choice.many and at.content != "Extension"))
        at.choice = None
        at.type = at.content = at.five = type_

    def _extension(self, at: _At, url: str) -> None:
        if at.ops and isinstance(last := at.ops[-1], Get) and self.elements.is_primitive(at.type) and not at.owed:
            at.ops[-1] = Get(f"_{last.key}", many=False)
        else:
            self._settle(at)
        at.ops += [Get("extension", many=True), Filter((Condition((Get("url", many=False),), url),))]
        at.content = at.five = at.type = "Extension"
        at.many = True
        at.crossing = False
