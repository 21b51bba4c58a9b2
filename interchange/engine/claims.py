"""Claims: which domain's row sources take a resource, where several could.

Of all row sources of a resource's type that have claims, those with the strongest take it. Where domains have equally
strong claims the first in the alphabet takes it, and ``ties`` counts that.
"""

from __future__ import annotations

from collections import Counter
from itertools import repeat
from typing import TYPE_CHECKING, Any

from interchange.engine.interpret import read_way
from interchange.fhir.lower import Filter, Get
from interchange.fhir.members import MEMBERS
from interchange.mapping.model import STRENGTHS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from interchange.engine.ops import Json, Resource, Row
    from interchange.engine.plan import Plan, PlannedClaim, PlannedSource
    from interchange.engine.shelf import ResourceShelf
    from interchange.fhir.lower import Op

    Claimant = tuple[PlannedSource, PlannedClaim]
    Said = dict["Path", str]
    Ask = Callable[[Resource, ResourceShelf, Said], list[PlannedSource]]

Path = tuple[str, ...]


class _Remembered:
    """Answers to what is asked of some elements of a resource, by what stands there.

    What decides is often the same for many resources: a category, a code.
    """

    def __init__(self, looks_at: Iterable[Path], ask: Ask) -> None:
        paths = dict.fromkeys(looks_at)
        self.looks_at = [path for path in paths if not any(path[:end] in paths for end in range(len(path)))]
        self.ask = ask
        self._known: dict[tuple[str, ...], list[PlannedSource]] = {}

    def holding(self, resource: Resource, shelf: ResourceShelf, said: Said) -> list[PlannedSource]:
        """The row sources whose claim holds; ``said`` has what was looked at in the resource so far, as text."""
        texts = []
        for path in self.looks_at:
            text = said.get(path)
            if text is None:
                part = _part(resource, path)
                text = said[path] = "" if part is None else repr(part)
            texts.append(text)
        key = tuple(texts)
        found = self._known.get(key)
        if found is None:
            found = self.ask(resource, shelf, said)
            if not any("'#" in text for text in key):  # a contained resource is another one each time
                self._known[key] = found
        return found


def _each(members: Sequence[Claimant]) -> Ask:
    """Asks row sources whose claims are all decided by the same elements."""
    return lambda resource, shelf, _: [s for s, claim in members if _holds(s, claim, resource, shelf)]


def _together(members: Sequence[Claimant]) -> _Remembered:
    """Claims of one strength: those that are decided by the same elements are asked, and remembered, together."""
    groups: dict[tuple[Path, ...], list[Claimant]] = {}
    for source, claim in members:
        groups.setdefault(tuple(dict.fromkeys(_looked_at(source, claim))), []).append((source, claim))
    parts = [_Remembered(looks_at, _each(own)) for looks_at, own in groups.items()]

    def ask(resource: Resource, shelf: ResourceShelf, said: Said) -> list[PlannedSource]:
        return [source for part in parts for source in part.holding(resource, shelf, said)]

    return _Remembered((path for looks_at in groups for path in looks_at), ask)


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
        claims: dict[str, list[list[Claimant]]] = {}
        for mapping in plan.mappings.values():
            for source in mapping.sources:
                for claim in source.claims:
                    claims.setdefault(source.resource, [[] for _ in STRENGTHS])[claim.rank].append((source, claim))
        self._ranks = {type_: [_together(own) for own in ranks if own] for type_, ranks in claims.items()}
        self._looks_at = {
            type_: tuple(dict.fromkeys(path for rank in ranks for path in rank.looks_at))
            for type_, ranks in self._ranks.items()
        }
        self._met = MEMBERS.memory()  # takers, and the domains of a tie, by what claims look at in members
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
        type_ = resource["resourceType"]
        paths = self._looks_at.get(type_, ())
        parts = [resource.get(path[0]) if len(path) == 1 else _part(resource, path) for path in paths]
        known = self._met.get((type_, *map(id, parts)))
        if known is None:
            said: Said = {}
            takers, domains = self._asked(resource, shelf, said)
            known = (takers, domains, parts)
            if all(map(_is_shared, parts, paths, repeat(resource))) and not any("'#" in t for t in said.values()):
                self._met[type_, *map(id, parts)] = known
        takers, domains, _ = known
        if len(domains) > 1:
            self.ties[domains] += 1
        return takers

    def _asked(
        self, resource: Resource, shelf: ResourceShelf, said: Said
    ) -> tuple[list[PlannedSource], tuple[str, ...]]:
        """The row sources of one domain with the strongest claim, and all domains that have one as strong."""
        for rank in self._ranks.get(resource["resourceType"], ()):
            holding = rank.holding(resource, shelf, said)
            if holding:
                domains = tuple(sorted({source.domain for source in holding}))
                return [source for source in holding if source.domain == domains[0]], domains
        return [], ()


def _is_shared(part: Json, path: Path, resource: Resource) -> bool:
    """Whether a part of a resource is nothing, or stands in a member that is shared."""
    return part is None or (bool(path) and MEMBERS.holds(resource[path[0]]))


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
