"""Checks that two rules do not write over each other, and that no element that holds one value gets two."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from interchange.engine.lint.catalogue import found
from interchange.engine.lint.leaves import leaves
from interchange.engine.lint.scope import concept_of, planned_sources
from interchange.fhir.lower import Filter, Follow, Get, Meet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from interchange.engine.lint.leaves import Leaf, Step
    from interchange.engine.plan import Plan, Way
    from interchange.fhir.lower import Condition
    from interchange.issues import Issue
    from interchange.mapping.model import Guard


def two_writers(plan: Plan) -> Iterator[Issue]:
    """Yield pairs of rules that write one leaf, or two types of one choice, each pair once."""
    by_root: dict[str, list[Leaf]] = {}
    for leaf in leaves(plan):
        by_root.setdefault(leaf.root, []).append(leaf)
    told = set()
    for group in by_root.values():
        for one, two in combinations(group, 2):
            pair = (one.rule, two.rule)
            if pair in told or _allowed(plan, one, two):
                continue
            issue = _clash(one, two)
            if issue is not None:
                told.add(pair)
                yield issue


def _clash(one: Leaf, two: Leaf) -> Issue | None:
    relation = _compare(one.steps, two.steps)
    if relation == "apart":
        return None
    first, second = (" ".join(leaf.way.variables) for leaf in (one, two))
    names = f"{first} ({one.rule}) and {second}"
    if relation == "choice":
        message = f"{names} write two types of `{one.steps[-1].element}`, which holds one"
        return found("IX-LINT-021", two.way.place, message, "let a guard tell them apart: `when: not VAR`")
    if relation == "single":
        message = f"{names} want two values in `{one.text}`, which holds one"
        return found("IX-LINT-021", two.way.place, message, "write into a list, or make them one rule")
    if one.whole and two.whole and _disjoint_codes(one.way, two.way):
        return None
    message = f"{names} both write `{one.text}`"
    hint = "make them ways of one rule, or let one of them be `oneway: to-sdtm`"
    if one.whole and concept_of(one.way.codec) and concept_of(two.way.codec):
        hint = "make both code maps strict, without a code in common"
    return found("IX-LINT-020", two.way.place, message, hint)


def _allowed(plan: Plan, one: Leaf, two: Leaf) -> bool:
    """Whether two leaves may be the same: one rule's own, rows with elements of their own, or one meaning twice."""
    if one.rule == two.rule or _exclude(one.way, two.way):
        return True
    if one.source == two.source:
        return False
    if one.fresh or two.fresh:
        return True
    shared = set(one.way.variables) & set(two.way.variables)
    if one.owner != two.owner:
        entity = plan.entities.get(one.root)
        return bool(shared) or bool(entity and shared & set(entity.entity.key))
    mapping = plan.mappings.get(one.owner)
    return bool(shared) and (mapping is None or mapping.mapping.params is None)


def _exclude(one: Way, two: Way) -> bool:
    """Whether the guards of two ways can never hold together with both having a value."""
    return _denies(one.guard, two) or _denies(two.guard, one)


def _denies(guard: Guard, other: Way) -> bool:
    for test in guard:
        if test.kind == "set" and test.negated and test.variable in other.variables:
            return True
        for its in other.guard:
            same = (its.variable, its.kind) == (test.variable, test.kind)
            if same and its.values == test.values and its.negated != test.negated:
                return True
            if same and test.kind == "in" and not (test.negated or its.negated or set(test.values) & set(its.values)):
                return True
    return False


def _compare(one: tuple[Step, ...], two: tuple[Step, ...]) -> str:
    """``same``, ``choice`` (two types of one), ``single`` (two patterns in one), or ``apart``."""
    single = False
    for i, (a, b) in enumerate(zip(one, two, strict=False)):
        if a.key != b.key:
            beside = a.key.lstrip("_") == b.key.lstrip("_")  # a primitive and the extensions of it
            both_types = a.element == b.element and a.element.endswith("[x]") and "Extension" not in a.element
            return "choice" if both_types and not beside and not single else "apart"
        if _disjoint(a.conditions, b.conditions):
            if a.many:
                return "apart"
            return "single" if i else "apart"
    if len(one) != len(two):
        return "apart"
    return "same"


def _disjoint(one: frozenset[Condition], two: frozenset[Condition]) -> bool:
    """Whether two patterns ask for two constants in one place."""
    return any(
        a.ops == b.ops and not a.variable and not b.variable and a.literal != b.literal for a in one for b in two
    )


def _disjoint_codes(one: Way, two: Way) -> bool:
    """Whether two ways add to one list, each finding its own again by the codes that only it has."""
    first, second = concept_of(one.codec), concept_of(two.codec)
    if first is None or second is None or not (first.strict and second.strict):
        return False
    return first.read.keys().isdisjoint(second.read)


def one_element_for_all(plan: Plan) -> Iterator[Issue]:
    """Yield row sources whose rows would all go into one element."""
    for source in planned_sources(plan):
        if source.source.oneway == "to-sdtm" or not source.levels or source.source.distinct:
            continue
        level = source.levels[-1]
        ops = level.path.ops
        last = max((i for i, op in enumerate(ops) if isinstance(op, (Follow, Meet))), default=-1)
        inside = [op for op in ops[last + 1 :] if not isinstance(op, Filter)]
        if not any(isinstance(op, Get) and op.many for op in inside):
            message = f"every row of {source.name} goes into one `{level.path.key or level.level.name}`"
            yield found("IX-LINT-021", level.level.place, message, "let `each` end at a list")
