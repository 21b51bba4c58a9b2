"""What a run has on disk before it is done: drafts of files beside their targets, folders to work in.

Each is locked by the process that makes it. A process that is killed leaves them, but not their locks: the next run
that writes the same file, or works in the same place, removes what nobody holds. Where the system has no such locks
nothing is removed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from contextlib import suppress
from glob import escape
from pathlib import Path
from typing import IO, BinaryIO

try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:  # pragma: no cover - not on Windows
    flock = None  # type: ignore[assignment]

try:
    import resource
except ImportError:  # pragma: no cover - not on Windows
    resource = None  # type: ignore[assignment]

HELD = "held"
SPARE = 128  # files that a run has open beside those that it asks for
PREFIX = "interchange-"


def draft_of(target: Path) -> Path:
    """Return the name of this process's draft of a file.

    >>> draft_of(Path("out/dm.xpt")).name == f".dm.xpt.{os.getpid()}.part"
    True
    """
    return target.with_name(f".{target.name}.{os.getpid()}.part")


def open_draft(target: Path) -> BinaryIO:
    """Return this process's draft of a file, open and empty; drafts of killed ones are removed. Raises OSError."""
    for left in target.parent.glob(f".{escape(target.name)}.*.part"):
        if not is_held(left):
            left.unlink(missing_ok=True)
    file = draft_of(target).open("w+b")
    hold(file)
    return file


def hold(file: IO[bytes]) -> None:
    """Lock an open file for as long as this process has it open."""
    if flock is not None:
        with suppress(OSError):  # some network drives have no locks
            flock(file, LOCK_EX | LOCK_NB)


def is_held(path: Path) -> bool:
    """Whether some process holds a file, as far as can be told."""
    if flock is None:
        return True
    try:
        with path.open("r+b") as file:
            flock(file, LOCK_EX | LOCK_NB)
    except OSError:
        return True
    return False


def allow_open(wanted: int) -> int:
    """Return how many of so many files this process may have open at once; the system is asked to allow them all.

    >>> allow_open(3)
    3
    """
    if resource is None:
        return wanted
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= allowed < wanted + SPARE:
        with suppress(OSError, ValueError):
            asked = wanted + SPARE if most < 0 else min(wanted + SPARE, most)
            resource.setrlimit(resource.RLIMIT_NOFILE, (asked, most))
            allowed = asked
        return max(1, min(wanted, allowed - SPARE))
    return wanted


class WorkFolder:
    """A folder that is there as long as this object is: in another one, or where the system has such."""

    def __init__(self, above: str | None = None) -> None:
        for left in Path(above or tempfile.gettempdir()).glob(f"{PREFIX}*/{HELD}"):
            if not is_held(left):
                shutil.rmtree(left.parent, ignore_errors=True)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=above))
        held = (self.path / HELD).open("wb")
        hold(held)
        self._away = weakref.finalize(self, _remove, self.path, held)


def _remove(folder: Path, held: IO[bytes]) -> None:
    held.close()
    shutil.rmtree(folder, ignore_errors=True)
