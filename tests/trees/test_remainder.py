"""What FHIR does not hold of a document comes back, also after edits."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interchange.issues import SourceError
from interchange.trees.remainder import Rest, difference, encode_rests, merged, read_rests

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text("ab", max_size=2), st.just(Decimal("5.10")))
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("xyz", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(st.text("xyz", min_size=1, max_size=2), JSON, max_size=4)


@given(DOCUMENTS, DOCUMENTS)
def test_what_came_back_and_the_difference_are_what_was_there(original, back) -> None:
    kept = deepcopy(back)
    whole, left = merged(back, difference(original, back))
    assert left == []
    assert repr(sorted(whole.items())) == repr(sorted(whole.items()))
    assert whole == original
    assert back == kept  # neither is changed


@given(DOCUMENTS)
def test_nothing_is_kept_where_all_comes_back(document) -> None:
    assert difference(document, deepcopy(document)) == []


def test_a_list_element_is_found_again_where_others_were_put_before_it() -> None:
    changes = difference(
        {"sites": [{"name": "A", "zip": "1"}, {"name": "B", "zip": "2"}]}, {"sites": [{"name": "A"}, {"name": "B"}]}
    )
    edited = {"sites": [{"name": "New"}, {"name": "A"}, {"name": "B"}]}
    whole, left = merged(edited, changes)
    assert whole == {"sites": [{"name": "New"}, {"name": "A", "zip": "1"}, {"name": "B", "zip": "2"}]}
    assert left == []


def test_an_edited_element_keeps_what_was_kept_of_it() -> None:
    changes = difference({"sites": [{"name": "A", "zip": "1"}]}, {"sites": [{"name": "A"}]})
    assert merged({"sites": [{"name": "A2"}]}, changes) == ({"sites": [{"name": "A2", "zip": "1"}]}, [])


def test_what_was_edited_wins_over_the_remainder() -> None:
    changes = difference({"a": "x ", "b": 1}, {"a": "x"})
    whole, left = merged({"a": "y"}, changes)
    assert whole == {"a": "y", "b": 1}
    assert [change.at for change in left] == [["a"]]


def test_what_was_kept_of_an_element_that_is_gone_is_left_over() -> None:
    changes = difference({"sites": [{"name": "A", "zip": "1"}]}, {"sites": [{"name": "A"}]})
    whole, left = merged({"sites": []}, changes)
    assert whole == {"sites": []}
    assert len(left) == 1


def test_a_file_of_remainders_is_read_as_it_was_written(tmp_path) -> None:
    rests = [Rest("CTGOV", "NCT1", difference({"a": [Decimal("5.10"), None, True]}, {}))]
    path = tmp_path / "remainder.ndjson"
    path.write_bytes(b"".join(encode_rests(rests)))
    assert b"5.10" in path.read_bytes()
    assert read_rests(path) == rests


def test_another_file_is_refused(tmp_path) -> None:
    path = tmp_path / "remainder.ndjson"
    path.write_text('{"remainder": 1, "fhir_version": "R5"}\n', encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        read_rests(path)
    assert caught.value.issue.code == "IX-TREE-018"
