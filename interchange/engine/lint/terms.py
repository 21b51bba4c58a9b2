"""Checks of codes: no coding with two meanings, no term outside its codelist, no code outside its value set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.engine.lint.catalogue import found
from interchange.engine.lint.ground import elements_on
from interchange.engine.lint.scope import concept_of
from interchange.fhir.elements import elements
from interchange.fhir.lower import Filter
from interchange.issues import MappingError
from interchange.mapping.codecs.coded import TEXT_TYPES
from interchange.mapping.tables import read_code_map
from interchange.mapping.terminology import project_terminology

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from interchange.engine.lint.ground import On
    from interchange.engine.lint.scope import Scope
    from interchange.engine.plan import Plan, PlannedEmit, PlannedLevel, PlannedRule, PlannedTest, Way
    from interchange.fhir.elements import Element
    from interchange.fhir.lower import Op
    from interchange.issues import Issue, Place
    from interchange.mapping.tables import CodeMap
    from interchange.mapping.terminology import Terminology

CODED = ("code", "Coding", "CodeableConcept")
# Codecs whose first argument names a code map.
MAPPED = frozenset({"concept", "multi", "quantity", "range", "timing", "unit"})


def code_maps(scope: Scope) -> Iterator[Issue]:
    """Yield what is wrong inside the code maps that the rules use."""
    places = scope.project.settings["folders"].split("\n")
    names = {
        lane.codec.args[0]
        for rule in scope.rules()
        for alternative in rule.alternatives
        for lane in alternative.lane.values.values()
        if lane is not None and lane.codec.name in MAPPED and lane.codec.args
    }
    for name in sorted(names):
        try:
            table = read_code_map(name, places)
            terminology = project_terminology(scope.project.settings)
        except MappingError:
            continue  # planning has said so, at the rule that names it
        yield from _read_as_two(table)
        yield from _written_as_two(table, list(scope.plans))
        yield from _outside(table, terminology)


def _read_as_two(table: CodeMap) -> Iterator[Issue]:
    read: dict[tuple[str, str], str] = {}
    for entry in table.entries:
        if entry.prefer == "to-fhir":
            continue
        term = read.setdefault((entry.system, entry.code), entry.term)
        if term != entry.term:
            message = f"`{entry.code or entry.system}` is read as {term} above and as {entry.term} here"
            yield found("IX-LINT-030", entry.place, message, "let one of the two be written only: prefer to-fhir")


def _written_as_two(table: CodeMap, releases: Sequence[str]) -> Iterator[Issue]:
    told = set()
    for release in releases:
        written: dict[tuple[str, str], str] = {}
        for entry in table.entries:
            if not entry.written_in(release):
                continue
            code = written.setdefault((entry.term, entry.system), entry.code)
            if code != entry.code and entry.place not in told:
                told.add(entry.place)
                message = f"{entry.term} is written as `{code}` above and as `{entry.code}` here, in one system"
                yield found("IX-LINT-031", entry.place, message, "let one of the two be read only: prefer to-sdtm")


def _outside(table: CodeMap, terminology: Terminology) -> Iterator[Issue]:
    terms = terminology.terms.get(table.codelist)
    if not table.codelist or terms is None or terminology.extensible.get(table.codelist):
        return
    told = set(table.retired)
    for entry in table.entries:
        if entry.term not in terms and entry.term not in told:
            told.add(entry.term)
            message = f"{entry.term} is no term of {table.codelist}, which cannot be extended ({terminology.version})"
            yield found("IX-LINT-032", entry.place, message, "mend the term, or name it after `# retired:` in the head")


def constants(scope: Scope) -> Iterator[Issue]:
    """Yield constants of variables that their codelist does not have."""
    terminology = project_terminology(scope.project.settings)
    lists = _codelists(terminology)
    told = set()
    for mapping, source in scope.sources():
        spec = scope.guide.dataset(mapping.domain)
        for rule in source.rules:
            variable = spec.variable(rule.variables[0]) if spec else None
            if rule.const is None or variable is None or (rule.place, rule.const) in told:
                continue
            told.add((rule.place, rule.const))
            name = lists.get(variable.codelist, "DOMAIN" if variable.name == "DOMAIN" else "")
            terms = terminology.terms.get(name)
            if terms and rule.const not in terms and not terminology.extensible.get(name):
                message = f"{variable.name} is `{rule.const}`, which is no term of {name} ({terminology.version})"
                yield found("IX-LINT-032", rule.place, message, "use a term of the codelist")
            if variable.name == "DOMAIN" and rule.const != mapping.domain:
                message = f"DOMAIN is `{rule.const}` in the mapping of {mapping.domain}"
                yield found("IX-LINT-032", rule.place, message, f"write `const: {mapping.domain}`")


def _codelists(terminology: Terminology) -> dict[str, str]:
    """The name of each codelist by its C-code."""
    return {code: name for name, code in terminology.codes.items()}


def value_sets(plan: Plan) -> Iterator[Issue]:
    """Yield constants, patterns and codes that are outside the required value set of their element."""
    owners: list[
        tuple[str, Sequence[PlannedLevel], Iterable[PlannedTest], Iterable[PlannedEmit], Iterable[PlannedRule], Place]
    ]
    owners = [
        (s.resource, s.levels, s.match, s.emit, s.rules, s.source.place)
        for m in plan.mappings.values()
        for s in m.sources
    ]
    owners += [(e.resource, e.levels, e.match, e.emit, e.rules, e.entity.place) for e in plan.entities.values()]
    for resource, levels, match, emits, rules, place in owners:
        contents = [resource]
        for level in levels:
            yield from _patterns(plan, contents[level.start], level.path.ops, level.level.place)
            contents.append(level.path.focus.content)
        for test in match:
            yield from _patterns(plan, contents[test.level], test.path.ops, place)
        for emit in emits:
            if not emit.template:
                chain = elements_on(plan, contents[emit.level], emit.path.ops)
                yield from _constant(plan, chain, emit.value, emit.place)
        for rule in rules:
            for way in rule.ways:
                for path in way.paths:
                    yield from _patterns(plan, contents[way.level], path.ops, way.place)
                yield from _codes(plan, contents[way.level], way)


def _patterns(plan: Plan, content: str, ops: Sequence[Op], place: Place) -> Iterator[Issue]:
    for i, op in enumerate(ops):
        if isinstance(op, Filter):
            before = elements_on(plan, content, ops[:i])
            at = before[-1].content if before else content
            for condition in op.conditions:
                if not condition.variable:
                    inside = elements_on(plan, at, condition.ops)
                    yield from _constant(plan, [*before[-1:], *inside], condition.literal, place)


def _constant(plan: Plan, chain: Sequence[On], value: object, place: Place) -> Iterator[Issue]:
    """A constant at the end of a chain of elements: a code, or the code of a coded element with a binding."""
    if not chain or chain[-1].type != "code" or not isinstance(value, str):
        return
    for on in reversed(chain):
        if on.type not in CODED:
            return
        if on.element.binding:
            yield from _bound(plan, on.element, [value], place)
            return


def _codes(plan: Plan, content: str, way: Way) -> Iterator[Issue]:
    chain = elements_on(plan, content, way.paths[0].ops)
    concept = concept_of(way.codec)
    if not (way.writes and concept is not None and chain and chain[-1].type in CODED):
        return
    element = next((on.element for on in reversed(chain) if on.element.binding and on.type in CODED), None)
    if element is None:
        return
    for entries in concept.write.values():
        first = entries[:1] if concept.type in TEXT_TYPES else entries
        yield from _bound(plan, element, [e.code for e in first], way.place)


def _bound(plan: Plan, element: Element, codes: list[str], place: Place) -> Iterator[Issue]:
    allowed = elements(plan.release).codes(element.binding)
    if allowed is None or not codes or not allowed.isdisjoint(codes):
        return
    known = ", ".join(sorted(allowed)) if len(allowed) <= 12 else f"the {len(allowed)} codes of {element.binding}"
    message = f"`{codes[0]}` is outside the required value set of {element.path}"
    yield found("IX-LINT-033", place, message, f"use one of {known}")
