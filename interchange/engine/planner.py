"""Building a plan: paths lowered onto a release, codecs bound to the types at their ends, faults collected."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from interchange.engine.derive import DERIVATIONS
from interchange.engine.plan import (
    EntityRef,
    Plan,
    PlannedClaim,
    PlannedEmit,
    PlannedEntity,
    PlannedLevel,
    PlannedMapping,
    PlannedRule,
    PlannedSource,
    PlannedTest,
    RecordRef,
    Way,
)
from interchange.fhir import path as p
from interchange.fhir.elements import RELEASES, elements
from interchange.fhir.lower import Filter, Focus, Get, Lowered, LowerError, Lowering, Op, typed_constant
from interchange.issues import Issue, MappingError, Place
from interchange.mapping.codecs import ENTITY, RECORD, Codec, CodecError, Tools, bind_codec
from interchange.mapping.codecs.coded import TEXT_TYPES
from interchange.mapping.lookups import Ground, Lookup, bind_lookup
from interchange.mapping.model import RECORD_NAME, STRENGTHS
from interchange.mapping.terminology import project_terminology

if TYPE_CHECKING:
    from collections.abc import Collection

    from interchange.fhir.elements import Release
    from interchange.mapping.model import (
        Alternative,
        Call,
        Claim,
        Emit,
        Entity,
        Lane,
        Level,
        Project,
        Rule,
        Source,
        Versioned,
    )


class Planner:
    """Builds a plan; collects faults rather than stopping at the first.

    ``base`` is a plan of the project that this one was adapted from: what is the same is taken from there.
    """

    def __init__(self, project: Project, release: Release, base: Plan | None = None) -> None:
        self.project = project
        self.release = release
        self.base = base
        self.faults: list[Issue] = []
        self._codecs: dict[tuple[Call, str], Codec] = {}
        self._lookups: dict[tuple[Call, str], Lookup] = {}
        self._rules: dict[tuple[int, str, tuple[tuple[str, Focus], ...]], PlannedRule] = {}
        self.tools = base.tools if base else _tools(project, release)
        self.resources = {n: self._resource_of(e) for n, e in project.entities.items()}
        self.lowering = Lowering(release, project.aliases.get(release, {}), project.systems, self.resources)

    def _resource_of(self, entity: Entity) -> str:
        seen = {entity.name}
        while entity.within in self.project.entities and entity.within not in seen:  # a circle is a fault of lint
            entity = self.project.entities[entity.within]
            seen.add(entity.name)
        return entity.resource

    def plan(self) -> Plan:
        """Return the plan; MappingError with every fault found."""
        plan = self.sketch()
        self._derivations(plan)
        if self.faults:
            raise MappingError(self.faults)
        return plan

    def _derivations(self, plan: Plan) -> None:
        rules = [r.rule for entity in plan.entities.values() for r in entity.rules]
        rules += [r.rule for m in plan.mappings.values() for source in m.sources for r in source.rules]
        for rule in rules:
            for call in rule.derive:
                if call.name not in DERIVATIONS:
                    message = f"no derivation `{call.name}`"
                    self._fault("IX-DERIVE-002", rule.place, message, f"use one of {', '.join(DERIVATIONS)}")

    def sketch(self, domains: Collection[str] | None = None) -> Plan:
        """Return what can be planned, of some domains or all; faults are in ``faults``."""
        plan = Plan(self.project, self.release, self.tools)
        plan.entities = {name: self.entity(e) for name, e in self.project.entities.items()}
        for mapping in self.project.ordered():
            if domains is not None and mapping.domain not in domains:
                continue
            known = self.base.mappings.get(mapping.domain) if self.base else None
            plan.mappings[mapping.domain] = (
                known
                if known is not None and known.mapping is mapping
                else PlannedMapping(
                    mapping, tuple(self.source(mapping.domain, s) for s in mapping.sources if self._knows(s))
                )
            )
        return plan

    def _knows(self, source: Source) -> bool:
        """Whether this release has the resource of a row source; one that no release has is a fault, found later."""
        return (
            not source.resource
            or self.lowering.elements.is_resource(source.resource)
            or not any(elements(release).is_resource(source.resource) for release in RELEASES)
        )

    def entity(self, entity: Entity) -> PlannedEntity:
        """Return an entity planned."""
        known = self.base.entities.get(entity.name) if self.base else None
        if known is not None and known.entity is entity:
            return known
        resource = self.resources[entity.name]
        heads, levels = self._levels(resource, entity.levels)
        return PlannedEntity(
            entity,
            resource,
            levels,
            self.tests(entity.match, heads, resource, entity.place),
            {
                name: low
                for name, path in entity.links.items()
                if (low := self._optional(path, heads[-1][1], entity.place))
            },
            self.emits(entity.emit, heads, resource, ""),
            tuple(self.rule(rule, heads, resource) for rule in entity.rules),
        )

    def source(self, domain: str, source: Source) -> PlannedSource:
        """Return a row source planned."""
        resource = self.resources.get(source.entity, "") if source.entity else source.resource
        if not self.lowering.elements.is_resource(resource):
            near = source.entity or source.resource
            self._fault("IX-PATH-001", source.place, f"`{near}` is no resource type or entity", "check the spelling")
            return PlannedSource(domain, source, "Basic", (), (), (), (), (), (), ())
        heads, levels = self._levels(resource, source.levels)
        if len(levels) < len(source.levels):  # said already; every path from there would be wrong as well
            return PlannedSource(domain, source, resource, levels, (), (), (), (), (), ())
        rules = self._keys(source, heads, resource) + tuple(self.rule(rule, heads, resource) for rule in source.rules)
        return PlannedSource(
            domain,
            source,
            resource,
            levels,
            self.tests(source.match, heads, resource, source.place),
            self.tests(source.skip_if, heads, resource, source.place),
            self.tests(source.only_if, heads, resource, source.place),
            tuple(self._claim(claim, heads[:1], resource, source.place) for claim in source.claims),
            self.emits(source.emit, heads, resource, domain),
            rules,
            tuple(w.codec for rule in rules for w in rule.ways if w.writes and isinstance(w.codec, RecordRef)),
        )

    def _claim(self, claim: Claim, heads: list[tuple[str, Focus]], resource: str, place: Place) -> PlannedClaim:
        ways = (self._way(lane, heads, resource) for lane in claim.lanes)
        return PlannedClaim(
            STRENGTHS.index(claim.strength),
            self.tests(claim.paths, heads, resource, place),
            tuple(replace(way, variables=("CLAIM",)) for way in ways if way is not None),
        )

    def _keys(self, source: Source, heads: list[tuple[str, Focus]], resource: str) -> tuple[PlannedRule, ...]:
        """The rules of the entity that a source hangs on: they read the key variables, at the resource itself."""
        entity = self.project.entities.get(source.entity)
        owned = {v for rule in source.rules for v in rule.variables}
        rules = [r for r in entity.rules if not owned & set(r.variables)] if entity else []
        return tuple(self.rule(rule, heads[:1], resource) for rule in rules)

    def _fault(self, code: str, place: Place, message: str, hint: str) -> None:
        issue = Issue(code, "error", place, message, hint)
        if issue not in self.faults:
            self.faults.append(issue)

    def _levels(
        self, resource: str, levels: tuple[Level, ...]
    ) -> tuple[list[tuple[str, Focus]], tuple[PlannedLevel, ...]]:
        heads = [(resource, Focus(resource, resource))]
        planned = []
        for level in levels:
            path = level.path.of(self.release)
            if path is None:
                self._fault("IX-LEVEL-001", level.place, f"level has no path in {self.release}", "give it one")
                continue
            start, rest = self.start(path, heads, resource)
            try:
                lowered = self.lowering.lower(rest, heads[start][1])
            except LowerError as error:
                self._fault(error.code, level.place, str(error), error.hint)
                continue
            planned.append(PlannedLevel(level, start, lowered))
            heads.append((level.name, lowered.focus))
        return heads, tuple(planned)

    def start(self, path: p.Path, heads: list[tuple[str, Focus]], resource: str) -> tuple[int, p.Path]:
        """Where a path starts: at the level or resource that its head names, else at the innermost level."""
        head = path.head
        if head == resource:
            return 0, path.tail()
        for i, (name, _) in enumerate(heads):
            if i and name == head:
                return i, path.tail()
        if path.steps and isinstance(path.steps[0], p.Join):
            return 0, path
        return len(heads) - 1, path

    def _optional(self, path: Versioned[p.Path], focus: Focus, place: Place) -> Lowered | None:
        found = path.of(self.release)
        if found is None:
            return None
        try:
            return self.lowering.lower(found, focus)
        except LowerError as error:
            self._fault(error.code, place, str(error), error.hint)
            return None

    def tests(
        self,
        paths: tuple[Versioned[p.Path], ...],
        heads: list[tuple[str, Focus]],
        resource: str,
        place: Place,
    ) -> tuple[PlannedTest, ...]:
        """Return paths that only have to exist, planned; those that the release has not are left out."""
        tests = []
        for versioned in paths:
            path = versioned.of(self.release)
            if path is None:
                continue
            start, rest = self.start(path, heads, resource)
            try:
                tests.append(PlannedTest(start, self.lowering.lower(rest, heads[start][1])))
            except LowerError as error:
                self._fault(error.code, place, str(error), error.hint)
        return tuple(tests)

    def emits(
        self, emits: tuple[Emit, ...], heads: list[tuple[str, Focus]], resource: str, domain: str
    ) -> tuple[PlannedEmit, ...]:
        """Return constants planned, of a domain whose terms lookups look among."""
        planned = []
        for emit in emits:
            text = emit.value.of(self.release)
            if text is None or text == "none":
                continue
            start, rest = self.start(emit.path, heads, resource)
            try:
                lowered = self.lowering.lower(rest, heads[start][1])
                if text.startswith("%"):
                    text = self.lowering.literal(p.System(*text[1:].partition("/")[::2]))
                value = "" if emit.lookups else typed_constant(text, lowered.type)
                lookups = tuple(self._lookup(call, lowered, domain) for call in emit.lookups)
            except CodecError as error:
                self._fault("IX-LOOKUP-001", emit.place, str(error), "see docs/mapping_language.md, Lookups")
                continue
            except LowerError as error:
                self._fault(error.code, emit.place, str(error), error.hint)
                continue
            template = "$" in text
            picked, blank = () if lookups else _picked(lowered.ops), self._blank(lowered)
            planned.append(PlannedEmit(start, lowered, value, template, emit.place, picked, emit.when, blank, lookups))
        return tuple(planned)

    def _lookup(self, call: Call, lowered: Lowered, domain: str) -> Lookup:
        """The lookup of a call in a domain; row sources of one domain share it."""
        if lowered.type not in TEXT_TYPES:
            raise CodecError(f"a lookup gives a text, and this element is a {lowered.type}")
        key = (call, domain)
        if key not in self._lookups:
            guide = self.project.settings.get("sdtmig", "3.4")
            terms = project_terminology(self.project.settings)
            self._lookups[key] = bind_lookup(call, Ground(self.tools, terms, guide, domain))
        return self._lookups[key]

    def _blank(self, lowered: Lowered) -> tuple[tuple[Op, ...], ...]:
        """The ways to the element that a reason for absent data stands at, one for each type of a choice."""
        absent = self.project.systems.get("absent")
        for i, op in enumerate(lowered.ops):
            if isinstance(op, Filter) and op.is_url and op.conditions[0].literal == absent and i >= 2:
                *way, last, _ = lowered.ops[:i]
                key = last.key.removeprefix("_") if isinstance(last, Get) else ""
                content = next((content for content, own in reversed(lowered.elements) if own == key), "")
                found = self.lowering.elements.physical(content, key) if content else None
                if found is not None:
                    return tuple((*way, Get(own, many=False)) for own in found[0].keys)
        return ()

    def rule(self, rule: Rule, heads: list[tuple[str, Focus]], resource: str) -> PlannedRule:
        """Return a rule planned: the alternatives that this release can hold; row sources share the same rule."""
        key = (id(rule), resource, tuple(heads))
        if key not in self._rules:
            ways = (self._way(alternative, heads, resource) for alternative in rule.alternatives)
            self._rules[key] = PlannedRule(rule, tuple(way for way in ways if way is not None))
        return self._rules[key]

    def _way(self, alternative: Alternative, heads: list[tuple[str, Focus]], resource: str) -> Way | None:
        lane = alternative.lane.of(self.release)
        if lane is None:
            return None
        try:
            starts = [self.start(path, heads, resource) for path in lane.paths]
            paths = tuple(self.lowering.lower(rest, heads[start][1]) for start, rest in starts)
            codec = self._codec(lane, paths, alternative)
        except LowerError as error:
            self._fault(error.code, alternative.place, f"{error} (`{lane}`)", error.hint)
            return None
        except CodecError as error:
            self._fault(
                "IX-CODEC-001",
                alternative.place,
                f"{error} (`{lane}`)",
                "choose the codec by the element's type",
            )
            return None
        except MappingError as error:  # a code map that is not there, or cannot be read
            for issue in error.issues:
                self._fault(issue.code, alternative.place, f"{issue.place}: {issue.message} (`{lane}`)", issue.hint)
            return None
        if len({start for start, _ in starts}) > 1:
            self._fault("IX-PATH-009", alternative.place, f"`{lane}` starts at two levels", "start both at one")
            return None
        return Way(
            alternative.variables,
            starts[0][0],
            paths,
            codec,
            alternative.when,
            reads=alternative.oneway != "to-fhir",
            writes=alternative.oneway != "to-sdtm",
            place=alternative.place,
            text=str(lane),
            because=alternative.because,
        )

    def _codec(self, lane: Lane, paths: tuple[Lowered, ...], alternative: Alternative) -> Codec | EntityRef:
        if lane.codec.name == ENTITY:
            return self._entity_ref(lane.codec, paths[0], alternative.variables)
        if lane.codec.name == RECORD:
            return self._record_ref(lane.codec, paths[0], alternative.variables)
        codec = self._bound(lane.codec, paths[0].type)
        if codec.paths != len(paths):
            raise CodecError(f"`{lane.codec.name}` takes {codec.paths} paths, not {len(paths)}")
        if codec.arity and alternative.variables and codec.arity != len(alternative.variables):
            raise CodecError(
                f"`{lane.codec.name}` gives {codec.arity} variables, and the rule has {len(alternative.variables)}"
            )
        if codec.sibling and not (paths[0].ops and isinstance(paths[0].ops[-1], Get)):
            raise CodecError(f"`{lane.codec.name}` must stand at an element")
        return codec

    def _record_ref(self, call: Call, path: Lowered, variables: tuple[str, ...]) -> RecordRef:
        if path.type != "Reference":
            raise CodecError(f"`{RECORD}` reads a Reference, and this element is a {path.type}")
        if variables != RECORD_NAME:
            raise CodecError(f"`{RECORD}` gives {' '.join(RECORD_NAME)}, and the rule has {' '.join(variables)}")
        systems = {name: self.project.systems.get(name.lower(), "") for name in call.args}
        if missing := [name for name, url in systems.items() if not url] or (not systems and ["SEQ"]):
            raise CodecError(f"`{RECORD}` needs a system `{missing[0].lower()}` for records named by {missing[0]}")
        return RecordRef("", "", variables, variables, systems)

    def _bound(self, call: Call, type_: str) -> Codec:
        """The codec of a call at an element type; rules of many domains share one."""
        key = (call, type_)
        codec = self._codecs.get(key)
        if codec is None:
            codec = self._codecs[key] = bind_codec(call, type_, self.tools)
        return codec

    def _entity_ref(self, call: Call, path: Lowered, variables: tuple[str, ...]) -> EntityRef:
        name, _, link = (call.args[0] if call.args else "").partition(".")
        entity = self.project.entities.get(name)
        if entity is None:
            raise CodecError(f"no entity `{name}`; there are {', '.join(sorted(self.project.entities))}")
        if entity.links:
            link = link or next(iter(entity.links))
            if link not in entity.links:
                raise CodecError(f"entity `{name}` has no link `{link}`")
        elif path.type != "Reference":
            raise CodecError(f"`entity({name})` reads a Reference, and this element is a {path.type}")
        own = call.args[1:] or variables or entity.variables
        if missing := [v for v in own if v not in (*entity.variables, *entity.key)]:
            raise CodecError(f"entity `{name}` gives no {' '.join(missing)}")
        if variables and len(own) != len(variables):
            raise CodecError(f"`entity({name})` names {len(own)} variables, and the rule has {len(variables)}")
        return EntityRef(name, link, own, variables or own)


def _tools(project: Project, release: Release) -> Tools:
    """What the codecs of a project may ask for."""
    version = project_terminology(project.settings).version
    return Tools(release, project.systems, project.settings["folders"].split("\n"), version)


def plan_project(project: Project, release: Release, base: Plan | None = None) -> Plan:
    """Return the plan of a project on a release, with what ``base`` has of it; MappingError with every fault."""
    return Planner(project, release, base).plan()


def _picked(ops: tuple[Op, ...]) -> tuple[Op, ...]:
    """The ops that lead to the innermost element picked by a pattern, other than an extension's URL."""
    last = max((i for i, op in enumerate(ops) if isinstance(op, Filter) and not op.is_url), default=-1)
    return ops[: last + 1]
