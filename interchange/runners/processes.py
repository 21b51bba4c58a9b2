"""Parts converted by processes of this machine, which end with the process that they work for."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pipe, parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection
    from pathlib import Path

    from interchange.runners.parts import Part, PartConverter
    from interchange.runners.stream import Job


class _Worker:
    """A process's own converter, made once."""

    converter: PartConverter | None = None


def convert_all(job: Job, paths: Sequence[Path], jobs: int) -> Iterator[Part]:
    """Yield what comes of each part, in their order.

    The processes end at once where the conversion does: stopped, failed or killed.
    """
    heard, said = Pipe(duplex=False)
    with heard, said, ProcessPoolExecutor(min(jobs, len(paths)), initializer=_start, initargs=(job, heard)) as pool:
        try:
            yield from pool.map(_convert, paths)
        except BaseException:
            said.send_bytes(b"over")
            raise


def _start(job: Job, heard: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all processes: the one in charge says what follows
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Thread(target=_end_with_parent, args=(heard,), daemon=True).start()
    _Worker.converter = job.converter()


def _end_with_parent(heard: Connection) -> None:
    """End this process when its parent ends or says that it is over; it says nothing else."""
    parent = parent_process()
    wait([heard, parent.sentinel] if parent is not None else [heard])
    os._exit(1)


def _convert(path: Path) -> Part:
    if _Worker.converter is None:  # pragma: no cover - every process starts with its converter
        raise RuntimeError("the process has no converter")
    return _Worker.converter.convert(path)
