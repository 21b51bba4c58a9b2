from __future__ import annotations

from collections import Counter

from rich.console import Console

from interchange.report.codes import UnmappedCodes, count_unmapped, show_unmapped

UNMAPPED = Counter({("sex", "x"): 3, ("sex", "y"): 1, ("race", "z"): 2})


def text(codes: list[UnmappedCodes]) -> str:
    console = Console(width=150, markup=False)
    with console.capture() as captured:
        for block in show_unmapped(codes):
            console.print(block)
    return captured.get()


def test_by_map_without_values() -> None:
    assert count_unmapped(UNMAPPED) == [UnmappedCodes("sex", 2, 4), UnmappedCodes("race", 1, 2)]
    assert "most frequent" not in text(count_unmapped(UNMAPPED))


def test_with_the_most_frequent_values() -> None:
    codes = count_unmapped(UNMAPPED, values=True)
    assert codes[0].top == {"x": 3, "y": 1}
    assert "x (3x), y (1x)" in text(codes)


def test_five_maps_and_how_many_more() -> None:
    shown = text(count_unmapped(Counter({(f"map{n}", "x"): 1 for n in range(7)})))
    assert shown.count("map") - shown.count("code map") == 5 + 1  # "2 more maps"
    assert "and 2 more maps" in shown
