"""Members of resources that come again are the same object, so that what depends on one is found out once.

A resource is a JSON object, and what it has under a key is a member of it (RFC 8259). Results come by the thousand with
the same category, code, unit, range and visit: here a member that is an object or a list is decoded once, and shared by
all the resources that have it. Its identity then says what it holds, and under which key, so that whether it fits its
release, what is read from it, and what became of it can be remembered by identity, in a `memory`.

Whoever is given a resource may change it, but not what is shared in it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from weakref import ref

import msgspec

Json = Any

DECODE = msgspec.json.Decoder(float_hook=Decimal).decode
BAD_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
# So many characters of members are held at a time, which take some ten times that in memory; and FEW from one part of a
# source to the next.
MOST = 1 << 24
FEW = 1 << 21
LONGEST = 4096  # bytes of JSON
ALONE = frozenset({"contained", "entry"})  # resources in it are told apart by identity
_PARTED = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_ENTRIES = msgspec.json.Decoder(list[dict[str, msgspec.Raw]]).decode
_OPENING = b"{["
_NONE: dict[bytes | str, Json] = {}


class Memory(dict[Any, Any]):
    """What is known of members, by their identities: only of such as are held, and gone when these are let go.

    What is known of a member has the member in it, so that nothing else gets its identity, whatever other threads do.
    """

    __slots__ = ("__weakref__",)


class Members:
    """The members that are shared, of one process.

    >>> members = Members()
    >>> one, other = members.decode(b'{"a": [1.10]}'), members.decode(b'{"b": 2, "a": [1.10]}')
    >>> one, one["a"] is other["a"]
    ({'a': [Decimal('1.10')]}, True)
    """

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._texts: dict[str, dict[bytes | str, Json]] = {}
        self._held: dict[int, Json] = {}
        self._size = 0
        self._memories: list[ref[Memory]] = []

    def decode(self, text: bytes | msgspec.Raw) -> Json:
        """Return what JSON holds, decimals with their digits; the members of an object are shared.

        Of a Bundle they are those of the resources in it. msgspec.DecodeError, UnicodeDecodeError or RecursionError
        where it is no JSON.
        """
        try:
            parted = _PARTED(text)
        except msgspec.ValidationError:  # no object
            return DECODE(text)
        except msgspec.DecodeError:
            return DECODE(text)  # for its own message
        try:
            return self.share(parted)
        except BAD_JSON:
            return DECODE(text)

    def share(self, parted: dict[str, Json]) -> dict[str, Json]:
        """Decode the members of an object in place, each from its text."""
        texts = self._texts
        for key, text in parted.items():
            raw = bytes(text)
            if raw[0] not in _OPENING or len(raw) > LONGEST or key in ALONE:
                parted[key] = self._entries(raw) if key == "entry" else DECODE(raw)
                continue
            known = texts.get(key)
            found = None if known is None else known.get(raw)
            parted[key] = self._hold(DECODE(raw), key, raw) if found is None else found
        return parted

    def _entries(self, raw: bytes) -> Json:
        """What a Bundle has as its entries: the members of each resource are shared."""
        try:
            parted = _ENTRIES(raw)
        except msgspec.ValidationError:
            return DECODE(raw)
        return [
            {key: self.decode(text) if key == "resource" else DECODE(text) for key, text in each.items()}
            for each in parted
        ]

    def shared(self, key: str, text: str, value: Json) -> Json:
        """Return the member that stands under a key and has a text for its name.

        That is ``value`` where none was met before, shared from now on.
        """
        found = self._texts.get(key, _NONE).get(text)
        return self._hold(value, key, text) if found is None else found

    def holds(self, value: Json) -> bool:
        """Whether a value is a member that is shared: nobody changes it."""
        return id(value) in self._held

    def memory(self) -> Memory:
        """Return an empty memory of members."""
        memory = Memory()
        self._memories.append(ref(memory))
        return memory

    def rest(self) -> None:
        """Let all members go if they are more than a few: between one part of a source and the next."""
        if self._size > FEW:
            self.forget()

    def forget(self) -> None:
        """Let all members go, and what is remembered of them."""
        self._memories = [each for each in self._memories if each() is not None]
        for each in self._memories:
            memory = each()
            if memory is not None:
                memory.clear()
        self._texts.clear()
        self._held.clear()
        self._size = 0

    def _hold(self, value: Json, key: str, text: bytes | str) -> Json:
        """Hold a member that stands under a key, by its text."""
        if self._size >= self.most:
            self.forget()
        self._size += len(text)
        self._held[id(value)] = value
        self._texts.setdefault(key, {})[text] = value
        return value


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
