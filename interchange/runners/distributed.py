"""Parts of a source converted on a Dask cluster: one that runs already, or one of this machine's processes.

What all parts share goes to every worker once; each part goes to the worker that takes it, and its rows come back, as
bytes: no file system is shared. A part is a function of its records alone, so that one whose worker is lost is
converted again, and what comes out does not depend on which worker did it, how often, or when.

    IX-RUN-001  Dask is not installed
    IX-RUN-002  no scheduler at the address, or no workers
    IX-RUN-003  the scheduler or a worker has another version of interchange, or none
    IX-RUN-004  the cluster was lost in the middle
    IX-RUN-005  a part ended every worker that took it
    IX-RUN-006  no such runner, or an address for one that takes none
"""

from __future__ import annotations

import tempfile
import warnings
from collections import Counter, deque
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import astuple
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, NoReturn
from uuid import uuid4

from interchange.issues import Issue, Place, RunnerError
from interchange.runners.packed import PackedJob, convert_packed, pack_job, pack_records, unpack_part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from distributed import Client, Future

    from interchange.runners.packed import PackedPart
    from interchange.runners.parts import Part
    from interchange.runners.stream import Elsewhere, Job

Runner = Literal["local", "dask"]
RUNNERS = ("local", "dask")

# Seconds that a scheduler and its first worker have to answer.
PATIENCE = 30
# Parts on their way for each worker: one that it converts, and one at hand when that is done.
AHEAD = 2
# How often a part is sent anew because its worker, or what all share, was lost.
ATTEMPTS = 5


def open_runner(runner: Runner, scheduler: Any = None, jobs: int = 1) -> AbstractContextManager[Elsewhere | None]:
    """Return what is entered to get the way of a runner with parts; None is that of this machine's processes.

    ``scheduler`` is an address, a ``distributed.Client`` (which stays open) or a cluster object; without it ``jobs``
    processes are started, and end with the context. RunnerError IX-RUN-001 and -006 at once, -002 on entering.
    """
    if runner not in RUNNERS:
        _stop("IX-RUN-006", f"`{runner}` is no runner", f"use {' or '.join(RUNNERS)}")
    if runner == "local":
        if scheduler is not None:
            _stop("IX-RUN-006", "a scheduler is given, and the runner is local", "say --runner dask")
        return nullcontext()
    if find_spec("distributed") is None:
        _stop("IX-RUN-001", "the runner dask needs Dask, which is not installed", "pip install 'interchange[dask]'")
    return _on_dask(scheduler, jobs)


@contextmanager
def _on_dask(scheduler: Any, jobs: int) -> Iterator[Elsewhere]:
    from distributed import Client, LocalCluster

    with ExitStack() as stack:
        client = scheduler
        if not isinstance(scheduler, Client):
            if scheduler is None:
                scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="interchange-"))
                scheduler = stack.enter_context(
                    LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=":0", local_directory=scratch)
                )
            client = stack.enter_context(_connected(scheduler))
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            _stop("IX-RUN-002", "the cluster has no workers", "start some: dask worker ADDRESS --nthreads 1")
        yield partial(convert_parts, client)


def _connected(scheduler: Any) -> Client:
    """A client of a scheduler that becomes nobody else's default."""
    from distributed import Client

    try:
        return Client(scheduler, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        message = f"no scheduler answers at {scheduler} ({type(error).__name__})"
        _stop("IX-RUN-002", message, "give its address, such as tcp://HOST:8786")


def convert_parts(client: Client, job: Job, paths: Sequence[Path]) -> Iterator[Part]:
    """Yield what comes of each part, in their order; their files lie in the job's folder.

    RunnerError where the cluster, a part or the package on it stops the run.
    """
    run = _Run(client, pack_job(job), paths)
    landed: dict[int, Part] = {}
    following = 0
    try:
        for number, packed in run.results():
            landed[number] = unpack_part(packed, job.folder)
            while following in landed:
                yield landed.pop(following)
                following += 1
    finally:
        run.cancel()


class _Run:
    """Parts on their way to workers and back; at most so many at a time as keep the workers busy."""

    def __init__(self, client: Client, job: PackedJob, paths: Sequence[Path]) -> None:
        from distributed import as_completed

        self.client = client
        self.job = job
        self.paths = paths
        self.waiting = deque(range(len(paths)))
        self.running: dict[Future, tuple[int, Future]] = {}
        self.attempts: Counter[int] = Counter()
        self.done = as_completed(loop=client.loop)
        self.shared: Future | None = None

    def results(self) -> Iterator[tuple[int, Any]]:
        """Yield the number of each part and what comes of it, as they come."""
        self._send()
        while self.running:
            future = next(self.done)
            number, shared = self.running.pop(future)
            packed = self._result(future, number)
            if packed is None:
                self.waiting.appendleft(number)
                if shared is self.shared:
                    self.shared = None  # it may be lost with the worker
            future.release()
            self._send()
            if packed is not None:
                yield number, packed

    def cancel(self) -> None:
        """Let go of what is still on its way."""
        for future in self.running:
            future.release()

    def _send(self) -> None:
        """Send parts that wait, as long as there is somebody for them."""
        while self.waiting and len(self.running) < self._most():
            number = self.waiting.popleft()
            path = self.paths[number]
            records = pack_records(path)
            with _cluster(), warnings.catch_warnings():
                # Dask would have large data scattered. But what is scattered is gone with its worker.
                warnings.filterwarnings("ignore", "Sending large graph")
                if self.shared is None:
                    self.shared = self.client.scatter(astuple(self.job), broadcast=True, hash=False)
                key = f"{path.stem}-{uuid4().hex}"
                future = self.client.submit(_convert, self.shared, path.stem, records, key=key, pure=False)
                self.running[future] = number, self.shared
                self.done.add(future)

    def _most(self) -> int:
        """How many parts may be on their way, with the workers that there are now."""
        with _cluster():
            return AHEAD * max(1, len(self.client.nthreads()))

    def _result(self, future: Future, number: int) -> Any:
        """What came of a part; None where it has to be sent again."""
        from distributed import KilledWorker

        try:
            return future.result()
        except CancelledError as error:
            self.attempts[number] += 1
            if self.attempts[number] > ATTEMPTS or self.client.status != "running":
                _lost(error)
            return None
        except KilledWorker:
            message = f"part {number + 1} of {len(self.paths)} ended every worker that took it"
            hint = "it may not fit into their memory: give less --memory, so that parts are smaller"
            _stop("IX-RUN-005", message, hint)
        except (ImportError, RuntimeError) as error:
            if not _is_unknown_there(error):
                raise
            message = "the scheduler or a worker has no interchange, or another version"
            _stop("IX-RUN-003", message, "install the same version on all of them")


def _is_unknown_there(error: Exception) -> bool:
    """Whether a task could not be read where it went; the scheduler wraps what it failed with (Dask 2023.4)."""
    name = error.name or "" if isinstance(error, ImportError) else ""
    return name.partition(".")[0] == __name__.partition(".")[0] or "deserialization of the task graph" in str(error)


def _convert(job: tuple[str, str, bytes], name: str, records: bytes) -> PackedPart:
    """What a worker does; the job comes as a tuple, which a worker without this package can hold, and say so."""
    from distributed import get_worker

    return convert_packed(PackedJob(*job), name, records, get_worker().local_directory)


@contextmanager
def _cluster() -> Iterator[None]:
    """What a call to the cluster fails with, as IX-RUN-004."""
    try:
        yield
    except (OSError, CancelledError, RuntimeError) as error:
        _lost(error)


def _lost(error: BaseException) -> NoReturn:
    message = f"the cluster was lost ({type(error).__name__}), and nothing was written"
    raise RunnerError(Issue("IX-RUN-004", "error", Place(), message, "start it again, and the run")) from error


def _stop(code: str, message: str, hint: str) -> NoReturn:
    raise RunnerError(Issue(code, "error", Place(), message, hint))
