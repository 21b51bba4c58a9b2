"""Rows as lines of JSON, variables in the order of their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from interchange.sdtm.blocks import BlockRows
from interchange.sdtm.chunks import chunks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from interchange.sdtm.blocks import Block
    from interchange.sdtm.dataset import Rows

_ENCODER = msgspec.json.Encoder(order="sorted")


def json_lines(rows: Rows) -> Iterator[bytes]:
    r"""Yield some lines of rows at a time.

    >>> b"".join(json_lines([{"SEX": "F", "AGE": "63"}, {}]))
    b'{"AGE":"63","SEX":"F"}\n{}\n'
    """
    if isinstance(rows, BlockRows):
        yield from map(_lines, rows.blocks())
    else:
        yield from map(_ENCODER.encode_lines, chunks(rows))


def _lines(block: Block) -> bytes:
    """Return the rows of a block; what stands for a text is made once."""
    if not block.columns:
        return b"{}\n" * block.size
    members = []
    for name, (texts, codes) in sorted(block.columns.items()):
        head = _ENCODER.encode(name) + b":"
        known = [b"" if text is None else head + _ENCODER.encode(text) for text in texts]
        members.append(map(known.__getitem__, codes.tolist()))
    return b"".join([b"{%b}\n" % b",".join(filter(None, row)) for row in zip(*members, strict=True)])
