from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interchange.sdtm import sort as module
from interchange.sdtm.sort import sort_unique

if TYPE_CHECKING:
    from interchange.sdtm.dataset import Row


@given(st.lists(st.tuples(st.sampled_from("ABCDEF"), st.integers(0, 99).map(str)), max_size=60), st.integers(1, 9))
def test_as_a_stable_sort_in_memory(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]], run: int
) -> None:
    rows: list[Row] = [{"KEY": key, "VALUE": value} for key, value in pairs]
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row["KEY"], row)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "RUN", run)
        patch.setattr(module, "_MERGED", 3)
        made = sort_unique(iter(rows), lambda row: row["KEY"], tmp_path_factory.getbasetemp())
    assert list(made) == [first[key] for key in sorted(first)]
