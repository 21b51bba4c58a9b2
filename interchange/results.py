"""What the conversions give back: datasets or resources with their issues and ledgers, and ``write`` to a folder."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from interchange.fhir.members import copied
from interchange.fhir.validate import DANGLING, check, dangling
from interchange.issues import Issue, Issues, Place, SourceError, TargetError
from interchange.sdtm.formats import FORMATS, write_dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd
    import pyarrow as pa

    from interchange.engine.codelists import Outside
    from interchange.engine.leafwise import LeafTally
    from interchange.engine.ledger import Ledger
    from interchange.engine.remainder.model import Remainder
    from interchange.engine.settle import Tally
    from interchange.engine.traced import Trace, Traces
    from interchange.fhir.elements import Release, Tree
    from interchange.fhir.read import Rejected
    from interchange.mapping.codecs.base import Miss
    from interchange.report.trip import TripSummary
    from interchange.sdtm.dataset import Dataset
    from interchange.trees.remainder import Rest

Resource = dict[str, Any]


@dataclass(slots=True)
class Run:
    """How a result was made: paths of its sources (none for data in memory), options, and how to trace its cells."""

    sources: tuple[str, ...]
    options: dict[str, str | None]
    again: Callable[[], Traces]
    tracer: Traces | None = None


@dataclass(slots=True)
class SdtmResult:
    """Datasets made of FHIR, with what was lost, what was wrong, and what was left out.

    ``ledger`` lists every FHIR leaf that does not come back (None if it was not asked for); ``rejected`` what could
    not be read; ``unmapped`` counts values that a code map does not hold; ``outside`` are values of the datasets that
    the codelist of their variable does not have; ``remainder`` is what SDTM could not hold, if it was asked for, and
    ``rests`` that of registry records and USDM studies.
    """

    datasets: list[Dataset]
    release: Release
    issues: Issues
    ledger: Ledger | None = None
    rejected: list[Rejected] = field(default_factory=list)
    unmapped: Counter[Miss] = field(default_factory=Counter)
    outside: tuple[Outside, ...] = ()
    run: Run | None = field(default=None, repr=False)
    work: object = field(default=None, repr=False)  # what rows on disk lie in, for as long as this is there
    remainder: Remainder | None = field(default=None, repr=False)
    rests: list[Rest] | None = field(default=None, repr=False)

    def __getitem__(self, name: str) -> pd.DataFrame:
        """The dataset of a name as a DataFrame; KeyError where there is none."""
        return self.dataset(name).to_pandas()

    def dataset(self, name: str) -> Dataset:
        """The dataset of a name; KeyError where there is none."""
        for dataset in self.datasets:
            if dataset.name == name:
                return dataset
        raise KeyError(name)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Every dataset as a DataFrame: Char as text, Num as float64."""
        return {d.name: d.to_pandas() for d in self.datasets}

    def tables(self) -> dict[str, pa.Table]:
        """Every dataset as an Arrow table."""
        return {d.name: d.to_arrow() for d in self.datasets}

    def trace(self, dataset: str, row: int, variable: str = "") -> Trace:
        """Where a row's cells come from, or one of them: file, element, rule; rows count from 1.

        The first call converts once more, from the paths or the resources in memory. SourceError where there is no
        such cell.
        """
        if self.run is None:
            raise SourceError(Issue("IX-TRACE-003", "error", Place(), "nothing is known of its source", "use to_sdtm"))
        if self.run.tracer is None:
            self.run.tracer = self.run.again()
        return self.run.tracer.trace(dataset, row, variable)

    def write(self, folder: Path | str, formats: Sequence[str] = ("xpt",), *, encoding: str = "utf-8") -> list[Path]:
        """Write the datasets in each format, and beside them ledger.csv, issues.csv, codes.csv and quarantine.ndjson.

        run.json says what made them, for `interchange trace`; remainder.ndjson is what was kept for `to_fhir`.

        A dataset that a format cannot hold is an issue and is not written in it. Returns the files written.
        """
        from interchange.report.files import (
            write_codes,
            write_issues,
            write_ledger,
            write_quarantine,
            write_remainder,
            write_rests,
        )
        from interchange.report.manifest import describe_run, write_manifest

        target = _folder(folder)
        unknown = [f for f in formats if f not in FORMATS]
        if unknown:
            known = ", ".join(FORMATS)
            raise TargetError(
                Issue("IX-OUT-001", "error", Place(str(folder)), f"no format `{unknown[0]}`", f"use {known}")
            )
        written = []
        for dataset in self.datasets:
            for name in formats:
                path, issues = write_dataset(dataset, target, name, encoding=encoding)
                self.issues.extend(issues)
                if path is not None:
                    written.append(path)
        if self.ledger is not None:
            written.append(write_ledger(self.ledger, target))
        written += write_remainder(self.remainder, target) if self.rests is None else write_rests(self.rests, target)
        written += write_codes(self.outside, self.unmapped, target)
        written += write_quarantine(self.rejected, target)
        written += write_issues(self.issues, target)
        if self.run is not None:
            run = describe_run(self.run.sources, self.release, self.run.options, self.datasets)
            written.append(write_manifest(run, target))
        return written


@dataclass(slots=True)
class FhirResult:
    """Resources made of SDTM, with how each variable's cells are held, what was wrong, and what was left out.

    ``outside`` are values of the datasets that the codelist of their variable does not have. Of registry records and
    USDM studies: ``rejected`` could not be read, ``ledger`` lists every leaf that FHIR does not hold, ``rests`` are
    those leaves, if they were asked for, and ``unmapped`` counts values that a code map does not have.

    Resources as they were ``made`` may share members; `resources` are copies of them, and the caller's to change.
    """

    made: list[Resource] = field(repr=False)
    release: Release
    issues: Issues
    tallies: dict[str, dict[str, Tally]] = field(default_factory=dict)
    lost: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    outside: tuple[Outside, ...] = ()
    rejected: list[Rejected] = field(default_factory=list)
    ledger: Ledger | None = None
    rests: list[Rest] | None = field(default=None, repr=False)
    unmapped: Counter[Miss] = field(default_factory=Counter)
    _own: list[Resource] | None = field(default=None, init=False, repr=False)

    @property
    def resources(self) -> list[Resource]:
        """The resources; none shares anything with another."""
        if self._own is None:
            self._own = copied(self.made)
        return self._own

    @resources.setter
    def resources(self, resources: list[Resource]) -> None:
        self._own = resources

    @property
    def _there(self) -> list[Resource]:
        """The resources as the caller left them, to be read."""
        return self.made if self._own is None else self._own

    def models(self) -> Iterator[Any]:
        """Yield each resource as a model of fhir.resources (R4 as R4B). Decimals and ``+00:00`` change in them."""
        from interchange.fhir.validate import to_model

        for resource in self._there:
            yield to_model(resource, self.release)

    def check(self) -> list[Issue]:
        """What fhir.resources, required bindings and reference targets say against the resources."""
        found = [issue for resource in self._there for issue in check(resource, self.release)]
        return found + dangling(self._there)

    def write(self, folder: Path | str, as_: Literal["ndjson", "bundle"] = "ndjson") -> list[Path]:
        """Write NDJSON by resource type, or one Bundle; beside it issues.csv, codes.csv, quarantine.ndjson (lost rows).

        Of registry records and USDM studies also ledger.csv, and remainder.ndjson if it was asked for. Returns the
        files written.
        """
        from interchange.fhir.write import write_bundle, write_ndjson
        from interchange.report.files import (
            write_codes,
            write_issues,
            write_ledger,
            write_lost,
            write_quarantine,
            write_rests,
        )

        target = _folder(folder)
        if as_ == "bundle":
            write_bundle(self._there, target / "bundle.json")
            written = [target / "bundle.json"]
        else:
            written = write_ndjson(self._there, target)
        if self.ledger is not None:
            written.append(write_ledger(self.ledger, target))
        written += write_rests(self.rests, target)
        written += write_codes(self.outside, self.unmapped, target)
        left_out = write_quarantine(self.rejected, target) if self.rejected else write_lost(self.lost, target)
        return written + left_out + write_issues(self.issues, target)


@dataclass(slots=True)
class TreeResult:
    """Registry records or USDM studies made of FHIR or SDTM, by their key, with what was wrong and was left out."""

    tree: Tree
    documents: dict[str, Resource]
    release: Release
    issues: Issues
    rejected: list[Rejected] = field(default_factory=list)

    def write(self, folder: Path | str, as_: Literal["json", "ndjson"] = "json") -> list[Path]:
        """Write a JSON file for each document, or one NDJSON file; beside it issues.csv and quarantine.ndjson.

        Returns the files written.
        """
        from interchange.report.files import write_documents, write_issues, write_quarantine

        target = _folder(folder)
        written = write_documents(self.tree.lower(), self.documents, target, lines=as_ == "ndjson")
        return written + write_quarantine(self.rejected, target) + write_issues(self.issues, target)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of one dataset, in order."""

    dataset: Dataset
    number: int


@dataclass(slots=True)
class RoundTrip:
    """A source there and back: SDTM by FHIR (``tallies``, ``different``), or FHIR by SDTM (``leaves``, ``ledger``).

    Documents, which are registry records and USDM studies, go by FHIR, and have leaves as FHIR has; ``documents`` is
    how many there are.

    ``different`` counts cells that did not come back, by DATASET.VARIABLE; it is empty when the laws hold.
    ``invalid`` is what validation says against the resources in between, ``resources`` how many of each type there
    are there; ``rejected`` is what of FHIR could not be read. ``leaves`` is what became of FHIR's leaves by resource
    type, ``remainder`` whether what SDTM does not hold was kept beside it, and merged on the way back. ``versions``
    are those of the standards and tools.
    """

    kind: Literal["SDTM", "FHIR", "documents"]
    release: Release
    issues: Issues
    tallies: dict[str, dict[str, Tally]] = field(default_factory=dict)
    different: Counter[str] = field(default_factory=Counter)
    invalid: list[Issue] = field(default_factory=list)
    ledger: Ledger | None = None
    datasets: list[Dataset] = field(default_factory=list)
    resources: Counter[str] = field(default_factory=Counter)
    rejected: list[Rejected] = field(default_factory=list)
    leaves: dict[str, LeafTally] = field(default_factory=dict)
    documents: int = 0
    remainder: bool = False
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def equal(self) -> bool:
        """Whether everything came back, or is explained in the ledger."""
        lost = self.remainder and any(tally.lost or tally.added for tally in self.leaves.values())
        return not self.different and not self.invalid and not lost

    def summary(self, *, values: bool = False) -> TripSummary:
        """Return the trip in numbers; values of the data only where they are asked for."""
        from interchange.report.groups import group_issues
        from interchange.report.leaves import count_leaves, total_leaves
        from interchange.report.losses import total_ledger
        from interchange.report.tallies import count_cells, total_cells
        from interchange.report.trip import TripSummary, faults_said, fhir_verdict, sdtm_verdict

        validation = Issues()
        validation.extend(self.invalid)
        dangling = validation.counts[DANGLING]
        findings = len(validation) - dangling
        issues = group_issues(self.issues, values=values)
        cells = count_cells(self.tallies, self.different) if self.kind == "SDTM" else None
        leaves = count_leaves(self.leaves) if self.kind != "SDTM" else None
        if leaves is None:
            verdict = sdtm_verdict(cells or [], findings, dangling)
        else:
            verdict = fhir_verdict(leaves, len(self.rejected), remainder=self.remainder, documents=self.documents)
            if findings or dangling:
                verdict += f"; but the resources in between have {faults_said(findings, dangling)}"
        warned = any(group.severity != "info" for group in issues)
        return TripSummary(
            status="failed" if not self.equal else "issues" if warned else "done",
            kind=self.kind,
            fhir_version=self.release,
            equal=self.equal,
            verdict=verdict,
            resources=dict(self.resources),
            rejected=len(self.rejected),
            datasets=cells,
            total=None if cells is None else total_cells(cells),
            findings=findings,
            dangling=dangling,
            validation=group_issues(validation, values=values),
            leaves=leaves,
            leaf_total=None if leaves is None else total_leaves(leaves),
            ledger=None if self.ledger is None else total_ledger(self.ledger),
            issues=issues,
            versions=self.versions,
        )

    def write_html(self, file: Path | str, *, values: bool = False) -> Path:
        """Write the report as one HTML page, without values of the data where they are not asked for.

        TargetError where the file cannot be written.
        """
        from interchange.report.html import write_page

        return write_page(self.summary(values=values), Path(file), values=values)


def _folder(folder: Path | str) -> Path:
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        place = Place(str(folder))
        message = f"cannot be made a folder: {type(error).__name__}"
        raise TargetError(Issue("IX-OUT-002", "error", place, message, "choose another --out")) from error
    return target
