"""An audit of the loss ledger that shares no counting with it.

What the ledger does not name must stand in the resources that were made anew: each original, less its losses, fits
into one made resource: values in the same elements of the same list item, references to a resource that the original
of their target fits into. A contained resource is an original of its own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from interchange.engine.ledger import item_path
from interchange.fhir.references import Index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from interchange.engine.ledger import Ledger

Resource = dict[str, Any]
LOST = object()  # in place of what is gone


def left(value: Any, lost: Counter[str], at: str = "") -> Any:
    """A value without the leaves whose paths are lost; LOST where nothing is left. Each loss takes one leaf."""
    if isinstance(value, dict):
        kept = {k: left(v, lost, f"{at}.{k}" if at else k) for k, v in value.items() if at or k != "resourceType"}
        kept = {k: v for k, v in kept.items() if v is not LOST}
        return kept or LOST
    if isinstance(value, list):
        items = [left(item, lost, item_path(at, i, item)) for i, item in enumerate(value)]
        return [item for item in items if item is not LOST] or LOST
    if lost[at]:
        lost[at] -= 1
        return LOST
    return value


def count(value: Any) -> int:
    """How many leaves a value has."""
    if isinstance(value, (dict, list)):
        return sum(map(count, value.values() if isinstance(value, dict) else value))
    return value is not LOST


def matched(size: int, others: int, fits: Callable[[int, int], bool]) -> dict[int, int] | None:
    """Each of ``size`` things with another that it fits, no other used twice (a bipartite matching); None if none is."""
    partner: dict[int, int] = {}

    def place(one: int, tried: set[int]) -> bool:
        for other in range(others):
            if other not in tried and fits(one, other):
                tried.add(other)
                if other not in partner or place(partner[other], tried):
                    partner[other] = one
                    return True
        return False

    if not all(place(one, set()) for one in range(size)):
        return None
    return {one: other for other, one in partner.items()}


def fits(one: Any, other: Any, refers: Callable[[str, str], bool]) -> bool:
    """Whether a value is part of another: each leaf there with its type and digits, list items in any order."""
    if isinstance(one, dict):
        return isinstance(other, dict) and all(
            key in other
            and (
                (
                    key == "reference"
                    and isinstance(item, str)
                    and isinstance(other[key], str)
                    and refers(item, other[key])
                )
                or fits(item, other[key], refers)
            )
            for key, item in one.items()
        )
    if isinstance(one, list):
        if not isinstance(other, list) or len(one) > len(other):
            return False
        found = {(i, j): fits(a, b, refers) for i, a in enumerate(one) for j, b in enumerate(other)}
        return matched(len(one), len(other), lambda i, j: found[i, j]) is not None
    return not isinstance(other, (dict, list)) and _digits(one) == _digits(other)


def _digits(leaf: Any) -> tuple[str, str]:
    """A leaf with the type that JSON gives it: 5 is not "5", 5.10 not 5.1."""
    kind = (
        "text" if isinstance(leaf, str) else "truth" if isinstance(leaf, bool) else "null" if leaf is None else "number"
    )
    return kind, str(leaf)


@dataclass(slots=True)
class Audit:
    """What an audit found.

    ``leaves`` is how many the originals have, ``named`` how many of them the ledger names. ``homeless`` are originals
    that fit nowhere, with what is left of them; ``unknown`` are losses of leaves that there are not.
    """

    leaves: int = 0
    named: int = 0
    homeless: list[tuple[str, Any]] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Original:
    """A resource, or one contained in another, the resource around it, and what is left of it."""

    name: str
    resource: Resource
    within: Resource
    rest: Any


def audit(before: Sequence[Resource], after: Sequence[Resource], ledger: Ledger) -> Audit:
    """Return what of the originals is neither in the ledger nor in the resources made anew."""
    lost: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for loss in ledger.losses:
        lost[loss.resource][loss.element] += 1
    originals = [one for resource in before for one in _originals(resource, lost)]
    found = Audit(sum(count({**r, "resourceType": LOST}) for r in before))
    found.named = found.leaves - sum(count(one.rest) for one in originals)
    found.unknown = [(name, path) for name, own in lost.items() for path in own.elements()]
    homes = _homes(originals, before, after)
    found.homeless = [(one.name, one.rest) for one in originals if not homes.get(id(one.resource), True)]
    return found


def _originals(resource: Resource, lost: defaultdict[str, Counter[str]]) -> Iterator[_Original]:
    name = f"{resource['resourceType']}/{resource.get('id', '?')}"
    held = resource.get("contained")
    contained = held if isinstance(held, list) and all(isinstance(item, dict) for item in held) else []
    plain = {key: item for key, item in resource.items() if not contained or key != "contained"}
    yield _Original(name, resource, resource, left(plain, lost[name]))
    for i, item in enumerate(contained):
        at = f"contained[{i}]"
        yield _Original(f"{name} {at}", item, resource, left(item, lost[name], at))


def _homes(
    originals: Sequence[_Original], before: Sequence[Resource], after: Sequence[Resource]
) -> dict[int, set[int]]:
    """The made resources that each original fits into, by identity, references of each agreeing with the others."""
    old, new = Index(), Index()
    for resource in before:
        old.add_resource(resource)
    by_type: dict[str, dict[int, Resource]] = {}
    for resource in after:
        new.add_resource(resource)
        by_type.setdefault(resource["resourceType"], {})[id(resource)] = resource
    made = {at: resource for own in by_type.values() for at, resource in own.items()}
    homes = {
        id(one.resource): set(by_type.get(str(one.resource.get("resourceType")), ()))
        for one in originals
        if one.rest is not LOST
    }

    def refers(within: Resource) -> Callable[[str, str], bool]:
        def same(text: str, other: str) -> bool:
            target, there = old.resolve(text, within=within), new.resolve(other)
            if there is None or target is None:
                return text == other
            home = homes.get(id(target))
            return target["resourceType"] == there["resourceType"] and (home is None or id(there) in home)

        return same

    changed = True
    while changed:  # a reference that fits nothing takes a home away, and with it those of what refers there
        changed = False
        for one in originals:
            own = homes.get(id(one.resource), set())
            gone = {j for j in own if not fits(one.rest, made[j], refers(one.within))}
            changed |= bool(gone)
            own -= gone
    return homes
