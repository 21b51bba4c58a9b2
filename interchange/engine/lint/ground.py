"""Where lowered paths go: the elements under them, and the resource that they end in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interchange.fhir.elements import Element, elements
from interchange.fhir.lower import Back, Follow, Get, Meet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interchange.engine.plan import Plan
    from interchange.fhir.lower import Op


@dataclass(frozen=True, slots=True)
class On:
    """An element on a path: its definition, the type that its key says, and where its children are found."""

    element: Element
    type: str
    content: str


def step_into(plan: Plan, content: str, key: str) -> On | None:
    """The element that a JSON key leads to; nothing for a key that the release does not have."""
    table = elements(plan.release)
    if key.startswith("_"):
        known = table.physical(content, key[1:])
        return On(known[0], "Element", "Element") if known else None
    known = table.physical(content, key)
    if known is None:
        return None
    element, type_ = known
    return On(element, type_, type_ if element.choice else element.content)


def elements_on(plan: Plan, content: str, ops: Sequence[Op]) -> list[On]:
    """The elements along ops; those of another resource only, where the ops go to one."""
    chain: list[On] = []
    for op in ops:
        match op:
            case Get(key):
                on = step_into(plan, chain[-1].content if chain else content, key)
                if on is None:
                    return []
                chain.append(on)
            case Follow(entity) | Meet(entity):
                content, chain = plan.entities[entity].resource, []
            case Back(type_):
                content, chain = type_, []
    return chain
