"""Checks of derivations: the function is there, it can use its arguments, and nothing is derived from itself."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from interchange.engine.derive import DERIVATIONS
from interchange.engine.derive.run import NAMES
from interchange.engine.lint.catalogue import found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from interchange.engine.lint.scope import Scope
    from interchange.issues import Issue
    from interchange.mapping.model import Call, Mapping, Project, Rule, Source

# What each function takes; a word may end in `?` (may be left out), the last in `*` (any number) or `+` (one or more).
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "age": ("variable", "variable"),
    "armcd": ("variable", "variable?"),
    "baseline": ("variable", "variable", "variable*"),
    "copy": ("variable+",),
    "decode": ("text", "text", "variable"),
    "ct-version": ("variable", "text"),
    "dy": ("variable", "variable"),
    "first": ("foreign+",),
    "last": ("foreign+",),
    "ifset": ("variable", "text"),
    "last-part": ("variable",),
    "level": ("variable", "variable", "variable"),
    "lookup": ("foreign", "variable*"),
    "numbered": ("variable", "pair+"),
    "ordinal": ("variable*",),
    "paired": ("variable", "variable"),
    "parameter-code": ("table", "variable", "variable"),
    "planned": ("foreign", "foreign", "variable"),
    "range-indicator": ("variable", "variable", "variable"),
    "seq": ("variable+",),
    "setting": ("setting",),
    "standard-limit": ("text", "variable", "variable", "variable", "variable?"),
    "standard-number": ("variable",),
    "standard-unit": ("text", "variable", "variable", "variable", "variable?"),
    "standard-value": ("text", "variable", "variable", "variable", "variable?"),
    "table": ("text", "text", "variable+"),
    "within": ("foreign", "text", "text", "variable"),
    "testcd": ("variable",),
}
# Functions that look at the stored values of the variable that they compute: that is no circle.
LOOK_AT_STORED = frozenset({"armcd"})
# Settings that a study may give and that no file ships with.
OPTIONAL_SETTINGS = frozenset({"studyid"})


def calls(scope: Scope) -> Iterator[Issue]:
    """Yield derivations whose function or arguments are not there, each rule once."""
    seen = set()
    for mapping, source in scope.sources():
        for rule in source.rules:
            if not rule.derive or (mapping.domain, rule.place) in seen:
                continue
            seen.add((mapping.domain, rule.place))
            known = scope.variables(source) | set(mapping.supp)
            for call in rule.derive:
                yield from _call(rule, call, known, mapping, scope.project)
    for entity in scope.project.entities.values():
        for rule in entity.rules:
            for call in rule.derive:
                yield from _call(rule, call, {*entity.variables, *entity.key}, None, scope.project)


def _call(rule: Rule, call: Call, known: set[str], mapping: Mapping | None, project: Project) -> Iterator[Issue]:
    if call.name not in DERIVATIONS:
        near = get_close_matches(call.name, DERIVATIONS, 1)
        hint = f"did you mean `{near[0]}`?" if near else f"use one of {', '.join(DERIVATIONS)}"
        yield found("IX-LINT-004", rule.place, f"no derivation `{call.name}`", hint)
        return
    kinds = ARGUMENTS.get(call.name)
    if kinds is None:
        return
    wanted = [k.rstrip("*+?") for k in kinds]
    least = sum(k[-1] not in "*?" for k in kinds)
    open_end = kinds[-1][-1] in "*+"
    if len(call.args) < least or (len(call.args) > len(kinds) and not open_end):
        message = f"`{call}` has {len(call.args)} arguments, and `{call.name}` takes {' '.join(kinds)}"
        yield found("IX-LINT-005", rule.place, message, "see docs/mapping_language.md, Derivations")
        return
    for i, arg in enumerate(call.args):
        if fault := _argument(arg, wanted[min(i, len(wanted) - 1)], known, mapping, project):
            yield found("IX-LINT-005", rule.place, f"`{call}`: {fault[0]}", fault[1])


def _argument(
    arg: str, kind: str, known: set[str], mapping: Mapping | None, project: Project
) -> tuple[str, str] | None:
    if kind == "text":
        return None
    domain, dot, variable = arg.partition(".")
    if kind == "variable" and dot:
        return _elsewhere(domain, variable, project)
    if kind == "foreign":
        return _elsewhere(domain, variable, project) if dot else (f"`{arg}` names no dataset", "write DATASET.VARIABLE")
    if kind == "variable" and arg not in known:
        near = get_close_matches(arg, sorted(known), 1)
        hint = f"did you mean `{near[0]}`?" if near else "write a rule for it"
        return f"no rule{f' of {mapping.domain}' if mapping else ''} gives {arg}", hint
    if kind == "setting" and arg not in project.settings and arg not in OPTIONAL_SETTINGS:
        return f"no setting `{arg}`", "add it to interchange.yaml or to the study settings"
    if kind == "pair" and not all(arg.partition("=")):
        return f"`{arg}` is no pair", "write VALUE=PREFIX"
    if kind == "table" and (mapping is None or mapping.params is None or mapping.params.table != arg):
        return f"`{arg}` is not the parameter table of this mapping", "name the table under `parameters`"
    return None


def _elsewhere(domain: str, variable: str, project: Project) -> tuple[str, str] | None:
    """What is wrong with a variable of another dataset; nothing where a mapping gives it."""
    mapping = project.mappings.get(domain)
    if mapping is None:
        return f"no mapping of {domain}", f"there are {', '.join(sorted(project.mappings))}"
    owned = {v for source in mapping.sources for rule in source.rules for v in rule.variables}
    for source in mapping.sources:
        owned |= set(project.entities[source.entity].variables) if source.entity in project.entities else set()
    if variable not in owned:
        near = get_close_matches(variable, sorted(owned), 1)
        return f"no rule of {domain} gives {variable}", f"did you mean `{near[0]}`?" if near else "write a rule for it"
    return None


def circles(scope: Scope) -> Iterator[Issue]:
    """Yield derivations that need each other, once a circle."""
    seen: set[frozenset[str]] = set()
    for mapping, source in scope.sources():
        needs = _needs(source)
        for target, (_, rule) in needs.items():
            circle = _circle(target, needs)
            if circle and frozenset(circle) not in seen:
                seen.add(frozenset(circle))
                way = " from ".join((*circle, circle[0]))
                message = f"{mapping.domain} derives {way}"
                yield found("IX-LINT-006", rule.place, message, "take one of them from FHIR, or leave its `derive` out")


def _needs(source: Source) -> dict[str, tuple[tuple[str, ...], Rule]]:
    needs = {}
    for rule in source.rules:
        if rule.derive:
            own = {rule.variables[0]} if any(call.name in LOOK_AT_STORED for call in rule.derive) else set()
            args = [arg for call in rule.derive for arg in call.args[NAMES.get(call.name, 0) :]]
            wanted = dict.fromkeys(arg for arg in args if arg not in own)
            needs[rule.variables[0]] = (tuple(wanted), rule)
    return needs


def _circle(start: str, needs: dict[str, tuple[tuple[str, ...], Rule]]) -> list[str]:
    """The shortest way from a variable over what it is derived from back to itself; empty where there is none."""
    ways = [[start]]
    seen = {start}
    while ways:
        way = ways.pop(0)
        for arg in needs[way[-1]][0]:
            if arg == start:
                return way
            if arg in needs and arg not in seen:
                seen.add(arg)
                ways.append([*way, arg])
    return []
