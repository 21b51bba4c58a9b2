from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.sdtm import chunks as module
from interchange.sdtm.chunks import Fresh, cells, chunks

if TYPE_CHECKING:
    import pytest

    from interchange.sdtm.dataset import Row

ROWS: list[Row] = [{"A": str(n)} for n in range(5)]


def test_every_row_is_in_one_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(chunks(ROWS)) == [ROWS]
    monkeypatch.setattr(module, "CHUNK", 2)
    assert list(chunks(ROWS)) == [ROWS[:2], ROWS[2:4], ROWS[4:]]
    assert list(chunks(ROWS, 5)) == [ROWS]
    assert list(chunks([])) == []


def test_a_blank_cell_is_none() -> None:
    assert list(cells([{"A": "1"}, {"B": "2"}, {"A": ""}], "A")) == ["1", None, ""]


def test_texts_are_forgotten_when_they_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 2)
    fresh = Fresh()
    assert fresh.of(["a", "b"]) == {"a", "b"}
    assert fresh.of(["a", "c"]) == {"c"}
    assert fresh.of(["a"]) == {"a"}
