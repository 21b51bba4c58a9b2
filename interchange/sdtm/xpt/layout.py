"""The records of an XPORT file: header lines of 80 bytes and a 140-byte NAMESTR per variable."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

LINE = 80
NAMESTR = struct.Struct(">hhhh8s40s8shhh2s8shhl52s")

_TAIL = b"HEADER RECORD!!!!!!!"
LIBRARY = b"HEADER RECORD*******LIBRARY " + _TAIL
LIBRARY_V8 = b"HEADER RECORD*******LIBV8   " + _TAIL
MEMBER = b"HEADER RECORD*******MEMBER  " + _TAIL
DESCRIPTOR = b"HEADER RECORD*******DSCRPTR " + _TAIL
NAMES = b"HEADER RECORD*******NAMESTR " + _TAIL
OBSERVATIONS = b"HEADER RECORD*******OBS     " + _TAIL

_SAS = b"SAS     "
_VERSION = b"9.4     PYTHON  "
_FORMAT = re.compile(r"(\$?(?:[A-Z_][A-Z0-9_]*[A-Z_]|[A-Z_])?)(\d{0,4})\.?(\d{0,4})")


@dataclass(frozen=True, slots=True)
class Field:
    """One variable as its NAMESTR has it; ``offset`` and ``width`` are in bytes of the record."""

    name: bytes
    label: bytes
    numeric: bool
    width: int
    offset: int
    format: str


def padded(data: bytes) -> bytes:
    """Return bytes filled with blanks to whole lines of 80."""
    return data.ljust(-(-len(data) // LINE) * LINE)


def header_size(variables: int) -> int:
    """Return how many bytes stand before the rows of a dataset of so many variables."""
    return 9 * LINE + -(-NAMESTR.size * variables // LINE) * LINE


def library_header(stamp: datetime) -> bytes:
    """Return the three lines an XPORT file begins with."""
    when = _when(stamp)
    return padded(LIBRARY + b"0" * 30) + _SAS * 2 + b"SASLIB  " + _VERSION + b" " * 24 + when + padded(when)


def member_header(name: bytes, label: bytes, stamp: datetime, fields: list[Field]) -> bytes:
    """Return the lines before a dataset's rows: its description and its NAMESTRs."""
    when = _when(stamp)
    return (
        padded(MEMBER + b"000000000000000001600000000140")
        + padded(DESCRIPTOR + b"0" * 30)
        + _SAS
        + name.ljust(8)
        + b"SASDATA "
        + _VERSION
        + b" " * 24
        + when
        + when
        + b" " * 16
        + label.ljust(40)
        + b" " * 8
        + padded(NAMES + b"%010d" % len(fields) + b"0" * 20)
        + padded(b"".join(_namestr(number, field) for number, field in enumerate(fields, 1)))
        + padded(OBSERVATIONS + b"0" * 30)
    )


def parse_namestr(data: bytes) -> Field:
    """Return what a NAMESTR of 136 or 140 bytes says."""
    values = NAMESTR.unpack(data.ljust(NAMESTR.size, b"\0"))
    kind, _, width, _, name, label, format_name, format_width, decimals = values[:9]
    return Field(
        name.rstrip(b" \0"),
        label.rstrip(b" \0"),
        kind == 1,
        width,
        values[14],
        _format_text(format_name.rstrip(b" \0").decode("latin-1"), format_width, decimals),
    )


def parse_format(text: str) -> tuple[str, int, int] | None:
    """Return a SAS format's name, width and decimals, or None if it is none.

    >>> [parse_format(text) for text in ("DATE9.", "8.2", "$20.", "", "E8601DA10.", "no format")]
    [('DATE', 9, 0), ('', 8, 2), ('$', 20, 0), ('', 0, 0), ('E8601DA', 10, 0), None]
    """
    match = _FORMAT.fullmatch(text.upper())
    if match is None or len(match[1]) > 8:
        return None
    return match[1], int(match[2] or 0), int(match[3] or 0)


def _format_text(name: str, width: int, decimals: int) -> str:
    if not name and not width:
        return ""
    return f"{name}{width or ''}.{decimals or ''}"


def _namestr(number: int, field: Field) -> bytes:
    name, width, decimals = parse_format(field.format) or ("", 0, 0)
    return NAMESTR.pack(
        1 if field.numeric else 2,
        0,
        field.width,
        number,
        field.name.ljust(8),
        field.label.ljust(40),
        name.encode("ascii").ljust(8),
        width,
        decimals,
        0,
        b"\0\0",
        b" " * 8,
        0,
        0,
        field.offset,
        b"\0" * 52,
    )


def _when(stamp: datetime) -> bytes:
    months = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
    return f"{stamp:%d}{months[stamp.month - 1]}{stamp:%y:%H:%M:%S}".encode("ascii")
