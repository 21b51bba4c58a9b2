"""What the static checks look at: a project, its plans on each FHIR release, and the SDTM guide."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from interchange.engine.plan import EntityRef, RecordRef
from interchange.mapping.codecs.coded import ConceptCodec, MultiCodec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from interchange.engine.plan import Plan, PlannedSource
    from interchange.fhir.elements import Release
    from interchange.issues import Issue
    from interchange.mapping.model import Mapping, Project, Rule, Source
    from interchange.sdtm.standard import Standard


@dataclass(frozen=True, slots=True)
class Scope:
    """A project under examination."""

    project: Project
    plans: dict[Release, Plan]
    guide: Standard

    def per_plan(self, check: Callable[[Plan], Iterable[Issue]]) -> Iterator[Issue]:
        """Yield what a check finds on each release, once, with the releases named where they are not all."""
        where: dict[Issue, list[str]] = {}
        for release, plan in self.plans.items():
            for issue in check(plan):
                releases = where.setdefault(issue, [])
                if release not in releases:
                    releases.append(release)
        yield from in_releases(where, len(self.plans))

    def sources(self) -> Iterator[tuple[Mapping, Source]]:
        """Yield every row source with its mapping."""
        for mapping in self.project.mappings.values():
            for source in mapping.sources:
                yield mapping, source

    def rules(self) -> Iterator[Rule]:
        """Yield every rule of every row source and entity; rules that sources share, once."""
        seen = set()
        owners = [source.rules for _, source in self.sources()]
        for rules in (*owners, *(e.rules for e in self.project.entities.values())):
            for rule in rules:
                key = (rule.place, rule.variables)
                if key not in seen:
                    seen.add(key)
                    yield rule

    def variables(self, source: Source) -> set[str]:
        """The variables that rules give to the rows of a source, those of its entity included."""
        entity = self.project.entities.get(source.entity)
        keys = {v for rule in entity.rules for v in rule.variables} if entity else set()
        return keys | set(source.given) | {v for rule in source.rules for v in rule.variables}


def in_releases(where: dict[Issue, list[str]], of: int) -> Iterator[Issue]:
    """Yield issues with the releases that they are found in, where those are not all."""
    for issue, releases in where.items():
        if len(releases) < of:
            yield replace(issue, message=f"{issue.message} (in {', '.join(releases)})")
        else:
            yield issue


def planned_sources(plan: Plan) -> Iterator[PlannedSource]:
    """Yield the row sources of a plan."""
    for mapping in plan.mappings.values():
        yield from mapping.sources


def codec_name(codec: object) -> str:
    """The name of a bound codec as the language has it."""
    if isinstance(codec, RecordRef):
        return "record"
    return "entity" if isinstance(codec, EntityRef) else str(getattr(codec, "name", ""))


def concept_of(codec: object) -> ConceptCodec | None:
    """The code map behind a codec of one or several coded values; nothing for any other codec."""
    inner = codec.one if isinstance(codec, MultiCodec) else codec
    return inner if isinstance(inner, ConceptCodec) else None
