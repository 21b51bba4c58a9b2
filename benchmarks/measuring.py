"""What the benchmarks measure with: what a command takes, the memory of a process, and the machine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # getrusage counts bytes there, kibibytes elsewhere


@dataclass
class Spent:
    """What a command took: CPU and wall seconds, and the megabytes that it held at its peak; and what it said."""

    cpu: float
    wall: float
    peak_mb: float
    out: str = ""


def resident(pid: int) -> int:
    """The bytes that a process and its children hold in memory; 0 where the system does not say."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except (OSError, IndexError):  # no /proc, or the process has ended
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(resident(int(child)) for child in children)


def together(pid: int) -> int:
    """The bytes that a process and its children hold, pages that they share counted once; `resident` elsewhere."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return resident(pid)
    own = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
    return own + sum(together(int(child)) for child in children)


class Watch(Thread):
    """Looks at the memory of a process every so many seconds until it is stopped; ``peak`` is in bytes."""

    def __init__(self, pid: int, size: Callable[[int], int], every: float) -> None:
        super().__init__(daemon=True)
        self.pid, self.size, self.every = pid, size, every
        self.peak, self.over = 0, Event()

    def run(self) -> None:
        """Look, until the process is over."""
        while not self.over.wait(self.every):
            self.peak = max(self.peak, self.size(self.pid))


def spend(words: list[str], size: Callable[[int], int] = resident, every: float = 0.05) -> Spent:
    """Return what an ``interchange`` command of some words takes, its workers included; ends where it fails.

    ``size`` says what the process and its workers hold, and is asked every so many seconds.
    """
    begin = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen([sys.executable, "-m", "interchange", *words], stdout=out, stderr=said)  # noqa: S603  # our own command
        watch = Watch(process.pid, size, every)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        watch.over.set()
        watch.join()
        if os.waitstatus_to_exitcode(status):
            said.seek(0)
            sys.exit(f"{words[0]} failed:\n{said.read()}")
        out.seek(0)
        peak = watch.peak if size is together else max(watch.peak, usage.ru_maxrss * RSS_UNIT)
        return Spent(usage.ru_utime + usage.ru_stime, wall, peak / 2**20, out.read())


def forget_peak() -> float | None:
    """Return the megabytes resident now, from which on the highest is counted anew; None where there is no telling."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return None
    return memory_of("VmRSS")


def memory_of(name: str) -> float | None:
    """Return the megabytes of this process: ``VmRSS`` now, ``VmHWM`` at their highest; None where there is no /proc."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name + ":")), None)


def machine() -> dict[str, str]:
    """What any number depends on."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }
