"""The typer application with its commands. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import Annotated

import typer

from interchange import __version__
from interchange.cli.explain import explain
from interchange.cli.lint import lint
from interchange.cli.mappings import mappings
from interchange.cli.roundtrip import roundtrip
from interchange.cli.to_fhir import to_fhir
from interchange.cli.to_sdtm import to_sdtm
from interchange.cli.to_tree import to_registry, to_usdm
from interchange.cli.trace import trace

app = typer.Typer(
    name="interchange",
    help="Clinical trial data between HL7 FHIR and CDISC SDTM, both ways, from one set of mapping files.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"interchange {__version__}")
        raise typer.Exit


@app.callback()
def start(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Clinical trial data between HL7 FHIR and CDISC SDTM, both ways, from one set of mapping files."""


app.command("to-sdtm", epilog="Example: interchange to-sdtm bundle.json --out sdtm --format xpt,csv")(to_sdtm)
app.command("to-fhir", epilog="Example: interchange to-fhir sdtm/*.xpt --out fhir --fhir-version R4B")(to_fhir)
app.command("to-registry", epilog="Example: interchange to-registry fhir --out registry")(to_registry)
app.command("to-usdm", epilog="Example: interchange to-usdm fhir --out usdm")(to_usdm)
app.command("roundtrip", epilog="Example: interchange roundtrip dm.xpt suppdm.xpt --by-variable")(roundtrip)
app.command("lint", epilog="Example: interchange lint --mappings our-mappings --study study.yaml")(lint)
app.command("explain", epilog="Example: interchange explain DM.SEX --fhir-version R4B")(explain)
app.command("trace", epilog="Example: interchange trace sdtm DM 3 AGE")(trace)
app.add_typer(mappings, name="mappings")


def main() -> None:
    """Run the command line: a process of one command, whose data has no cycles for a collector to look for."""
    gc.disable()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # what is temporary is cleared away
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # else numpy starts threads for a linear algebra of no use here
    app(prog_name="interchange")
