"""``interchange roundtrip``."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads annotations
from typing import TYPE_CHECKING, Annotated, cast

import typer

from interchange.cli import options  # noqa: TC001 - typer reads annotations
from interchange.cli.outcome import FAILED, check_strict, ending
from interchange.cli.screen import counting, show

if TYPE_CHECKING:
    from interchange.intake import FhirVersion
    from interchange.runners.engines import Engine


def roundtrip(
    source: options.Sources,
    fhir_version: options.AnyRelease = "auto",
    sdtmig: options.Guide = None,
    mappings: options.Mappings = None,
    study: options.Study = None,
    ct: options.Terminology = [],  # noqa: B006 - typer copies the default
    encoding: options.InputEncoding = None,
    engine: options.Engine = "compiled",
    by_variable: Annotated[bool, typer.Option("--by-variable", help="Of SDTM, the numbers by variable.")] = False,
    losses: Annotated[bool, typer.Option("--losses", help="Of FHIR, list every leaf that SDTM does not hold.")] = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", show_default=False, help="Also write the report as one HTML page."),
    ] = None,
    strict: options.Strict = False,
    json: options.AsJson = False,
    show_values: options.ShowValues = False,
) -> None:
    """Convert SDTM, registry records or USDM studies to FHIR and back, or FHIR to SDTM and back, and compare.

    Exits with 1 where a cell or leaf is different, or a resource in between is not valid.
    """
    from interchange import trips
    from interchange.report.groups import show_groups
    from interchange.report.html import check_page, write_page
    from interchange.report.losses import show_losses
    from interchange.report.plain import as_json_text, plain
    from interchange.report.trip import show_trip

    with ending(as_json=json, show_values=show_values):
        if html is not None:
            check_page(html)
        with counting("resources or rows") as count:
            trip = trips.roundtrip(
                source,
                fhir_version=cast("FhirVersion", fhir_version),
                sdtmig=sdtmig,
                mappings=mappings,
                study=study,
                ct=ct,
                encoding=encoding,
                engine=cast("Engine", engine),
                progress=count,
            )
        summary = trip.summary(values=show_values)
        if html is not None:
            write_page(summary, html, values=show_values)
    listed = trip.ledger if losses else None
    if json:
        words = plain(summary)
        assert isinstance(words, dict)  # noqa: S101 - a dataclass is an object
        typer.echo(as_json_text(words if listed is None else {**words, "losses": list(listed.losses)}))
    else:
        show(show_groups(summary.issues), stderr=True)
        shown = show_trip(summary, by_variable=by_variable)
        shown += [] if listed is None else show_losses(listed)
        show([*shown, summary.verdict], stderr=False)
    if not trip.equal:
        raise typer.Exit(FAILED)
    check_strict(trip.issues, strict=strict)
