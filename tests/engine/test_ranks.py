"""Places in an order, against sorting by the key itself."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from interchange.engine.ranks import ranks

TEXTS = st.lists(st.sampled_from(["1", "1.0", "2", "10", "01", "3.50", "3.5"]))


@given(TEXTS)
def test_ranks_sort_as_their_keys_do(texts: list[str]) -> None:
    places = ranks(texts, Decimal)
    by_place = sorted(range(len(texts)), key=places.__getitem__)
    assert by_place == sorted(range(len(texts)), key=lambda i: Decimal(texts[i]))


def test_ranks_are_numbered_without_gaps() -> None:
    assert ranks(["b", "a", "b", "c", "A"], str.lower) == [1, 0, 1, 2, 0]
    assert ranks([], str) == []
