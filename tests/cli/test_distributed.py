from __future__ import annotations

from typing import TYPE_CHECKING

from distributed import LocalCluster

from interchange.cli import options
from interchange.runners import distributed as runner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from .conftest import Ended


def test_runners_are_those_of_the_library() -> None:
    assert options.RUNNERS == runner.RUNNERS


def test_a_cluster_by_its_address(run: Callable[..., Ended], export: Path, tmp_path: Path) -> None:
    given = ("to-sdtm", export, "--fhir-version", "R4", "--memory", "200KB")
    with LocalCluster(n_workers=2, processes=False, protocol="tcp", dashboard_address=":0") as cluster:
        assert cluster.scheduler_address.startswith("tcp://")
        ended = run(*given, "--out", tmp_path / "dask", "--runner", "dask", "--scheduler", cluster.scheduler_address)
    assert ended.code == 0, ended.said
    assert run(*given, "--out", tmp_path / "local").code == 0
    made = {path.name: path.read_bytes() for path in (tmp_path / "dask").iterdir()}
    assert made == {path.name: path.read_bytes() for path in (tmp_path / "local").iterdir()}


def test_a_cluster_that_is_not_there_writes_nothing(
    run: Callable[..., Ended], export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "PATIENCE", 1)
    words = ("to-sdtm", export, "--out", tmp_path / "out", "--memory", "200KB")
    ended = run(*words, "--runner", "dask", "--scheduler", "tcp://127.0.0.1:9")
    assert ended.code == 1
    assert "IX-RUN-002 no scheduler answers at tcp://127.0.0.1:9" in ended.said
    assert not (tmp_path / "out").exists()
    assert "IX-RUN-006" in run(*words, "--scheduler", "tcp://127.0.0.1:9").said
    assert run(*words, "--runner", "spark").code == 2
