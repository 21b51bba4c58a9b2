"""Changed rows settled in restored originals: put in place where they were read, else kept beside the element.

The originals are read once more. A cell that comes back otherwise is written where it was read from, by the rule that
read it; what still differs then is kept at the element of the row, as a conversion to FHIR keeps what has no element.
An element whose row was deleted is taken out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interchange.engine.reading import Reading
from interchange.engine.remainder.place import inside, place_cell
from interchange.engine.remainder.rows import at_path, row_as_written
from interchange.engine.residual import Kept, keep_cells, kept_cells
from interchange.engine.shelf import ResourceShelf
from interchange.issues import Issue, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from interchange.engine.forward import Forward, Found
    from interchange.engine.ops import Json, Resource, Row
    from interchange.engine.remainder.merge import Restored
    from interchange.engine.remainder.model import RowEntry, Step
    from interchange.engine.remainder.rows import Wanted
    from interchange.engine.witness import Witness
    from interchange.issues import Issues

ROUNDS = 3
CONFLICT = "a changed row and the original disagree: the row counts, and what the original added is left out"
RESIDUAL = "beside the element that it was read from, which keeps what the original says"


@dataclass(frozen=True, slots=True)
class _Told:
    """A row that an original still gives: its entry, the row as it is read now, and the row that is wanted.

    ``changed`` says that the row itself is another than it was; where it is not, what is derived otherwise in it now
    comes of changes elsewhere, and is left to the derivation.
    """

    one: Restored
    entry: RowEntry
    back: Found
    got: Row
    want: Row
    changed: bool

    @property
    def differing(self) -> list[str]:
        """The variables in which what is read differs from what is wanted."""
        about = self.back.source is not None and self.back.source.source.about
        names = self.want.keys() | self.got.keys() if self.changed else frozenset() if about else self.back.native
        return sorted(name for name in names if self.want.get(name) != self.got.get(name))


class Resettling:
    """Originals and new resources, brought to the point where they are read as the rows that are wanted."""

    def __init__(
        self,
        forward: Forward,
        wanted: Wanted,
        numeric: Mapping[str, frozenset[str]],
        now: Mapping[str, Resource],
        issues: Issues,
        has_changed: Callable[[RowEntry], bool],
    ) -> None:
        self.forward = forward
        self.wanted = wanted
        self.numeric = numeric
        self.now = now
        self.issues = issues
        self.has_changed = has_changed
        self.url = forward.systems["cells"]
        self.elements: dict[int, tuple[str, int, int]] = {}

    def run(self, restored: Sequence[Restored], new: Sequence[Resource]) -> list[Resource]:
        """Return the originals, the new resources, and those of rows that no original gives any more."""
        for one in restored:
            self._locate(one)
        for one in restored:
            _take_out(one)
        shelf = self._shelf(restored, new)
        found = self._read(shelf)
        for one in restored:
            for entry in one.dead:
                back = found.get(self.elements[id(entry)])
                if back is not None and back.source is not None and back.levels:
                    keep_cells(back.levels[-1], self.url, back.source.name, Kept(absent=True))
        loose = {id(each): each for one in restored for each in self._loose(one, found)}
        self._put(list(self._told(restored, found)), Reading(shelf, (), str))
        for _ in range(ROUNDS):  # what is kept may change what is derived of it
            told = [row for row in self._told(restored, self._read(self._shelf(restored, new))) if row.differing]
            for row in told:
                self._keep(row)
            if not told:
                break
        return [*(one.resource for one in restored), *new, *loose.values()]

    def _locate(self, one: Restored) -> None:
        """Note where the rows of an original stand: row source, element, and which of the rows there."""
        count: dict[tuple[str, int], int] = {}
        for entry in one.original.rows:
            element = None if entry.at is None else at_path(one.resource, entry.at)
            spot = (entry.source, id(element))
            count[spot] = count.get(spot, 0) + 1
            self.elements[id(entry)] = (*spot, count[spot])

    def _shelf(self, restored: Sequence[Restored], new: Sequence[Resource]) -> ResourceShelf:
        shelf = ResourceShelf(self.forward.plan, self.forward.read)
        for one in restored:
            shelf.add(one.resource, one.original.url)
        for resource in new:
            shelf.add(resource)
        return shelf

    def _read(self, shelf: ResourceShelf) -> dict[tuple[str, int, int], Found]:
        """The rows that resources give now, by row source, element, and which of the rows there."""
        found: dict[tuple[str, int, int], Found] = {}
        for rows in self.forward.every(shelf).values():
            count: dict[tuple[str, int], int] = {}
            for one in rows:
                if one.source is not None and not one.filled:
                    count[one.spot] = count.get(one.spot, 0) + 1
                    found[(*one.spot, count[one.spot])] = one
        return found

    def _told(self, restored: Sequence[Restored], found: Mapping[tuple[str, int, int], Found]) -> Iterator[_Told]:
        """Yield the rows that originals still give."""
        for one in restored:
            for entry in one.alive:
                back, want = found.get(self.elements[id(entry)]), self.wanted.row(entry)
                if back is not None and want is not None:
                    got = row_as_written(back.row, self.numeric.get(entry.dataset, frozenset()))
                    changed = self.has_changed(entry) or (one.changed and not entry.made)
                    yield _Told(one, entry, back, got, want, changed)

    def _loose(self, one: Restored, found: Mapping[tuple[str, int, int], Found]) -> Iterator[Resource]:
        """Yield the made resources of rows that have no place in their original any more."""
        for entry in one.alive:
            if entry.source and entry.made in self.now and self.elements[id(entry)] not in found:
                self._report(one, "", "has no place in the original any more: it is a resource of its own")
                yield self.now[entry.made]

    def _put(self, rows: Sequence[_Told], reading: Reading) -> None:
        """Write the cells that differ where they were read; where several rows read one element, if all agree."""
        puts = [(told, name, reading.witnesses(told.back).get(name)) for told in rows for name in told.differing]
        for told, name, witness in puts:
            if (
                witness is not None
                and not inside(told.back, witness)
                and not _all_agree(told, name, witness, rows, reading)
            ):
                continue
            for at in place_cell(told.back, name, witness, told.want):
                place = Place(record=told.one.original.resource, field=at)
                self.issues.add(Issue("IX-REM-001", "warning", place, CONFLICT, "compare the two"))

    def _keep(self, told: _Told) -> None:
        """Keep the cells that still differ at the element of the row."""
        names, back = told.differing, told.back
        if back.source is None:
            return
        kept = kept_cells(back.levels[-1], self.url, back.source.name) or Kept()
        for name in names:
            kept.cells.pop(name, None)
            kept.blanks.discard(name)
            if name in told.want:
                kept.cells[name] = told.want[name]
            else:
                kept.blanks.add(name)
            if name in back.native and not back.source.source.about:
                self._report(told.one, name, f"cannot be put in place: it is kept {RESIDUAL}")
        keep_cells(back.levels[-1], self.url, back.source.name, kept)

    def _report(self, one: Restored, name: str, says: str) -> None:
        place = Place(record=one.original.resource, field=name)
        message = f"a changed {'cell' if name else 'row'} {says}"
        self.issues.add(Issue("IX-REM-002", "warning", place, message, "compare it with the original"))


def _all_agree(told: _Told, name: str, witness: Witness, rows: Sequence[_Told], reading: Reading) -> bool:
    """Whether all rows that read the same leaves of another resource want the same there."""
    leaves = _leaves(witness)
    for other in rows:
        for same in {name, other.entry.dataset[:2] + name[2:]}:
            if other is told or same not in other.got or other.got.get(same) != told.got.get(name):
                continue
            theirs = reading.witnesses(other.back).get(same)
            if theirs is not None and _leaves(theirs) & leaves and other.want.get(same) != told.want.get(name):
                return False
    return True


def _leaves(witness: Witness) -> set[tuple[int, tuple[Step, ...]]]:
    return {(id(spot.resource), spot.path) for spot in witness.inputs if spot is not None}


def _take_out(one: Restored) -> None:
    """Take the elements of deleted rows out of an original, where no other row stands in them."""
    live = [entry.at for entry in one.alive if entry.at is not None]
    gone = [
        (at_path(one.resource, entry.at), entry.at)
        for entry in one.dead
        if entry.at and not any(other[: len(entry.at)] == entry.at for other in live)
    ]
    for element, at in gone:
        _remove(one.resource, at, element)


def _remove(resource: Resource, at: Sequence[Step], element: Json) -> None:
    """Take an element out of a resource, and a list that is empty then."""
    *way, last = at
    holder = at_path(resource, way)
    if isinstance(holder, list):
        place = next((i for i, item in enumerate(holder) if item is element), None)
        if place is not None:
            del holder[place]
        if not holder:
            _remove(resource, way, holder)
    elif isinstance(holder, dict):
        holder.pop(str(last), None)
