"""Members of resources that come again are the same object, so that what depends on one is found out once.

A resource is a JSON object, and what it has under a key is a member of it (RFC 8259). Results come by the thousand with
the same category, code, unit, range and visit: here a member that is an object or a list is decoded once, and shared by
all the resources that have it. Its identity then says what it holds, so that whether it fits its release, what is read
from it, and what became of it can be remembered by identity, in a `memory`.

Whoever is given a resource may change it, but not what is shared in it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import msgspec

if TYPE_CHECKING:
    from collections.abc import Hashable

Json = Any

DECODE = msgspec.json.Decoder(float_hook=Decimal).decode
# So many members are held at a time; a hundredth of a gigabyte in the corpora at hand.
MOST = 1 << 14
LONGEST = 4096  # bytes of JSON
ALONE = frozenset({"contained"})  # its resources are told apart by identity
_PARTED = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_OPENING = b"{["


class Memory(dict[Any, Any]):
    """What is known of members, by their identities: only of such as are held, and gone when these are let go."""

    __slots__ = ("__weakref__",)
    __hash__ = object.__hash__  # type: ignore[assignment]  # one memory is not another with the same in it


class Members:
    """The members that are shared, of one process.

    >>> members = Members()
    >>> one, other = members.decode(b'{"a": [1.10]}'), members.decode(b'{"b": 2, "a": [1.10]}')
    >>> one, one["a"] is other["a"]
    ({'a': [Decimal('1.10')]}, True)
    """

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._known: dict[Hashable, Json] = {}
        self._held: dict[int, Json] = {}
        self._memories: WeakSet[Memory] = WeakSet()

    def decode(self, text: bytes) -> Json:
        """Return what JSON holds, decimals with their digits; the members of an object are shared.

        msgspec.DecodeError, UnicodeDecodeError or RecursionError where it is none.
        """
        try:
            parted = _PARTED(text)
        except msgspec.ValidationError:  # no object
            return DECODE(text)
        except msgspec.DecodeError:
            return DECODE(text)  # for its own message
        try:
            return self.share(parted)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return DECODE(text)

    def share(self, parted: dict[str, Json]) -> dict[str, Json]:
        """Decode the members of an object in place, each from its text."""
        known = self._known
        for key, text in parted.items():
            raw = bytes(text)
            value = known.get(raw)
            if value is None:
                value = DECODE(raw)
                if raw[0] in _OPENING and len(raw) <= LONGEST and key not in ALONE:
                    self._hold(raw, value)
            parted[key] = value
        return parted

    def shared(self, by: Hashable, value: Json) -> Json:
        """Return the member known by a name of its content: ``value`` where none was met before, shared from now on."""
        found = self._known.get(by)
        if found is None:
            found = value
            self._hold(by, value)
        return found

    def holds(self, value: Json) -> bool:
        """Whether a value is a member that is shared: nobody changes it."""
        return id(value) in self._held

    def memory(self) -> Memory:
        """Return an empty memory of members."""
        memory = Memory()
        self._memories.add(memory)
        return memory

    def forget(self) -> None:
        """Let all members go, and what is remembered of them."""
        self._known.clear()
        self._held.clear()
        for memory in self._memories:
            memory.clear()

    def _hold(self, by: Hashable, value: Json) -> None:
        if len(self._held) >= self.most:
            self.forget()
        self._known[by] = value
        self._held[id(value)] = value


MEMBERS = Members()


def copied(value: Json) -> Json:
    """Return a copy of JSON that shares nothing with it.

    >>> tags = [{"code": "LB"}]
    >>> copied(tags) == tags, copied(tags)[0] is tags[0]
    (True, False)
    """
    if isinstance(value, dict):
        return {key: copied(item) if isinstance(item, (dict, list)) else item for key, item in value.items()}
    return [copied(item) if isinstance(item, (dict, list)) else item for item in value]
