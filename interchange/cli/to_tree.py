"""``interchange to-registry`` and ``interchange to-usdm``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from interchange.cli import options
from interchange.cli.outcome import check_strict, ending
from interchange.cli.screen import counting, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from interchange.results import TreeResult

SHAPES = ("json", "ndjson")

As = Annotated[str, options.shape(SHAPES, "A JSON file for each study, or one NDJSON file.")]
Remainder = Annotated[
    Path | None,
    options.remainder(
        "remainder.ndjson of to-fhir --keep-remainder: the originals come back, with what changed since."
    ),
]


def _command(name: str, says: str) -> Callable[..., None]:
    """The command that writes what the function of a name in `interchange.studies` makes, with its help."""

    def command(
        source: options.StudySources,
        out: options.Out,
        fhir_version: options.AnyRelease = "auto",
        remainder: Remainder = None,
        as_: As = "json",
        sdtmig: options.Guide = None,
        mappings: options.Mappings = None,
        study: options.Study = None,
        ct: options.Terminology = [],  # noqa: B006 - typer copies the default
        encoding: options.InputEncoding = None,
        strict: options.Strict = False,
        json: options.AsJson = False,
        show_values: options.ShowValues = False,
    ) -> None:
        from interchange import studies

        given: dict[str, Any] = {"fhir_version": fhir_version, "remainder": remainder, "encoding": encoding}
        given |= {"sdtmig": sdtmig, "mappings": mappings, "study": study, "ct": ct}
        convert = getattr(studies, name)
        _convert(convert, source, out, as_, given, strict=strict, json=json, show_values=show_values)

    command.__doc__ = says
    return command


to_registry = _command(
    "to_registry", "Convert FHIR studies or SDTM datasets to ClinicalTrials.gov records (API v2 JSON)."
)
to_usdm = _command("to_usdm", "Convert FHIR studies or SDTM datasets to USDM studies (JSON of version 4.0).")


def _convert(
    convert: Callable[..., TreeResult],
    source: list[str],
    out: Path,
    as_: str,
    given: dict[str, Any],
    *,
    strict: bool,
    json: bool,
    show_values: bool,
) -> None:
    from interchange.report.conversion import TreeSummary, show_tree, state
    from interchange.report.groups import group_issues
    from interchange.report.plain import as_json_text

    with ending(as_json=json, show_values=show_values):
        with counting("records") as count:
            result = convert(source, progress=count, **given)
        files = result.write(out, cast("Literal['json', 'ndjson']", as_))
    issues = group_issues(result.issues, values=show_values)
    summary = TreeSummary(
        state(issues), result.tree, result.release, sorted(result.documents), files, issues, len(result.rejected)
    )
    if json:
        typer.echo(as_json_text(summary))
    else:
        show(show_tree(summary), stderr=True)
    check_strict(result.issues, strict=strict)
