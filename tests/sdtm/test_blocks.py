from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interchange.sdtm import chunks
from interchange.sdtm.blocks import block_of, blocks, counted, with_any
from interchange.sdtm.json_rows import json_lines
from interchange.sdtm.packed import pack, unpack
from interchange.sdtm.spill import SpilledRows, spill

if TYPE_CHECKING:
    from interchange.sdtm.dataset import Row

TEXTS = st.text(st.characters(codec="utf-8"), max_size=3)
ROWS = st.lists(st.dictionaries(TEXTS, TEXTS, max_size=4), max_size=8)


@given(ROWS)
def test_any_rows_come_back_from_a_block(rows: list[Row]) -> None:
    names: dict[str, None] = {}
    block = block_of(rows, names)
    assert block.rows() == unpack(pack(block)).rows() == rows
    assert list(names) == list(block.columns) == list(dict.fromkeys(name for row in rows for name in row))


def test_a_text_is_there_once_and_a_variable_that_is_blank_is_not() -> None:
    block = block_of([{"A": "1"}, {}, {"A": "1"}], {"A": None, "B": None})
    assert list(block.columns) == ["A"]
    assert block.columns["A"].texts == [None, "1"]
    assert block.columns["A"].codes.tolist() == [1, 0, 1]
    assert block.columns["A"].cells() == ["1", None, "1"]
    assert block.without({"A"}).rows() == [{}, {}, {}]


def test_names_that_are_known_spare_nothing_that_is_not() -> None:
    names: dict[str, None] = {"B": None}
    assert block_of([{"A": "1", "B": "2"}, {"C": "3"}], names).rows() == [{"A": "1", "B": "2"}, {"C": "3"}]
    assert list(names) == ["B", "A", "C"]


@given(ROWS, st.integers(1, 3))
def test_rows_in_memory_and_in_blocks_say_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], size: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK", size)
        patch.setattr("interchange.sdtm.spill.BATCH", size)
        spilled = spill(rows, tmp_path_factory.getbasetemp())
        lines = msgspec.json.Encoder(order="sorted").encode_lines(rows)
        assert b"".join(json_lines(rows)) == b"".join(json_lines(spilled)) == lines
        assert [row for block in blocks(rows) for row in block.rows()] == rows
        found = list(dict.fromkeys(name for row in rows for name in row))
        assert spilled.names == tuple(found)
        wanted = {name: Counter(row[name] for row in rows if name in row) for name in [*found, "none"]}
        assert counted(rows, wanted) == counted(spilled, wanted) == wanted
        some = set(found[1:])
        assert list(with_any(spilled, some)) == list(with_any(rows, some)) == [r for r in rows if some & r.keys()]


def test_blocks_and_rows_can_be_added(tmp_path_factory: pytest.TempPathFactory) -> None:
    spilled = SpilledRows(tmp_path_factory.getbasetemp())
    spilled.append({"A": "1"})
    spilled.add(block_of([{"B": "2"}, {}], {}))
    spilled.append({"C": "3"})
    assert (len(spilled), spilled.names) == (4, ("A", "B", "C"))
    assert list(spilled) == [{"A": "1"}, {"B": "2"}, {}, {"C": "3"}]
