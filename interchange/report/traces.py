"""Where cells come from, for people: a cell with everything that made it, or a row as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.report.layout import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from interchange.engine.traced import CellTrace, Element, Trace

SHOWN = 12  # of the cells that one was computed from


def trace_text(trace: Trace, *, values: bool) -> str:
    """Return what is said of the cells of a trace, as lines."""
    return "\n".join(line for cell in trace.cells for line in cell_lines(cell, values=values))


def show_row(trace: Trace, *, values: bool) -> list[RenderableType]:
    """Return the table of a row; a file that all of it was read from stands in the title."""
    files = {element.file for cell in trace.cells for element in cell.elements}
    named = files.pop() if len(files) == 1 else ""
    columns = ("variable", *(("value",) if values else ()), "how", "read from", "in", "rule")
    rows = [
        (
            cell.variable,
            *((cell.value or "",) if values else ()),
            cell.kind,
            _from(cell),
            _where(cell, named),
            _rules(cell),
        )
        for cell in trace.cells
    ]
    return [table(f"{trace.dataset} row {trace.row}{f', read from {named}' if named else ''}", columns, rows)]


def _from(cell: CellTrace) -> str:
    if cell.elements:
        return "\n".join(element.path for element in cell.elements)
    return cell.derivation or ", ".join(f"{used.dataset} {used.row} {used.variable}" for used in cell.uses[:1])


def _where(cell: CellTrace, named: str) -> str:
    places = (place_text(element).removeprefix(named).removeprefix(":").strip() for element in cell.elements)
    return "\n".join(dict.fromkeys(places))


def _rules(cell: CellTrace) -> str:
    return "\n".join(str(used.place) for used in cell.rules)


def place_text(element: Element) -> str:
    """Return the file of an element with line or Bundle entry, and its resource.

    >>> from interchange.engine.traced import Element
    >>> place_text(Element("b.json", None, 3, "Patient/1", "Patient.gender"))
    'b.json entry[3] Patient/1'
    """
    file = element.file if element.line is None else f"{element.file}:{element.line}"
    entry = "" if element.entry is None else f"entry[{element.entry}]"
    return " ".join(part for part in (file, entry, element.resource) if part)


def cell_lines(cell: CellTrace, *, values: bool, above: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the lines of a cell, and indented those of the cells that it was computed from."""
    where = f"{cell.dataset} row {cell.row}" if cell.row else cell.dataset
    said = f" = {cell.value}" if values and cell.value is not None else ""
    yield f"{where} {cell.variable}{said}"
    yield f"  {cell.kind}: {cell.says}"
    yield from _elements("from", cell.elements, values=values)
    yield from _elements("reached by", cell.through, values=values)
    if cell.derivation:
        yield f"  by {cell.derivation}"
    for rule in cell.rules:
        yield f"  rule {rule.place}  {rule.text}"
    for used in cell.uses[:SHOWN]:
        yield from _used(used, above, values=values)
    if len(cell.uses) > SHOWN:
        yield f"  and of {len(cell.uses) - SHOWN:,} cells more"


def _used(cell: CellTrace, above: tuple[str, ...], *, values: bool) -> Iterator[str]:
    name = f"{cell.dataset} {cell.row} {cell.variable}"
    if name in above:
        yield f"  of {name}, as above"
        return
    first, *rest = cell_lines(cell, values=values, above=(*above, name))
    yield f"  of {first}"
    yield from (f"    {line}" for line in rest)


def _elements(word: str, elements: Sequence[Element], *, values: bool) -> Iterator[str]:
    for element in elements:
        value = element.value.get("reference") if isinstance(element.value, dict) else element.value
        said = f" = {_json(value)}" if values and value is not None else ""
        yield f"  {word} {element.path}{said}"
        yield f"       {place_text(element)}"


def _json(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
