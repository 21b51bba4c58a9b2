"""What ways gave for the members of resources that they start from, so that it is read once from each.

A way that stays in the resource reads the same from the same member. What it gave has a slot in a list of the member.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from interchange.engine.code import is_literal
from interchange.engine.plan import EntityRef
from interchange.fhir.lower import Filter, Get, Take
from interchange.fhir.members import MEMBERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from interchange.engine.ops import Json
    from interchange.engine.plan import PlannedRule, Way
    from interchange.fhir.lower import Lowered, Op
    from interchange.fhir.members import Memory

Slots = list[Any]


class _Unread:
    """What no way gives."""


UNREAD = _Unread()


class Remembered:
    """The slots of one row source or entity: for each key of its resources, those of the ways that start there."""

    def __init__(self, rules: Iterable[PlannedRule]) -> None:
        self.places: dict[int, tuple[str, int]] = {}
        self.kept: list[Way] = []  # what the identities in ``places`` stand for
        counts: dict[str, int] = {}
        for way in (way for rule in rules if rule.rule.const is None for way in rule.ways if way.reads):
            key = _start(way)
            if key:
                self.places[id(way)] = key, counts.get(key, 0)
                self.kept.append(way)
                counts[key] = counts.get(key, 0) + 1
        self._keys = {key: _Key(count) for key, count in counts.items()}

    def place(self, way: Way) -> tuple[str, int] | None:
        """The key of the member that a way starts from, and its slot there; nothing where it reads more than that."""
        return self.places.get(id(way))

    def of(self, key: str) -> _Key:
        """What gives the slots of a member under a key."""
        return self._keys[key]


class _Key:
    """The slots of members under one key; those of what is not there are kept as well."""

    def __init__(self, count: int) -> None:
        self.unread: Slots = [UNREAD] * count
        self.absent: Slots = [*self.unread, None]
        self.memory: Memory = MEMBERS.memory()

    def new(self, member: Json) -> Slots:
        """Slots in which nothing is read so far, remembered if the member is shared; the member is in them."""
        slots = [*self.unread, member]
        if MEMBERS.holds(member):
            self.memory[id(member)] = slots
        return slots


def _start(way: Way) -> str:
    """The key of a resource under which all is that a way looks at; none where there is more."""
    if way.level or isinstance(way.codec, EntityRef):
        return ""
    if way.shape[0] and len(way.paths[0].ops) == 1:  # the other half of a primitive stands beside it
        return ""
    keys = {_first_key(path) for path in way.paths}
    return keys.pop() if len(keys) == 1 else ""


def _first_key(path: Lowered) -> str:
    """The key that a path starts with, if it stays under it, and what stands there is no mere text or number."""
    key = member_key(path.ops)
    return key if len(path.ops) > 1 or path.many or path.type[:1].isupper() else ""


def member_key(ops: Sequence[Op]) -> str:
    """Return the key under which all is that ops look at; none where there is more.

    >>> member_key((Get("code", many=False), Get("text", many=False)))
    'code'
    """
    start = ops[0] if ops else None
    return start.key if isinstance(start, Get) and all(map(_stays, ops)) else ""


def _stays(op: Op) -> bool:
    return isinstance(op, Get | Take) or (isinstance(op, Filter) and all(map(is_literal, op.conditions)))
