"""Codecs bound for tests, and the law that they keep: what was encoded is decoded as it was."""

from __future__ import annotations

from typing import Any

from interchange.mapping.codecs import Codec, Tools, bind_codec
from interchange.mapping.load import shipped_mappings
from interchange.mapping.words import parse_call

TOOLS = Tools("R5", {"dtc": "urn:x:dtc"}, [str(shipped_mappings())])


def bind(call: str, type_: str, release: str = "R5") -> Codec:
    """A codec on an element type."""
    return bind_codec(parse_call(call), type_, Tools(release, TOOLS.systems, TOOLS.places))


def there_and_back(codec: Codec, text: Any) -> Any:
    """What comes back of a text; nothing where the element cannot hold it."""
    encoded = codec.encode(text)
    if encoded is None:
        return None
    if codec.sibling or codec.paths > 1:
        return codec.decode(*encoded)
    return codec.decode(encoded)
