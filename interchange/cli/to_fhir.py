"""``interchange to-fhir``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from interchange.cli import options
from interchange.cli.outcome import check_strict, ending
from interchange.cli.registry import named_sources
from interchange.cli.screen import counting, show

if TYPE_CHECKING:
    from interchange.fhir.elements import Release
    from interchange.report.conversion import FhirSummary
    from interchange.results import FhirResult
    from interchange.runners.engines import Engine

SHAPES = ("ndjson", "bundle")

As = Annotated[str, options.shape(SHAPES, "NDJSON by resource type, or one Bundle.")]
Remainder = Annotated[
    Path | None,
    options.remainder("remainder.ndjson of the same datasets: the originals come back, with what changed since."),
]
KeepRemainder = Annotated[
    bool,
    typer.Option(
        "--keep-remainder",
        help="Write remainder.ndjson: what FHIR cannot hold of records and studies, for to-registry and to-usdm.",
    ),
]
Check = Annotated[bool, typer.Option("--check/--no-check", help="Validate the resources; findings become issues.")]


def to_fhir(
    source: options.SdtmSources = [],  # noqa: B006 - typer copies the default
    *,
    out: options.Out,
    nct: options.Registry = [],  # noqa: B006
    fhir_version: options.WantedRelease = None,
    remainder: Remainder = None,
    keep_remainder: KeepRemainder = False,
    as_: As = "ndjson",
    sdtmig: options.Guide = None,
    mappings: options.Mappings = None,
    study: options.Study = None,
    ct: options.Terminology = [],  # noqa: B006 - typer copies the default
    encoding: options.InputEncoding = None,
    engine: options.Engine = "compiled",
    check: Check = False,
    strict: options.Strict = False,
    json: options.AsJson = False,
    show_values: options.ShowValues = False,
) -> None:
    """Convert SDTM datasets, ClinicalTrials.gov records or USDM studies to FHIR resources.

    Nothing is lost: what no element holds of a dataset is kept beside it, and ledger.csv lists what FHIR does not hold
    of a record or study. issues.csv lists what was wrong.
    """
    from interchange import api
    from interchange.issues import Issues
    from interchange.report.conversion import show_fhir
    from interchange.report.plain import as_json_text

    asked = Issues()
    with ending(as_json=json, show_values=show_values):
        with counting("rows") as count:
            result = api.to_fhir(
                named_sources(source, nct, out, asked),
                fhir_version=cast("Release | None", fhir_version),
                remainder=remainder,
                keep_remainder=keep_remainder,
                sdtmig=sdtmig,
                mappings=mappings,
                study=study,
                ct=ct,
                engine=cast("Engine", engine),
                encoding=encoding,
                progress=count,
            )
            if check:
                result.issues.extend(result.check())
        result.issues.extend(asked)
        files = result.write(out, cast("Literal['ndjson', 'bundle']", as_))
    summary = _summary(result, files, values=show_values)
    if json:
        typer.echo(as_json_text(summary))
    else:
        show(show_fhir(summary), stderr=True)
    check_strict(result.issues, strict=strict)


def _summary(result: FhirResult, files: list[Path], *, values: bool) -> FhirSummary:
    from interchange.report.codes import count_outside, count_unmapped
    from interchange.report.conversion import FhirSummary, state
    from interchange.report.groups import group_issues
    from interchange.report.losses import total_ledger
    from interchange.report.tallies import count_cells

    issues = group_issues(result.issues, values=values)
    return FhirSummary(
        status=state(issues),
        fhir_version=result.release,
        resources=dict(Counter(resource["resourceType"] for resource in result.made)),
        datasets=count_cells(result.tallies),
        lost=len(result.lost),
        files=files,
        issues=issues,
        outside=count_outside(result.outside, values=values),
        rejected=len(result.rejected),
        unmapped=count_unmapped(result.unmapped, values=values),
        ledger=None if result.ledger is None else total_ledger(result.ledger),
    )
