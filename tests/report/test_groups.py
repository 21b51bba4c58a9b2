from __future__ import annotations

from rich.console import Console

from interchange.issues import Issue, Issues, Place, Severity
from interchange.report.groups import group_issues, show_groups


def issues(*counts: tuple[str, Severity, int]) -> Issues:
    made = Issues(keep=2)
    for code, severity, count in counts:
        for line in range(1, count + 1):
            made.add(Issue(code, severity, Place("a.ndjson", line), "it is [bold]wrong[/]", "mend it", f"value {line}"))
    return made


def text(issues: Issues, **options: bool) -> str:
    console = Console(width=150, markup=False)
    with console.capture() as captured:
        for block in show_groups(group_issues(issues, **options), rest="issues.csv"):
            console.print(block)
    return captured.get()


def test_errors_first_then_the_most_frequent_with_the_place_of_the_first() -> None:
    groups = group_issues(issues(("IX-A-001", "info", 9), ("IX-B-001", "warning", 3), ("IX-C-001", "error", 1)))
    assert [(g.code, g.severity, g.count) for g in groups] == [
        ("IX-C-001", "error", 1),
        ("IX-B-001", "warning", 3),
        ("IX-A-001", "info", 9),
    ]
    assert {g.place for g in groups} == {"a.ndjson:1"}


def test_values_only_where_they_are_asked_for() -> None:
    found = issues(("IX-A-001", "error", 1))
    assert [g.value for g in group_issues(found)] == [None]
    assert "value 1" not in text(found)
    assert "value 1" in text(found, values=True)


def test_messages_are_no_markup() -> None:
    assert "it is [bold]wrong[/]; mend it" in text(issues(("IX-A-001", "error", 1)))


def test_at_most_twenty_lines_and_where_the_rest_is() -> None:
    shown = text(issues(*((f"IX-A-{n:03}", "error", 2) for n in range(25))))
    assert shown.count("IX-A-") == 20
    assert "and 10 issues of 5 more codes: see issues.csv" in shown


def test_nothing_where_there_are_none() -> None:
    assert text(Issues()) == ""
