"""What is written beside the sponsor's own code: the codes that terminology, code maps and tables have for a row.

A lookup is bound once, when mappings are planned; a row costs a look into a dict. It never guesses: where two codes fit
a row, it gives none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from interchange.mapping.codecs.base import CodecError
from interchange.mapping.standard_units import ucum_codes
from interchange.mapping.tables import read_code_map, read_table
from interchange.mapping.ucum import Unit, conversion
from interchange.sdtm.standard import standard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from interchange.mapping.codecs.base import Tools
    from interchange.mapping.model import Call
    from interchange.mapping.terminology import Terminology

    Line = Mapping[str, str]

_VARIABLE = re.compile(r"[A-Z][A-Z0-9]{0,7}")
_WORD = re.compile(rf"(?P<column>{_VARIABLE.pattern})(?:(?P<mark>[?~])|(?P<sign>!?=)(?P<text>.*))?")
# UCUM counts equivalents as amount of substance, as LOINC's substance concentrations do.
_EQUIVALENTS = {"eq": Unit(Fraction(1), (("mol", 1),))}


class Ground(NamedTuple):
    """What lookups are bound to: codec tools, the terminology, the version of the guide, and the domain, if in one."""

    tools: Tools
    terminology: Terminology
    guide: str = "3.4"
    domain: str = ""


class Lookup:
    """A code for a row, or nothing; ``variables`` are those of the row that it goes by."""

    name: ClassVar[str]
    variables: tuple[str, ...]

    def __call__(self, row: Mapping[str, str]) -> str | None:
        """The code; nothing where none or several fit."""
        raise NotImplementedError


class Term(Lookup):
    """``term(VAR)``: the C-code of a term in the codelist that the guide binds its variable to; ``term(VAR CODELIST)``.

    A codelist that the terminology does not hold has no codes.

    >>> from interchange.mapping.codecs.base import Tools
    >>> from interchange.mapping.terminology import Terminology
    >>> ct = Terminology("1", {"VSTESTCD": {"TEMP": "C25206"}}, {}, {"VSTESTCD": "C66741"})
    >>> code = Term(("VSTESTCD",), Ground(Tools("R5", {}, ()), ct, domain="VS"))
    >>> code({"VSTESTCD": "TEMP"}), code({"VSTESTCD": "WARMTH"})
    ('C25206', None)
    """

    name = "term"

    def __init__(self, args: Sequence[str], ground: Ground) -> None:
        if not 1 <= len(args) <= 2:
            raise CodecError("`term` takes a variable, and the codelist where it is not the guide's")
        self.variables = (args[0],)
        ct = ground.terminology
        names = args[1:] or [ct.names.get(code, "") for code in _bound(args[0], ground)]
        self.codes = {term: code for name in names for term, code in ct.terms.get(name, {}).items()}

    def __call__(self, row: Mapping[str, str]) -> str | None:
        """The C-code of the row's term."""
        return self.codes.get(row.get(self.variables[0], "")) or None


def _bound(variable: str, ground: Ground) -> list[str]:
    """The codelists that the guide binds a variable to, by C-code."""
    spec = standard(ground.guide).dataset(ground.domain)
    found = spec.variable(variable) if spec else None
    return found.codelist.split(";") if found else []


class Coding(Lookup):
    """``coding(MAP SYSTEM VAR)``: the one code of a system that a code map writes for a term."""

    name = "coding"

    def __init__(self, args: Sequence[str], ground: Ground) -> None:
        if len(args) != 3:
            raise CodecError("`coding` takes a code map, a system and a variable")
        code_map, system, variable = args
        url = ground.tools.systems.get(system.removeprefix("%")) if system.startswith("%") else system
        if url is None:
            raise CodecError(f"no system `{system}`")
        self.variables = (variable,)
        self.system, self.release = url, ground.tools.release
        self.code_map = read_code_map(code_map, ground.tools.places)

    @cached_property
    def codes(self) -> dict[str, str]:
        """The codes by term."""
        found: dict[str, set[str]] = defaultdict(set)
        for entry in self.code_map.entries:
            if entry.system == self.system and entry.written_in(self.release):
                found[entry.term].add(entry.code)
        return {term: next(iter(codes)) for term, codes in found.items() if len(codes) == 1}

    def __call__(self, row: Mapping[str, str]) -> str | None:
        """The code of the row's term."""
        return self.codes.get(row.get(self.variables[0], ""))


class Fit(Lookup):
    """``fit(TABLE COLUMN WORD…)``: the value of a column in the line of a table that says most of what the row says.

    A line fits where it says nothing that the row does not say. Words are columns, named as variables: ``VAR`` is the
    same in line and row; ``VAR?`` too, or the line is silent on it; ``VAR~`` is a unit of the same kind, which can be
    converted; ``COLUMN=TEXT`` and ``COLUMN!=TEXT`` pick lines. Of the lines that fit, those are taken that say all that
    any of them says; where there is none, or they differ, there is nothing.

    >>> from interchange.mapping.codecs.base import Tools
    >>> from interchange.mapping.terminology import Terminology
    >>> from interchange.mapping.load import shipped_mappings
    >>> ground = Ground(Tools("R5", {}, [str(shipped_mappings())]), Terminology("", {}, {}))
    >>> loinc = Fit("loinc-lb LBLOINC LBTESTCD LBSPEC LBORRESU~ LBMETHOD? LBFAST?".split(), ground)
    >>> row = {"LBTESTCD": "GLUC", "LBSPEC": "SERUM", "LBORRESU": "mg/dL"}
    >>> loinc(row), loinc(row | {"LBORRESU": "mmol/L"}), loinc(row | {"LBORRESU": "%"})
    ('2345-7', '14749-6', None)
    """

    name = "fit"

    def __init__(self, args: Sequence[str], ground: Ground) -> None:
        if len(args) < 3:
            raise CodecError("`fit` takes a table, a column, and what the row and a line of it must have in common")
        table = read_table(args[0], ground.tools.places)
        self.wanted = args[1]
        words = [_WORD.fullmatch(text) for text in args[2:]]
        if not all(words):
            raise CodecError("`fit` goes by VAR, VAR?, VAR~, COLUMN=TEXT and COLUMN!=TEXT")
        matches = [word for word in words if word]
        if missing := [c for c in (self.wanted, *(w["column"] for w in matches)) if c not in table.columns]:
            raise CodecError(f"table `{args[0]}` has no column {', '.join(missing)}")
        self.same = tuple(w["column"] for w in matches if not w["mark"] and not w["sign"])
        self.silent = tuple(w["column"] for w in matches if w["mark"] == "?")
        self.units = tuple(w["column"] for w in matches if w["mark"] == "~")
        picks = [(w["column"], w["sign"] == "=", w["text"]) for w in matches if w["sign"]]
        self.variables = (*self.same, *self.silent, *self.units)
        self.lines: dict[tuple[str, ...], list[Line]] = defaultdict(list)
        for texts in table.rows:
            line = dict(zip(table.columns, texts, strict=True))
            if all((line[column] == text) is equal for column, equal, text in picks):
                self.lines[tuple(line[column] for column in self.same)].append(line)
        self.ucum = ucum_codes(ground.tools.places) if self.units else {}
        self._found: dict[tuple[str, ...], str | None] = {}

    def __call__(self, row: Mapping[str, str]) -> str | None:
        """The value of the line that fits the row; nothing where none does or several differ."""
        key = tuple(row.get(variable, "") for variable in self.variables)
        if key not in self._found:
            self._found[key] = self._fit(dict(zip(self.variables, key, strict=True)))
        return self._found[key]

    def _fit(self, row: Line) -> str | None:
        if not all(row[column] for column in (*self.same, *self.units)):
            return None
        lines = [
            line
            for line in self.lines.get(tuple(row[column] for column in self.same), ())
            if all(line[column] in ("", row[column]) for column in self.silent)
            and all(self._of_a_kind(line[column], row[column]) for column in self.units)
        ]
        said = [frozenset(column for column in self.silent if line[column]) for line in lines]
        most = frozenset().union(*said)
        found = {line[self.wanted] for line, says in zip(lines, said, strict=True) if says == most}
        return next(iter(found)) if len(found) == 1 else None

    def _of_a_kind(self, one: str, other: str) -> bool:
        if not one or not other:
            return False
        codes = self.ucum.get(one, one), self.ucum.get(other, other)
        return one == other or conversion(*codes, _EQUIVALENTS) is not None


LOOKUPS: dict[str, type[Term | Coding | Fit]] = {lookup.name: lookup for lookup in (Coding, Fit, Term)}


def bind_lookup(call: Call, ground: Ground) -> Lookup:
    """Return the lookup that a call names; CodecError where it does not fit, MappingError where a table is missing."""
    lookup = LOOKUPS.get(call.name)
    if lookup is None:
        raise CodecError(f"no lookup `{call.name}`; there are {', '.join(LOOKUPS)}")
    return lookup(call.args, ground)


def needed_variables(call: Call) -> tuple[str, ...]:
    """The variables that a row must have for a lookup to yield.

    >>> from interchange.mapping.words import parse_call
    >>> needed_variables(parse_call("fit(loinc-lb LBLOINC LBRESSCL=ORDINAL LBTESTCD LBORRESU~ LBMETHOD?)"))
    ('LBTESTCD', 'LBORRESU')
    """
    match call.name, call.args:
        case "term", (variable, *_):
            return (variable,)
        case "coding", (_, _, variable):
            return (variable,)
        case "fit", (_, _, *words):
            return tuple(word.rstrip("~") for word in words if "=" not in word and not word.endswith("?"))
    return ()
