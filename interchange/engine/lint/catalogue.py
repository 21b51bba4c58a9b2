"""The static checks by code: how serious each is and what it looks for. docs/lint.md shows one example of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interchange.issues import Issue

if TYPE_CHECKING:
    from interchange.issues import Place, Severity


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its code, its severity, and what it finds in a few words."""

    code: str
    severity: Severity
    title: str


CHECKS: dict[str, Check] = {
    check.code: check
    for check in (
        # found while loading
        Check("IX-YAML-001", "error", "a file that is no YAML"),
        Check("IX-YAML-002", "error", "a list or mapping where a text belongs, or the other way round"),
        Check("IX-YAML-003", "error", "a key that stands twice"),
        Check("IX-WORD-001", "error", "a path, codec, guard or call that cannot be read"),
        Check("IX-MAP-001", "error", "a folder of mappings that is not there"),
        Check("IX-MAP-002", "error", "`extends` of a file that is not shipped"),
        Check("IX-MAP-003", "error", "a version map with a release that is none"),
        Check("IX-MAP-004", "error", "an alternative without `fhir`"),
        Check("IX-MAP-005", "error", "a direction that is none"),
        Check("IX-MAP-006", "error", "a word that the language does not have"),
        Check("IX-MAP-007", "error", "a parameter that its table does not list"),
        Check("IX-MAP-008", "error", "a mapping without `domain`"),
        Check("IX-MAP-009", "error", "a variable owned by two rules of one row source (law L5)"),
        Check("IX-TABLE-001", "error", "a code map or table that is not there"),
        Check("IX-TABLE-002", "error", "a table without a column that it needs"),
        # found while planning, for each FHIR release
        Check("IX-PATH-001", "error", "a resource type or entity that does not exist"),
        Check("IX-PATH-002", "error", "an element that the release does not have"),
        Check("IX-PATH-003", "error", "a choice of types without `ofType`"),
        Check("IX-PATH-004", "error", "a type that the element cannot have"),
        Check("IX-PATH-005", "error", "`resolve` of something that is no reference"),
        Check("IX-PATH-006", "error", "an unknown entity in a path"),
        Check("IX-PATH-007", "error", "an unknown %system"),
        Check("IX-PATH-008", "error", "a $VARIABLE where only a constant can stand"),
        Check("IX-PATH-009", "error", "two paths of one codec that start at two levels"),
        Check("IX-PATH-010", "error", "a constant that is no value of the element's type"),
        Check(
            "IX-CODEC-001",
            "error",
            "a codec that is unknown or does not fit: name, arguments, type, or number of variables",
        ),
        Check("IX-LOOKUP-001", "error", "a lookup that is unknown or does not fit: name, arguments or type"),
        Check("IX-LEVEL-001", "error", "a level that has no path in a release"),
        # what the words refer to
        Check("IX-LINT-001", "error", "an entity that cannot be: no resource, an unknown `in`, or a circle of them"),
        Check("IX-LINT-002", "error", "a row source without a resource, or without an id for the way to FHIR"),
        Check("IX-LINT-003", "error", "`after` that names no domain, or a circle of them"),
        Check("IX-LINT-004", "error", "a derivation function that does not exist"),
        Check("IX-LINT-005", "error", "arguments that a derivation cannot use"),
        Check("IX-LINT-006", "error", "variables derived from each other in a circle"),
        Check("IX-LINT-007", "error", "a guard, key, template or list that names a variable no rule has"),
        Check("IX-LINT-008", "error", "`oneway` or `drop` without `because`"),
        Check("IX-LINT-009", "error", "a null flavor that ISO 21090 does not have"),
        Check("IX-LINT-010", "error", "an example that cannot be run"),
        # the laws of a two-way mapping
        Check("IX-LINT-020", "error", "one FHIR leaf written by two rules (law L4)"),
        Check("IX-LINT-021", "error", "two values for an element that holds one"),
        Check("IX-LINT-022", "error", "a join on a variable that is not known yet"),
        Check("IX-LINT-023", "warning", "an alternative that is never used"),
        Check("IX-LINT-024", "warning", "a level that nothing starts from"),
        # code maps and controlled terminology
        Check("IX-LINT-030", "error", "one coding of a code map read as two terms"),
        Check("IX-LINT-031", "error", "one term of a code map written as two codes of one system"),
        Check("IX-LINT-032", "error", "a term that its codelist does not have"),
        Check("IX-LINT-033", "error", "a code outside the required value set of its element"),
        # against the standards
        Check("IX-LINT-040", "error", "a variable's name that SDTM does not allow"),
        Check("IX-LINT-041", "warning", "a variable that the guide does not have in this domain"),
        Check("IX-LINT-042", "error", "a required variable of the guide without a rule"),
        Check("IX-LINT-043", "info", "an expected variable of the guide without a rule"),
        Check("IX-LINT-044", "warning", "a required FHIR element that nothing writes"),
    )
}


def found(code: str, place: Place, message: str, hint: str) -> Issue:
    """Return a finding of a check, with the check's severity."""
    return Issue(code, CHECKS[code].severity, place, message, hint)
