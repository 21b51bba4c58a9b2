from __future__ import annotations

from heapq import merge
from itertools import accumulate
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interchange.runners import runfile as module
from interchange.runners.runfile import BATCH, keyed_rows, merge_runs, write_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from interchange.engine.ops import Row

Keyed = tuple[bytes, dict[str, str]]


def written(path: Path, rows: Sequence[Keyed]) -> Path:
    return write_run(path, [row for _, row in rows], [key for key, _ in rows])


def merged(paths: Sequence[Path]) -> list[Row]:
    return [row for block in merge_runs(paths) for row in block.rows()]


def test_rows_come_back_from_their_file(tmp_path: Path) -> None:
    rows: list[Keyed] = [(b"%06d" % i, {"A": str(i), **({"B": "b"} if i > BATCH else {})}) for i in range(BATCH + 3)]
    path = written(tmp_path / "a.run", rows)
    assert list(keyed_rows(path)) == rows
    assert merged([path]) == [row for _, row in rows]


def test_runs_are_merged_by_their_keys(tmp_path: Path) -> None:
    one = written(tmp_path / "1.run", [(b"a", {"A": "1"}), (b"d", {"A": "4"})])
    two = written(tmp_path / "2.run", [(b"b", {"A": "2"}), (b"c", {"B": "3"}), (b"e", {})])
    assert merged([one, two]) == [{"A": "1"}, {"A": "2"}, {"B": "3"}, {"A": "4"}, {}]


def test_rows_of_a_run_keep_their_order_whatever_their_keys(tmp_path: Path) -> None:
    one = written(tmp_path / "1.run", [(b"c", {"A": "1"}), (b"a", {"A": "2"}), (b"z", {"A": "5"})])
    two = written(tmp_path / "2.run", [(b"b", {"A": "0"}), (b"d", {"A": "3"})])
    assert [row["A"] for row in merged([one, two])] == ["0", "1", "2", "3", "5"]


def test_variables_stand_as_they_come_up_in_the_merged_rows(tmp_path: Path) -> None:
    one = written(tmp_path / "1.run", [(b"b", {"X": "1"}), (b"d", {"X": "1", "W": "4", "V": "5"})])
    two = written(tmp_path / "2.run", [(b"a", {"Z": "2", "Y": "3"}), (b"c", {"V": "6"})])
    assert [list(block.columns) for block in merge_runs([one, two])] == [["Z", "Y", "X", "V", "W"]]


CELLS = st.dictionaries(st.sampled_from("ABCDE"), st.sampled_from(["", "1", "2", "ä"]), max_size=4)


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 30), CELLS), max_size=12), min_size=1, max_size=4),
    st.integers(1, 5),
    st.integers(1, 8),
)
def test_any_runs_are_merged_as_row_by_row(
    tmp_path_factory: pytest.TempPathFactory, runs: list[list[tuple[int, Row]]], batch: int, size: int
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    keyed = [[(b"%02d%d" % (key, n), row) for key, row in run] for n, run in enumerate(runs)]
    rising = [list(zip(accumulate((key for key, _ in run), max), run, strict=True)) for run in keyed]
    expected = [row for _, (_, row) in merge(*rising, key=lambda each: each[0])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BATCH", batch)
        patch.setattr(module, "MERGED", size)
        patch.setattr(module, "BLOCK", size)
        paths = [written(folder / f"{n}.run", run) for n, run in enumerate(keyed)]
        blocks = list(merge_runs(paths))
    assert [row for block in blocks for row in block.rows()] == expected
    names: dict[str, None] = {}
    for block in blocks:
        names |= dict.fromkeys(block.columns)
    assert list(names) == list(dict.fromkeys(name for row in expected for name in row))
