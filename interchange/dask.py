"""FHIR to SDTM on Dask's own collections: a DataFrame or bag of resources in, a DataFrame a dataset out.

frames = to_sdtm_frames(dask.bag.read_text("export/*.ndjson"), fhir_version="R4")
frames["LB"].to_parquet("sdtm/lb")
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from interchange.fhir.elements import RELEASES, Release
from interchange.fhir.read import Reader, Unjudged
from interchange.intake import unknown_release
from interchange.issues import Issues, SourceError
from interchange.mapping.load import project_of
from interchange.partitions import ISSUES, RESOURCE, conversion_of
from interchange.runners.partition import PATIENT, Placed, decode_record, encode_record, other_names, subject_key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

    from interchange.partitions import Conversion
    from interchange.runners.engines import Engine

SUBJECT, RECORD = "subject", "record"
# Positions of records: the number of the partition, then that within it.
_WITHIN = 32


class SdtmFrames(Mapping[str, Any]):
    """Datasets as Dask DataFrames by name, made when they are asked for; ``issues`` is what is wrong, one a row.

    All that a run may give are here, also those that have no row. Several are computed together with
    ``dask.compute(frames["DM"], frames["LB"])``, which converts each partition once for all of them.
    """

    def __init__(self, conversion: Conversion, partitions: Sequence[Any]) -> None:
        self.conversion = conversion
        self._partitions = partitions

    def __getitem__(self, name: str) -> Any:
        """The dataset of a name, a ``dask.dataframe.DataFrame``; KeyError for one that no mapping gives."""
        if name not in self.conversion.tables:
            raise KeyError(name)
        return self._frame(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.conversion.tables)

    def __len__(self) -> int:
        return len(self.conversion.tables)

    @property
    def issues(self) -> Any:
        """What is wrong with the resources: severity, code, place, message and hint."""
        return self._frame(ISSUES)

    def _frame(self, name: str) -> Any:
        import dask.dataframe as dd
        from dask import delayed

        shared, schema = self.conversion.shared(name), self.conversion.schema(name)
        first = delayed(_to_pandas, pure=True)(shared)
        own = [delayed(_pick, pure=True)(made, name, schema) for made in self._partitions]
        meta = _to_pandas(schema.empty_table())
        return dd.from_delayed([first, *own], meta=meta, prefix=f"sdtm-{name}", verify_meta=False)


def to_sdtm_frames(
    resources: Any,
    *,
    fhir_version: Release,
    npartitions: int | None = None,
    sdtmig: str | None = None,
    mappings: Path | str | None = None,
    study: Path | str | None = None,
    ct: Path | str | Sequence[Path | str] | None = None,
    engine: Engine = "compiled",
) -> SdtmFrames:
    """Return the SDTM datasets of a Dask DataFrame or bag of FHIR resources, as Dask DataFrames by name.

    A DataFrame has JSON texts in its column ``resource``, or else in its first one; a bag has JSON texts, dicts or
    models. The release has to be said. The other options are those of `interchange.to_sdtm`.

    One pass over the resources runs at once: it collects what belongs to no subject (studies, organizations, plans),
    which decides what datasets there are and goes to all partitions. The rest is lazy: resources are shuffled by
    subject into ``npartitions`` (else as many as there were), which are converted one by one.

        frames = to_sdtm_frames(dask.bag.read_text("export/*.ndjson"), fhir_version="R4")
        frames["LB"].to_parquet("sdtm/lb")

    The frames have the variables of the guide and the mapping: Char as ``string[pyarrow]``, Num as float64, long texts
    whole in their variable. The first partition has the rows that belong to no subject; rows are in the dataset's order
    within a partition. SourceError for an unknown release, MappingError where a mapping is broken.
    """
    import dask
    import dask.dataframe as dd
    from dask import delayed

    if fhir_version not in RELEASES:
        raise SourceError(unknown_release(fhir_version))
    parts = resources.to_delayed()
    gathered: Sequence[_Gathered] = dask.compute(
        *(delayed(_gather, pure=True)(part, at, fhir_version) for at, part in enumerate(parts))
    )
    issues = Issues()
    for one in gathered:
        issues.merge(one.issues)
    shared = [decode_record(line) for one in gathered for line in one.shared]
    conversion = conversion_of(shared, issues, fhir_version, project_of(mappings, study, sdtmig, ct), engine)
    loose = set[str]().union(*(one.loose for one in gathered))
    names = {name: key for one in reversed(gathered) for name, key in one.names.items() if name in loose}
    keyed = dd.from_delayed(
        [delayed(_keyed, pure=True)(part, at, fhir_version, names) for at, part in enumerate(parts)],
        meta=_keyed([], 0, fhir_version, {}),
        prefix="fhir",
        verify_meta=False,
    )
    shuffled = keyed.shuffle(on=SUBJECT, npartitions=npartitions or max(1, len(parts)))
    planned = delayed(conversion, pure=True, name=f"conversion-{conversion.job.token}")
    return SdtmFrames(conversion, [delayed(_converted, pure=True)(planned, part) for part in shuffled.to_delayed()])


@dataclass(slots=True)
class _Gathered:
    """What a partition has that all need: records of no subject, names of Patients, and what calls them otherwise."""

    shared: list[bytes] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    loose: set[str] = field(default_factory=set)
    issues: Issues = field(default_factory=Issues)


def _read(part: Any, number: int, release: Release, issues: Issues) -> Iterator[Placed]:
    """The records of a partition of the collection that came."""
    if hasattr(part, "columns"):
        part = part[RESOURCE if RESOURCE in part.columns else part.columns[0]]
    for at, record in enumerate(Reader(list(part), issues, release, Unjudged(), heads=True)):
        yield Placed(record, (number << _WITHIN) + at)


def _gather(part: Any, number: int, release: Release) -> _Gathered:
    made = _Gathered()
    for placed in _read(part, number, release, made.issues):
        resource = placed.record.resource
        key = subject_key(resource)
        if key is None:
            made.shared.append(encode_record(placed))
        elif resource["resourceType"] == PATIENT:
            for name in other_names(resource, placed.record.full_url):
                made.names.setdefault(name, key)
        elif not key.startswith(f"{PATIENT}/"):
            made.loose.add(key)
    return made


def _keyed(part: Any, number: int, release: Release, names: Mapping[str, str]) -> pd.DataFrame:
    """The records of subjects as lines, with the subject's key."""
    import pandas as pd

    subjects, lines = [], []
    for placed in _read(part, number, release, Issues()):
        key = subject_key(placed.record.resource)
        if key is not None:
            subjects.append(names.get(key, key))
            lines.append(encode_record(placed).decode())
    texts = {SUBJECT: subjects, RECORD: lines}
    return pd.DataFrame({name: pd.array(column, dtype="string[pyarrow]") for name, column in texts.items()})


def _converted(conversion: Conversion, part: pd.DataFrame) -> dict[str, pa.RecordBatch]:
    """The datasets of a partition of whole subjects."""
    placed = [decode_record(line.encode()) for line in part[RECORD]]
    made = conversion.convert(placed, Issues())
    return {name: batch for name, batch in made.items() if batch.num_rows}


def _pick(made: Mapping[str, pa.RecordBatch], name: str, schema: pa.Schema) -> pd.DataFrame:
    """A partition's rows of one dataset."""
    import pyarrow as pa

    return _to_pandas(pa.Table.from_batches([made[name]] if name in made else [], schema))


def _to_pandas(table: pa.Table) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    text = pd.StringDtype("pyarrow")
    return table.to_pandas(types_mapper=lambda kind: text if kind == pa.string() else None)
