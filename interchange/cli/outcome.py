"""How a command ends: its exit code, and what is said where it fails."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from interchange.cli.screen import console
from interchange.issues import Issues, MappingError, RunnerError, SourceError, TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from interchange.issues import Issue

FAILED = 1
WITH_ISSUES = 3


@contextmanager
def ending(*, as_json: bool = False, show_values: bool = False) -> Iterator[None]:
    """Let what stops a run end the command with its issues and exit code 1, without a traceback."""
    try:
        yield
    except (MappingError, RunnerError, SourceError, TargetError) as error:
        issues = error.issues if isinstance(error, MappingError) else [error.issue]
        _failed(issues, as_json=as_json, show_values=show_values)
        raise typer.Exit(FAILED) from None


def _failed(issues: list[Issue], *, as_json: bool, show_values: bool) -> None:
    from interchange.report.groups import group_issues
    from interchange.report.plain import as_json_text

    screen = console(stderr=True)
    for issue in issues:
        value = f"  value: {issue.value}" if show_values and issue.value is not None else ""
        screen.print(f"{issue.severity:<8} {issue}{value}", soft_wrap=True)
    if as_json:
        collected = Issues()
        collected.extend(issues)
        typer.echo(as_json_text({"status": "failed", "issues": group_issues(collected, values=show_values)}))


def check_strict(issues: Issues, *, strict: bool) -> None:
    """End the command with exit code 3 where it is strict and there are warnings or errors."""
    if strict and any(issues.severities[code] != "info" for code in issues.counts):
        raise typer.Exit(WITH_ISSUES)
