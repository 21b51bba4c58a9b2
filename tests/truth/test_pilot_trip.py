"""The page on the pilot's round trip holds what the tool promises; and the tool finds what is wrong."""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from interchange.report.tallies import CellCounts
from interchange.sdtm.dataset import Dataset, Variable

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "sdtm-roundtrip.md"
ROWS = {"DM": 306, "LB": 59580, "QS": 121749, "SUPPLB": 64403, "VS": 29643}


@pytest.fixture(scope="module")
def tool() -> Iterator[Any]:
    sys.path.insert(0, str(ROOT / "tools"))
    import pilot_trip

    yield pilot_trip
    sys.path.remove(str(ROOT / "tools"))


@pytest.fixture(scope="module")
def releases() -> dict[str, dict[str, list[str]]]:
    """The lines of the page's tables by release and dataset."""
    if not PAGE.is_file():
        pytest.skip("no docs/sdtm-roundtrip.md: `make pilot` writes it")
    parts = re.split(r"^## FHIR (\w+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    found: dict[str, dict[str, list[str]]] = {}
    for release, text in zip(parts[::2], parts[1::2], strict=True):
        lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
        cells = [[one.strip() for one in re.split(r"\s?\|\s?", " | ".join(line))] for line in lines]
        found[release] = {line[0]: line[1:] for line in cells[1:]}
        found[release]["said"] = [line for line in text.splitlines() if "findings of validation" in line]
    return found


def share(text: str) -> float:
    return float(text.removesuffix(" %") or 0) / 100


def test_both_releases_and_all_datasets_are_on_the_page(releases: Any) -> None:
    assert list(releases) == ["R5", "R4B"]
    for tables in releases.values():
        assert len(tables.keys() - {"total", "said"}) == 22
        for name, rows in ROWS.items():
            assert tables[name][0] == f"{rows:,}"


def test_every_cell_of_the_page_came_back_by_valid_resources(releases: Any) -> None:
    for tables in releases.values():
        assert {line[-1] for name, line in tables.items() if name != "said"} == {"0"}
        (said,) = tables["said"]
        assert said.endswith("0 findings of validation; 0 dangling references; the ids of a second run are the same.")


def test_what_is_residual_on_the_page_is_little(releases: Any, tool: Any) -> None:
    five = releases["R5"]
    assert share(five["total"][-2]) <= tool.MOST_IN_ALL
    for name in five.keys() - {"total", "said"}:
        assert share(five[name][-2]) <= tool.MOST_OF_ONE, name


def test_the_tool_takes_a_few_subjects_and_datasets(shared: Path, tool: Any, tmp_path: Path) -> None:
    package = str(shared / "lzzt" / "sdtm_xpt.zip")
    wanted = tool.Wanted(package, "R4B", ("DM", "TE"), 2)
    made = tool.go(wanted, str(tmp_path))
    assert made.rows == {"DM": 2, "TE": 7}
    assert made.misplaced == []
    assert [d.different for d in made.cells] == [0, 0]
    assert tool.again(wanted) == made.ids
    (file,) = tmp_path.iterdir()
    assert tool.invalid(str(file), "R4B") == Counter()
    assert len(file.read_bytes().splitlines()) == sum(made.resources.values())
    file.write_bytes(b'{"resourceType":"Patient","id":"p","gender":"none"}\n')
    assert tool.invalid(str(file), "R4B") == Counter({"IX-VALID-007 Patient.gender": 1})


def test_what_is_out_of_its_place(tool: Any) -> None:
    one = Dataset("DM", "Demographics", [Variable("SEX", "Sex", length=1)], [{"SEX": "F"}, {"SEX": "M"}])
    assert list(tool.misplaced([one], [replace(one)])) == []
    assert list(tool.misplaced([one], [])) == ["DM: the dataset"]
    assert list(tool.misplaced([one], [replace(one, label="")])) == ["DM: its label"]
    assert list(tool.misplaced([one], [replace(one, variables=[Variable("SEX", "Sex", length=2)])])) == ["DM: its variables"]  # fmt: skip
    assert list(tool.misplaced([one], [replace(one, rows=[{"SEX": "M"}, {"SEX": "F"}])])) == ["DM: its rows"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"cells": [CellCounts("DM", 9, native=9, different=2)]}, "R5: DM: 2 cells different"),
        ({"misplaced": ["DM: its label"]}, "R5: DM: its label otherwise"),
        ({"invalid": Counter({"IX-VALID-007 Patient.gender": 3})}, "R5: not valid: 3 of IX-VALID-007 Patient.gender"),
        ({"dangling": 1}, "R5: 1 references into the void"),
        ({"ids_again": "y"}, "R5: other ids in a second run"),
        ({"cells": [CellCounts("A", 90, native=90), CellCounts("B", 9, residual=9)]}, "R5: B: 100.0 % residual"),
        ({"cells": [CellCounts("A", 99, native=80, residual=19)]}, "R5: 19.2 % of all cells residual"),
    ],
)
def test_each_fault_is_told(tool: Any, change: dict[str, Any], fault: str) -> None:
    whole = {"rows": {}, "cells": [], "resources": {}, "misplaced": [], "dangling": 0}
    assert tool.Trip("R5", **whole, ids="x", ids_again="x").faults() == []
    assert tool.Trip("R5", **{**whole, "ids": "x", "ids_again": "x", **change}).faults() == [fault]
