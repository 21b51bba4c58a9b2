"""Losses: what the ledger lists, held by resource, since thousands of resources lose the same elements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# by resource: the elements that it loses, each with the reason
Group = tuple[str, list[tuple[str, str]]]
NAME = itemgetter(0)


class Loss(msgspec.Struct, frozen=True, order=True):
    """One leaf that is lost: of which resource, where in it, and why."""

    resource: str
    element: str
    reason: str


class Losses(Protocol):
    """Losses, sorted: a list, or those of resources."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Loss]: ...


class ByResource(ABC):
    """Sorted losses by resource."""

    @abstractmethod
    def groups(self) -> Iterator[Group]:
        """Yield the losses of each resource, in order."""

    @abstractmethod
    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Loss]:
        for name, own in self.groups():
            for element, reason in own:
                yield Loss(name, element, reason)

    def counts(self) -> Counter[tuple[str, str]]:
        """How many leaves are lost by resource type and reason."""
        return counted(self.groups())


class LossesAtHand(ByResource):
    """Losses in memory; ``groups`` come in any order, and several may be of one resource.

    >>> losses = LossesAtHand([("Patient/2", [("id", "new")]), ("Patient/1", [("name", "no rule"), ("id", "new")])])
    >>> [(loss.resource, loss.element) for loss in losses]
    [('Patient/1', 'id'), ('Patient/1', 'name'), ('Patient/2', 'id')]
    """

    def __init__(self, groups: Iterable[Group]) -> None:
        self._groups = list(in_order(sorted(groups, key=NAME)))

    def groups(self) -> Iterator[Group]:
        """Yield the losses of each resource, in order."""
        return iter(self._groups)

    def __len__(self) -> int:
        return sum(len(own) for _, own in self._groups)


def in_order(groups: Iterable[Group]) -> Iterator[Group]:
    """Yield groups that come in the order of resources with their losses in order, those of one resource as one."""
    for name, same in groupby(groups, key=NAME):
        yield name, sorted(loss for _, own in same for loss in own)


def counted(groups: Iterable[Group]) -> Counter[tuple[str, str]]:
    """Return how many leaves are lost by resource type and reason."""
    found: Counter[tuple[str, str]] = Counter()
    reasons: dict[str, list[str]] = {}
    for name, own in groups:
        reasons.setdefault(name.partition("/")[0], []).extend(reason for _, reason in own)
    for type_, every in reasons.items():
        for reason, count in Counter(every).items():
            found[type_, reason] += count
    return found
