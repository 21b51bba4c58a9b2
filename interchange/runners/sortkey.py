"""Sort keys as bytes: they compare as the keys do by which rows are sorted, are made once, and go into files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.mapping.codecs.number import decimal_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interchange.engine.forward import Found

REMEMBERED = 50_000

_BLANK, _NUMBER, _TEXT = b"\0", b"\1", b"\2"
_KEPT, _NOT_KEPT = b"\0", b"\1"

# A number has at most 18 digits before its point, and 17 behind it.
_BEHIND = 17
_HALF = 1 << 127
_MOST = 10**18


class SortKeys:
    """Makes the keys of a dataset's rows: the order that was kept, the mapping's order variables, document order.

    ``VAR?`` counts only where the variable was computed: rows that have it from their source keep their place.
    """

    def __init__(self, order: Sequence[str]) -> None:
        self.order = [(name.rstrip("?"), name.endswith("?")) for name in order]
        self._known: dict[str | None, bytes] = {}

    def key(self, found: Found, source: int, position: int) -> bytes:
        """Return the key of a row, with the number of its row source and the position of its resource."""
        parts = [_NOT_KEPT if found.order is None else _KEPT + _number(str(max(-_MOST, min(found.order, _MOST))))]
        for name, computed in self.order:
            text = None if computed and name in found.stored else found.row.get(name)
            part = self._known.get(text)
            parts.append(self._made(text) if part is None else part)
        parts.append(source.to_bytes(4) + position.to_bytes(8))
        return b"".join(parts)

    def _made(self, text: str | None) -> bytes:
        if len(self._known) > REMEMBERED:
            self._known.clear()
        made = self._known[text] = text_key(text)
        return made


def text_key(text: str | None) -> bytes:
    """Return the key of a cell: blanks come first, then numbers by value, then texts; no key begins another.

    >>> sorted(["b", "10", "9", "a", "9.5", "-1", "-1.5", "a b"], key=text_key)
    ['-1.5', '-1', '9', '9.5', '10', 'a', 'a b', 'b']
    """
    if text is None:
        return _BLANK
    if decimal_of(text) is not None:
        return _NUMBER + _number(text)
    return _TEXT + text.encode("utf-8", "surrogatepass").replace(b"\0", b"\0\xff") + b"\0\0"


def _number(text: str) -> bytes:
    whole, _, fraction = text.partition(".")
    return (int(whole + fraction.ljust(_BEHIND, "0")) + _HALF).to_bytes(16)
