"""Issues: what is wrong with data, collected and counted; and errors: what stops a run.

An issue names what, where, what it means for the output, and what to do. One bad record is an issue, and the rest
of the batch goes on. An error is raised only where there is nothing to go on with:

    InterchangeError
    ├── MappingError      a mapping file, code map or settings file is broken; carries the lint issues
    ├── SourceError       the input as a whole cannot be read (no such file, not a dataset, unknown FHIR release)
    ├── TargetError       the output cannot be written (unknown format, unwritable folder)
    └── RunnerError       the cluster that was asked for cannot be used (not there, not installed, lost)
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Severity = Literal["error", "warning", "info"]


@dataclass(slots=True, unsafe_hash=True)  # never changed; there are many, and frozen ones take thrice as long to make
class Place:
    """Where something is: a file with a line, or a resource or dataset with an element or variable.

    >>> str(Place("mappings/vs.yaml", 41))
    'mappings/vs.yaml:41'
    >>> str(Place("Observation.ndjson", 8812, "Observation/o1", "valueQuantity.value"))
    'Observation.ndjson:8812 Observation/o1 valueQuantity.value'
    """

    file: str = ""
    line: int | None = None
    record: str = ""
    field: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line is not None else self.file
        return " ".join(part for part in (where, self.record, self.field) if part)


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding: a code such as ``IX-XPT-003``, a severity, a place, a message without values, and a hint.

    ``value`` may be personal data; ``str()`` leaves it out.

    >>> print(Issue("IX-FHIR-001", "error", Place("a.ndjson", 3), "not JSON", "mend or remove the line"))
    a.ndjson:3  IX-FHIR-001  not JSON; mend or remove the line
    """

    code: str
    severity: Severity
    place: Place
    message: str
    hint: str = ""
    value: str | None = None

    def __str__(self) -> str:
        text = f"{self.message}; {self.hint}" if self.hint else self.message
        return f"{self.place}  {self.code}  {text}" if str(self.place) else f"{self.code}  {text}"


@dataclass(slots=True)
class Issues:
    """The issues of one run: every one counted, at most ``keep`` of each code kept with its place."""

    keep: int = 1000
    found: list[Issue] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    severities: dict[str, Severity] = field(default_factory=dict)

    def add(self, issue: Issue) -> None:
        """Count an issue, and keep it while there is room for its code."""
        self.counts[issue.code] += 1
        self.severities[issue.code] = issue.severity
        if self.counts[issue.code] <= self.keep:
            self.found.append(issue)

    def extend(self, issues: Iterable[Issue]) -> None:
        """Add each of several issues."""
        for issue in issues:
            self.add(issue)

    def merge(self, other: Issues) -> None:
        """Add the issues of another run, those that it only counted as well."""
        kept = Counter(issue.code for issue in other.found)
        self.extend(other.found)
        for code, count in other.counts.items():
            self.counts[code] += count - kept[code]
            self.severities[code] = other.severities[code]

    def __iter__(self) -> Iterator[Issue]:
        return iter(self.found)

    def __len__(self) -> int:
        return sum(self.counts.values())

    @property
    def errors(self) -> int:
        """How many of the issues are errors."""
        return sum(n for code, n in self.counts.items() if self.severities[code] == "error")


class InterchangeError(Exception):
    """The root of what this package raises."""


class MappingError(InterchangeError):
    """A mapping is broken; ``issues`` says where and how."""

    def __init__(self, issues: list[Issue]) -> None:
        self.issues = issues
        super().__init__("\n".join(str(issue) for issue in issues))


class SourceError(InterchangeError):
    """The input as a whole cannot be read; ``issue`` says why."""

    def __init__(self, issue: Issue) -> None:
        self.issue = issue
        super().__init__(str(issue))


class TargetError(InterchangeError):
    """The output cannot be written; ``issue`` says why."""

    def __init__(self, issue: Issue) -> None:
        self.issue = issue
        super().__init__(str(issue))


class RunnerError(InterchangeError):
    """Where the conversion was to run cannot be used; ``issue`` says why."""

    def __init__(self, issue: Issue) -> None:
        self.issue = issue
        super().__init__(str(issue))
