"""A run that is killed leaves whole files or none, and no processes; the next run is as if it had not been."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

PROC = Path("/proc/self/task")
pytestmark = pytest.mark.skipif(not PROC.is_dir(), reason="processes are watched through /proc")

COMMAND = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # as in a terminal, wherever the tests run
from interchange.cli import main
main()
"""
Moment = "Callable[[Run], bool]"


def subject(number: int) -> list[dict[str, Any]]:
    who = {"reference": f"Patient/p{number}"}
    category = {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}
    found: list[dict[str, Any]] = [
        {
            "resourceType": "Patient",
            "id": f"p{number}",
            "identifier": [{"system": "urn:cdisc:sdtm:USUBJID", "value": f"S-{number:03}"}],
            "gender": "female",
        }
    ]
    found += [
        {
            "resourceType": "Observation",
            "id": f"o{number}-{day}",
            "status": "final",
            "category": [{"coding": [category]}],
            "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]},
            "subject": who,
            "effectiveDateTime": f"2024-02-{day:02}",
            "valueQuantity": {"value": 60 + day, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
        }
        for day in range(1, 13)
    ]
    return found


class Run:
    """A command in a process of its own, with what it leaves: its output, and what it works with."""

    def __init__(self, out: Path, work: Path, *words: str) -> None:
        self.out, self.work = out, work
        work.mkdir(exist_ok=True)
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", COMMAND, *words, "--out", str(out)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(work)},
        )

    def end_at(self, moment: Moment, number: int) -> int:
        """Send a signal at a moment, or not at all where the run ends before; its exit code."""
        while self.process.poll() is None and not moment(self):
            time.sleep(0.0005)
        children = self.children()
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        until(lambda: not any(map(alive, children)))
        return code

    def children(self) -> list[int]:
        try:
            text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        except OSError:
            return []
        return [int(child) for child in text.split()]


def until(holds: Callable[[], bool]) -> None:
    """Wait for what must come; a minute is as good as never."""
    for _ in range(6000):
        if holds():
            return
        time.sleep(0.01)
    pytest.fail("processes of a killed run go on")


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # ended, and nobody asked how


def parting(run: Run) -> bool:
    return any(run.work.glob("*/part-*.ndjson"))


def converting(run: Run) -> bool:
    return any(run.work.glob("*/*.run"))


def writing(run: Run) -> bool:
    return any(run.out.glob(".*.part"))


def written(run: Run) -> bool:
    return any(run.out.glob("[!.]*"))


def after(seconds: float) -> Moment:
    end = time.monotonic() + seconds
    return lambda _: time.monotonic() > end


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fhir") / "trial.ndjson"
    study = {"resourceType": "ResearchStudy", "id": "s", "status": "active", "title": "A trial"}
    resources = [study, *(each for number in range(12) for each in subject(number))]
    path.write_text("".join(f"{json.dumps(resource)}\n" for resource in resources))
    return path


@pytest.fixture(scope="module")
def to_sdtm(trial: Path) -> list[str]:
    return ["to-sdtm", str(trial), "--fhir-version", "R4", "--memory", "1MB", "--jobs", "2", "--format", "xpt,csv"]


@pytest.fixture(scope="module")
def sdtm(to_sdtm: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run makes that is let alone."""
    folder = tmp_path_factory.mktemp("whole")
    assert Run(folder / "out", folder / "work", *to_sdtm).process.wait(timeout=60) == 0
    assert not any((folder / "work").iterdir())
    return folder / "out"


def killed_and_run_again(whole: dict[str, bytes], moments: list[Moment], tmp_path: Path, words: list[str]) -> None:
    out, work = tmp_path / "out", tmp_path / "work"
    for moment in moments:
        assert Run(out, work, *words).end_at(moment, signal.SIGKILL) in (0, -signal.SIGKILL)
        left = {name: data for name, data in files(out).items() if not name.startswith(".")}
        assert left == {name: whole[name] for name in left}
    assert Run(out, work, *words).process.wait(timeout=60) == 0
    assert files(out) == whole
    assert not any(work.iterdir())


def test_killed_on_the_way_to_sdtm(sdtm: Path, to_sdtm: list[str], tmp_path: Path) -> None:
    killed_and_run_again(files(sdtm), [parting, converting, writing, written], tmp_path, to_sdtm)


def test_killed_on_the_way_to_fhir(sdtm: Path, tmp_path: Path) -> None:
    words = ["to-fhir", str(sdtm / "vs.xpt"), str(sdtm / "dm.xpt")]
    assert Run(tmp_path / "whole", tmp_path / "work", *words).process.wait(timeout=60) == 0
    moments = [after(Random(1).uniform(0, 1)), writing]  # noqa: S311
    killed_and_run_again(files(tmp_path / "whole"), moments, tmp_path, words)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_told_to_end_clears_up(number: int, to_sdtm: list[str], tmp_path: Path) -> None:
    code = Run(tmp_path / "out", tmp_path / "work", *to_sdtm).end_at(converting, number)
    assert code == 128 + number
    assert files(tmp_path / "out") == {}
    assert not any((tmp_path / "work").iterdir())


def test_what_others_hold_is_left_alone(to_sdtm: list[str], tmp_path: Path) -> None:
    first = Run(tmp_path / "out", tmp_path / "work", *to_sdtm)
    while not parting(first):
        time.sleep(0.001)
    assert Run(tmp_path / "other", tmp_path / "work", *to_sdtm).process.wait(timeout=60) == 0
    assert first.process.wait(timeout=60) == 0
    assert files(tmp_path / "out") == files(tmp_path / "other")
