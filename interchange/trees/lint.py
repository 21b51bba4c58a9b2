"""Static checks of tree mappings: each planned on every FHIR release, before any document is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.fhir.elements import RELEASES
from interchange.issues import MappingError
from interchange.trees.build import trees_of
from interchange.trees.plan import plan_tree

if TYPE_CHECKING:
    from interchange.issues import Issue
    from interchange.mapping.model import Project


def lint_trees(project: Project) -> list[Issue]:
    """Return the faults of the tree mappings of a project on all releases, each once."""
    try:
        trees = trees_of(project)
    except MappingError as error:
        return error.issues
    found: dict[tuple[str, str, str], Issue] = {}
    for mapping in trees.values():
        for release in RELEASES:
            try:
                plan_tree(project, mapping, release)
            except MappingError as error:
                for issue in error.issues:
                    found.setdefault((issue.code, str(issue.place), issue.message), issue)
    return list(found.values())
