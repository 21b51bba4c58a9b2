"""Checks of reading order and of ways that are never taken: joins, alternatives, levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.engine.lint.catalogue import found
from interchange.engine.lint.scope import planned_sources
from interchange.fhir.lower import Filter, Meet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from interchange.engine.lint.scope import Scope
    from interchange.engine.plan import Plan, PlannedSource, Way
    from interchange.fhir.lower import Op
    from interchange.issues import Issue
    from interchange.mapping.model import Alternative, Rule, Source


def known_in_time(plan: Plan) -> Iterator[Issue]:
    """Yield joins on variables that the row does not have yet when they are made."""
    for source in planned_sources(plan):
        for level in source.levels:
            for variable in _compared(level.path.ops):
                message = f"`where(…=${variable})` stands on the way to a row, which has no variables yet"
                yield found("IX-LINT-022", level.level.place, message, "move the condition into a rule")
        known: set[str] = set()
        for rule in source.rules:
            for way in rule.ways:
                if way.reads:
                    yield from _late(way, rule.variables, known, source, plan)
            known.update(rule.variables)


def _late(way: Way, own: tuple[str, ...], known: set[str], source: PlannedSource, plan: Plan) -> Iterator[Issue]:
    wanted = [(v, f"`where(…=${v})`") for path in way.paths for v in _compared(path.ops)]
    for path in way.paths:
        for op in path.ops:
            if isinstance(op, Meet):
                entity = plan.entities[op.entity].entity
                wanted += [(v, f"`join({op.entity})`") for v in entity.key if v in entity.variables]
    for variable, what in dict.fromkeys(wanted):
        if variable in own:
            message = f"{what} needs {variable}, which this very rule reads"
            yield found("IX-LINT-022", way.place, message, "compare with 'text', %system or another variable")
        elif variable not in known:
            message = f"{what} needs {variable}, which no rule of {source.name} reads before"
            yield found("IX-LINT-022", way.place, message, f"put the rule of {variable} above this one")


def _compared(ops: Sequence[Op]) -> list[str]:
    return [c.variable for op in ops if isinstance(op, Filter) for c in op.conditions if c.variable]


def never_used(scope: Scope) -> Iterator[Issue]:
    """Yield alternatives that no row is read or written by."""
    told = set()
    for _, source in scope.sources():
        for rule in source.rules:
            for i, alternative in enumerate(rule.alternatives):
                reason = _idle(alternative, i, rule, source, scope)
                if reason and alternative.place not in told:
                    told.add(alternative.place)
                    hint = "leave it out, or mend it"
                    yield found(
                        "IX-LINT-023", alternative.place, f"this way of {' '.join(rule.variables)} {reason}", hint
                    )


def _shared(rule: Rule, scope: Scope) -> bool:
    """Whether a row source that goes both ways, or to FHIR, has the rule too."""
    return any(
        other.place == rule.place
        for _, source in scope.sources()
        if source.oneway != "to-sdtm"
        for other in source.rules
    )


def _idle(alternative: Alternative, i: int, rule: Rule, source: Source, scope: Scope) -> str:
    lanes = [lane for release in scope.plans if (lane := alternative.lane.of(release)) is not None]
    if not lanes:
        return "has a path in no release"
    if alternative.oneway == "to-fhir" and source.oneway == "to-sdtm" and not _shared(rule, scope):
        return f"is to FHIR only, and `{source.name}` to SDTM only"
    if alternative.oneway == "to-fhir" and all(lane.codec.name in ("count", "named", "present") for lane in lanes):
        return f"is to FHIR only, and `{lanes[0].codec.name}` cannot write"
    for earlier in rule.alternatives[:i]:
        same = all(str(earlier.lane.of(r)) == str(alternative.lane.of(r)) for r in scope.plans)
        covers = not earlier.oneway or earlier.oneway == alternative.oneway
        if same and covers and earlier.variables == alternative.variables and earlier.when in ((), alternative.when):
            return "stands above it already"
    return ""


def idle_levels(plan: Plan) -> Iterator[Issue]:
    """Yield levels, but for the innermost, that no path starts from."""
    for source in planned_sources(plan):
        used = {level.start for level in source.levels}
        used |= {way.level for rule in source.rules for way in rule.ways}
        used |= {test.level for test in (*source.skip_if, *source.only_if)}
        used |= {emit.level for emit in source.emit}
        for i, level in enumerate(source.levels[:-1], start=1):
            if i not in used:
                message = f"nothing starts from level `{level.level.name}` of {source.name}"
                yield found("IX-LINT-024", level.level.place, message, "leave it out, or start a path with its name")
