"""Checks against the SDTM Implementation Guide: which variables a domain has, and which it must have."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from interchange.engine.lint.catalogue import found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from interchange.engine.lint.scope import Scope
    from interchange.issues import Issue, Place
    from interchange.mapping.model import Mapping
    from interchange.sdtm.standard import DatasetSpec

_NAME = re.compile(r"[A-Z][A-Z0-9]{0,7}")  # SDTMIG 4.2.1


def names(scope: Scope) -> Iterator[Issue]:
    """Yield variables with names that SDTM does not allow, or that the guide does not have in the domain."""
    for mapping in scope.project.mappings.values():
        spec = scope.guide.dataset(mapping.domain)
        for variable, place in _owned(mapping).items():
            if not _NAME.fullmatch(variable):
                hint = "8 characters at most, A-Z and 0-9, a letter first"
                yield found("IX-LINT-040", place, f"`{variable}` is no name of a variable", hint)
            elif spec is not None and variable not in {*mapping.supp, *mapping.dropped} and not spec.variable(variable):
                yield _stranger(mapping, variable, spec, scope, place)


def _stranger(mapping: Mapping, variable: str, spec: DatasetSpec, scope: Scope, place: Place) -> Issue:
    near = get_close_matches(variable, [v.name for v in spec.variables], 1)
    hint = f"did you mean `{near[0]}`? " if near else ""
    hint += "declare it under `supp` to keep it in the supplemental dataset"
    message = f"SDTMIG {scope.guide.version} has no {variable} in {mapping.domain}"
    return found("IX-LINT-041", place, message, hint)


def _owned(mapping: Mapping) -> dict[str, Place]:
    return {v: rule.place for source in reversed(mapping.sources) for rule in source.rules for v in rule.variables}


def required(scope: Scope) -> Iterator[Issue]:
    """Yield variables of core Req (an error) and Exp (to know) that a row source has no rule for."""
    for mapping in scope.project.mappings.values():
        spec = scope.guide.dataset(mapping.domain)
        for variable in spec.variables if spec is not None else ():
            code = {"Req": "IX-LINT-042", "Exp": "IX-LINT-043"}.get(variable.core)
            lacking = [s for s in mapping.sources if variable.name not in scope.variables(s)]
            if code is None or not lacking:
                continue
            which = "" if len(lacking) == len(mapping.sources) else f" in {', '.join(s.name for s in lacking[:4])}"
            word = "requires" if variable.core == "Req" else "expects"
            message = (
                f"SDTMIG {scope.guide.version} {word} {variable.name} in {mapping.domain}; no rule gives it{which}"
            )
            place = mapping.place if len(lacking) == len(mapping.sources) else lacking[0].place
            yield found(code, place, message, f"write a rule `{variable.name}: …`")
