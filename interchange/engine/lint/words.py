"""Checks of what the words of a mapping refer to: entities, domains, variables, reasons, examples."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from interchange.engine.examples import typed
from interchange.engine.lint.catalogue import found
from interchange.fhir.elements import RELEASES, elements
from interchange.fhir.structure import findings
from interchange.mapping.lookups import needed_variables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Mapping as Dict

    from interchange.engine.lint.scope import Scope
    from interchange.issues import Issue, Place
    from interchange.mapping.model import Example, Guard, Mapping, Project, Source

_TEMPLATE = re.compile(r"\$([A-Z][A-Za-z0-9]*)")
# ISO 21090 null flavors (SDTMIG 3.4, 7.4.2, TSVALNF).
NULL_FLAVORS = frozenset(
    ["NI", "INV", "DER", "OTH", "NINF", "PINF", "UNC", "MSK", "NA", "UNK", "ASKU", "NAV", "NASK", "QS", "TRC", "NP"]
)
# Findings that an example may have: it shows a part of a resource.
PARTIAL = frozenset({"missing"})


def entities(project: Project) -> Iterator[Issue]:
    """Yield entities that cannot be planned."""
    known = ", ".join(sorted(project.entities))
    for name, entity in project.entities.items():
        seen, at = {name}, entity
        while at.within:
            if at.within not in project.entities:
                yield found(
                    "IX-LINT-001", at.place, f"entity `{at.name}` is in `{at.within}`, which is no entity", known
                )
                break
            if at.within in seen:
                yield found(
                    "IX-LINT-001", entity.place, f"entity `{name}` is in itself", "name the resource it lives in"
                )
                break
            seen.add(at.within)
            at = project.entities[at.within]
        else:
            if not any(elements(r).is_resource(at.resource) for r in RELEASES):
                message = f"entity `{name}` has `{at.resource}` for its resource, which is no resource type"
                yield found("IX-LINT-001", entity.place, message, "write `resource:` or `in:`")


def order(project: Project) -> Iterator[Issue]:
    """Yield mappings whose ``after`` cannot be followed."""
    for mapping in project.mappings.values():
        for name in mapping.after:
            if name not in project.mappings:
                hint = f"name one of {', '.join(sorted(project.mappings))}"
                yield found("IX-LINT-003", mapping.place, f"`after` names {name}, which has no mapping", hint)
        if _reaches(project, mapping.domain):
            message = f"{mapping.domain} comes after itself"
            yield found("IX-LINT-003", mapping.place, message, "leave one of the domains out of `after`")


def _reaches(project: Project, domain: str) -> bool:
    seen: set[str] = set()
    todo = list(project.mappings[domain].after)
    while todo:
        name = todo.pop()
        if name == domain:
            return True
        if name not in seen and name in project.mappings:
            seen.add(name)
            todo += project.mappings[name].after
    return False


def sources(scope: Scope) -> Iterator[Issue]:
    """Yield row sources that no row can come from or go to."""
    for mapping, source in scope.sources():
        if source.entity or source.resource:
            if source.resource and not source.id and source.oneway != "to-sdtm" and not source.about:
                message = f"rows of {mapping.domain} `{source.name}` make resources, and nothing says under which id"
                yield found(
                    "IX-LINT-002", source.place, message, "write `id: $USUBJID`, `entity:`, or `oneway: to-sdtm`"
                )
        else:
            message = f"row source `{source.name}` of {mapping.domain} reads no resource"
            yield found("IX-LINT-002", source.place, message, "write `resource:` or `entity:`")


def variables(scope: Scope) -> Iterator[Issue]:
    """Yield names of variables, in guards, keys, templates and lists, that no rule gives."""
    for mapping, source in scope.sources():
        known = scope.variables(source)
        for what, place, names in _mentions(mapping, source):
            for name in names:
                if name not in known:
                    yield _unknown(mapping, what, name, known, place)
    for mapping in scope.project.mappings.values():
        known = {v for s in mapping.sources for v in scope.variables(s)} | {"STUDYID"}
        if mapping.params is not None:
            known.add(mapping.params.null)
        for what, names in (("order", mapping.order), ("long", mapping.long)):
            for name in (each.rstrip("?") for each in names):
                if name not in known:
                    yield _unknown(mapping, what, name, known, mapping.place)
        yield from _nulls(mapping)


def _unknown(mapping: Mapping, what: str, name: str, known: Iterable[str], place: Place) -> Issue:
    near = get_close_matches(name, sorted(known), 1)
    hint = f"did you mean `{near[0]}`?" if near else "write a rule for it, or mend the name"
    return found("IX-LINT-007", place, f"`{what}` names {name}, which no rule of {mapping.domain} gives", hint)


def _mentions(mapping: Mapping, source: Source) -> Iterator[tuple[str, Place, Iterable[str]]]:
    yield "require", source.place, source.require
    yield "distinct", source.place, source.distinct
    yield "id", source.place, _TEMPLATE.findall(source.id)
    for level in source.levels:
        yield "by", level.place, level.by
        yield "index", level.place, level.index
    for emit in source.emit:
        for text in emit.value.values.values():
            yield "emit", emit.place, _TEMPLATE.findall(text or "")
        for call in emit.lookups:
            yield "lookup", emit.place, needed_variables(call)
        yield "when", emit.place, _guarded(emit.when, mapping)
    yield "pick", source.place, _guarded(source.pick, mapping)
    for rule in source.rules:
        for alternative in rule.alternatives:
            yield "when", alternative.place, _guarded(alternative.when, mapping)
            yield "vars", alternative.place, [v for v in alternative.variables if v not in rule.variables]


def _guarded(guard: Guard, mapping: Mapping) -> list[str]:
    supplemental = set(mapping.supp)
    null = {mapping.params.null} if mapping.params else set()
    return [test.variable for test in guard if test.variable not in supplemental | null]


def _nulls(mapping: Mapping) -> Iterator[Issue]:
    if mapping.params is None:
        return
    for code, nulls in mapping.params.nulls.items():
        for null in nulls:
            if null.flavor not in NULL_FLAVORS:
                near = get_close_matches(null.flavor, sorted(NULL_FLAVORS), 1)
                hint = f"did you mean `{near[0]}`?" if near else f"use one of {', '.join(sorted(NULL_FLAVORS))}"
                yield found("IX-LINT-009", mapping.place, f"{code} has `{null.flavor}`, which is no null flavor", hint)


def reasons(scope: Scope) -> Iterator[Issue]:
    """Yield one-way and dropped mappings without a reason."""
    for _, source in scope.sources():
        if source.oneway and not source.because:
            yield _reason(source.place, f"row source `{source.name}` goes {source.oneway} only")
    for rule in scope.rules():
        if rule.drop and not rule.because:
            yield _reason(rule.place, f"{' '.join(rule.variables)} is dropped")
        for alternative in rule.alternatives:
            if alternative.oneway and not alternative.because:
                yield _reason(
                    alternative.place, f"this way of {' '.join(rule.variables)} goes {alternative.oneway} only"
                )


def _reason(place: Place, what: str) -> Issue:
    return found("IX-LINT-008", place, f"{what}, and nothing says why", "give the reason under `because`")


def examples(scope: Scope) -> Iterator[Issue]:
    """Yield examples that cannot be run, or whose FHIR the release does not have."""
    known = {}
    for mapping in scope.project.mappings.values():
        known[mapping.domain] = {v for s in mapping.sources for v in scope.variables(s)} | set(mapping.supp)
        if mapping.params is not None:
            known[mapping.domain].add(mapping.params.null)
    for mapping in scope.project.mappings.values():
        for example in mapping.examples:
            yield from _example(example, mapping, known)


def _example(example: Example, mapping: Mapping, known: Dict[str, set[str]]) -> Iterator[Issue]:
    for message, hint in _faults(example, mapping, known):
        named = f"example `{example.name}`" if example.name else "an example without a name"
        yield found("IX-LINT-010", example.place, f"{named}: {message}", hint)


def _faults(example: Example, mapping: Mapping, known: Dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    if not example.name:
        yield "nothing says what it shows", "write `name:`"
    if not example.sdtm:
        yield "no `sdtm` rows", "write the rows that it shows"
    if not example.fhir and example.direction != "to-fhir":
        yield "no `fhir` to read", "write the resources, or `direction: to-fhir`"
    for release in example.releases:
        if release not in RELEASES:
            yield f"`{release}` is no FHIR release", f"use {', '.join(RELEASES)}"
    for domain, name in dict.fromkeys((r.get("DOMAIN", mapping.domain), v) for r in example.sdtm for v in r):
        if domain not in known:
            yield f"a row of {domain}, which has no mapping", "mend the name"
        elif name not in known[domain] and name.rstrip("0123456789") not in mapping.long:
            near = get_close_matches(name, sorted(known[domain]), 1)
            yield f"no rule of {domain} gives {name}", f"did you mean `{near[0]}`?" if near else "mend the name"
    for resource in example.fhir:
        yield from _misfits(resource, example)


def _misfits(resource: Dict[str, object], example: Example) -> Iterator[tuple[str, str]]:
    for release in RELEASES:
        if release in example.releases and isinstance(resource, dict):
            for one in findings(typed(resource, release), release):
                if one.kind not in PARTIAL:
                    yield f"{one.path}: {one.message}", one.hint
        elif release in example.releases:
            yield "`fhir` holds something that is no resource", "write `resourceType:` and its elements"
            return
