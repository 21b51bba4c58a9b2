"""Values without a place in terminology: outside their codelist, or not in a code map. Values only where asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interchange.report.layout import table

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from interchange.engine.codelists import Outside
    from interchange.mapping.codecs.base import Miss

TOP = 5


@dataclass(frozen=True, slots=True)
class UnmappedCodes:
    """One code map: how many values it does not hold, how often they come, and the most frequent by value."""

    map: str
    values: int
    count: int
    top: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class OutsideCodelist:
    """One codelist: how many values are no terms of it, in which variables, and the most frequent by value."""

    codelist: str
    extensible: bool
    variables: list[str]
    values: int
    count: int
    top: dict[str, int] | None = None


def count_unmapped(unmapped: Counter[Miss], *, values: bool = False) -> list[UnmappedCodes]:
    """Return what code maps do not hold, the map that misses most first."""
    maps: dict[str, dict[str, int]] = {}
    for miss, count in sorted(unmapped.items(), key=lambda item: (-item[1], item[0])):
        own = maps.setdefault(miss.map, {})
        own[miss.value] = own.get(miss.value, 0) + count
    found = [
        UnmappedCodes(name, len(own), sum(own.values()), _top(own) if values else None) for name, own in maps.items()
    ]
    return sorted(found, key=lambda each: (-each.count, each.map))


def count_outside(outside: Iterable[Outside], *, values: bool = False) -> list[OutsideCodelist]:
    """Return the codelists that have values outside: those that cannot be extended first, then by how often."""
    lists: dict[tuple[str, bool], list[Outside]] = {}
    for one in outside:
        lists.setdefault((one.codelist, one.extensible), []).append(one)
    found = []
    for (codelist, extensible), own in lists.items():
        counts: dict[str, int] = {}
        for one in own:
            counts[one.value] = counts.get(one.value, 0) + one.count
        variables = sorted({f"{one.dataset}.{one.variable}" for one in own})
        total = sum(counts.values())
        top = _top(counts) if values else None
        found.append(OutsideCodelist(codelist, extensible, variables, len(counts), total, top))
    return sorted(found, key=lambda each: (each.extensible, -each.count, each.codelist))


def _top(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:TOP])


def show_unmapped(codes: Sequence[UnmappedCodes]) -> list[RenderableType]:
    """Return the table of the five code maps that miss most."""
    if not codes:
        return []
    rows = [(c.map, c.values, c.count, _said(c.top)) for c in codes]
    columns = ["code map", "values not in it", "times", "most frequent"]
    if codes[0].top is None:
        rows, columns = [(*row[:3],) for row in rows], columns[:3]  # type: ignore[misc]
    left = f", and {len(codes) - TOP} more maps" if len(codes) > TOP else ""
    return [table(f"Codes without a term (codes.csv lists them{left})", columns, rows[:TOP])]


def show_outside(lists: Sequence[OutsideCodelist]) -> list[RenderableType]:
    """Return the table of the five codelists with most values outside."""
    if not lists:
        return []
    rows: list[tuple[object, ...]] = [
        (o.codelist, "yes" if o.extensible else "no", _variables(o.variables), o.values, o.count) for o in lists
    ]
    columns = ["codelist", "extensible", "variables", "values outside", "times"]
    if lists[0].top is not None:
        rows = [(*row, _said(o.top)) for row, o in zip(rows, lists, strict=True)]
        columns.append("most frequent")
    left = f", and {len(lists) - TOP} more codelists" if len(lists) > TOP else ""
    return [table(f"Values outside their codelist (codes.csv lists them{left})", columns, rows[:TOP])]


def _said(top: dict[str, int] | None) -> str:
    return ", ".join(f"{value} ({count:,}x)" for value, count in (top or {}).items())


def _variables(names: list[str]) -> str:
    """Some of the variables, and how many more."""
    return ", ".join(names) if len(names) <= 3 else f"{', '.join(names[:2])} and {len(names) - 2} more"
