"""What a rule says, in words: where a variable comes from and goes to, with codecs and code maps, by release."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

from interchange.engine.derive import DERIVATIONS
from interchange.engine.planner import Planner
from interchange.engine.wording import path_text
from interchange.fhir.elements import RELEASES
from interchange.issues import Issue, MappingError, Place
from interchange.mapping.codecs import CODECS, ENTITY
from interchange.mapping.tables import read_code_map, read_parameters
from interchange.sdtm.standard import standard

if TYPE_CHECKING:
    from collections.abc import Mapping as Dict
    from collections.abc import Sequence

    from interchange.engine.plan import Plan, PlannedLevel, PlannedRule, PlannedSource, Way
    from interchange.fhir.elements import Release
    from interchange.mapping.model import Guard, Mapping, Params, Project, Rule, Source

PAIRS = 6
MAPPED = frozenset({"concept", "multi", "quantity", "unit"})


@dataclass(frozen=True, slots=True)
class MapExplained:
    """A code map: its name, codelist, the first pairs that are written (code, term), and how many entries it has."""

    name: str
    codelist: str
    pairs: tuple[tuple[str, str], ...]
    entries: int


@dataclass(frozen=True, slots=True)
class WayExplained:
    """One way between a rule's variables and FHIR.

    ``lane`` is as written; ``paths`` are the JSON paths by release, ``via`` the releases that use HL7's cross-version
    extension. ``reads`` and ``writes`` say which directions it is for.
    """

    variables: tuple[str, ...]
    lane: str
    paths: Dict[Release, str]
    via: frozenset[Release]
    codec: str
    codec_says: str
    guard: str
    reads: bool
    writes: bool
    because: str
    place: Place
    code_map: MapExplained | None = None


@dataclass(frozen=True, slots=True)
class RuleExplained:
    """A rule of one row source or entity: its ways in order, and what is derived, constant or dropped."""

    variables: tuple[str, ...]
    source: str
    rows: str
    ways: tuple[WayExplained, ...]
    place: Place
    const: str | None = None
    derive: str = ""
    derive_says: str = ""
    drop: bool = False
    because: str = ""
    note: str = ""
    entity: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the mapping says of a variable, parameter or entity's variable; ``text()`` is the whole in words."""

    name: str
    label: str
    rules: tuple[RuleExplained, ...]
    nulls: tuple[str, ...] = ()
    remarks: tuple[str, ...] = field(default=())

    def text(self) -> str:
        """The explanation as plain text, for a terminal."""
        lines = [f"{self.name}  {self.label}".rstrip()]
        lines += [f"  {remark}" for remark in self.remarks]
        for rule in self.rules:
            lines += ["", *_rule_lines(rule)]
        lines += [f"  {null}" for null in self.nulls]
        return "\n".join(lines)


def explain(project: Project, name: str, release: Release | None = None) -> Explanation:
    """Return what the mappings say of ``DM.SEX``, of a parameter ``TS.TITLE``, or of an entity's ``subject.USUBJID``.

    With ``release`` the paths are those of one FHIR release. MappingError where there is no such name.
    """
    releases = (release,) if release else RELEASES
    head, _, tail = name.strip().partition(".")
    plans = {each: Planner(project, each).sketch() for each in releases}
    if head in project.entities:
        return _entity(project, plans, head, tail)
    mapping = project.mappings.get(head.upper())
    if mapping is None:
        raise _unknown(head, [*project.mappings, *project.entities], "no mapping or entity", Place())
    return _variable(project, plans, mapping, tail.upper())


def _unknown(name: str, known: Sequence[str], what: str, place: Place) -> MappingError:
    near = get_close_matches(name, known, 1, 0.5)
    hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(known)}"
    return MappingError([Issue("IX-EXPLAIN-001", "error", place, f"{what} `{name}`", hint)])


def _entity(project: Project, plans: Dict[Release, Plan], name: str, variable: str) -> Explanation:
    entity = project.entities[name]
    first = next(iter(plans.values())).entities[name]
    chosen = [i for i, r in enumerate(first.rules) if not variable or variable in r.variables]
    if variable and not chosen:
        raise _unknown(variable, entity.variables or entity.key, f"entity `{name}` has no variable", entity.place)
    rules = tuple(
        _explained(
            project,
            {release: plan.entities[name].rules[i] for release, plan in plans.items()},
            {release: plan.entities[name].levels for release, plan in plans.items()},
            f"entity {name}",
            f"a {first.resource}" + (f" (inside entity `{entity.within}`)" if entity.within else ""),
            entity=True,
        )
        for i in chosen
    )
    keys = f"one {first.resource} for each {' '.join(entity.key)}"
    id_ = entity.id or "-".join(f"${key}" for key in entity.key)
    place = f"id {id_} ({entity.place})" if not entity.within else f"({entity.place})"
    return Explanation(f"{name}.{variable}" if variable else name, "", rules, remarks=(f"entity: {keys}; {place}",))


def _variable(project: Project, plans: Dict[Release, Plan], mapping: Mapping, variable: str) -> Explanation:
    spec = standard(project.settings.get("sdtmig", "3.4")).dataset(mapping.domain)
    params = mapping.params
    if params is not None and (variable in params.nulls or variable in {s.name for s in mapping.sources}):
        return _parameter(project, plans, mapping, params, variable)
    known = list(dict.fromkeys(v for s in mapping.sources for r in s.rules for v in r.variables))
    entities = {s.entity for s in mapping.sources if s.entity}
    known += [v for e in entities for v in project.entities[e].variables if v not in known]
    if variable not in known:
        codes = [s.name for s in mapping.sources] if params else []
        raise _unknown(variable, [*known, *codes], f"no rule of {mapping.domain} gives", mapping.place)
    rules: dict[Place, RuleExplained] = {}
    for i in range(len(mapping.sources)):
        for rule in _rules(project, plans, mapping, i, variable):
            rules.setdefault(rule.place, rule)
    described = spec.variable(variable) if spec else None
    supp = mapping.supp.get(variable)
    remarks = (f"kept in SUPP{mapping.domain}: {supp.label}",) if supp else ()
    label = described.label if described else supp.label if supp else ""
    if params is not None and variable == params.value:
        remarks = (f"each parameter has a rule of its own: ask for {mapping.domain}.{mapping.sources[0].name}",)
        rules = {}
    return Explanation(f"{mapping.domain}.{variable}", label, tuple(rules.values()), remarks=remarks)


def _parameter(
    project: Project, plans: Dict[Release, Plan], mapping: Mapping, params: Params, code: str
) -> Explanation:
    table = read_parameters(params.table, project.settings["folders"].split("\n"))
    rules: list[RuleExplained] = []
    shared = {r.place for r in mapping.sources[0].rules} & {r.place for r in mapping.sources[-1].rules}
    for i, source in enumerate(mapping.sources):
        own = [r for r in source.rules if r.place not in shared and r.const is None] if source.name == code else []
        for rule in sorted(own, key=lambda r: params.value not in r.variables):
            rules += _rules(project, plans, mapping, i, rule.variables[0])
    nulls = tuple(
        f"where nothing is known of it: {params.null} {null.flavor}"
        + (f", when {_guard(null.when)}" if null.when else "")
        for null in params.nulls.get(code, ())
    )
    remarks = () if rules else (f"has no home in FHIR: a row with {code} is kept whole at the study",)
    return Explanation(f"{mapping.domain}.{code}", table[code].label, tuple(rules), nulls, remarks)


def _rules(
    project: Project, plans: Dict[Release, Plan], mapping: Mapping, source: int, variable: str
) -> list[RuleExplained]:
    planned = {release: plan.mappings[mapping.domain].sources[source] for release, plan in plans.items()}
    first = next(iter(planned.values()))
    return [
        _explained(
            project,
            {release: p.rules[i] for release, p in planned.items()},
            {release: p.levels for release, p in planned.items()},
            f"{mapping.domain} rows from `{first.source.name}`",
            _rows(planned),
            of=first.source,
        )
        for i, rule in enumerate(first.rules)
        if variable in rule.variables
    ]


def _rows(planned: Dict[Release, PlannedSource]) -> str:
    first = planned.get("R5") or next(iter(planned.values()))
    if not first.levels:
        return f"one row for each {first.resource}"
    return f"one row for each `{_start(first.levels, len(first.levels))}` of {first.resource}"


def _explained(
    project: Project,
    rules: Dict[Release, PlannedRule],
    levels: Dict[Release, tuple[PlannedLevel, ...]],
    source: str,
    rows: str,
    *,
    entity: bool = False,
    of: Source | None = None,
) -> RuleExplained:
    rule: Rule = next(iter(rules.values())).rule
    ways: dict[Place, dict[Release, Way]] = {}
    for release, planned in rules.items():
        for way in planned.ways:
            ways.setdefault(way.place, {})[release] = way
    order = {alternative.place: i for i, alternative in enumerate(rule.alternatives)}
    function = DERIVATIONS.get(rule.derive.name) if rule.derive else None
    return RuleExplained(
        rule.variables,
        source,
        rows,
        tuple(_way(project, ways[p], levels, of) for p in sorted(ways, key=lambda p: order.get(p, 0))),
        rule.place,
        rule.const,
        str(rule.derive or ""),
        _first_line(function),
        rule.drop,
        rule.because,
        rule.note,
        entity,
    )


def _way(
    project: Project, ways: Dict[Release, Way], levels: Dict[Release, tuple[PlannedLevel, ...]], of: Source | None
) -> WayExplained:
    way = ways.get("R5") or next(iter(ways.values()))
    lane, _, call = way.text.rpartition(" | ")
    paths: dict[Release, str] = {}
    for release, each in ways.items():
        start = _start(levels[release], each.level)
        paths[release] = " + ".join(path_text(path.ops, start) for path in each.paths)
    return WayExplained(
        way.variables,
        lane,
        paths,
        frozenset(release for release, each in ways.items() if any(path.via for path in each.paths)),
        call,
        _codec_says(call),
        _guard(way.guard),
        way.reads and (of is None or of.oneway != "to-fhir"),
        way.writes and (of is None or of.oneway != "to-sdtm"),
        way.because or (of.because if of else ""),
        way.place,
        _code_map(project, call, next(iter(ways))),
    )


def _start(levels: Sequence[PlannedLevel], level: int) -> str:
    """The path from the resource to a level, in words."""
    if level == 0 or level > len(levels):
        return ""
    here = levels[level - 1]
    return path_text(here.path.ops, _start(levels, here.start))


def _codec_says(call: str) -> str:
    name = call.partition("(")[0]
    if name == ENTITY:
        return "a reference to (or link of) another row: its key variables become the resource, and back"
    return _first_line(CODECS.get(name))


def _first_line(thing: object) -> str:
    return (getattr(thing, "__doc__", None) or "").strip().partition("\n")[0].replace("``", "`")


def _guard(guard: Guard) -> str:
    return " and ".join(str(test) for test in guard)


def _code_map(project: Project, call: str, release: Release) -> MapExplained | None:
    name, _, args = call.partition("(")
    if name not in MAPPED or not args:
        return None
    map_name = args.rstrip(")").split()[0]
    table = read_code_map(map_name, project.settings["folders"].split("\n"))
    pairs = dict.fromkeys((e.code or e.system, e.term) for e in table.entries if e.written_in(release))
    return MapExplained(map_name, table.codelist, tuple(pairs)[:PAIRS], len(table.entries))


def _rule_lines(rule: RuleExplained) -> list[str]:
    lines = [f"{' '.join(rule.variables)}  ({rule.place}), {rule.source}: {rule.rows}"]
    if rule.const is not None:
        lines.append(f"  always `{rule.const}`")
    if rule.drop:
        lines.append(f"  dropped: {rule.because}")
    if len(rule.ways) > 1:
        lines.append("  to SDTM the first of these that yields; to FHIR the first that can hold the value")
    for number, way in enumerate(rule.ways, start=1):
        lines += _way_lines(way, f"{number}. " if len(rule.ways) > 1 else "", rule)
    if rule.derive:
        again = ", where none of these yields" if rule.ways else ""
        lines.append(f"  derived{again}: {rule.derive}  {rule.derive_says}".rstrip())
    if rule.note:
        lines.append(f"  note: {rule.note}")
    return lines


_DIRECTION = {(True, True): "both ways", (True, False): "to SDTM only", (False, True): "to FHIR only"}


def _way_lines(way: WayExplained, number: str, rule: RuleExplained) -> list[str]:
    direction = _DIRECTION.get((way.reads, way.writes), "never")
    only = f" ({' '.join(way.variables)})" if way.variables != rule.variables else ""
    lines = [f"  {number}{way.lane} | {way.codec}{only}"]
    lines.append(f"     {direction}" + (f": {way.because}" if way.because else ""))
    texts: dict[str, list[str]] = {}
    for release, path in way.paths.items():
        beside = "HL7 cross-version extension " if release in way.via else ""
        texts.setdefault(beside + path, []).append(release)
    lines += [f"     in {', '.join(releases)}: {text}" for text, releases in texts.items()]
    if way.codec_says:
        lines.append(f"     {way.codec_says}")
    if way.guard:
        lines.append(f"     to FHIR when {way.guard}")
    if way.code_map is not None:
        pairs = ", ".join(f"{code} <-> {term}" for code, term in way.code_map.pairs)
        codelist = f" (codelist {way.code_map.codelist})" if way.code_map.codelist else ""
        lines.append(
            f"     code map {way.code_map.name}{codelist}, {way.code_map.entries} entries: {pairs or 'to SDTM only'}"
        )
    return lines
