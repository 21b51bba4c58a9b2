"""``interchange to-sdtm``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, cast

import typer

from interchange.cli import options
from interchange.cli.outcome import check_strict, ending
from interchange.cli.registry import named_sources
from interchange.cli.screen import counting, show

if TYPE_CHECKING:
    from pathlib import Path

    from interchange.intake import FhirVersion
    from interchange.report.conversion import SdtmSummary
    from interchange.results import SdtmResult
    from interchange.runners.distributed import Runner
    from interchange.runners.engines import Engine


def to_sdtm(
    source: options.FhirSources = [],  # noqa: B006 - typer copies the default
    *,
    out: options.Out,
    nct: options.Registry = [],  # noqa: B006
    format: options.Formats = ["xpt"],  # noqa: A002, B006 - the option's name; typer copies the default
    fhir_version: options.AnyRelease = "auto",
    sdtmig: options.Guide = None,
    mappings: options.Mappings = None,
    study: options.Study = None,
    ct: options.Terminology = [],  # noqa: B006 - typer copies the default
    encoding: options.OutputEncoding = "utf-8",
    engine: options.Engine = "compiled",
    memory: options.Memory = "1GiB",
    jobs: options.Jobs = None,
    runner: options.Runner = "local",
    scheduler: options.Scheduler = None,
    no_ledger: Annotated[bool, typer.Option("--no-ledger", help="Do not list what is lost; quicker.")] = False,
    keep_remainder: Annotated[
        bool,
        typer.Option(
            "--keep-remainder", help="Write remainder.ndjson: what SDTM cannot hold, for to-fhir to merge back."
        ),
    ] = False,
    strict: options.Strict = False,
    json: options.AsJson = False,
    show_values: options.ShowValues = False,
) -> None:
    """Convert FHIR resources, ClinicalTrials.gov records or USDM studies to SDTM datasets.

    Beside them: ledger.csv (what FHIR has and SDTM lost), issues.csv, codes.csv, quarantine.ndjson, remainder.ndjson.
    """
    from interchange import api
    from interchange.issues import Issues
    from interchange.report.conversion import show_sdtm
    from interchange.report.plain import as_json_text

    asked = Issues()
    with ending(as_json=json, show_values=show_values):
        with counting("resources") as count:
            result = api.to_sdtm(
                named_sources(source, nct, out, asked),
                fhir_version=cast("FhirVersion", fhir_version),
                sdtmig=sdtmig,
                mappings=mappings,
                study=study,
                ct=ct,
                engine=cast("Engine", engine),
                ledger=not no_ledger,
                remainder=keep_remainder,
                memory=options.bytes_of(memory),
                jobs=jobs or os.cpu_count() or 1,
                runner=cast("Runner", runner),
                scheduler=scheduler,
                progress=count,
            )
        result.issues.extend(asked)
        files = result.write(out, format, encoding=encoding)
    summary = _summary(result, files, values=show_values)
    if json:
        typer.echo(as_json_text(summary))
    else:
        show(show_sdtm(summary), stderr=True)
    check_strict(result.issues, strict=strict)


def _summary(result: SdtmResult, files: list[Path], *, values: bool) -> SdtmSummary:
    from interchange.report.codes import count_outside, count_unmapped
    from interchange.report.conversion import SdtmSummary, sizes, state
    from interchange.report.groups import group_issues
    from interchange.report.losses import total_ledger, total_remainder

    issues = group_issues(result.issues, values=values)
    return SdtmSummary(
        status=state(issues),
        fhir_version=result.release,
        datasets=sizes(result.datasets),
        files=files,
        issues=issues,
        rejected=len(result.rejected),
        unmapped=count_unmapped(result.unmapped, values=values),
        outside=count_outside(result.outside, values=values),
        ledger=None if result.ledger is None else total_ledger(result.ledger),
        remainder=None if result.remainder is None else total_remainder(result.remainder),
    )
