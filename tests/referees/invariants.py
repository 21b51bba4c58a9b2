"""The invariants of a release, evaluated by fhirpathpy on resources: the constraints of error severity of its definitions.

A constraint that comes to nothing holds, as ref-1 of R4 is meant, which asks the text of a reference that has none.
Every object is asked for the constraints of its type, of the backbone element that it is, and of the element that it
stands at. Equal objects are asked once, but where a constraint looks at the whole resource or follows references. A constraint that
cannot be evaluated is no finding: `Referee.failed` names it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from interchange.fhir.elements import elements

from .packages import CORE, members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from interchange.fhir.elements import Release

BASE = "http://hl7.org/fhir/StructureDefinition/"
MODELS = {"R4": "r4", "R4B": "r4", "R5": "r5"}
WHOLE = ("%resource", "%rootResource", "%context", "resolve()")
_ENCODE = msgspec.json.Encoder(order="sorted").encode


class Constraint(NamedTuple):
    """A constraint of a definition: its key, and the expression that must be true."""

    key: str
    expression: str


class Finding(NamedTuple):
    """A constraint that does not hold, and where."""

    key: str
    path: str
    expression: str


@cache
def definitions(release: Release) -> dict[str, dict[str, Any]]:
    """The definitions of the types of a release, by name: no profiles."""
    found = {}
    for _, body in members(CORE[release], "StructureDefinition-"):
        if body["url"].startswith(BASE) and body.get("derivation") != "constraint" and body["kind"] != "logical":
            found[body["type"].rpartition("/")[2]] = body
    return found


@cache
def constraints(release: Release) -> dict[str, tuple[Constraint, ...]]:
    """The constraints of error severity by the path of their element: ``Observation``, ``Observation.component``."""
    found: dict[str, dict[Constraint, None]] = {}
    for definition in definitions(release).values():
        for element in definition.get("snapshot", {}).get("element", ()):
            own = found.setdefault(element["path"], {})
            for each in element.get("constraint", ()):
                if each["severity"] == "error" and "expression" in each:
                    own[Constraint(each["key"], each["expression"])] = None
    return {path: tuple(own) for path, own in found.items()}


@cache
def _parsed(expression: str) -> Any:
    from fhirpathpy.parser import parse

    return parse(expression)


def _has_value(nodes: list[Any]) -> list[bool]:
    """FHIR's own ``hasValue()``, which fhirpathpy lacks: one primitive, with more than extensions."""
    from fhirpathpy.engine.util import get_data

    return [len(nodes) == 1 and not isinstance(get_data(nodes[0]), (dict, type(None)))]


def _says_more_than_its_id(node: Any) -> bool:
    """ele-1, of which fhirpathpy does not see that a primitive with extensions alone is a child."""
    return any(key != "id" for key in node) if isinstance(node, dict) else node != ""


def _does_not_end_before_it_starts(node: Any) -> bool:
    """per-1, which takes bounds of dates of unlike precision that fhirpathpy does not have."""
    start, end = node.get("start"), node.get("end")
    if start is None or end is None:
        return True
    if "T" in start and "T" in end:
        return datetime.fromisoformat(start) <= datetime.fromisoformat(end)
    size = min(len(start.partition("T")[0]), len(end.partition("T")[0]))
    return bool(start[:size] <= end[:size])


def _rises(node: Any) -> bool:
    """rng-2, which takes bounds of quantities that fhirpathpy does not have; of unlike units nothing is said."""
    low, high = node.get("low", {}), node.get("high", {})
    alike = all(low.get(key) == high.get(key) for key in ("unit", "system", "code"))
    return not alike or "value" not in low or "value" not in high or low["value"] <= high["value"]


NATIVE: dict[str, Callable[[Any], bool]] = {
    "ele-1": _says_more_than_its_id,
    "per-1": _does_not_end_before_it_starts,
    "rng-2": _rises,
}


@dataclass
class Referee:
    """Asks the constraints of one release; ``asked`` counts evaluations by key, ``failed`` has what went wrong in which.

    ``left_out`` are keys that are not asked.
    """

    release: Release
    left_out: frozenset[str] = frozenset()
    asked: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    _held: dict[str, dict[str, Any]] = field(default_factory=dict)
    _known: dict[tuple[Constraint, str, bytes], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        functions = {"hasValue": _has_value, "resolve": self._resolve}
        table = {name: {"fn": function, "arity": {0: []}} for name, function in functions.items()}
        self._options = {"userInvocationTable": table, "traceFn": lambda *_: None}

    def _resolve(self, nodes: list[Any]) -> list[dict[str, Any]]:
        """``resolve()``: the resources that references lead to, as far as they are held."""
        texts = [node.get("reference") if isinstance(node, dict) else node for node in nodes]
        return [self._held[text] for text in texts if text in self._held]

    def findings(self, resources: Iterable[dict[str, Any]]) -> Iterator[Finding]:
        """What does not hold in resources, which refer to each other."""
        held = list(resources)
        self._held |= {f"{one['resourceType']}/{one['id']}": one for one in held}
        for resource in held:
            names = {"resource": resource, "rootResource": resource}
            type_ = resource["resourceType"]
            yield from self._ask(constraints(self.release)[type_], type_, type_, resource, names)
            yield from self._children(type_, f"{type_}/{resource['id']}", resource, names)

    def _children(self, content: str, at: str, node: dict[str, Any], names: dict[str, Any]) -> Iterator[Finding]:
        table, every = elements(self.release), constraints(self.release)
        known = table.physicals(content)
        for key, value in node.items():
            element, type_ = known.get(key.removeprefix("_"), (None, ""))
            if element is None:
                continue
            if type_ == "Resource":
                continue  # nothing is contained in what this project makes; a Bundle is none of its resources
            inner = type_ if element.choice else element.content
            home = f"{content}.{element.name}{'[x]' if element.choice else ''}"
            asked = dict.fromkeys((*every.get(home, ()), *every.get(type_, ()), *every.get(inner, ())))
            for i, item in enumerate(value if isinstance(value, list) else [value]):
                if item is None:
                    continue
                path = f"{at}.{key}[{i}]"
                yield from self._ask(tuple(asked), inner if isinstance(item, dict) else type_, path, item, names)
                if isinstance(item, dict) and not key.startswith("_"):
                    yield from self._children(inner, path, item, names)
                elif isinstance(item, dict):
                    yield from self._children("Element", path, item, names)

    def _ask(
        self, every: tuple[Constraint, ...], content: str, path: str, node: Any, names: dict[str, Any]
    ) -> Iterator[Finding]:
        text = _ENCODE(node)
        for constraint in every:
            if constraint.key in self.left_out or constraint.key in self.failed:
                continue
            whole = any(name in constraint.expression for name in WHOLE)
            known = (constraint, content, text)
            if whole or known not in self._known:
                self._known[known] = self._holds(constraint, content, node, names)
            if not self._known[known]:
                yield Finding(constraint.key, path, constraint.expression)

    def _holds(self, constraint: Constraint, content: str, node: Any, names: dict[str, Any]) -> bool:
        from fhirpathpy import apply_parsed_path
        from fhirpathpy.engine.nodes import ResourceNode
        from fhirpathpy.models import models

        self.asked[constraint.key] = self.asked.get(constraint.key, 0) + 1
        if constraint.key in NATIVE:
            return NATIVE[constraint.key](node)
        typed = node if isinstance(node, dict) and "resourceType" in node else ResourceNode.create_node(node, content)
        try:
            model = models[MODELS[self.release]]
            return apply_parsed_path(typed, _parsed(constraint.expression), names, model, self._options) != [False]
        except Exception as error:  # whatever the evaluator trips over, in whichever way
            self.failed[constraint.key] = f"{type(error).__name__}: {error}"
            return True
