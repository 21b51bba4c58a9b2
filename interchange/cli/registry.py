"""Records asked of the registry in place of a source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from interchange.issues import Issues

FILE = "registry.ndjson"


def named_sources(source: list[str], numbers: Sequence[str], out: Path, issues: Issues) -> list[str]:
    """Return the sources of a command: those given, or the records of ``--nct`` as they were answered, in ``out``.

    A number that the registry does not know is an issue.
    """
    if source and numbers:
        raise typer.BadParameter("give SOURCE or --nct, not both")
    if not source and not numbers:
        raise typer.BadParameter("name a SOURCE, or a registry record with --nct")
    if not numbers:
        return source
    from interchange.report.files import write_records
    from interchange.trees.registry_api import fetch_records

    return [str(write_records(fetch_records(numbers, issues=issues), out / FILE))]
