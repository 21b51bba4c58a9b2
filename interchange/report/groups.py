"""Issues by code: how many, where the first is, what it means, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interchange.report.layout import counted, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from interchange.issues import Issues, Severity

LINES = 20
ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class IssueGroup:
    """The issues of one code; place, message, hint and value are those of the first."""

    code: str
    severity: Severity
    count: int
    place: str
    message: str
    hint: str
    value: str | None = None


def group_issues(issues: Issues, *, values: bool = False) -> list[IssueGroup]:
    """Return the issues by code: errors first, then the most frequent. Values only where they are asked for."""
    groups: dict[str, IssueGroup] = {}
    for issue in issues:
        if issue.code not in groups:
            count, severity = issues.counts[issue.code], issues.severities[issue.code]
            value = issue.value if values else None
            groups[issue.code] = IssueGroup(
                issue.code, severity, count, str(issue.place), issue.message, issue.hint, value
            )
    return sorted(groups.values(), key=lambda g: (ORDER[g.severity], -g.count, g.code))


def show_groups(groups: Sequence[IssueGroup], title: str = "Issues", rest: str = "") -> list[RenderableType]:
    """Return the table of the first 20 groups, and a line for those left over; ``rest`` says where they are."""
    if not groups:
        return []
    rows = [(g.count, g.severity, g.code, g.place, _said(g)) for g in groups[:LINES]]
    shown: list[RenderableType] = [table(title, ("count", "", "code", "first place", "message; what to do"), rows)]
    left = groups[LINES:]
    if left:
        more = f"and {counted(sum(g.count for g in left), 'issue')} of {counted(len(left), 'more code')}"
        shown.append(f"{more}: see {rest}\n" if rest else f"{more}\n")
    return shown


def _said(group: IssueGroup) -> str:
    said = f"{group.message}; {group.hint}" if group.hint else group.message
    return said if group.value is None else f"{said}\nvalue: {group.value}"
