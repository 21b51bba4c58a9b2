from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.runners.runfile import BATCH, Entry, merge_runs, read_run, write_run

if TYPE_CHECKING:
    from pathlib import Path


def entry(number: int, value: str, order: int | None = None, position: int = 0) -> Entry:
    return Entry(order, 0, position, number, {"A": value})


def test_entries_come_back_from_their_file(tmp_path: Path) -> None:
    entries = [entry(i, str(i)) for i in range(BATCH + 3)]
    assert list(read_run(write_run(tmp_path / "a.run", entries))) == entries


def test_runs_are_merged_by_the_order_variables_numbers_by_value(tmp_path: Path) -> None:
    one = write_run(tmp_path / "1.run", [entry(0, "2"), entry(1, "10")])
    two = write_run(tmp_path / "2.run", [entry(0, "1"), entry(1, "9"), entry(2, "x")])
    assert [row["A"] for row in merge_runs([one, two], ["A"])] == ["1", "2", "9", "10", "x"]


def test_a_kept_order_comes_first_and_document_order_last(tmp_path: Path) -> None:
    one = write_run(tmp_path / "1.run", [entry(0, "kept second", order=1), entry(1, "late", position=9)])
    two = write_run(tmp_path / "2.run", [entry(0, "kept first", order=0), entry(1, "early", position=3)])
    assert [row["A"] for row in merge_runs([one, two], [])] == ["kept first", "kept second", "early", "late"]
