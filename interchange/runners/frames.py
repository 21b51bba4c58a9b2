"""The rows of a partition as tables with the same columns for every partition, as distributed engines need them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from interchange.engine.longtext import join_long
from interchange.issues import Issue, Issues, Place
from interchange.runners.assemble import qualifiers_of, to_datasets
from interchange.runners.runfile import keyed_rows
from interchange.sdtm.dataset import is_number
from interchange.sdtm.standard import shape, standard
from interchange.sdtm.suppqual import VARIABLES as SUPP_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa

    from interchange.engine.declared import Declared
    from interchange.engine.ops import Row
    from interchange.engine.plan import Plan, PlannedMapping
    from interchange.runners.parts import Part
    from interchange.sdtm.dataset import Dataset, Variable


@dataclass(frozen=True, slots=True)
class Table:
    """A dataset with the variables that it may have, in the guide's order."""

    name: str
    label: str
    variables: tuple[Variable, ...]

    def schema(self) -> pa.Schema:
        """Return its columns: Char as string, Num as float64; each has its label as metadata."""
        import pyarrow as pa

        types = {"Char": pa.string(), "Num": pa.float64()}
        return pa.schema(
            [pa.field(v.name, types[v.type], metadata={"label": v.label}) for v in self.variables],
            metadata={"name": self.name, "label": self.label},
        )

    def batch(self, rows: Sequence[Row], issues: Issues) -> pa.RecordBatch:
        """Return rows as a batch of the schema; a cell that the columns cannot hold is null, and an issue."""
        import pyarrow as pa

        names = {v.name for v in self.variables}
        columns: list[list[str | None] | list[float | None]] = []
        for name in sorted({name for row in rows for name in row} - names):
            issues.extend(self._left_out(name, "the frame has no such column") for row in rows if name in row)
        for variable in self.variables:
            texts = [row.get(variable.name) for row in rows]
            if variable.type == "Char":
                columns.append(texts)
                continue
            numbers = [None if text is None or not is_number(text) else float(text) for text in texts]
            bad = sum(t is not None and n is None for t, n in zip(texts, numbers, strict=True))
            issues.extend(self._left_out(variable.name, "not a number in a Num variable") for _ in range(bad))
            columns.append(numbers)
        schema = self.schema()
        arrays = [pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _left_out(self, variable: str, message: str) -> Issue:
        place = Place(record=self.name, field=variable)
        return Issue("IX-RUN-007", "error", place, f"{message}; the cell is null", "to_sdtm has it in a dataset")


def tables_of(plan: Plan, declared: Declared) -> dict[str, Table]:
    """Return the tables of a plan by name: a domain's with all variables of the guide, its mapping, its declaration."""
    tables: dict[str, Table] = {}
    for domain, planned in plan.mappings.items():
        spec = standard(plan.project.settings["sdtmig"]).dataset(domain)
        before = declared.datasets.get(domain)
        given = [v.name for v in before.variables] if before else [v.name for v in spec.variables] if spec else []
        names = dict.fromkeys([*given, *_variables(planned)])
        joined = declared.joins.get(domain)
        own = {v.name for v in before.variables} if before else set()
        qualifiers = {v.qnam for v in qualifiers_of(planned.mapping, joined, set(names) - own)}
        row = {name: "" for name in names if name not in qualifiers}
        label = before.label if before else spec.label if spec else domain
        tables[domain] = Table(domain, label, tuple(shape([row], spec, before.variables if before else None)))
        if qualifiers or joined:
            supp = joined.supp if joined else None
            name = supp.name if supp else f"SUPP{domain}"
            about = supp.label if supp else f"Supplemental Qualifiers for {domain}"
            tables[name] = Table(name, about, tuple(supp.variables if supp else SUPP_VARIABLES))
    return tables


def _variables(planned: PlannedMapping) -> Iterator[str]:
    """The variables that the rules of a mapping give."""
    mapping = planned.mapping
    params = mapping.params
    if params is not None:
        yield from (name for name in (params.code, params.label, params.value, params.ordinal, params.null) if name)
    for source in mapping.sources:
        yield from source.given
        for rule in source.rules:
            yield from (name for name in rule.variables if name not in mapping.dropped)


def shared_datasets(plan: Plan, rows: dict[str, list[Row]], declared: Declared) -> Iterator[Dataset]:
    """Yield the datasets of rows that belong to no partition, and of qualifiers that belong to no row."""
    joins = {domain: replace(joined, order=()) for domain, joined in declared.joins.items()}
    yield from _datasets(plan, rows, replace(declared, joins=joins))


def part_datasets(plan: Plan, part: Part, declared: Declared) -> Iterator[Dataset]:
    """Yield the datasets of a part's rows."""
    rows = {domain: [row for _, row in keyed_rows(path)] for domain, path in part.runs.items()}
    joins = {domain: replace(joined, order=(), leftovers=[]) for domain, joined in declared.joins.items()}
    yield from _datasets(plan, rows, replace(declared, joins=joins))


def _datasets(plan: Plan, rows: dict[str, list[Row]], declared: Declared) -> Iterator[Dataset]:
    for domain, planned in plan.mappings.items():
        if own := rows.get(domain):
            yield from to_datasets(plan, planned.mapping, _whole(own, planned.mapping.long), declared)
        elif domain in declared.joins and declared.joins[domain].leftovers:
            yield replace(declared.joins[domain].supp, rows=declared.joins[domain].leftovers)


def _whole(rows: Iterable[Row], long: Sequence[str]) -> list[Row]:
    """Rows whose long texts stand in one variable: a frame has no limit of 200 bytes."""
    whole = []
    for row in rows:
        for variable in long:
            row = join_long(row, variable)  # noqa: PLW2901
        whole.append(row)
    return whole
