"""A project checked: its plans on every FHIR release, then every static check."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from interchange.engine.lint import derivations, guide, joins, required, terms, words, writers
from interchange.engine.lint.scope import Scope, in_releases
from interchange.engine.planner import Planner
from interchange.fhir.elements import RELEASES
from interchange.sdtm.standard import standard

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from interchange.engine.plan import Plan
    from interchange.fhir.elements import Release
    from interchange.issues import Issue
    from interchange.mapping.model import Project

_RELEASE = re.compile(r" in R(?:4B|4|5)\b")
CHECKS_OF_PROJECT = (
    words.sources,
    words.variables,
    words.reasons,
    words.examples,
    guide.names,
    guide.required,
    derivations.calls,
    derivations.circles,
    terms.code_maps,
    terms.constants,
    joins.never_used,
)
CHECKS_OF_PLAN = (
    writers.two_writers,
    writers.one_element_for_all,
    joins.known_in_time,
    joins.idle_levels,
    terms.value_sets,
)


def lint_project(
    project: Project,
    releases: Sequence[Release] = RELEASES,
    standard_version: str | None = None,
    domains: Collection[str] | None = None,
) -> list[Issue]:
    """Return what the static checks find, by file and line.

    ``standard_version`` is that of the SDTMIG; without it the project's own setting holds. With ``domains``, what
    depends on a plan is checked for these alone, and for those whose rows share the resource of an entity.
    """
    groundless = [*words.entities(project), *words.order(project)]
    if groundless:
        return in_order(groundless)
    planners = {release: Planner(project, release) for release in releases}
    if domains is not None:
        shared = (d for d, mapping in project.mappings.items() if any(source.entity for source in mapping.sources))
        domains = {*domains, *shared}
    plans: dict[Release, Plan] = {release: planner.sketch(domains) for release, planner in planners.items()}
    scope = Scope(project, plans, standard(standard_version or project.settings.get("sdtmig", "3.4")))
    issues = _faults(planners)
    for check in CHECKS_OF_PROJECT:
        issues += check(scope)
    for check_plan in CHECKS_OF_PLAN:
        issues += scope.per_plan(check_plan)
    if not any(planner.faults for planner in planners.values()):  # else what they wanted to write would be missing
        issues += scope.per_plan(required.required_elements)
    return in_order(issues)


def _faults(planners: dict[Release, Planner]) -> list[Issue]:
    """The faults of planning, once each, with the releases that have them and the hint of the newest."""
    where: dict[Issue, list[str]] = {}
    hints: dict[Issue, str] = {}
    for release, planner in planners.items():
        for fault in planner.faults:
            general = replace(fault, message=_RELEASE.sub("", fault.message), hint="")
            hints[general] = fault.hint
            releases = where.setdefault(general, [])
            if release not in releases:
                releases.append(release)
    hinted = {replace(fault, hint=hints[fault]): releases for fault, releases in where.items()}
    return list(in_releases(hinted, len(planners)))


def in_order(issues: Iterable[Issue]) -> list[Issue]:
    """Return issues by file, line and code, each once."""
    return sorted(dict.fromkeys(issues), key=lambda i: (i.place.file, i.place.line or 0, i.code, i.message))
