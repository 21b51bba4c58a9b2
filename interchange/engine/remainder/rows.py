"""Rows as a remainder knows them: by the variables that tell one from the others, and where they were read."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from interchange.engine.remainder.model import RowEntry, digest
from interchange.fhir.references import name_of
from interchange.sdtm.dataset import is_number, number_text
from interchange.sdtm.standard import standard

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from interchange.engine.forward import Found
    from interchange.engine.ops import Json, Resource, Row
    from interchange.engine.remainder.model import Remainder, Step
    from interchange.engine.settle import Written
    from interchange.sdtm.dataset import Dataset

RowKey = tuple[str, ...]
IDENTIFIERS = ("USUBJID", "POOLID", "APID")


class Keys:
    """What tells the rows of datasets from each other: the subject with --SEQ, else the keys of the guide.

    Rows that have these in common are numbered in order, from 1.
    """

    def __init__(self, guide: str) -> None:
        self.guide = standard(guide)
        self.seen: Counter[RowKey] = Counter()

    def of(self, dataset: str, row: Row) -> dict[str, str]:
        """Return the cells that tell a row of a dataset from the others, blank ones left out.

        >>> Keys("3.4").of("VS", {"STUDYID": "S", "USUBJID": "S-1", "VSSEQ": "1", "VSTESTCD": "HR"})
        {'USUBJID': 'S-1', 'VSSEQ': '1'}
        """
        number = f"{dataset[:2]}SEQ"
        spec = self.guide.dataset(dataset)
        if number in row and any(name in row for name in IDENTIFIERS):
            names: Iterable[str] = (*IDENTIFIERS, number)
        else:
            names = (*IDENTIFIERS, *(spec.keys if spec else sorted(row)))
        return {name: row[name] for name in names if name in row and name != "STUDYID"}

    def number(self, dataset: str, keys: dict[str, str]) -> int:
        """Return how many rows with some keys there were, with this one."""
        key = row_key(dataset, keys)
        self.seen[key] += 1
        return self.seen[key]


def row_key(dataset: str, keys: dict[str, str], number: int = 1) -> RowKey:
    """Return a row's keys as one value."""
    return (dataset, *(text for pair in sorted(keys.items()) for text in pair), str(number))


class Wanted:
    """The rows of datasets by the entry that each was when the remainder was kept; ``new`` counts those without one."""

    def __init__(self) -> None:
        self.new = 0
        self._rows: dict[int, Row] = {}

    def put(self, entry: RowEntry, row: Row) -> None:
        """Say which row an entry is now."""
        self._rows[id(entry)] = row

    def row(self, entry: RowEntry) -> Row | None:
        """The row that an entry is now; None where it was deleted."""
        return self._rows.get(id(entry))


def match_rows(remainder: Remainder, written: Mapping[str, Sequence[Written]], keys: Keys) -> Wanted:
    """Return which row each entry of a remainder is now: that of its keys, else one that makes the same resource."""
    rows: dict[RowKey, Written] = {}
    for dataset, own in written.items():
        for one in own:
            cells = keys.of(dataset, one.row)
            rows[row_key(dataset, cells, keys.number(dataset, cells))] = one
    wanted = Wanted()
    left: dict[tuple[str, str], list[RowEntry]] = {}
    for original in remainder.originals:
        for entry in original.rows:
            found = rows.pop(row_key(entry.dataset, entry.keys, entry.number), None)
            if found is not None:
                wanted.put(entry, found.row)
            else:
                left.setdefault((entry.dataset, entry.made or original.made or ""), []).append(entry)
    for (dataset, *_), one in rows.items():
        made = name_of(one.levels[0]) if one.source is not None else ""
        entries = left.get((dataset, made or ""))
        if made and entries:
            wanted.put(entries.pop(0), one.row)
        else:
            wanted.new += 1
    return wanted


def as_written(dataset: Dataset) -> list[Row]:
    """Return the rows of a dataset as any file gives them back: a Num cell is a double, blanks do not end a text.

    >>> from interchange.sdtm.dataset import Dataset, Variable
    >>> as_written(Dataset("VS", variables=[Variable("VSSTRESN", type="Num")], rows=[{"VSSTRESN": "5.10"}]))
    [{'VSSTRESN': '5.1'}]
    """
    numeric = {variable.name for variable in dataset.variables if variable.type == "Num"}
    return [row_as_written(row, numeric) for row in dataset.rows]


def row_as_written(row: Row, numeric: Collection[str]) -> Row:
    """Return a row as any file gives it back; ``numeric`` are the Num variables."""
    cells = ((name, _number(text) if name in numeric else text.rstrip(" ")) for name, text in row.items())
    return {name: text for name, text in cells if text}


def _number(text: str) -> str:
    try:
        return number_text(float(text)) if is_number(text) else text
    except (OverflowError, ValueError):
        return text


def row_entry(dataset: str, one: Found, row: Row, keys: Keys, places: Places, made: str, digests: bool) -> RowEntry:
    """Return the entry of a row that was found; ``row`` as it was written back, into ``made``."""
    source = one.source.name if one.source is not None and not one.filled else ""
    at = places.of(one.resource, one.levels[-1] if one.levels else one.resource)
    own = keys.of(dataset, row)
    return RowEntry(dataset, source, own, at, made, digest(row) if digests else "", keys.number(dataset, own))


class Places:
    """Where elements stand in resources, by identity."""

    def __init__(self) -> None:
        self._known: dict[int, dict[int, tuple[Step, ...]]] = {}

    def of(self, resource: Resource, element: Json) -> tuple[Step, ...] | None:
        """The way to an object in a resource; None for what stands elsewhere, or is no object."""
        if element is resource:
            return ()
        if id(resource) not in self._known:
            self._known[id(resource)] = {id(each): path for path, each in objects(resource)}
        return self._known[id(resource)].get(id(element))


def objects(value: Json, at: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], Resource]]:
    """Yield every object in JSON with the way to it.

    >>> [path for path, _ in objects({"a": [{"b": {}}]})]
    [(), ('a', 0), ('a', 0, 'b')]
    """
    if isinstance(value, dict):
        yield at, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield from objects(item, (*at, step))


def at_path(resource: Json, path: Sequence[Step]) -> Json:
    """Return what stands at a path; None where nothing does."""
    for step in path:
        if isinstance(resource, dict) and isinstance(step, str):
            resource = resource.get(step)
        elif isinstance(resource, list) and isinstance(step, int) and step < len(resource):
            resource = resource[step]
        else:
            return None
    return resource
