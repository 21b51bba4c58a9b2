"""Where a resource does not fit the element table of a release: no profiles, no invariants.

Two ask: `interchange.fhir.validate` reports the findings, and `interchange.fhir.version` counts them per
release to tell which release the content is written in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from interchange.fhir.elements import RELEASES, elements
from interchange.fhir.fits import CODED, JSON_TYPES, codes_in, fitting, json_type, pattern_of

if TYPE_CHECKING:
    from interchange.fhir.elements import Element, Elements, Release, Tree

Kind = Literal["type", "unknown", "cardinality", "missing", "json", "text", "code", "choice"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One misfit: ``path`` inside the resource (``component[1].code``), ``definition`` is the table's path.

    ``message`` and ``hint`` hold no values; ``value`` may.
    """

    kind: Kind
    path: str
    definition: str
    message: str
    hint: str = ""
    value: str | None = None


def findings(resource: Mapping[str, object], release: Release) -> Iterator[Finding]:
    """The misfits of one resource and of those contained in it, in the order of its content.

    >>> [f.message for f in findings({"resourceType": "Patient", "gendr": "male"}, "R5")]
    ['Patient has no element `gendr` in R5']
    """
    if not fitting(release).resource(resource):
        yield from _resource(resource, "", elements(release))


def object_findings(value: Mapping[str, object], content: str, table: Elements) -> Iterator[Finding]:
    """The misfits of an object that is a content: of what has no resourceType, such as other trees.

    >>> [f.message for f in object_findings({"repeat": {"count": "2"}}, "Timing", elements("R5"))]
    ['Timing.repeat.count must be a JSON whole number (positiveInt)']
    """
    return _object(value, content, "", table)


def _resource(resource: Mapping[str, object], at: str, table: Elements) -> Iterator[Finding]:
    name = resource.get("resourceType")
    path = f"{at}.resourceType" if at else "resourceType"
    if not isinstance(name, str):
        yield Finding("type", path, "resourceType", "the resource states no resourceType")
    elif name not in table.resource_types():
        hint = _did_you_mean(table.suggest_type(name)) or _elsewhere(name)
        yield Finding("type", path, name, f"{table.release} has no resource type {name}", hint, name)
    else:
        yield from _object(resource, name, at, table)


def _object(value: Mapping[str, object], content: str, at: str, table: Elements) -> Iterator[Finding]:
    known = table.physicals(content)
    present: dict[str, str] = {}
    for key, item in value.items():
        path = f"{at}.{key}" if at else key
        name = key.removeprefix("_")
        if key == "resourceType" and table.is_resource(content):
            continue
        if name not in known or (key != name and not table.is_primitive(known[name][1])):
            message = f"{content} has no element `{key}` in {table.release}"
            yield Finding("unknown", path, f"{content}.{key}", message, _did_you_mean(table.suggest(content, key)))
            continue
        element, type_ = known[name]
        if present.setdefault(element.name, name) != name:
            message = f"`{element.name}[x]` is given as two types; it can have one"
            yield Finding("choice", path, element.path, message)
        if key == name:
            yield from _element(item, element, type_, path, table)
        else:
            yield from _companion(item, path, table)
    for element in table.children(content):
        if element.min and element.name not in present:
            path = f"{at}.{element.name}" if at else element.name
            yield Finding("missing", path, element.path, f"{element.path} is required and absent")


def _element(item: object, element: Element, type_: str, at: str, table: Elements) -> Iterator[Finding]:
    if isinstance(item, list) != element.many:
        wanted = "a list" if element.many else "one value, not a list"
        yield Finding("cardinality", at, element.path, f"{element.path} must be {wanted} in {table.release}")
    values = item if isinstance(item, list) else [item]
    if not values:
        yield Finding("json", at, element.path, f"{element.path} is an empty list", "leave the element out")
    for index, value in enumerate(values):
        path = f"{at}[{index}]" if isinstance(item, list) else at
        if table.is_primitive(type_):
            if value is not None or not element.many:
                yield from _primitive(value, type_, element, path, table.release)
        elif not isinstance(value, Mapping):
            yield Finding("json", path, element.path, f"{element.path} must be a JSON object ({type_})")
        elif type_ == "Resource":
            yield from _resource(value, path, table)
        elif not value:
            yield Finding("json", path, element.path, f"{element.path} is empty", "leave the element out")
        else:
            yield from _object(value, type_ if element.choice else element.content, path, table)
        if element.binding and type_ in CODED:
            yield from _bound(value, element, type_, path, table)


def _primitive(value: object, type_: str, element: Element, at: str, release: Release | Tree) -> Iterator[Finding]:
    wanted = json_type(type_)
    if isinstance(value, bool) != (wanted == "boolean") or not isinstance(value, JSON_TYPES[wanted]):
        yield Finding("json", at, element.path, f"{element.path} must be a JSON {wanted} ({type_})", value=str(value))
    elif value == "":
        yield Finding("text", at, element.path, f"{element.path} is empty text", "leave the element out")
    elif (pattern := pattern_of(release, type_)) and not pattern.fullmatch(str(value)):
        hint = "1 to 64 of A-Z a-z 0-9 - ." if type_ == "id" else ""
        yield Finding("text", at, element.path, f"{element.path} is no valid {type_}", hint, str(value))


def _companion(item: object, at: str, table: Elements) -> Iterator[Finding]:
    """The misfits of ``_name``, which holds the id and extensions of a primitive (formats.html#primitive)."""
    for index, value in enumerate(item if isinstance(item, list) else [item]):
        path = f"{at}[{index}]" if isinstance(item, list) else at
        if isinstance(value, Mapping):
            yield from _object(value, "Element", path, table)
        elif value is not None:
            yield Finding("json", path, "Element", "the companion of a primitive must be a JSON object")


def _bound(value: object, element: Element, type_: str, at: str, table: Elements) -> Iterator[Finding]:
    """A finding where none of the codes given is of the required value set, if its codes are known."""
    allowed = table.codes(element.binding)
    given = codes_in(value, type_)
    if allowed is None or not given or not allowed.isdisjoint(given):
        return
    some = ", ".join(sorted(allowed)) if len(allowed) <= 12 else f"the {len(allowed)} codes of {element.binding}"
    message = f"{element.path} has a code outside its required value set in {table.release}"
    yield Finding("code", at, element.path, message, f"use one of {some}", given[0])


def _did_you_mean(name: str | None) -> str:
    return f"did you mean `{name}`?" if name else ""


def _elsewhere(resource_type: str) -> str:
    having = [release for release in RELEASES if resource_type in elements(release).resource_types()]
    return f"it is a type of {', '.join(having)}" if having else ""
