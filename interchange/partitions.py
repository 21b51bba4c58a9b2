"""A conversion to SDTM as a function from partitions to partitions, for engines that have the data already.

A partition is an iterator of Arrow batches with a FHIR resource a row, whole for its subjects: shuffle by `subject_of`.
What belongs to no subject (studies, organizations, plans) is given to `plan_conversion` beforehand, and goes along.

    conversion = plan_conversion(shared, fhir_version="R4")
    by_subject.mapInArrow(partial(conversion.rows, "VS"), schema)   # in Spark: the rows of each partition
    conversion.shared("TS")                                         # the rows that belong to no subject
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interchange.fhir.elements import RELEASES, Release
from interchange.fhir.read import Reader, Unjudged
from interchange.intake import unknown_release
from interchange.issues import Issue, Issues, Place, SourceError
from interchange.mapping.load import project_of
from interchange.runners.adapted import adapt_to_resources
from interchange.runners.frames import Table, part_datasets, shared_datasets, tables_of
from interchange.runners.packed import converted, pack_job, ready_bench
from interchange.runners.partition import Placed, encode_record, subject_key
from interchange.runners.stream import Job

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa

    from interchange.mapping.model import Project
    from interchange.runners.engines import Engine
    from interchange.runners.packed import PackedJob

RESOURCE, POSITION = "resource", "position"
ISSUES = "issues"
COLUMNS = ("severity", "code", "place", "message", "hint")
# Rows of a batch that comes out.
BATCH = 10_000


def subject_of(resource: str | bytes) -> str | None:
    """Return what to shuffle a FHIR resource (JSON text) by; None for one of no subject, and for what cannot be read.

    It is the reference to its Patient as the resource has it: references by identifier or URN have to be made
    ``Patient/id`` before.

    >>> subject_of('{"resourceType": "Condition", "subject": {"reference": "Patient/1"}}')
    'Patient/1'
    """
    return next((subject_key(record.resource) for record in Reader([resource], Issues())), None)


def plan_conversion(
    shared: Iterable[Any] = (),
    *,
    fhir_version: Release,
    sdtmig: str | None = None,
    mappings: Path | str | None = None,
    study: Path | str | None = None,
    ct: Path | str | Sequence[Path | str] | None = None,
    engine: Engine = "compiled",
) -> Conversion:
    """Return a conversion of partitions; ``shared`` are the resources of no subject: JSON texts, dicts or models.

    The other options are those of `interchange.to_sdtm`. SourceError for an unknown release, MappingError where a
    mapping is broken.
    """
    if fhir_version not in RELEASES:
        raise SourceError(unknown_release(fhir_version))
    issues = Issues()
    placed = [Placed(record, at) for at, record in enumerate(Reader(list(shared), issues, fhir_version, Unjudged()))]
    return conversion_of(placed, issues, fhir_version, project_of(mappings, study, sdtmig, ct), engine)


def conversion_of(
    shared: Sequence[Placed], issues: Issues, release: Release, project: Project, engine: Engine
) -> Conversion:
    """Return the conversion of a project beside shared records; ``issues`` are those of reading them."""
    adapted = adapt_to_resources(project, (placed.record.resource for placed in shared))
    job = pack_job(Job(adapted, release, engine, Path(), shared, ledger=False))
    converter = ready_bench(job).converter
    issues.merge(converter.first.issues)
    converter.first.remarks.report(converter.engines.plan, issues)
    return Conversion(job, release, tables_of(converter.engines.plan, converter.declared), tuple(issues))


@dataclass(frozen=True, slots=True)
class Conversion:
    """A conversion for any process: it can be pickled, and needs no file of the machine that planned it.

    ``tables`` are the datasets that it can give, with their columns, in the order of the mappings; ``found`` are the
    issues of what is shared.
    """

    job: PackedJob
    release: Release
    tables: dict[str, Table]
    found: tuple[Issue, ...] = ()

    def schema(self, dataset: str) -> pa.Schema:
        """Return the columns of a dataset: Char as string, Num as float64; SourceError for one that is not known.

        They are the variables that the guide and the mapping have, the same for all partitions. ``issues`` is known as
        well: it has the columns of issues.csv.
        """
        import pyarrow as pa

        if dataset == ISSUES:
            return pa.schema([(name, pa.string()) for name in COLUMNS])
        return self._table(dataset).schema()

    def shared(self, dataset: str) -> pa.Table:
        """Return the rows of a dataset that belong to no subject, such as those of TS; none for most."""
        import pyarrow as pa

        issues = Issues()
        issues.extend(self.found)
        bench = ready_bench(self.job)
        with bench.lock:
            converter = bench.converter
            made = shared_datasets(converter.engines.plan, converter.rows, converter.declared)
            batches = {each.name: self.tables[each.name].batch(list(each.rows), issues) for each in made}
        batches[ISSUES] = self._told(issues)
        return pa.Table.from_batches([batches[dataset]] if dataset in batches else [], self.schema(dataset))

    def rows(self, dataset: str, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a dataset that the resources of a partition become, in the dataset's order.

        The resources are JSON texts in the column ``resource``, or else in the first one. A column ``position`` (whole
        numbers) says in which order they came, where a shuffle did not keep it. RunnerError IX-RUN-003 in a process
        that has another version of the package.
        """
        self.schema(dataset)
        issues = Issues()
        made = self.convert(_placed(batches, issues, self.release), issues)
        if dataset in made:
            for start in range(0, made[dataset].num_rows, BATCH):
                yield made[dataset].slice(start, BATCH)

    def convert(self, placed: Sequence[Placed], issues: Issues) -> dict[str, pa.RecordBatch]:
        """Return all that comes of a partition's records, by dataset; ``issues`` are those of reading them.

        The batch ``issues`` has all issues of the partition, one a row.
        """
        made: dict[str, pa.RecordBatch] = {}
        with converted(self.job, "part", b"".join(map(encode_record, placed))) as (converter, part):
            issues.merge(part.issues)
            part.remarks.report(converter.engines.plan, issues)
            for dataset in part_datasets(converter.engines.plan, part, converter.declared):
                made[dataset.name] = self.tables[dataset.name].batch(list(dataset.rows), issues)
        made[ISSUES] = self._told(issues)
        return made

    def _told(self, issues: Issues) -> pa.RecordBatch:
        import pyarrow as pa

        told = [(i.severity, i.code, str(i.place), i.message, i.hint) for i in issues]
        columns = [pa.array([each[at] for each in told], pa.string()) for at in range(len(COLUMNS))]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema(ISSUES))

    def _table(self, dataset: str) -> Table:
        if dataset not in self.tables:
            place = Place(record=dataset)
            hint = f"use one of {', '.join(self.tables)}"
            raise SourceError(Issue("IX-RUN-008", "error", place, "no mapping gives such a dataset", hint))
        return self.tables[dataset]


def _placed(batches: Iterable[pa.RecordBatch], issues: Issues, release: Release) -> list[Placed]:
    """The records of a partition with their positions."""
    texts: list[Any] = []
    positions: list[Any] = []
    for batch in batches:
        names = batch.schema.names
        column = batch.column(names.index(RESOURCE) if RESOURCE in names else 0).to_pylist()
        begin = len(texts)
        texts += column
        given = batch.column(names.index(POSITION)).to_pylist() if POSITION in names else None
        positions += range(begin, len(texts)) if given is None else given
    reader = Reader(texts, issues, release, Unjudged(), heads=True)
    return [Placed(record, positions[(record.place.line or 1) - 1]) for record in reader]
