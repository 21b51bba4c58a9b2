"""Lowered paths in words: the JSON keys of one release, as `explain` and `trace` show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.fhir.lower import Back, Filter, Follow, Get, Meet, Take

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interchange.fhir.lower import Condition, Op


def path_text(ops: Sequence[Op], start: str = "") -> str:
    """Return ops as a path of JSON keys; ``start`` is the path that they go on from.

    >>> path_text([Get("name", many=True), Take(), Get("family", many=False)])
    'name.first().family'
    """
    parts = [start] if start else []
    for i, op in enumerate(ops):
        match op:
            case Get(key):
                parts.append(key)
            case Filter(conditions):
                text = _filter(conditions, parts[-1] if i and parts else "")
                if parts and text.startswith(("extension(", "_")):
                    parts[-1] = text
                else:
                    parts.append(text)
            case Take():
                parts.append("first()")
            case Follow(entity):
                parts.append(f"resolve({entity})")
            case Meet(entity):
                parts.append(f"join({entity})")
            case Back(type_, key):
                parts.append(f"referrer({type_}.{key})")
    return ".".join(parts) or "$this"


def _filter(conditions: tuple[Condition, ...], before: str) -> str:
    """A filter as FHIRPath writes it: the one on an extension's URL as ``extension(…)``."""
    if before == "extension" and len(conditions) == 1 and path_text(conditions[0].ops) == "url":
        return f"extension('{conditions[0].literal}')"
    return f"where({' and '.join(_condition(c) for c in conditions)})"


def _condition(condition: Condition) -> str:
    value = f"${condition.variable}" if condition.variable else f"'{condition.literal}'"
    if isinstance(condition.literal, bool) and not condition.variable:
        value = str(condition.literal).lower()
    return f"{path_text(condition.ops)}={f'slug({value})' if condition.slug else value}"
