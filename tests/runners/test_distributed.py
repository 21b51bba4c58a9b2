"""Parts converted on a Dask cluster give the files of the local runner, also where workers are lost in the middle."""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from distributed import Client, KilledWorker, LocalCluster

from interchange import api
from interchange.issues import RunnerError
from interchange.mapping.load import load_project, project_of
from interchange.mapping.terminology import project_terminology
from interchange.runners import distributed as runner
from interchange.runners.packed import pack_job, ready_bench
from interchange.runners.stream import SPREAD, Job

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from interchange.runners.parts import Part

PARTS = 30


def options(source: Path) -> dict[str, Any]:
    return {"fhir_version": "R4", "memory": source.stat().st_size * SPREAD // PARTS}


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def expected(export: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("local")
    api.to_sdtm(export, **options(export)).write(folder, ["xpt", "dataset-json"])
    return files(folder)


@pytest.fixture(scope="module")
def threads() -> Iterator[Client]:
    """A cluster whose two workers are threads of this process."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=2, processes=False, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def test_the_local_files_are_worth_comparing(expected: dict[str, bytes]) -> None:
    assert {"dm.xpt", "vs.json", "ledger.csv", "issues.csv", "run.json", "quarantine.ndjson"} <= set(expected)


def test_a_cluster_gives_the_files_of_the_local_runner(
    export: Path, expected: dict[str, bytes], threads: Client, tmp_path: Path
) -> None:
    result = api.to_sdtm(export, runner="dask", scheduler=threads, **options(export))
    result.write(tmp_path, ["xpt", "dataset-json"])
    assert files(tmp_path) == expected
    assert threads.status == "running"  # what was open stays open


def test_the_remainder_is_the_same(export: Path, threads: Client, tmp_path: Path) -> None:
    for name, where in (("local", {}), ("dask", {"runner": "dask", "scheduler": threads})):
        api.to_sdtm(export, remainder=True, **where, **options(export)).write(tmp_path / name, ["csv"])
    assert "remainder.ndjson" in files(tmp_path / "local")
    assert files(tmp_path / "dask") == files(tmp_path / "local")


def test_processes_of_this_machine_give_them_too(export: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    api.to_sdtm(export, runner="dask", jobs=2, **options(export)).write(tmp_path, ["xpt", "dataset-json"])
    assert files(tmp_path) == expected


def kill(client: Client, many: int) -> list[int]:
    """End so many workers, those first that have parts to convert; their process numbers."""
    pids = client.run(os.getpid)
    busy = [address for address, keys in client.processing().items() if keys]
    killed = [pids[address] for address in sorted(pids, key=lambda address: address not in busy)[:many]]
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    return killed


@pytest.mark.parametrize("lost", [1, 4])
def test_workers_killed_in_the_middle_change_nothing(
    lost: int, export: Path, expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One of four workers, and all of them, with what was broadcast to them."""
    plain = runner.convert_parts
    after: list[int] = []

    def converted(client: Client, job: Job, paths: Sequence[Path]) -> Iterator[Part]:
        killed: list[int] = []
        for number, part in enumerate(plain(client, job, paths)):
            if number == 2:
                killed = kill(client, lost)
            if killed:
                after.append(number)
            yield part
        assert len(killed) == lost
        assert not set(killed) & set(client.run(os.getpid).values())

    monkeypatch.setattr(runner, "convert_parts", converted)
    with (
        LocalCluster(
            n_workers=4, threads_per_worker=1, dashboard_address=":0", local_directory=str(tmp_path / "dask")
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        client.wait_for_workers(4)
        result = api.to_sdtm(export, runner="dask", scheduler=client, **options(export))
    assert len(after) > 4 * runner.AHEAD  # some had not been sent
    result.write(tmp_path / "out", ["xpt", "dataset-json"])
    assert files(tmp_path / "out") == expected


def test_a_cluster_that_goes_stops_the_run(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = runner.convert_parts
    cluster = LocalCluster(n_workers=1, processes=False, dashboard_address=":0")

    def converted(client: Client, job: Job, paths: Sequence[Path]) -> Iterator[Part]:
        for number, part in enumerate(plain(client, job, paths)):
            if number == 1:
                cluster.close()
            yield part

    monkeypatch.setattr(runner, "convert_parts", converted)
    with pytest.raises(RunnerError, match="IX-RUN-004"):
        api.to_sdtm(export, runner="dask", scheduler=cluster, **options(export))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KilledWorker("task", SimpleNamespace(address="tcp://worker"), 3), "IX-RUN-005  part 2 of 2"),
        (ModuleNotFoundError("No module named 'interchange'", name="interchange"), "IX-RUN-003"),
        (RuntimeError("Error during deserialization of the task graph. ..."), "IX-RUN-003"),
    ],
)
def test_what_stops_a_part_for_good_stops_the_run(error: Exception, said: str) -> None:
    def result() -> None:
        raise error

    run = object.__new__(runner._Run)
    run.paths = [Path("part-0.ndjson"), Path("part-1.ndjson")]
    with pytest.raises(RunnerError, match=said):
        run._result(SimpleNamespace(result=result), 1)


def test_a_fault_of_a_part_is_told_as_it_is() -> None:
    def result() -> None:
        raise RuntimeError("another")

    run = object.__new__(runner._Run)
    with pytest.raises(RuntimeError, match="another"):
        run._result(SimpleNamespace(result=result), 0)


def test_a_small_source_needs_no_cluster(export: Path) -> None:
    result = api.to_sdtm(export, fhir_version="R4", runner="dask", scheduler="tcp://nowhere.invalid:8786")
    assert len(result.dataset("DM").rows) == 40


def test_what_cannot_be_used_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "PATIENCE", 1)
    with pytest.raises(RunnerError, match="IX-RUN-006"):
        runner.open_runner("spark")  # type: ignore[arg-type]
    with pytest.raises(RunnerError, match="IX-RUN-006"):
        runner.open_runner("local", "tcp://127.0.0.1:8786")
    with pytest.raises(RunnerError, match="IX-RUN-002"), runner.open_runner("dask", "tcp://127.0.0.1:9"):
        pass
    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as cluster,
        pytest.raises(RunnerError, match="no workers"),
        runner.open_runner("dask", cluster),
    ):
        pass
    monkeypatch.setattr(runner, "find_spec", lambda name: None)
    with pytest.raises(RunnerError, match=r"pip install 'interchange\[dask\]'"):
        runner.open_runner("dask")


def test_a_job_goes_with_its_tables(tmp_path: Path) -> None:
    """The overlays and packages of the machine that packed it are gone where it is unpacked."""
    own, package = tmp_path / "own", tmp_path / "SDTM 2031-01-31.csv"
    (own / "codemaps").mkdir(parents=True)
    shipped = Path(load_project().settings["folders"]) / "codemaps" / "sex.csv"
    (own / "codemaps" / "sex.csv").write_bytes(shipped.read_bytes() + b"urn:ours,w,Woman,,F,,,\n")
    package.write_text("codelist,codelist_code,extensible,term,code\nSEX,C66731,No,F,C16576\n", encoding="utf-8")
    job = pack_job(Job(project_of(own, ct=package), "R5", "compiled", tmp_path))
    shutil.rmtree(own)
    package.unlink()
    bench = ready_bench(job)
    settings = bench.converter.engines.plan.project.settings
    assert all(Path(folder).is_relative_to(bench.folder) for folder in settings["folders"].split("\n"))
    assert b"urn:ours" in next(bench.folder.rglob("sex.csv")).read_bytes()
    assert project_terminology(settings).version == "2031-01-31"
    assert ready_bench(job) is bench
    with pytest.raises(RunnerError, match="IX-RUN-003"):
        ready_bench(replace(job, version="0.0"))
