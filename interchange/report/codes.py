"""Values that a code map does not hold, by map. The values themselves only where they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interchange.report.layout import table

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from rich.console import RenderableType

TOP = 5


@dataclass(frozen=True, slots=True)
class UnmappedCodes:
    """One code map: how many values it does not hold, how often they come, and the most frequent by value."""

    map: str
    values: int
    count: int
    top: dict[str, int] | None = None


def count_unmapped(unmapped: Counter[tuple[str, str]], *, values: bool = False) -> list[UnmappedCodes]:
    """Return what code maps do not hold, the map that misses most first."""
    maps: dict[str, dict[str, int]] = {}
    for (name, value), count in sorted(unmapped.items(), key=lambda item: (-item[1], item[0])):
        maps.setdefault(name, {})[value] = count
    found = [
        UnmappedCodes(name, len(own), sum(own.values()), dict(list(own.items())[:TOP]) if values else None)
        for name, own in maps.items()
    ]
    return sorted(found, key=lambda each: (-each.count, each.map))


def show_unmapped(codes: Sequence[UnmappedCodes]) -> list[RenderableType]:
    """Return the table of the five code maps that miss most."""
    if not codes:
        return []
    rows = [(c.map, c.values, c.count, ", ".join(f"{v} ({n:,}x)" for v, n in (c.top or {}).items())) for c in codes]
    columns = ["code map", "values not in it", "times", "most frequent"]
    if codes[0].top is None:
        rows, columns = [(*row[:3],) for row in rows], columns[:3]  # type: ignore[misc]
    left = f", and {len(codes) - TOP} more maps" if len(codes) > TOP else ""
    return [table(f"Codes without a term (codes.csv lists them{left})", columns, rows[:TOP])]
