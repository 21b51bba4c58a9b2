"""Whether a resource fits the element table of a release: the quick answer, for the many that do.

`interchange.fhir.structure` has the words for those that do not. What is asked of an object depends on its keys, so
that it is worked out once for each set of keys. What a shared member of a resource is found to be is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from interchange.fhir.elements import elements
from interchange.fhir.members import MEMBERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from interchange.fhir.elements import Element, Elements, Release, Tree
    from interchange.fhir.members import Memory

    Check = Callable[[Any], bool]

# A pattern of base64Binary backtracks without end on long text, and the rest allow any text.
UNPATTERNED = frozenset({"base64Binary", "boolean", "decimal", "string", "markdown", "xhtml"})
WHOLE = frozenset({"integer", "positiveInt", "unsignedInt"})
CODED = frozenset({"code", "Coding", "CodeableConcept", "CodeableReference"})
KNOWN = 1 << 16  # texts that a pattern remembers


class Fitting:
    """Asks resources of one release; get it with `fitting`."""

    def __init__(self, table: Elements) -> None:
        self.table = table
        self._checks: dict[tuple[str, tuple[str, ...]], list[tuple[str, Check]] | None] = {}
        self._fine: dict[str, Memory] = {}  # members that fit, by the type of their resource

    def resource(self, resource: Any) -> bool:
        """Whether a resource fits its own type."""
        name = resource.get("resourceType") if isinstance(resource, dict) else None
        if not isinstance(name, str) or not self.table.is_resource(name):
            return False
        checks = self._asked(resource, name)
        if checks is None:
            return False
        fine = self._fine.get(name)
        if fine is None:
            fine = self._fine[name] = MEMBERS.memory()
        for key, check in checks:
            member = resource[key]
            if id(member) in fine:
                continue
            if not check(member):
                return False
            if MEMBERS.holds(member):
                fine[id(member)] = member
        return True

    def object(self, value: dict[str, Any], content: str) -> bool:
        """Whether an object fits a content: a resource type, data type or backbone element."""
        checks = self._asked(value, content)
        if checks is None:
            return False
        for name, check in checks:  # noqa: SIM110 - a loop is faster than a generator here
            if not check(value[name]):
                return False
        return True

    def _asked(self, value: dict[str, Any], content: str) -> list[tuple[str, Check]] | None:
        """What each key of an object must hold; nothing where the keys alone do not fit."""
        key = (content, tuple(value))
        return self._checks[key] if key in self._checks else self._checks.setdefault(key, self._made(*key))

    def _made(self, content: str, keys: tuple[str, ...]) -> list[tuple[str, Check]] | None:
        known = self.table.physicals(content)
        present: dict[str, str] = {}
        checks: list[tuple[str, Check]] = []
        for key in keys:
            name = key.removeprefix("_")
            if key == "resourceType" and self.table.is_resource(content):
                continue
            if name not in known or (key != name and not self.table.is_primitive(known[name][1])):
                return None
            element, type_ = known[name]
            if present.setdefault(element.name, name) != name:
                return None
            checks.append((key, self._element(element, type_) if key == name else self._companion))
        if any(element.min and element.name not in present for element in self.table.children(content)):
            return None
        return checks

    def _element(self, element: Element, type_: str) -> Check:
        one = self._one(element, type_)
        if not element.many:
            return one
        blank = self.table.is_primitive(type_)  # a list of primitives may have gaps

        def many(item: Any) -> bool:
            return isinstance(item, list) and bool(item) and all(one(v) or (blank and v is None) for v in item)

        return many

    def _one(self, element: Element, type_: str) -> Check:
        allowed = self.table.codes(element.binding) if element.binding and type_ in CODED else None
        if self.table.is_primitive(type_):
            return _primitive(type_, self.table.release, allowed)
        if type_ == "Resource":
            return self.resource
        content = type_ if element.choice else element.content

        def fits(value: Any) -> bool:
            return (
                isinstance(value, dict)
                and bool(value)
                and self.object(value, content)
                and (allowed is None or _is_allowed(value, type_, allowed))
            )

        return fits

    def _companion(self, item: Any) -> bool:
        each = item if isinstance(item, list) else [item]
        return all(v is None or (isinstance(v, dict) and self.object(v, "Element")) for v in each)


@cache
def fitting(release: Release) -> Fitting:
    """Return what asks resources of a release."""
    return Fitting(elements(release))


def _primitive(type_: str, release: Release | Tree, allowed: frozenset[str] | None) -> Check:
    if type_ == "boolean":
        return lambda value: isinstance(value, bool)
    if type_ == "decimal":
        return lambda value: isinstance(value, JSON_TYPES["number"]) and not isinstance(value, bool)
    expression = pattern_of(release, type_)
    if type_ in WHOLE:
        return lambda value: (
            isinstance(value, int)
            and not isinstance(value, bool)
            and (expression is None or expression.fullmatch(str(value)) is not None)
        )
    fine: set[str] = set()

    def text(value: Any) -> bool:
        if not isinstance(value, str) or not value:
            return False
        if value in fine:
            return True
        if (expression and not expression.fullmatch(value)) or (allowed is not None and value not in allowed):
            return False
        if len(fine) < KNOWN:
            fine.add(value)
        return True

    return text if expression or allowed is not None else lambda value: isinstance(value, str) and bool(value)


def _is_allowed(value: dict[str, Any], type_: str, allowed: frozenset[str]) -> bool:
    """Whether one of the codes given is allowed, or none is given."""
    given = codes_in(value, type_)
    return not given or not allowed.isdisjoint(given)


JSON_TYPES: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "whole number": (int,),
    "number": (int, float, Decimal),
    "string": (str,),
}


def json_type(type_: str) -> str:
    """Return what JSON has for a primitive type: boolean, whole number, number or string."""
    if type_ in WHOLE:
        return "whole number"
    return {"boolean": "boolean", "decimal": "number"}.get(type_, "string")


def codes_in(value: object, type_: str) -> list[str]:
    """Return the codes in a value of a coded type."""
    if type_ == "code":
        return [value] if isinstance(value, str) else []
    if not isinstance(value, Mapping):
        return []
    if type_ == "CodeableReference":
        return codes_in(value.get("concept"), "CodeableConcept")
    codings = value.get("coding", []) if type_ == "CodeableConcept" else [value]
    return [
        coding["code"]
        for coding in (codings if isinstance(codings, list) else [])
        if isinstance(coding, Mapping) and isinstance(coding.get("code"), str)
    ]


@cache
def pattern_of(release: Release | Tree, primitive: str) -> re.Pattern[str] | None:
    """Return the pattern of a primitive's text in a release; nothing where any text will do."""
    if primitive in UNPATTERNED:
        return None
    return re.compile(elements(release).pattern(primitive))
