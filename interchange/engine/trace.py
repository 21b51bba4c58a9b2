"""Traces: from a cell of a dataset back to the element, the rule and the other cells that it was made of.

The rows are those of a conversion run again; `interchange.engine.witness` reads the row in question once more, way by
way.
"""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING

from interchange.engine.longtext import join_long
from interchange.engine.reading import Reading, computed, said_by
from interchange.engine.records import RELATION
from interchange.engine.residual import place_of_cell, places_of_rows
from interchange.engine.spots import Spot
from interchange.engine.traced import CellTrace, Element, Trace, rule_used
from interchange.engine.uses import Uses, uses_of
from interchange.issues import Issue, Place, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from interchange.engine.forward import Forward, Found
    from interchange.engine.ops import Row
    from interchange.engine.shelf import ResourceShelf
    from interchange.engine.traced import Kind
    from interchange.fhir.read import Record
    from interchange.sdtm.dataset import Dataset

    Above = frozenset[tuple[str, int, str]]

SUPP = "SUPP"
DEPTH = 6  # of cells that are derived of derived ones
NOTHING = "nothing gives it a value here"
KEPT = "when SDTM was converted to FHIR"


class Tracer:
    """Traces of the rows that a conversion found: ``found`` by domain, and the ``datasets`` made of them."""

    def __init__(
        self,
        forward: Forward,
        shelf: ResourceShelf,
        found: Mapping[str, list[Found]],
        datasets: Iterable[Dataset],
        records: Iterable[Record],
        path_of: Callable[[str], str] = str,
    ) -> None:
        self.forward = forward
        self.plan = forward.plan
        self.shelf = shelf
        self.found = found
        self.datasets: Mapping[str, Dataset] = {dataset.name: dataset for dataset in datasets}
        self.reading = Reading(shelf, records, path_of)
        self._rows: dict[tuple[str, str], list[Row]] = {}
        self._others = {name: [f.row for f in own] for name, own in found.items()}

    def trace(self, dataset: str, row: int, variable: str = "") -> Trace:
        """Return the trace of a row, counted from 1, or of one cell of it; SourceError where there is none such."""
        name = _known(dataset.upper(), self.datasets, "there is no dataset")
        count = len(self.datasets[name].rows)
        if not 1 <= row <= count:
            raise _unknown(f"{name} has no row {row}", f"its rows are 1 to {count}" if count else "it is empty")
        wanted = [v.name for v in self.datasets[name].variables]
        if variable:
            more = self.found[name][row - 1].row if name in self.found else {}
            wanted = [_known(variable.upper(), [*wanted, *more], f"{name} has no variable")]
        else:
            wanted = [v for v in wanted if v in self._row(name, row - 1)]
        cell = self._cell if name in self.found else self._qualifier
        return Trace(name, row, tuple(cell(name, row - 1, v) for v in wanted))

    def _row(self, name: str, at: int) -> Row:
        return next(islice(self.datasets[name].rows, at, None))

    def _cell(self, domain: str, at: int, variable: str, above: Above = frozenset()) -> CellTrace:
        """The trace of a cell of a domain's row; ``above`` are the cells that it is used for."""
        one = self.found[domain][at]
        cell = CellTrace(domain, at + 1, variable, one.row.get(variable), "blank", NOTHING)
        if variable not in one.row:
            return _blank(cell, one)
        if one.source is None:
            return self._whole(cell, one)
        if variable in one.kept:
            return self._kept(cell, one, one.source.name)
        if one.filled and (null := self._null(cell, one)) is not None:
            return null
        witnesses = self.reading.witnesses(one)
        if variable in witnesses:
            return self.reading.cell(cell, witnesses[variable], one.row)
        base = variable.rstrip("0123456789")
        if base != variable and base in self.plan.mappings[domain].mapping.long and base in one.row:
            whole = self._cell(domain, at, base, above)
            says = f"{whole.says}; piece {int(variable.removeprefix(base)) + 1} of a text longer than {base} can be"
            return replace(whole, variable=variable, value=cell.value, says=says)
        if one.source.source.about and variable in one.native:
            return self._record(cell, one, above)
        return self._derived(cell, one, above | {(domain, at, variable)})

    def _record(self, cell: CellTrace, one: Found, above: Above) -> CellTrace:
        """A cell that names the row that a resource became: in a comment, or a relation between records."""
        domain, idvar = one.row.get("RDOMAIN", ""), one.row.get("IDVAR", "")
        own = {"RDOMAIN": "DOMAIN", "IDVAR": idvar, "IDVARVAL": idvar}.get(cell.variable, cell.variable)
        same = {"USUBJID": one.row.get("USUBJID"), idvar: one.row.get("IDVARVAL")}
        rows = self.found.get(domain, ())
        at = next((i for i, f in enumerate(rows) if all(not v or f.row.get(v) == text for v, text in same.items())), -1)
        uses = (self._cell(domain, at, own, above),) if at >= 0 and own in rows[at].row else ()
        source = one.source.source if one.source else None
        rules = (rule_used(source.place, f"{source.name}: about {source.about}"),) if source else ()
        reference = self.reading.element(self.reading.levels(one)[-1])
        through = (reference,) if source and source.about == RELATION else ()
        says = f"names the {domain} row that the resource became"
        if not uses:
            says = "counts the relations of the subject, each a reference from one record to another"
        return replace(cell, kind="derived", says=says, through=through, rules=rules, uses=uses)

    def _kept(self, cell: CellTrace, one: Found, source: str) -> CellTrace:
        """A cell that a conversion to FHIR kept beside what FHIR could hold."""
        spot = self.reading.levels(one)[-1]
        found = place_of_cell(spot.value, self.forward.systems["cells"], source, cell.variable)
        elements = () if found is None else (self.reading.element(spot.inside(found)),)
        says = f"FHIR has no element for this text: it was kept in an extension {KEPT}"
        return replace(cell, kind="kept", says=says, elements=elements)

    def _whole(self, cell: CellTrace, one: Found) -> CellTrace:
        """A cell of a row that a conversion to FHIR kept whole."""
        places = places_of_rows(one.resource, self.forward.systems["row"], cell.dataset)
        same = [path for kept, path in places if kept.order == one.order and one.row.items() <= kept.cells.items()]
        rows = self.found[cell.dataset][: cell.row - 1]
        alike = sum(f.source is None and f.row == one.row and f.order == one.order for f in rows)
        spot = Spot(one.resource, one.resource).inside(same[min(alike, len(same) - 1)])
        inner = [i for i, part in enumerate(spot.value["extension"]) if part.get("url") == cell.variable]
        says = f"FHIR has no element for this row: it was kept whole in an extension {KEPT}"
        elements = (self.reading.element(spot.inside(("extension", i, "valueString"))) for i in inner[-1:])
        return replace(cell, kind="kept", says=says, elements=tuple(elements))

    def _null(self, cell: CellTrace, one: Found) -> CellTrace | None:
        """A cell of a row that says that nothing is known of a parameter; nothing for what is read or derived."""
        params = self.plan.mappings[cell.dataset].mapping.params
        if params is None or cell.variable not in (params.code, params.label, params.null):
            return None
        code = one.row[params.code]
        rows = self.found[cell.dataset]
        known = {f.row.get(params.code, ""): i for i, f in enumerate(rows) if f.resource is one.resource}
        null = next(n for n in params.nulls[code] if n.flavor == one.row[params.null])
        when = " and ".join(map(str, null.when))
        text = f"{code}: null {null.flavor}" + (f", when {when}" if when else "")
        uses = (self._cell(cell.dataset, known[t.variable], params.value) for t in null.when if t.variable in known)
        says = f"nothing is known of parameter {code}, and the mapping wants it: its null flavor says why"
        return replace(cell, kind="null flavor", says=says, rules=(rule_used(null.place, text),), uses=tuple(uses))

    def _derived(self, cell: CellTrace, one: Found, above: Above) -> CellTrace:
        """A cell that no rule read: the first derivation of its rule that gives its value, with the cells it needs."""
        domain, at = cell.dataset, cell.row - 1
        rules = one.source.source.rules if one.source else ()
        rule = next((r for r in rules if r.variables[0] == cell.variable and r.derive), None)
        if rule is None or cell.value is None or len(above) > DEPTH:
            return computed(cell, rule, 0, ())
        rows = self._before(domain, cell.variable)
        tried = (uses_of(c, cell.variable, rows, at, self.forward.known, self._others, cell.value) for c in rule.derive)
        # nothing, where what it was computed from is not what the dataset has now
        number, needs = next(((i, found) for i, found in enumerate(tried) if found is not None), (0, Uses([])))
        cells = [(need.dataset or domain, need.row, need.variable) for need in needs.cells]
        uses = [self._used(each, (domain, at), above) for each in cells if each not in above]
        traced = computed(cell, rule, number, uses)
        return traced if needs.complete else replace(traced, says=f"{traced.says} Needs many other rows as well")

    def _used(self, each: tuple[str, int, str], own: tuple[str, int], above: Above) -> CellTrace:
        """A cell that was used: one of the row itself or another dataset in full, one of another row by name."""
        domain, at, variable = each
        if domain != own[0] or at == own[1]:
            return self._cell(domain, at, variable, above)
        one = self.found[domain][at]
        kind: Kind = "kept" if variable in one.kept else "native" if variable in one.native else "derived"
        return CellTrace(domain, at + 1, variable, one.row[variable], kind, "has a trace of its own")

    def _before(self, domain: str, variable: str) -> list[Row]:
        """The rows of a domain without the values of a variable that were derived, long texts whole."""
        if (domain, variable) not in self._rows:
            long = self.plan.mappings[domain].mapping.long
            rows = self._rows[domain, variable] = []
            for one in self.found[domain]:
                row = dict(one.row)
                if variable not in one.native and variable not in one.kept:
                    row.pop(variable, None)
                for name in long:
                    row = join_long(row, name)
                rows.append(row)
        return self._rows[domain, variable]

    def _qualifier(self, name: str, at: int, variable: str) -> CellTrace:
        """The trace of a cell of a supplemental dataset: that of the parent row's variable."""
        row = self._row(name, at)
        cell = CellTrace(name, at + 1, variable, row.get(variable), "blank", NOTHING)
        if variable not in row:
            return cell
        domain, qualifier = name.removeprefix(SUPP), row.get("QNAM", "")
        parent = self._parent(domain, row)
        if parent is None:
            says = f"no row of its parent has this qualifier: the row was kept whole {KEPT}"
            return replace(cell, kind="kept", says=says, elements=self._declared(name))
        supp = self.plan.mappings[domain].mapping.supp.get(qualifier)
        rules = (rule_used(supp.place, f"supp: {qualifier}: {supp.label}"),) if supp else ()
        own = {"QVAL": qualifier, "RDOMAIN": "DOMAIN", "IDVARVAL": row.get("IDVAR", "")}.get(variable, variable)
        if own in self.found[domain][parent].row:
            uses = (self._cell(domain, parent, own),)
            says = f"{own} of the {domain} row that it is a qualifier of"
            return replace(cell, kind="supplemental", says=says, rules=rules, uses=uses)
        if supp:
            return replace(cell, kind="constant", says=f"the mapping says it of every {qualifier}", rules=rules)
        says = f"the package said it of every {qualifier} {KEPT}"
        return replace(cell, kind="kept", says=says, elements=self._declared(name))

    def _declared(self, name: str) -> tuple[Element, ...]:
        """The attachment that declares a dataset, where a package was converted to FHIR."""
        found = (
            Spot(library, library).inside(("content", i))
            for library in self.shelf.of("Library")
            for i, content in enumerate(library.get("content", ()))
            if content.get("title") == name
        )
        return tuple(self.reading.element(replace(spot, value=None)) for spot in islice(found, 1))

    def _parent(self, domain: str, row: Row) -> int | None:
        """The place of the row that a qualifier is of."""
        return next((at for at, one in enumerate(self.found.get(domain, ())) if is_parent(one.row, row)), None)


def is_parent(row: Row, supp: Row) -> bool:
    """Whether a row, qualifiers and all, is the one that a row of its supplemental dataset is of."""
    idvar = supp.get("IDVAR", "")
    return (
        row.get(supp.get("QNAM", "")) == supp.get("QVAL", "")
        and all(row.get(v, "") == supp.get(v, "") for v in ("STUDYID", "USUBJID"))
        and (not idvar or row.get(idvar, "") == supp.get("IDVARVAL", "").strip())
    )


def _blank(cell: CellTrace, one: Found) -> CellTrace:
    if cell.variable in (one.blanks or ()):
        return replace(cell, kind="blank", says=f"it was blank {KEPT}, and that is kept")
    rules = [said_by(rule) for rule in (one.source.rules if one.source else ()) if cell.variable in rule.variables]
    says = "none of its rules gives a value here" if rules else "it has no rule here"
    return replace(cell, kind="blank", says=says, rules=tuple(rules))


def _known(name: str, known: Iterable[str], what: str) -> str:
    names = list(dict.fromkeys(known))
    if name in names:
        return name
    near = get_close_matches(name, names, 1, 0.5)
    raise _unknown(f"{what} {name}", f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}")


def _unknown(message: str, hint: str) -> SourceError:
    return SourceError(Issue("IX-TRACE-001", "error", Place(), message, hint))
