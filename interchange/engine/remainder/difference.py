"""The difference of an original to the resource made anew of its rows, as JSON.

An object that both have differs by an object: what only the original has is under ``+``, what only the made one has
under ``-``, and what both have and is not the same under ``~``. Where additions only hold for one value (the display
for its code), the digest of the made value is under ``#``, that of its unit, for an amount, under ``$``; under ``=``
are marks of values that the original says more of beside them (``_birthDate``). A list differs by ``of``, the marks of
the made elements, and ``is``, the original ones in order: the place of a made one, ``[place, difference]``, or
``{"+": element}``. All else differs by ``[mark, original]``. Nothing stands for no difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from interchange.engine.ledger import same
from interchange.engine.remainder.model import digest, leaf_count, mark
from interchange.fhir.elements import elements

if TYPE_CHECKING:
    from collections.abc import Mapping

    from interchange.engine.ledger import Comparison
    from interchange.engine.ops import Resource
    from interchange.fhir.elements import Release

Json = Any
# Elements that say one thing: what an original adds to a code or amount does not hold for another.
AMOUNTS = frozenset({"Quantity", "SimpleQuantity", "Age", "Duration", "Count", "Distance", "Money"})
ONE_THING = AMOUNTS | {"Coding", "CodeableConcept", "Identifier", "Reference", "CodeableReference"}


def unit_of(amount: Resource) -> Resource:
    """Return what an amount says of its unit.

    >>> unit_of({"value": 5, "unit": "mg"})
    {'unit': 'mg'}
    """
    return {key: amount[key] for key in ("unit", "system", "code") if key in amount}


class Difference:
    """Differences of originals to made resources, laid beside each other as a comparison did.

    ``names`` are those of originals by made name. ``held`` counts the leaves of originals that the differences have and
    the made resources have not: those that the comparison lost.
    """

    def __init__(self, comparison: Comparison, release: Release, names: Mapping[str, str]) -> None:
        self.comparison = comparison
        self.table = elements(release)
        self.names = names
        self.held = 0

    def of(self, old: Resource, new: Resource, plain: Resource) -> Json:
        """Return how an original differs; ``new`` is the made one under original names, ``plain`` as it was made."""
        return self._object(old, new, plain, old["resourceType"], old)

    def _object(self, old: Resource, new: Resource, plain: Resource, content: str, within: Resource) -> Json:
        added, changed = {}, {}
        known = self.table.physicals(content)
        for key, item in old.items():
            if key not in new:
                added[key] = item
                self.held += leaf_count(item)
            elif old is not within or key != "resourceType":
                element, type_ = known.get(key, (None, ""))
                inner = "" if element is None else type_ if element.choice else element.content
                found = self._member(key, item, new[key], plain.get(key), inner, within)
                if found is not None:
                    changed[key] = found
        node: Resource = {}
        if added:
            node["+"] = added
        if gone := [key for key in new if key not in old]:
            node["-"] = gone
        if changed:
            node["~"] = changed
        if added and content in ONE_THING:
            node |= {"$": digest(unit_of(new))} if content in AMOUNTS else {"#": digest(new)}
        watched = [key[1:] for key in added if key[:1] == "_"] + ["value"] * ("comparator" in added)
        if beside := {key: mark(new[key]) for key in watched if key in new}:
            node["="] = beside
        return node or None

    def _member(self, key: str, old: Json, new: Json, plain: Json, content: str, within: Resource) -> Json:
        if key == "reference" and isinstance(old, str) and self.comparison.same_target(old, plain, within):
            return None if old == new else [mark(new), old]
        return self._value(old, new, plain, content, within)

    def _value(self, old: Json, new: Json, plain: Json, content: str, within: Resource) -> Json:
        if isinstance(old, dict) and isinstance(new, dict):
            return self._object(old, new, plain, content, within)
        if isinstance(old, list) and isinstance(new, list):
            aligned = self.comparison.alignments.get((id(within), id(old)))
            if aligned is not None:
                return self._list(aligned, old, new, plain, content, within)
        if not isinstance(old, (dict, list)) and same(old, new):
            return None
        self.held += leaf_count(old)
        return [mark(new), old]

    def _list(
        self,
        aligned: list[tuple[int, int | None]],
        old: list[Json],
        new: list[Json],
        plain: list[Json],
        content: str,
        within: Resource,
    ) -> Json:
        items: list[Json] = []
        for i, j in aligned:
            if j is None:
                items.append({"+": old[i]})
                self.held += leaf_count(old[i])
                continue
            found = self._value(old[i], new[j], plain[j], content, within)
            items.append(j if found is None else [j, found])
        return None if items == list(range(len(new))) else {"of": mark(new), "is": items}
