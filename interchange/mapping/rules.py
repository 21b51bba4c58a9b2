"""Trees into rules: lanes, alternatives, guards, levels and constants, each fault with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from interchange.fhir.path import PathError, parse_path
from interchange.mapping.model import (
    STRENGTHS,
    About,
    Alternative,
    Claim,
    Direction,
    Emit,
    Guard,
    Level,
    Rule,
    Versioned,
)
from interchange.mapping.tree import Node
from interchange.mapping.words import WordError, parse_call, parse_guard, parse_lane

if TYPE_CHECKING:
    from collections.abc import Callable

    from interchange.fhir.path import Path as FhirPath

T = TypeVar("T")

NONE = "none"


def read_word(node: Node, parse: Callable[[str], T]) -> T:
    """Return what a scalar spells; MappingError with its line where it cannot be read."""
    try:
        return parse(node.scalar())
    except (WordError, PathError) as error:
        raise node.fault("IX-WORD-001", str(error), "see docs/mapping_language.md") from error


def read_versioned(node: Node, parse: Callable[[str], T]) -> Versioned[T]:
    """Return a value, or one a release."""

    def one(item: Node) -> T | None:
        return None if item.scalar() == NONE else read_word(item, parse)

    if isinstance(node.value, dict):
        known = {"default", "R4", "R4B", "R5"}
        for key, item in node.value.items():
            if key not in known:
                raise item.fault("IX-MAP-003", f"`{key}` is no release", f"use {', '.join(sorted(known))}")
        return Versioned({key: one(item) for key, item in node.value.items()})
    return Versioned({"default": one(node)})


def read_guard(node: Node | None) -> Guard:
    """Return a guard; the empty one for no node."""
    return () if node is None else read_word(node, parse_guard)


def read_paths(node: Node | None) -> tuple[Versioned[FhirPath], ...]:
    """Return one or more paths; none for no node."""
    if node is None:
        return ()
    return tuple(read_versioned(item, parse_path) for item in node.each())


def read_emits(node: Node | None) -> tuple[Emit, ...]:
    """Return the constants under ``emit``."""
    if node is None:
        return ()
    found = []
    for path, value in node.items():
        try:
            parsed = parse_path(path)
        except PathError as error:
            raise value.fault("IX-WORD-001", f"path `{path}`: {error}", "see docs/mapping_language.md") from error
        found += [_emit(parsed, item) for item in value.each()]
    return tuple(found)


def _emit(path: FhirPath, node: Node) -> Emit:
    """A constant, or one with words."""
    value, lookup = node.get("value"), node.get("lookup")
    if lookup is not None:
        check_words(node, {"lookup", "when"})
        calls = tuple(read_word(item, parse_call) for item in lookup.each())
        return Emit(path, Versioned({"default": ""}), node.place, read_guard(node.get("when")), calls)
    if value is not None:
        check_words(node, {"value", "when"})
        return Emit(path, read_versioned(value, str), node.place, read_guard(node.get("when")))
    return Emit(path, read_versioned(node, str), node.place)


def read_claims(node: Node | None) -> tuple[Claim, ...]:
    """Return what a row source takes resources by, the strongest first; none for no node."""
    if node is None:
        return ()
    check_words(node, set(STRENGTHS))
    claims = []
    for strength in STRENGTHS:
        if (item := node.get(strength)) is None:
            continue
        lanes = [one for one in item.each() if " | " in _said(one)]
        paths = [one for one in item.each() if one not in lanes]
        claims.append(
            Claim(
                strength,
                tuple(read_versioned(path, parse_path) for path in paths),
                tuple(Alternative((), read_versioned(lane, parse_lane), lane.place) for lane in lanes),
            )
        )
    return tuple(claims)


def read_about(node: Node) -> About:
    """Return what the rows of a source are about; MappingError for what is none."""
    match node.text("about"):
        case "" | "record" | "relation" as about:
            return about
        case other:
            raise node.fault("IX-MAP-012", f"`about: {other}` is no such word", "write record or relation")


def _said(node: Node) -> str:
    """A text of a node: the scalar, or the first that a version map has."""
    if isinstance(node.value, dict):
        return next((text for item in node.value.values() if (text := item.scalar()) != NONE), "")
    return node.scalar()


def read_direction(node: Node, word: str = "oneway") -> Direction:
    """Return the direction under a word; MappingError for what is none."""
    match node.text(word):
        case "" | "to-sdtm" | "to-fhir" as direction:
            return direction
        case other:
            raise node.fault("IX-MAP-005", f"`{word}: {other}` is no direction", "write to-sdtm or to-fhir")


def _alternative(node: Node, variables: tuple[str, ...]) -> Alternative:
    if isinstance(node.value, str):
        return Alternative(variables, Versioned({"default": read_word(node, parse_lane)}), node.place)
    check_words(node, {"fhir", "vars", "when", "oneway", "because"})
    lane = node.get("fhir")
    if lane is None:
        raise node.fault("IX-MAP-004", "an alternative has no `fhir`", "write `fhir: PATH | CODEC`")
    return Alternative(
        node.words("vars") or variables,
        read_versioned(lane, parse_lane),
        node.place,
        read_guard(node.get("when")),
        read_direction(node),
        node.text("because"),
    )


RULE_WORDS = {"fhir", "alt", "when", "oneway", "because", "const", "derive", "drop", "note"}


def check_words(node: Node, words: set[str]) -> None:
    """Raise MappingError for a word that is none here, with its line."""
    for key, item in node.items():
        if key not in words:
            raise item.fault("IX-MAP-006", f"`{key}` is no word here", f"use {', '.join(sorted(words))}")


def _rule(key: str, node: Node) -> Rule:
    variables = tuple(key.split())
    if isinstance(node.value, str):
        return Rule(variables, node.place, (_alternative(node, variables),))
    check_words(node, RULE_WORDS)
    alternatives: tuple[Alternative, ...] = ()
    if (alt := node.get("alt")) is not None:
        alternatives = tuple(_alternative(item, variables) for item in alt.each())
    elif (fhir := node.get("fhir")) is not None:
        words = {
            "fhir": fhir,
            **{k: n for k in ("when", "oneway", "because") if (n := node.get(k)) is not None},
        }
        alternatives = (_alternative(Node(words, node.place), variables),)
    derive = node.get("derive")
    const = node.get("const")
    return Rule(
        variables,
        node.place,
        alternatives,
        const=None if const is None else const.scalar(),
        derive=() if derive is None else tuple(read_word(item, parse_call) for item in derive.each()),
        drop=node.text("drop") == "true",
        because=node.text("because"),
        note=node.text("note"),
    )


def read_rules(node: Node | None, base: tuple[Rule, ...] = ()) -> tuple[Rule, ...]:
    """Rules in order, behind those of ``base``; one replaces whole rules there that own one of its variables."""
    rules = list(base)
    taken = {variable for rule in base for variable in rule.variables}
    owners: dict[str, str] = {}
    for key, item in node.items() if node is not None else ():
        rule = _rule(key, item)
        for variable in rule.variables:
            if variable in owners:
                message = f"`{variable}` is owned by two rules, `{owners[variable]}` and `{key}`"
                raise item.fault("IX-MAP-009", message, "make them one rule, with the two ways under `alt`")
            owners[variable] = key
        if taken.isdisjoint(rule.variables):
            rules.append(rule)
            continue
        owned = [i for i, old in enumerate(rules) if set(old.variables) & set(rule.variables)]
        rules[owned[0]] = rule
        for i in reversed(owned[1:]):
            del rules[i]
    return tuple(rules)


def read_levels(node: Node | None) -> tuple[Level, ...]:
    """Return the levels under ``each``: one path, or named levels."""
    if node is None:
        return ()
    if isinstance(node.value, str):
        return (Level("row", read_versioned(node, parse_path), node.place),)
    if "default" in node or "R4" in node or "R4B" in node or "R5" in node:
        return (Level("row", read_versioned(node, parse_path), node.place),)
    levels = []
    for name, item in node.items():
        path = item.get("path") or item
        levels.append(Level(name, read_versioned(path, parse_path), item.place, item.words("by"), item.words("index")))
    return tuple(levels)
