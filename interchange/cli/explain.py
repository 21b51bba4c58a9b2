"""``interchange explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from interchange.cli import options  # noqa: TC001 - typer reads annotations
from interchange.cli.outcome import ending

if TYPE_CHECKING:
    from interchange.fhir.elements import Release


def explain(
    variable: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            show_default=False,
            help="A variable, parameter, dataset or entity: DM.SEX, TS.TITLE, LB, visit.",
        ),
    ],
    fhir_version: options.OneRelease = None,
    mappings: options.Mappings = None,
    study: options.Study = None,
) -> None:
    """Say where a variable comes from in FHIR and where it goes; of a dataset, which resources become its rows."""
    from interchange.engine.explain import explain as explain_variable
    from interchange.mapping.load import load_project

    with ending():
        explained = explain_variable(load_project(mappings, study), variable, cast("Release | None", fhir_version))
        typer.echo(explained.text())
