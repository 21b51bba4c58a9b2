"""A job as bytes, and what comes of a part as bytes: for processes that share neither memory nor files with this one.

A packed job holds the mappings with their tables and terminology, and the records that all parts share, so that a
worker needs the package alone, in the same version.
"""

from __future__ import annotations

import pickle
import zlib
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from interchange.drafts import WorkFolder
from interchange.issues import Issue, Place, RunnerError
from interchange.runners.engines import build_engines
from interchange.runners.partition import decode_record, encode_record
from interchange.runners.parts import PartConverter
from interchange.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from interchange.mapping.model import Project
    from interchange.runners.parts import Part
    from interchange.runners.stream import Job

# Where the tables of a folder of mappings lie.
TABLES = ("codemaps", "terminology")
# The jobs that a process keeps ready: a run and one beside it.
KEPT = 2
_LEVEL = 1  # the quickest compression: JSON becomes a tenth of its size


@dataclass(frozen=True, slots=True)
class PackedJob:
    """A job for any process: ``token`` tells it from others, ``version`` is that of the package that packed it."""

    token: str
    version: str
    data: bytes


@dataclass(frozen=True, slots=True)
class PackedPart:
    """What came of a part, with the bytes of its files by name."""

    part: Part
    files: dict[str, bytes]


def pack_job(job: Job) -> PackedJob:
    """Return a job with everything that it reads from files of this machine."""
    settings = job.project.settings
    folders = [Path(folder) for folder in settings["folders"].split("\n")]
    tables = [
        {f"{kind}/{path.name}": path.read_bytes() for kind in TABLES for path in sorted((folder / kind).glob("*.csv"))}
        for folder in folders
    ]
    packages = [Path(path) for path in settings.get("ct", "").split("\n") if path]
    content = (
        replace(job.project, trees={}, classes={}),  # the project is adapted: its files are read no more
        job.release,
        job.engine,
        job.ledger,
        tables,
        [(path.name, path.read_bytes()) for path in packages],
        [encode_record(placed) for placed in job.shared],
    )
    data = zlib.compress(pickle.dumps(content), _LEVEL)
    return PackedJob(blake2b(data, digest_size=16).hexdigest(), __version__, data)


def pack_records(path: Path) -> bytes:
    """Return the records of a part's file as they are sent."""
    return zlib.compress(path.read_bytes(), _LEVEL)


def convert_packed(job: PackedJob, name: str, records: bytes, scratch: str | None = None) -> PackedPart:
    """Return what comes of the records of a part, which has a name of its own; RunnerError as `converted`.

    ``scratch`` is the folder for files of this process; else that of the system.
    """
    with converted(job, name, zlib.decompress(records), scratch) as (_, part):
        return PackedPart(part, {file.name: zlib.compress(file.read_bytes(), _LEVEL) for file in part.files()})


@contextmanager
def converted(
    job: PackedJob, name: str, records: bytes, scratch: str | None = None
) -> Iterator[tuple[PartConverter, Part]]:
    """Yield what comes of records (lines, as `encode_record` makes them), with what converted them.

    The files of the part are there as long as the context is. A process converts one part at a time, however many
    threads it has, so that its memory holds one. RunnerError IX-RUN-003 where the job was packed by another version.
    """
    bench = ready_bench(job, scratch)
    with bench.lock:
        path = bench.folder / f"{name}.ndjson"
        try:
            path.write_bytes(records)
            yield bench.converter, bench.converter.convert(path)
        finally:
            bench.clear()


def unpack_part(packed: PackedPart, folder: Path) -> Part:
    """Return a part with its files in a folder."""
    for name, data in packed.files.items():
        (folder / name).write_bytes(zlib.decompress(data))
    return packed.part.moved(folder)


class Bench:
    """A process's own converter of a job, in a folder of its own that goes with it; ``lock`` is for its user."""

    def __init__(self, job: PackedJob, scratch: str | None = None) -> None:
        self._work = WorkFolder(scratch)
        self.folder = self._work.path
        self.lock = Lock()
        content = pickle.loads(zlib.decompress(job.data))  # noqa: S301 - `pack_job` made it
        project, release, engine, ledger, tables, packages, lines = content
        engines = build_engines(self._at_home(project, tables, packages), release, engine)
        self.converter = PartConverter(engines, list(map(decode_record, lines)), self.folder, ledger=ledger)

    def clear(self) -> None:
        """Take away the files of parts."""
        for file in self.folder.glob("part*"):
            file.unlink()

    def _at_home(self, project: Project, tables: list[dict[str, bytes]], packages: list[tuple[str, bytes]]) -> Project:
        """A project whose tables and terminology lie in the folder."""
        folders = [self.folder / f"tables-{number}" for number in range(len(tables))]
        settings = {**project.settings, "folders": "\n".join(map(str, folders))}
        for folder, files in zip(folders, tables, strict=True):
            for name, data in files.items():
                _put(folder / name, data)
        placed = [_put(self.folder / f"ct-{at}" / name, data) for at, (name, data) in enumerate(packages)]
        if placed:
            settings["ct"] = "\n".join(map(str, placed))
        return replace(project, settings=settings)


def _put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


_benches: OrderedDict[str, Bench] = OrderedDict()
_making = Lock()


def ready_bench(job: PackedJob, scratch: str | None = None) -> Bench:
    """Return this process's converter of a job, made when it is first asked for; RunnerError as `convert_packed`."""
    if job.version != __version__:
        message = f"a worker has interchange {__version__}, and the run is of {job.version}"
        raise RunnerError(Issue("IX-RUN-003", "error", Place(), message, "install the same version on every worker"))
    with _making:
        if job.token not in _benches or not _benches[job.token].folder.is_dir():  # a scratch folder may be gone
            _benches[job.token] = Bench(job, scratch)
            while len(_benches) > KEPT:
                _benches.popitem(last=False)
        _benches.move_to_end(job.token)
        return _benches[job.token]
