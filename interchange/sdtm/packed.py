"""Blocks as bytes, for temporary files: msgpack, a text once a block and two bytes a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from interchange.sdtm.blocks import Block, Coded

if TYPE_CHECKING:
    from collections.abc import Mapping

Cells = tuple[list[str | None], bytes]
Stored = tuple[int, dict[str, Cells]]

_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(Stored).decode


def stored(block: Block) -> Stored:
    """Return a block as msgpack has it."""
    return block.size, {name: (column.texts, column.codes.tobytes()) for name, column in block.columns.items()}


def block_from(count: int, columns: Mapping[str, Cells]) -> Block:
    """Return the block that was stored."""
    import numpy as np

    own = {name: Coded(texts, np.frombuffer(codes, np.uint16)) for name, (texts, codes) in columns.items()}
    return Block(count, own)


def pack(block: Block) -> bytes:
    """Return the bytes of a block."""
    return _ENCODE(stored(block))


def unpack(data: bytes) -> Block:
    """Return the block of some bytes."""
    return block_from(*_DECODE(data))
