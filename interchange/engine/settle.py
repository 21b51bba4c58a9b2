"""Settling: reading back what was written, and keeping beside it only what does not come back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from interchange.engine.forward import Found, fill_name, in_order
from interchange.engine.held import Held
from interchange.engine.longtext import join_long
from interchange.engine.residual import Kept, keep_cells, keep_rows
from interchange.issues import Issue, Place

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from collections.abc import Mapping as Dict

    from interchange.engine.bench import ResourceBench
    from interchange.engine.forward import Forward, Readings
    from interchange.engine.held import Holding
    from interchange.engine.ops import Json, Row
    from interchange.engine.plan import PlannedMapping, PlannedSource
    from interchange.engine.records import Records
    from interchange.engine.shelf import ResourceShelf
    from interchange.issues import Issues

ROUNDS = 6


@dataclass(slots=True)
class Written:
    """A row of a dataset, the element that it was written into if one took it, and what is kept beside it.

    ``whole`` rows are kept at the study as they are; ``filled`` rows are null flavors that come by themselves; ``lost``
    rows have no study to be kept at. ``position`` counts the dataset's rows from 0.
    """

    row: Row
    position: int
    source: PlannedSource | None = None
    levels: Sequence[Json] = ()
    kept: Kept = field(default_factory=Kept)
    whole: bool = False
    filled: bool = False
    lost: bool = False
    back: Found | None = None

    @property
    def spot(self) -> tuple[str, int]:
        """Which row of which element this is; the same as that of the row read back from there."""
        return (self.source.name if self.source else "", id(self.levels[-1]) if self.levels else 0)


@dataclass(slots=True)
class Tally:
    """How the cells of a variable are held in FHIR, in numbers of cells.

    ``native`` in elements, ``extension`` in extensions that HL7 publishes, ``residual`` in those of this project or
    of others.
    """

    native: int = 0
    extension: int = 0
    derived: int = 0
    constant: int = 0
    residual: int = 0

    @property
    def cells(self) -> int:
        """All of them."""
        return self.native + self.extension + self.derived + self.constant + self.residual

    def add(self, kind: Holding, count: int) -> None:
        """Count cells that are held in one way."""
        setattr(self, kind, getattr(self, kind) + count)


@dataclass(slots=True)
class _Alike:
    """Rows with the same variables, written and read alike: how many, how their cells are held.

    ``asked`` are variables of which only the row says how, each with the one that a rule reads.
    """

    count: int = 0
    kinds: dict[str, Holding] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Beside:
    """What a domain is read back with: rows of all datasets, records, and the variables that its dataset declares."""

    datasets: Dict[str, Sequence[Row]]
    records: Records
    declared: Collection[str] | None = None


class Settling:
    """One domain's rows as written, brought to the point where they come back as they were."""

    def __init__(
        self,
        forward: Forward,
        bench: ResourceBench,
        shelf: ResourceShelf,
        planned: PlannedMapping,
        written: list[Written],
        beside: Beside,
        issues: Issues,
    ) -> None:
        self.forward = forward
        self.bench = bench
        self.shelf = shelf
        self.planned = planned
        self.written = written
        self.beside = beside
        self.issues = issues
        self.systems = forward.systems
        self.domain = planned.mapping.domain
        self.held = Held(forward.plan, shelf)

    def run(self) -> None:
        """Read back and keep differences until there are none."""
        memory: Readings = {}
        for _ in range(ROUNDS):
            found = self.forward.rows(
                self.planned,
                self.shelf,
                self.beside.datasets,
                self.beside.records,
                self.beside.declared,
                memory,
            )
            changed = self._rows(found)
            if changed and (any(w.back is None for w in self.written) or any(f.filled for f in found)):
                continue  # the order of rows kept whole, and of null flavors, is seen in the next round
            if not self._order(self._settled(found) if changed else found) and not changed:
                return
        message = f"some rows of {self.domain} do not come back as they were"
        place = self.planned.mapping.place
        self.issues.add(Issue("IX-LAW-001", "error", place, message, "report this with the mapping file"))

    def _rows(self, found: list[Found]) -> bool:
        """Keep what differs between the rows written and the rows found; False where nothing does."""
        read = {f.spot: f for f in found if f.source is not None and not f.filled}
        changed = False
        for one in self.written:
            one.back = read.pop(one.spot, None)
            if one.back is not None:
                changed |= self._cells(one, one.back)
        for extra in read.values():
            self._keep_at(extra, Kept(absent=True))
            changed = True
        return self._whole([f for f in found if f.filled]) or changed

    def _cells(self, one: Written, back: Found) -> bool:
        if back.row == one.row:
            return False
        cells = {k: v for k, v in one.row.items() if back.row.get(k) != v}
        blanks = {k for k in back.row if k not in one.row}
        one.kept.cells |= cells
        one.kept.blanks |= blanks
        self._keep_at(back, one.kept)
        return True

    def _keep_at(self, back: Found, kept: Kept) -> None:
        if back.source is not None:
            keep_cells(back.levels[-1], self.systems["cells"], back.source.name, kept)

    def _whole(self, filled: list[Found]) -> bool:
        """Keep rows that no element took at their study, but for null flavors that come by themselves."""
        loose = [w for w in self.written if w.back is None and not w.lost]
        if first := [w for w in loose if not w.whole and not self._is_null(w)]:
            for one in first:  # null flavors may depend on these, so they are decided on in the next round
                one.whole = True
            self._keep_whole()
            return True
        fills = [f.row for f in filled]
        changed = False
        if all(any(w.row == row for w in loose) for row in fills):
            own = {id(w) for row in fills for w in [next(w for w in loose if w.row == row)]}
        else:
            own = set()
            for study in self.bench.studies():
                keep_cells(study, self.systems["cells"], fill_name(self.planned.mapping), Kept(absent=True))
            changed = True
        for one in loose:
            one.filled = id(one) in own
            if one.whole == one.filled:
                one.whole = not one.filled
                changed = True
        if changed:
            self._keep_whole()
        return changed

    def _is_null(self, one: Written) -> bool:
        params = self.planned.mapping.params
        return params is not None and params.null in one.row

    def _keep_whole(self) -> None:
        by_study: dict[int, list[Kept]] = {}
        for one in self.written:
            if not one.whole:
                continue
            study = self.bench.keeper(one.row)
            if study is None:
                place = Place(record=f"{self.domain} row {one.position + 1}", field="STUDYID")
                message = "a row without STUDYID has no study to stay with, and is left out"
                self.issues.add(Issue("IX-KEY-001", "error", place, message, "fill in STUDYID"))
                one.whole, one.lost = False, True
                continue
            if not any(study is other for other in self.shelf.types.get(study["resourceType"], ())):
                self.shelf.add(study)
            by_study.setdefault(id(study), []).append(Kept(dict(one.row), order=one.kept.order))
        for study in self.bench.studies():
            keep_rows(study, self.systems["row"], self.domain, by_study.get(id(study), []))

    def _settled(self, found: list[Found]) -> list[Found]:
        """The rows found as they will come back now, in the order that they will have."""
        rows = {w.spot: w.row for w in self.written if w.back is not None}
        own = [
            f if f.source is None or f.filled else replace(f, row=rows[f.spot]) for f in found if self._stays(f, rows)
        ]
        return in_order(own, self.planned.mapping.order)

    def _stays(self, one: Found, rows: dict[tuple[str, int], Row]) -> bool:
        return one.source is None or one.filled or one.spot in rows

    def _order(self, found: list[Found]) -> bool:
        """Number the rows where their natural order is not the dataset's; False where it is."""
        there = [w for w in self.written if not w.lost]
        if [f.row for f in found] == [w.row for w in there] or all(w.kept.order is not None for w in there):
            return False
        if any(w.filled for w in there):
            for study in self.bench.studies():
                keep_cells(study, self.systems["cells"], fill_name(self.planned.mapping), Kept(absent=True))
        for i, one in enumerate(there):
            one.kept.order = i
            if one.back is not None:
                self._keep_at(one.back, one.kept)
        self._keep_whole()
        return True

    def tallies(self) -> dict[str, Tally]:
        """How the cells of each variable are held, in the order of first use."""
        tallies: dict[str, Tally] = {}
        alike: dict[tuple[Any, ...], _Alike] = {}
        for one in self.written:
            if one.lost:
                continue
            own = frozenset(one.kept.cells) if one.kept.cells else None
            native = None if one.back is None else one.back.native
            key = (tuple(one.row), id(one.source), one.whole, one.filled, own, native)
            found = alike.get(key)
            if found is None:
                found = alike[key] = self._alike(one)
                for variable in one.row:
                    tallies.setdefault(variable, Tally())
            found.count += 1
            if found.asked:
                self._ask(found, one, tallies)
        for found in alike.values():
            for variable, kind in found.kinds.items():
                tallies[variable].add(kind, found.count)
        return tallies

    def _ask(self, alike: _Alike, one: Written, tallies: dict[str, Tally]) -> None:
        """Count the cells of a row of which each row says how they are held."""
        row = one.row
        for variable in self.planned.mapping.long:
            row = join_long(row, variable)
        for variable, named in alike.asked.items():
            if one.source is not None:
                tallies[variable].add(self.held.kind(one.source, one.levels, row, named), 1)

    def _alike(self, one: Written) -> _Alike:
        """How the cells of a row are held, and those of all that are like it."""
        alike = _Alike()
        for variable in one.row:
            if one.whole:
                alike.kinds[variable] = "residual"
            elif one.filled or one.back is None or one.source is None:
                alike.kinds[variable] = "derived"
            elif variable in one.kept.cells:
                alike.kinds[variable] = "residual"
            else:
                base = variable.rstrip("0123456789")
                named = base if base in self.planned.mapping.long and base in one.back.native else variable
                kind = self.held.always(one.source, named) if named in one.back.native else "derived"
                if kind is None:
                    alike.asked[variable] = named
                else:
                    alike.kinds[variable] = kind
        return alike
