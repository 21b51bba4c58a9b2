"""Claims: which domain's row sources take a resource, where several could.

Of all row sources of a resource's type that have claims, those with the strongest take it. Where domains have equally
strong claims the first in the alphabet takes it, and ``ties`` counts that.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from interchange.engine.interpret import read_way
from interchange.fhir.lower import Filter, Get
from interchange.mapping.model import STRENGTHS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from interchange.engine.ops import Json, Resource, Row
    from interchange.engine.plan import Plan, PlannedClaim, PlannedSource
    from interchange.engine.shelf import ResourceShelf
    from interchange.fhir.lower import Op

Path = tuple[str, ...]


class _Claimants:
    """Row sources with a claim of one strength, all of which are decided by the same elements of a resource."""

    def __init__(self, looks_at: tuple[Path, ...]) -> None:
        self.looks_at = looks_at
        self.members: list[tuple[PlannedSource, PlannedClaim]] = []
        self._known: dict[tuple[str, ...], list[PlannedSource]] = {}

    def holding(self, resource: Resource, shelf: ResourceShelf, said: dict[Path, str]) -> list[PlannedSource]:
        """The row sources whose claim holds; ``said`` has what was looked at in the resource so far, as text.

        What decides is often the same for many resources (a category, a code), so answers are remembered by it.
        """
        for path in self.looks_at:
            if path not in said:
                said[path] = repr(_part(resource, path))
        key = tuple([said[path] for path in self.looks_at])
        found = self._known.get(key)
        if found is None:
            found = [source for source, claim in self.members if _holds(source, claim, resource, shelf)]
            if not any("'#" in text for text in key):  # a contained resource is another one each time
                self._known[key] = found
        return found


def _holds(source: PlannedSource, claim: PlannedClaim, resource: Resource, shelf: ResourceShelf) -> bool:
    if not all(shelf.exists(test, (resource,)) for test in source.match):
        return False
    if any(shelf.exists(test, (resource,)) for test in claim.tests):
        return True
    for way in claim.ways:
        row: Row = {}
        read_way(way, (resource,), shelf, row)
        if row:
            return True
    return False


class Owners:
    """Who takes the resources of a shelf."""

    def __init__(self, plan: Plan) -> None:
        self.ties: Counter[tuple[str, ...]] = Counter()
        self._claimants: dict[str, list[dict[tuple[Path, ...], _Claimants]]] = {}  # by type, then by rank
        for mapping in plan.mappings.values():
            for source in mapping.sources:
                for claim in source.claims:
                    ranks = self._claimants.setdefault(source.resource, [{} for _ in STRENGTHS])
                    looks_at = tuple(dict.fromkeys(_looked_at(source, claim)))
                    group = ranks[claim.rank].setdefault(looks_at, _Claimants(looks_at))
                    group.members.append((source, claim))
        self._counted: dict[str, int] = {}
        self._taken: dict[str, dict[int, list[Resource]]] = {}

    def taken(self, source: PlannedSource, shelf: ResourceShelf) -> Sequence[Resource]:
        """The resources of a shelf's own that a row source with claims takes."""
        type_ = source.resource
        own = shelf.types.get(type_, [])
        if len(own) != self._counted.get(type_):
            self._counted[type_] = len(own)
            table: dict[int, list[Resource]] = {}
            self._taken[type_] = table
            for resource in own:
                for taker in self._takers(resource, shelf):
                    table.setdefault(id(taker), []).append(resource)
        return self._taken[type_].get(id(source), ())

    def _takers(self, resource: Resource, shelf: ResourceShelf) -> list[PlannedSource]:
        """The row sources of one domain that have the strongest claim on a resource."""
        said: dict[Path, str] = {}
        for groups in self._claimants.get(resource["resourceType"], ()):
            holding = [source for group in groups.values() for source in group.holding(resource, shelf, said)]
            if holding:
                domains = tuple(sorted({source.domain for source in holding}))
                if len(domains) > 1:
                    self.ties[domains] += 1
                return [source for source in holding if source.domain == domains[0]]
        return []


def _looked_at(source: PlannedSource, claim: PlannedClaim) -> Iterator[Path]:
    """The elements that a claim looks at, each as the keys down to the first list."""
    for test in (*source.match, *claim.tests):
        yield _first_list(test.path.ops)
    for way in claim.ways:
        for path in way.paths:
            yield _first_list(path.ops)


def _first_list(ops: Sequence[Op]) -> Path:
    keys: list[str] = []
    for op in ops:
        if not isinstance(op, Get):
            if isinstance(op, Filter):
                break
            return tuple(keys)
        keys.append(op.key)
        if op.many:
            break
    return tuple(keys)


def _part(resource: Resource, keys: Path) -> Json:
    node: Any = resource
    for key in keys:
        if not isinstance(node, dict):
            return node
        node = node.get(key)
    return node
