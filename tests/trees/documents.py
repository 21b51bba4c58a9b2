"""Random documents of a tree, drawn from its element table."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from interchange.fhir.elements import elements

if TYPE_CHECKING:
    from interchange.fhir.elements import Element, Elements, Tree

DEEPEST = 6
TEXTS = st.sampled_from(
    ["Drug", "a b", "Ω, 5.10", "Time Frame: 1 day", "Inclusion Criteria:\n\n* Adult\n* Able", "x\\^2"]
)
PRIMITIVES = {
    "boolean": st.booleans(),
    "integer": st.integers(0, 99),
    "decimal": st.sampled_from([Decimal("5.10"), Decimal("-0.5"), Decimal(12)]),
    "date": st.sampled_from(["2024", "2024-02", "2024-02-29"]),
    "dateTime": st.sampled_from(["2024-02-29T10:11:12Z", "2024-02"]),
    "code": st.sampled_from(["A", "B-1"]),
}


def documents(tree: Tree, content: str, depth: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    """Objects of a content with some of its elements; lists have up to two."""
    table = elements(tree)
    if depth > DEEPEST:
        return st.just({})
    own = {element.name: _values(tree, table, element, depth) for element in table.children(content)}
    return st.fixed_dictionaries({}, optional=own)


def _values(tree: Tree, table: Elements, element: Element, depth: int) -> st.SearchStrategy[Any]:
    type_ = element.types[0]
    if table.is_primitive(type_):
        codes = table.codes(element.binding) if element.binding else None
        one: st.SearchStrategy[Any] = st.sampled_from(sorted(codes)) if codes else PRIMITIVES.get(type_, TEXTS)
    else:
        one = st.deferred(lambda: documents(tree, element.content, depth + 1))
    return st.lists(one, min_size=1, max_size=2) if element.many else one
