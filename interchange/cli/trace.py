"""``interchange trace``."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads annotations
from typing import Annotated

import typer

from interchange.cli import options  # noqa: TC001 - typer reads annotations
from interchange.cli.outcome import ending
from interchange.cli.screen import console, counting, show


def trace(
    folder: Annotated[
        Path,
        typer.Argument(metavar="OUT", exists=True, file_okay=False, show_default=False, help="What to-sdtm wrote."),
    ],
    dataset: Annotated[str, typer.Argument(metavar="DATASET", show_default=False, help="A dataset, as LB or SUPPAE.")],
    row: Annotated[int, typer.Argument(metavar="ROW", min=1, show_default=False, help="A row, counted from 1.")],
    variable: Annotated[
        str, typer.Argument(metavar="VARIABLE", show_default=False, help="A variable; else all of the row.")
    ] = "",
    source: options.MovedSources = [],  # noqa: B006 - typer copies the default
    no_values: Annotated[bool, typer.Option("--no-values", help="Show no values of the data.")] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say where a cell of a dataset comes from: file and line, FHIR element, rule, and the cells it was derived from.

    The source is converted once more; where it or the mapping changed since, that is told.
    """
    from interchange import api
    from interchange.report.plain import as_json_text
    from interchange.report.traces import show_row, trace_text

    with ending(as_json=json), counting("resources") as count:
        traced = api.trace(folder, dataset, row, variable, source=source, progress=count)
    for issue in traced.issues:
        console(stderr=True).print(f"{issue.severity:<8} {issue}", soft_wrap=True)
    if no_values:
        traced = traced.without_values()
    if json:
        typer.echo(as_json_text(traced))
    elif variable:
        typer.echo(trace_text(traced, values=not no_values))
    else:
        show(show_row(traced, values=not no_values), stderr=False)
