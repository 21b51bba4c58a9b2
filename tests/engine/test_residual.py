from __future__ import annotations

from typing import Any

import pytest

from interchange.engine.residual import Kept, keep_cells, keep_rows, kept_cells, kept_rows

CELLS, ROW = "http://x/cells", "http://x/row"


def test_what_is_kept_is_read_again() -> None:
    element: dict[str, Any] = {}
    kept = Kept({"DMDTC": "2013---26", "SEX": "f"}, {"AGE"}, absent=True, order=3)
    keep_cells(element, CELLS, "DM/subject", kept)
    assert kept_cells(element, CELLS, "DM/subject") == kept
    assert kept_cells(element, CELLS, "TS/TITLE") is None


def test_it_is_an_extension_with_the_name_of_its_row() -> None:
    element: dict[str, Any] = {}
    keep_cells(element, CELLS, "DM/subject", Kept({"SEX": "f"}, {"AGE"}))
    assert element == {
        "extension": [
            {
                "url": CELLS,
                "extension": [
                    {"url": "row", "valueString": "DM/subject"},
                    {"url": "SEX", "valueString": "f"},
                    {"url": "blank", "valueString": "AGE"},
                ],
            }
        ]
    }


def test_the_order_of_cells_says_nothing() -> None:
    one: dict[str, Any] = {}
    two: dict[str, Any] = {}
    keep_cells(one, CELLS, "A/a", Kept({"X": "1", "Y": "2"}))
    keep_cells(two, CELLS, "A/a", Kept({"Y": "2", "X": "1"}))
    assert one == two


def test_several_rows_share_an_element() -> None:
    element: dict[str, Any] = {}
    keep_cells(element, CELLS, "TS/A", Kept({"X": "1"}))
    keep_cells(element, CELLS, "TS/B", Kept({"X": "2"}))
    keep_cells(element, CELLS, "TS/A", Kept({"X": "3"}))
    assert kept_cells(element, CELLS, "TS/A") == Kept({"X": "3"})
    assert kept_cells(element, CELLS, "TS/B") == Kept({"X": "2"})
    assert len(element["extension"]) == 2


def test_nothing_kept_leaves_nothing() -> None:
    element: dict[str, Any] = {}
    keep_cells(element, CELLS, "TS/A", Kept({"X": "1"}))
    keep_cells(element, CELLS, "TS/A", Kept())
    assert element == {}


def test_extensions_of_others_stay() -> None:
    element: dict[str, Any] = {"extension": [{"url": "http://other", "valueString": "x"}]}
    keep_cells(element, CELLS, "TS/A", Kept({"X": "1"}))
    keep_cells(element, CELLS, "TS/A", Kept())
    assert element == {"extension": [{"url": "http://other", "valueString": "x"}]}


def test_whole_rows_stand_at_a_resource_by_domain() -> None:
    study: dict[str, Any] = {"resourceType": "ResearchStudy"}
    keep_rows(study, ROW, "TS", [Kept({"TSPARMCD": "A"}, order=1), Kept({"TSPARMCD": "B"})])
    keep_rows(study, ROW, "TI", [Kept({"IETEST": "C"})])
    assert list(kept_rows(study, ROW, "TS")) == [Kept({"TSPARMCD": "A"}, order=1), Kept({"TSPARMCD": "B"})]
    keep_rows(study, ROW, "TS", [])
    assert list(kept_rows(study, ROW, "TS")) == []
    assert list(kept_rows(study, ROW, "TI")) == [Kept({"IETEST": "C"})]


@pytest.mark.parametrize(
    "extension",
    [
        "x",
        [],
        [None, 3, "x"],
        [{"url": CELLS}],
        [{"url": CELLS, "extension": "x"}],
        [{"url": CELLS, "extension": ["x", {"valueString": "y"}]}],
        [{"url": ROW, "extension": [3, {"url": "domain"}]}],
    ],
)
def test_what_is_no_extension_keeps_nothing(extension: Any) -> None:
    element = {"extension": extension}
    assert kept_cells(element, CELLS, "TS/A") is None
    assert list(kept_rows(element, ROW, "TS")) == []


def test_parts_that_are_none_are_passed_over() -> None:
    parts = [{"url": "row", "valueString": "A/a"}, 3, {"valueString": "x"}, {"url": "order", "valueInteger": "1"}]
    assert kept_cells({"extension": [{"url": CELLS, "extension": parts}]}, CELLS, "A/a") == Kept()
