"""``interchange mappings``: what there is, and the JSON Schema for editors."""

from __future__ import annotations

import json as json_text
from typing import Annotated

import typer

from interchange.cli import options
from interchange.cli.outcome import ending
from interchange.cli.screen import show

KINDS = ("mapping", "project")

mappings = typer.Typer(no_args_is_help=True, help="List the mapping files, or print their JSON Schema.")


@mappings.command("list", epilog="Example: interchange mappings list --mappings our-mappings")
def list_all(
    mappings: options.Mappings = None,
    study: options.Study = None,
    json: Annotated[bool, typer.Option("--json", help="The list as JSON, variables by name.")] = False,
) -> None:
    """List the mappings: domain, file, row sources, resource types, variables, examples."""
    from interchange.mapping.load import load_project
    from interchange.report.listing import list_mappings, show_mappings
    from interchange.report.plain import as_json_text

    with ending(as_json=json):
        listed = list_mappings(load_project(mappings, study))
    if json:
        typer.echo(as_json_text({"mappings": listed}))
    else:
        show(show_mappings(listed), stderr=False)


@mappings.command("schema", epilog="Example: interchange mappings schema project > interchange.schema.json")
def schema(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="|".join(KINDS),
            callback=options.one_of(KINDS, "kind of file"),
            help="Of a domain's mapping file, or of interchange.yaml and study settings.",
        ),
    ] = "mapping",
) -> None:
    """Print the JSON Schema of mapping files, for editors and checks."""
    from interchange.mapping.schema import mapping_schema, settings_schema

    made = settings_schema() if kind == "project" else mapping_schema()
    typer.echo(json_text.dumps(made, indent=2, ensure_ascii=False))
