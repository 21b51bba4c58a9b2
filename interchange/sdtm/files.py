"""Bytes to and from disk: whole files, or none, and a fixed clock."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from interchange.drafts import draft_of, open_draft
from interchange.issues import Issue, Place, SourceError, TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_bytes(source: Path | str | bytes) -> bytes:
    """Return the bytes of a file, or those given; raises SourceError if the file cannot be read."""
    if isinstance(source, bytes):
        return source
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise SourceError(unreadable(source, error)) from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, over any old one; raises TargetError if it cannot be written."""
    with whole_file(path) as file:
        file.write(data)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write, and read, that takes its place, over any old one, only when all is in it.

    One that is closed before the end, or left by an exception, is dropped, and an old one stays. Raises
    TargetError if it cannot be written.
    """
    part = draft_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open_draft(path) as file:
            yield file
            dropped = file.closed
        if not dropped:
            part.replace(path)
    except OSError as error:
        raise TargetError(unwritable(path, error)) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def stamp() -> datetime:
    """Return the time files are stamped with: SOURCE_DATE_EPOCH, else 1960-01-01; no run differs by it."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(epoch), UTC) if epoch.isdigit() else datetime(1960, 1, 1, tzinfo=UTC)


def decode_text(data: bytes, encoding: str | None, file: str) -> tuple[str, str, list[Issue]]:
    r"""Return text, the encoding it was read in, and a warning where the fallback cp1252 was needed.

    >>> decode_text(b"caf\xe9", None, "dm.csv")[:2]
    ('café', 'cp1252')

    Raises SourceError where a named encoding does not fit.
    """
    try:
        return data.decode(encoding or "utf-8-sig"), encoding or "utf-8", []
    except (UnicodeDecodeError, LookupError) as error:
        if encoding:
            raise SourceError(wrong_encoding(file, encoding)) from error
    return data.decode("cp1252", errors="replace"), "cp1252", [fallback_encoding(file)]


def unreadable(path: Path | str, error: OSError) -> Issue:
    """Return the error for a file the system does not let us read."""
    message = f"cannot be read ({error.strerror})"
    return Issue("IX-SDTM-010", "error", Place(str(path)), message, "check path and rights")


def unwritable(path: Path, error: OSError) -> Issue:
    """Return the error for a file the system does not let us write."""
    message = f"cannot be written ({error.strerror})"
    return Issue("IX-SDTM-011", "error", Place(str(path)), message, "check path, rights and room")


def wrong_encoding(file: str, encoding: str) -> Issue:
    """Return the error for a file that is not in the encoding named."""
    return Issue("IX-SDTM-012", "error", Place(file), f"is not {encoding}", "name its encoding, or name none")


def fallback_encoding(file: str) -> Issue:
    """Return the warning for a file that is not UTF-8 and was read as cp1252."""
    hint = "name its encoding if characters look wrong"
    return Issue("IX-SDTM-013", "warning", Place(file), "is not UTF-8; read as cp1252", hint)
