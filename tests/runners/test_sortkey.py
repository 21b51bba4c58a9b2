from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from interchange.engine.forward import Found
from interchange.mapping.codecs.number import decimal_of
from interchange.runners.sortkey import SortKeys

NUMBERS = st.decimals(-1000, 1000, places=2).map(str) | st.integers(-(10**18) + 1, 10**18 - 1).map(str)
CELLS = NUMBERS | st.sampled_from(["0", "-0", "0.0", "-0.0", "1.50", "1.5", "007", "1e5", "a", "a\0", "a b", "ab", "é"])
ROWS = st.dictionaries(st.sampled_from(["A", "B"]), CELLS | st.text(st.characters(codec="utf-8")))
ORDER = ["A", "B?"]


def key_of(found: Found, place: tuple[int, int]) -> bytes:
    return SortKeys(ORDER).key(found, *place)


def tuple_of(found: Found, place: tuple[int, int]) -> tuple[object, ...]:
    """What a row is sorted by: numbers by value before texts, blanks first."""
    texts = [found.row.get("A"), None if "B" in found.stored else found.row.get("B")]
    numbers = [decimal_of(text) for text in texts]
    own = tuple(
        (0, 0, "") if text is None else (1, number, "") if number is not None else (2, 0, text)
        for text, number in zip(texts, numbers, strict=True)
    )
    return (found.order is None, found.order or 0, own, *place)


FOUND = st.builds(
    Found,
    row=ROWS,
    resource=st.just({}),
    native=st.frozensets(st.sampled_from(["A", "B"])),
    order=st.none() | st.integers(-5, 300),
)
PLACES = st.tuples(st.integers(0, 300), st.integers(0, 300))


@given(FOUND, FOUND, PLACES, PLACES)
def test_keys_compare_as_what_rows_are_sorted_by(
    one: Found, two: Found, here: tuple[int, int], there: tuple[int, int]
) -> None:
    before = tuple_of(one, here) < tuple_of(two, there)
    same = tuple_of(one, here) == tuple_of(two, there)
    assert (key_of(one, here) < key_of(two, there)) == before
    assert (key_of(one, here) == key_of(two, there)) == same


def test_a_kept_order_comes_first_and_document_order_last() -> None:
    found = [
        Found({"A": "1"}, {}, order=1),
        Found({"A": "2"}, {}, order=0),
        Found({"A": "1"}, {}),
        Found({"A": "1"}, {}),
    ]
    places = [(0, 9), (0, 8), (0, 7), (0, 3)]
    keys = [key_of(*each) for each in zip(found, places, strict=True)]
    assert sorted(range(4), key=keys.__getitem__) == [1, 0, 3, 2]
