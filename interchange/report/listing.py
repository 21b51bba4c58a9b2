"""The mapping files of a project: which dataset each makes, from which resources, by how many rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interchange.report.layout import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from interchange.mapping.model import Mapping, Project


@dataclass(frozen=True, slots=True)
class ListedMapping:
    """One mapping: its file, row sources, resource types read or written, variables, and number of examples."""

    domain: str
    file: str
    row_sources: list[str]
    resource_types: list[str]
    variables: list[str]
    examples: int


def list_mappings(project: Project) -> list[ListedMapping]:
    """Return the mappings of a project, by domain."""
    return [_listed(project, project.mappings[domain]) for domain in sorted(project.mappings)]


def _listed(project: Project, mapping: Mapping) -> ListedMapping:
    types = [source.resource or _resource_of(project, source.entity) for source in mapping.sources]
    variables = [v for source in mapping.sources for rule in source.rules for v in rule.variables]
    return ListedMapping(
        mapping.domain,
        mapping.place.file,
        [source.name for source in mapping.sources],
        sorted({type_ for type_ in types if type_}),
        list(dict.fromkeys(variables)),
        len(mapping.examples),
    )


def _resource_of(project: Project, name: str) -> str:
    """The resource type of an entity, or of the one that it lives in."""
    seen = set()
    while name in project.entities and name not in seen:
        seen.add(name)
        entity = project.entities[name]
        if entity.resource:
            return entity.resource
        name = entity.within
    return ""


def show_mappings(mappings: Sequence[ListedMapping]) -> list[RenderableType]:
    """Return the table of mappings."""
    columns = ("domain", "file", "row sources", "resource types", "variables", "examples")
    rows = [
        (m.domain, m.file, len(m.row_sources), ", ".join(m.resource_types), len(m.variables), m.examples)
        for m in mappings
    ]
    return [table("Mappings", columns, rows)]
