"""``interchange lint``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interchange.cli import options  # noqa: TC001 - typer reads annotations
from interchange.cli.outcome import FAILED, ending
from interchange.cli.screen import console

if TYPE_CHECKING:
    from interchange.issues import Issue

Files = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="FILE", exists=True, dir_okay=False, show_default=False, help="Mapping files; none for all."
    ),
]


def lint(
    files: Files = None,
    mappings: options.Mappings = None,
    study: options.Study = None,
    ct: options.Terminology = [],  # noqa: B006 - typer copies the default
    json: Annotated[bool, typer.Option("--json", help="The findings as JSON on standard output.")] = False,
) -> None:
    """Check mapping files without data, and run their examples.

    A line for each finding: place, code, what is wrong, what to do. Exits with 1 where one is an error.
    """
    from interchange.engine.lint import lint_files
    from interchange.report.layout import counted
    from interchange.report.plain import as_json_text

    named = list(files or ())
    with ending(as_json=json):
        issues = lint_files(named or None, mappings, study, ct)
        if not any(issue.severity == "error" for issue in issues):
            issues += _trees(mappings, study) + _examples(named, mappings, study)
    counts = {s: sum(issue.severity == s for issue in issues) for s in ("error", "warning", "info")}
    if json:
        listed = [
            {"severity": i.severity, "code": i.code, "place": str(i.place), "message": i.message, "hint": i.hint}
            for i in issues
        ]
        typer.echo(as_json_text({**counts, "issues": listed}))
    else:
        for issue in issues:
            typer.echo(f"{issue.severity:<8} {issue}")
        said = ", ".join(
            (counted(counts["error"], "error"), counted(counts["warning"], "warning"), counted(counts["info"], "note"))
        )
        console(stderr=True).print(said)
    if counts["error"]:
        raise typer.Exit(FAILED)


def _trees(mappings: Path | None, study: Path | None) -> list[Issue]:
    """The faults of the mappings of registry records and USDM."""
    from interchange.mapping.load import load_project
    from interchange.trees.lint import lint_trees

    return lint_trees(load_project(mappings, study))


def _examples(files: list[Path], mappings: Path | None, study: Path | None) -> list[Issue]:
    """What does not come out as the examples say, of the files named, or of all."""
    from interchange.engine.examples import run_examples
    from interchange.mapping.build import build_project
    from interchange.mapping.load import read_trees

    trees = read_trees(mappings, study, files)
    found = run_examples(build_project(trees.root, trees.mappings, *trees.folders))
    named = {str(file) for file in files}
    found = [issue for issue in found if not named or issue.place.file in named]
    return [_meant(issue) for issue in found] if mappings is not None else found


def _meant(issue: Issue) -> Issue:
    """A shipped example that an overlay makes untrue, to know: a sponsor's rule may well say otherwise."""
    if not issue.place.file.startswith("mappings/"):
        return issue
    return replace(issue, severity="info", hint="the overlay changes what this shipped example shows: is that meant?")
