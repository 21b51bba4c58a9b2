from __future__ import annotations

from collections import Counter

from rich.console import Console

from interchange.engine.codelists import Outside
from interchange.mapping.codecs.base import Miss
from interchange.report.codes import (
    OutsideCodelist,
    UnmappedCodes,
    count_outside,
    count_unmapped,
    show_outside,
    show_unmapped,
)

UNMAPPED = Counter({Miss("sex", "x"): 2, Miss("sex", "x", "urn:s", "1"): 1, Miss("sex", "y"): 1, Miss("race", "z"): 2})
OUTSIDE = (
    Outside("LB", "LBORRESU", "UNIT", True, "THOU/uL", 9),
    Outside("DM", "SEX", "SEX", False, "female", 2),
    Outside("EX", "EXDOSU", "UNIT", True, "THOU/uL", 1),
    Outside("EX", "EXDOSU", "UNIT", True, "puff", 3),
)


def text(blocks: list) -> str:
    console = Console(width=150, markup=False)
    with console.capture() as captured:
        for block in blocks:
            console.print(block)
    return captured.get()


def test_by_map_without_values() -> None:
    assert count_unmapped(UNMAPPED) == [UnmappedCodes("sex", 2, 4), UnmappedCodes("race", 1, 2)]
    assert "most frequent" not in text(show_unmapped(count_unmapped(UNMAPPED)))


def test_with_the_most_frequent_values() -> None:
    codes = count_unmapped(UNMAPPED, values=True)
    assert codes[0].top == {"x": 3, "y": 1}
    assert "x (3x), y (1x)" in text(show_unmapped(codes))


def test_five_maps_and_how_many_more() -> None:
    shown = text(show_unmapped(count_unmapped(Counter({Miss(f"map{n}", "x"): 1 for n in range(7)}))))
    assert shown.count("map") - shown.count("code map") == 5 + 1  # "2 more maps"
    assert "and 2 more maps" in shown


def test_by_codelist_without_values() -> None:
    assert count_outside(OUTSIDE) == [
        OutsideCodelist("SEX", False, ["DM.SEX"], 1, 2),
        OutsideCodelist("UNIT", True, ["EX.EXDOSU", "LB.LBORRESU"], 2, 13),
    ]
    shown = text(show_outside(count_outside(OUTSIDE)))
    assert "Values outside their codelist (codes.csv lists them)" in shown
    assert "EX.EXDOSU, LB.LBORRESU" in shown
    assert "female" not in shown
    assert show_outside([]) == []


def test_the_most_frequent_values_outside() -> None:
    shown = text(show_outside(count_outside(OUTSIDE, values=True)))
    assert "THOU/uL (10x), puff (3x)" in shown


def test_many_variables_and_codelists() -> None:
    many = [Outside("LB", f"LB{n}", "UNIT", True, "x", 1) for n in range(5)]
    many += [Outside("LB", "A", f"LIST{n}", True, "x", 1) for n in range(6)]
    shown = text(show_outside(count_outside(many)))
    assert "LB.LB0, LB.LB1 and 3 more" in shown
    assert "and 2 more codelists" in shown
