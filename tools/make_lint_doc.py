"""Writes docs/lint.md: every static check with an example and the message it prints.

``python tools/make_lint_doc.py``; the cases are those of tests/engine/lint_cases.yaml.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from interchange.engine.lint import CHECKS, lint_files
from interchange.mapping.tree import read_tree

if TYPE_CHECKING:
    from interchange.issues import Issue

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "engine" / "lint_cases.yaml"
DOC = ROOT / "docs" / "lint.md"
HEAD = """\
# Static checks

`interchange lint` reads mapping files and says what is wrong before any data is seen. Each finding has a code, a file
with its line, what is wrong, and what to do. Errors stop a conversion or break a law of the language; warnings do not;
what is only to know is info. Files here lie in a folder `my/` of overlays: `interchange lint --mappings my`.

This page is made by `tools/make_lint_doc.py` from `tests/engine/lint_cases.yaml`, which the tests run.
"""


@dataclass(frozen=True)
class Case:
    """One example of a check: its files by name, the code expected, and codes that come along."""

    code: str
    why: str
    files: dict[str, str]
    folder: str
    also: tuple[str, ...]


def read_cases() -> list[Case]:
    """The cases, in file order."""
    return [
        Case(
            node.text("code"),
            node.text("why"),
            {name: text.scalar() for name, text in files.items()} if (files := node.get("files")) else {},
            node.text("folder"),
            node.words("also"),
        )
        for node in read_tree(CASES, CASES.name).each()
    ]


def lint_case(case: Case) -> list[Issue]:
    """What lint finds in the files of a case, as if they lay in a folder ``my``; found once."""
    if case.code not in _FOUND:
        _FOUND[case.code] = _lint(case)
    return _FOUND[case.code]


_FOUND: dict[str, list[Issue]] = {}


def _lint(case: Case) -> list[Issue]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / (case.folder or "my")
        for file, text in case.files.items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        found = lint_files(mappings_folder=folder)
        return [_moved(issue, f"{name}/") for issue in found if issue not in shipped()]


@cache
def shipped() -> frozenset[Issue]:
    """What lint says of the shipped files by themselves."""
    return frozenset(lint_files())


def _moved(issue: Issue, prefix: str) -> Issue:
    place = replace(issue.place, file=issue.place.file.replace(prefix, ""))
    return replace(issue, place=place, message=issue.message.replace(prefix, ""))


def doc() -> str:
    """The text of docs/lint.md."""
    parts = [HEAD]
    for case in read_cases():
        check = CHECKS[case.code]
        parts.append(f"## {case.code}: {check.title}\n\n{check.severity.capitalize()}. {case.why}\n")
        for file, text in case.files.items():
            parts.append(f"`my/{file}`\n\n```{file.rpartition('.')[2]}\n{text}```\n")
        messages = [str(issue) for issue in lint_case(case) if issue.code == case.code]
        parts.append("```text\n" + "\n".join(messages) + "\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    DOC.write_text(doc(), encoding="utf-8")
