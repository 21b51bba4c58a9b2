"""The byte streams a source holds: of a file, a folder, a zip, standard input.

Gzip and zip are known by their first bytes, not by name.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import zipfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from interchange.issues import Issue, Place, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"

# What a conversion writes beside its output: a folder of output can be a source without them.
BESIDE_OUTPUT = frozenset(
    {"ledger.csv", "issues.csv", "codes.csv", "quarantine.ndjson", "registry.ndjson", "remainder.ndjson", "run.json"}
)

Stream = tuple[str, io.BufferedReader]


def open_path(path: str | os.PathLike[str]) -> Iterator[Stream]:
    """Each file under a path, named as given (a file) or relative to it (a folder, in sorted order).

    ``-`` is standard input. Hidden files of a folder, and what a conversion leaves beside its output, are left out.

    Raises:
        SourceError: there is no such file or folder, or it cannot be opened.
    """
    name = os.fspath(path)
    if name == "-":
        yield from open_stream("stdin", sys.stdin.buffer)
        return
    for inner, file in files_under(path):
        try:
            stream = file.open("rb")
        except OSError as error:
            raise _unreadable(inner, f"cannot be opened ({error.strerror})") from error
        with stream:
            yield from open_stream(inner, stream)


def files_under(path: str | os.PathLike[str]) -> list[tuple[str, Path]]:
    """The files that a path stands for, with the names they go by: itself, or those of a folder.

    Raises:
        SourceError: there is no such file or folder.
    """
    name = os.fspath(path)
    root = Path(path)
    if not root.exists():
        raise _unreadable(name, "there is no such file or folder")
    if not root.is_dir():
        return [(name, root)]
    files = ((each.relative_to(root).as_posix(), each) for each in sorted(root.rglob("*")) if each.is_file())
    return [(inner, each) for inner, each in files if not _hidden(inner) and each.name not in BESIDE_OUTPUT]


def open_stream(name: str, stream: IO[bytes]) -> Iterator[Stream]:
    """The streams inside one: itself, what its gzip unpacks to, or each file of its zip in sorted order."""
    body = cast("io.BufferedReader", stream) if hasattr(stream, "peek") else _buffered(stream)
    start = body.peek(4)[:4]
    if start.startswith(GZIP):
        yield name, io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=body)))
    elif start == ZIP:
        seekable = body if body.seekable() else io.BytesIO(body.read())
        with zipfile.ZipFile(seekable) as archive:
            for inner in sorted(archive.namelist()):
                if not inner.endswith("/") and not _hidden(inner):
                    with archive.open(inner) as member:
                        yield from open_stream(f"{name}/{inner}", member)
    else:
        yield name, body


def as_bytes(stream: IO[bytes] | IO[str]) -> IO[bytes]:
    """A binary stream from an open file, which may be in text mode."""
    if isinstance(stream, io.TextIOBase):
        buffer = getattr(stream, "buffer", None)
        return buffer if buffer is not None else io.BytesIO(stream.read().encode())
    return cast("IO[bytes]", stream)


def _buffered(stream: IO[bytes]) -> io.BufferedReader:
    if isinstance(stream, io.RawIOBase):
        return io.BufferedReader(stream)
    return io.BufferedReader(cast("io.RawIOBase", io.BytesIO(stream.read())))


def _hidden(path: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in path.split("/"))


def _unreadable(name: str, why: str) -> SourceError:
    return SourceError(Issue("IX-FHIR-011", "error", Place(name), why, "name a file, a folder, a zip or -"))
