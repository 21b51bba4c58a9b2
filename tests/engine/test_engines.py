"""Both engines write the same bytes, both ways: what the benchmark checks on its whole corpus, on a small one."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.parametrize("release", ["R4", "R4B", "R5"])
def test_both_engines_write_the_same_bytes(release: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    made = import_module("synthetic").datasets(6, 2)
    same = import_module("bench_engines").same_bytes(2, release, made)
    assert same["to SDTM"] > 15
    assert same["to FHIR"] > len(made)
