"""What a rule says, in words: where a variable comes from and goes to, with codecs and code maps, by release."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from interchange.engine.derive import DERIVATIONS
from interchange.engine.explained import Explanation, MapExplained, RuleExplained, SourceExplained, WayExplained
from interchange.engine.planner import Planner
from interchange.engine.wording import path_text
from interchange.fhir.elements import RELEASES
from interchange.issues import Issue, MappingError, Place
from interchange.mapping.codecs import CODECS, ENTITY, RECORD
from interchange.mapping.model import STRENGTHS
from interchange.mapping.tables import read_code_map, read_parameters
from interchange.sdtm.standard import standard

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Mapping as Dict

    from interchange.engine.plan import Plan, PlannedLevel, PlannedRule, PlannedSource, Way
    from interchange.fhir.elements import Release
    from interchange.fhir.path import Path
    from interchange.mapping.model import Guard, Lane, Mapping, Params, Project, Rule, Source, Versioned

PAIRS = 6
MAPPED = frozenset({"concept", "multi", "quantity", "unit"})


def explain(project: Project, name: str, release: Release | None = None) -> Explanation:
    """Return what the mappings say of ``DM.SEX``, of a parameter ``TS.TITLE``, or of an entity's ``subject.USUBJID``.

    ``LB`` alone tells which resources its rows come from. With ``release`` the paths are those of one FHIR release.
    MappingError where there is no such name.
    """
    releases = (release,) if release else RELEASES
    head, _, tail = name.strip().partition(".")
    mapping = None if head in project.entities else project.mappings.get(head.upper())
    if head not in project.entities and mapping is None:
        raise _unknown(head, [*project.mappings, *project.entities], "no mapping or entity", Place())
    alone = replace(project, mappings={mapping.domain: mapping} if mapping else {})
    plans = {each: Planner(alone, each).sketch() for each in releases}
    if mapping is None:
        return _entity(project, plans, head, tail)
    return _variable(project, plans, mapping, tail.upper()) if tail else _domain(project, plans, mapping)


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
            f"{_a(first.resource)} {first.resource}" + (f" (inside entity `{entity.within}`)" if entity.within else ""),
            entity=True,
        )
        for i in chosen
    )
    keys = f"one {first.resource} for each {' '.join(entity.key)}"
    id_ = entity.id or "-".join(f"${key}" for key in entity.key)
    place = f"id {id_} ({entity.place})" if not entity.within else f"({entity.place})"
    return Explanation(f"{name}.{variable}" if variable else name, "", rules, remarks=(f"entity: {keys}; {place}",))


def _domain(project: Project, plans: Dict[Release, Plan], mapping: Mapping) -> Explanation:
    """Which resources become rows of a domain; a parameter's row source is left to the parameter."""
    spec = standard(project.settings.get("sdtmig", "3.4")).dataset(mapping.domain)
    params = read_parameters(mapping.params.table, _folders(project)) if mapping.params else {}
    sources = []
    for i, source in enumerate(mapping.sources):
        planned = {release: plan.mappings[mapping.domain].sources[i] for release, plan in plans.items()}
        because = source.because if source.oneway == "to-sdtm" else ""
        if source.name not in params:
            sources.append(SourceExplained(source.name, _rows(planned), source.place, tuple(_takes(source)), because))
    remarks = [f"variables: {' '.join(_variables_of(project, mapping))}"]
    if codes := [source.name for source in mapping.sources if source.name in params]:
        remarks.append(f"parameters with a rule of their own: {' '.join(codes)}")
    return Explanation(mapping.domain, spec.label if spec else "", (), remarks=tuple(remarks), sources=tuple(sources))


def _takes(source: Source) -> Iterator[tuple[str, str]]:
    """By what a row source takes resources, and which of them make a row."""
    for claim in source.claims:
        said = [*map(_versions, claim.paths), *(_versions(lane.lane) for lane in claim.lanes)]
        yield f"takes it by {claim.strength}, where", " or ".join(said)
    if source.claims:
        yield "of all domains", f"the strongest of {', '.join(STRENGTHS)} takes the {source.resource}"
    for path in source.match:
        yield "only where", _versions(path)
    for path in source.skip_if:
        yield "no row where", _versions(path)
    if source.only_if:
        yield "a row only where", " or ".join(map(_versions, source.only_if))
    if source.require:
        yield "no row without", " ".join(source.require)


def _versions(versioned: Versioned[Path] | Versioned[Lane]) -> str:
    """A path or lane, with those of releases that have others."""
    texts: dict[str, list[str]] = {}
    for release, value in versioned.values.items():
        texts.setdefault("nothing" if value is None else str(value), []).append(release)
    first, *others = texts
    return first + "".join(f" ({', '.join(texts[text])}: {text})" for text in others)


def _folders(project: Project) -> list[str]:
    return project.settings["folders"].split("\n")


def _variables_of(project: Project, mapping: Mapping) -> list[str]:
    """The variables that rules of a domain, or of the entities that its rows hang on, give."""
    known = [v for s in mapping.sources for r in s.rules for v in r.variables]
    known += [v for s in mapping.sources if s.entity for v in project.entities[s.entity].variables]
    return list(dict.fromkeys(known))


def _variable(project: Project, plans: Dict[Release, Plan], mapping: Mapping, variable: str) -> Explanation:
    spec = standard(project.settings.get("sdtmig", "3.4")).dataset(mapping.domain)
    params = mapping.params
    if params is not None and (variable in params.nulls or variable in {s.name for s in mapping.sources}):
        return _parameter(project, plans, mapping, params, variable)
    known = _variables_of(project, mapping)
    if variable not in known:
        codes = [s.name for s in mapping.sources] if params else []
        raise _unknown(variable, [*known, *codes], f"no rule of {mapping.domain} gives", mapping.place)
    rules: dict[Place, RuleExplained] = {}
    for i in range(len(mapping.sources)):
        for rule in _rules(project, plans, mapping, i, variable):
            first = rules.setdefault(rule.place, rule)
            if first is not rule:
                rules[rule.place] = replace(first, also=(*first.also, f"{rule.source}: {rule.rows}"))
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
    table = read_parameters(params.table, _folders(project))
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


def _a(noun: str) -> str:
    return "an" if noun[:1] in "AEIO" else "a"


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
    return RuleExplained(
        rule.variables,
        source,
        rows,
        tuple(_way(project, ways[p], levels, of) for p in sorted(ways, key=lambda p: order.get(p, 0))),
        rule.place,
        rule.const,
        tuple((str(call), _first_line(DERIVATIONS.get(call.name))) for call in rule.derive),
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
    if name == RECORD:
        return "a reference to the record of another dataset: the row that its resource became, and back"
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
    table = read_code_map(map_name, _folders(project))
    pairs = dict.fromkeys((e.code or e.system, e.term) for e in table.entries if e.written_in(release))
    return MapExplained(map_name, table.codelist, tuple(pairs)[:PAIRS], len(table.entries))
