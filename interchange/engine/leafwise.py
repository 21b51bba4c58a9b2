"""FHIR that went to SDTM and back, counted leaf by leaf: what the rows hold, what the remainder adds, what is lost."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from interchange.engine.ledger import leaves, same

if TYPE_CHECKING:
    from collections.abc import Iterable

    from interchange.engine.losses import Loss
    from interchange.engine.ops import Json, Resource


@dataclass(slots=True)
class LeafTally:
    """Leaves of the resources of one type: ``kept`` in rows, in the ``remainder`` beside them, ``lost``.

    ``added`` came back and were not there.
    """

    resources: int = 0
    leaves: int = 0
    kept: int = 0
    remainder: int = 0
    lost: int = 0
    added: int = 0

    def add(self, other: LeafTally) -> None:
        """Add the numbers of another tally."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def settle(self, outside: int, missing: int) -> None:
        """Say how many leaves the rows do not hold, and how many did not come back."""
        self.lost = missing
        self.remainder = max(outside - missing, 0)
        self.kept = self.leaves - self.remainder - self.lost


class Leafwise:
    """Counts the leaves of resources, one after the other.

    ``after`` are the resources that came back with the remainder, or None where there is none, so that what the rows
    do not hold is lost. Resources are the same by type and id; of several with one id in their order.

    >>> patient = {"resourceType": "Patient", "id": "p", "gender": "male"}
    >>> leafwise = Leafwise([patient])
    >>> leafwise.add(patient); leafwise.tallies([])["Patient"]
    LeafTally(resources=1, leaves=2, kept=2, remainder=0, lost=0, added=0)
    """

    def __init__(self, after: Iterable[Resource] | None = None) -> None:
        self._found: dict[str, LeafTally] = defaultdict(LeafTally)
        self._missing: Counter[str] = Counter()
        self._others: dict[tuple[str, str], list[Resource]] | None = None
        if after is not None:
            self._others = defaultdict(list)
            for resource in after:
                self._others[_name(resource)].append(resource)

    def add(self, resource: Resource) -> None:
        """Count the leaves of a resource as it was."""
        type_ = resource["resourceType"]
        own = _leaves(resource)
        tally = self._found[type_]
        tally.resources += 1
        tally.leaves += len(own)
        if self._others is not None:
            same_name = self._others.get(_name(resource))
            there = _leaves(same_name.pop(0)) if same_name else {}
            self._missing[type_] += sum(
                path not in there or not same(value, there[path]) for path, value in own.items()
            )
            tally.added += len(there.keys() - own.keys())

    def tallies(self, losses: Iterable[Loss]) -> dict[str, LeafTally]:
        """Return by resource type what became of the leaves, once all are counted.

        ``losses`` is what the rows do not hold.
        """
        outside = Counter(loss.resource.partition("/")[0] for loss in losses)
        for type_, tally in self._found.items():
            tally.settle(outside[type_], outside[type_] if self._others is None else self._missing[type_])
        for resource in (extra for own in (self._others or {}).values() for extra in own):
            self._found[resource["resourceType"]].added += len(_leaves(resource))
        return dict(sorted(self._found.items()))


def _leaves(resource: Resource) -> dict[str, Json]:
    return {path: value for path, value in leaves(resource) if path != "resourceType"}


def _name(resource: Resource) -> tuple[str, str]:
    return (resource["resourceType"], str(resource.get("id", "")))
