"""A remainder as NDJSON: a line that says what it is, then one a resource."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from interchange.engine.remainder.model import VERSION, Extra, Original, Remainder
from interchange.fhir.elements import RELEASES
from interchange.issues import Issue, Place, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from interchange.fhir.elements import Release

FILE = "remainder.ndjson"
_ENCODE = msgspec.json.Encoder(decimal_format="number").encode
_DECODE = msgspec.json.Decoder(float_hook=Decimal).decode


class Head(msgspec.Struct):
    """The first line."""

    remainder: int
    fhir_version: str
    natural: bool
    names: dict[str, str]


def encode_remainder(remainder: Remainder) -> Iterator[bytes]:
    """Yield the lines of a remainder; the same remainder gives the same bytes."""
    yield _ENCODE(Head(VERSION, remainder.release, remainder.natural, dict(sorted(remainder.names.items())))) + b"\n"
    for lines in (remainder.originals, remainder.extras):
        for line in lines:
            yield _ENCODE(line) + b"\n"


def read_remainder(path: Path | str) -> Remainder:
    """Return the remainder that a file holds; SourceError IX-REM-004 for a file that is none."""
    try:
        with Path(path).open("rb") as file:
            head = _head(next(file, b""))
            originals: list[Original] = []
            extras: list[Extra] = []
            for line in file:
                value: dict[str, Any] = _DECODE(line)
                if "resource" in value:
                    originals.append(msgspec.convert(value, Original))
                else:
                    extras.append(msgspec.convert(value, Extra))
    except OSError as error:
        raise _broken(path, f"cannot be read ({error.strerror})") from error
    except (msgspec.DecodeError, msgspec.ValidationError, TypeError, ValueError) as error:
        raise _broken(path, "is no remainder, or one that was damaged") from error
    return Remainder(cast("Release", head.fhir_version), originals, extras, head.names, head.natural)


def _head(line: bytes) -> Head:
    head = msgspec.convert(_DECODE(line), Head)
    if head.remainder != VERSION or head.fhir_version not in RELEASES:
        raise ValueError
    return head


def _broken(path: Path | str, message: str) -> SourceError:
    hint = "give the remainder.ndjson that to-sdtm --keep-remainder wrote"
    return SourceError(Issue("IX-REM-004", "error", Place(str(path)), message, hint))
