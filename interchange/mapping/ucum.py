"""Units of UCUM, exactly: what a code is worth in base units, and how values go from one unit to another.

The table `ucum-units.csv` holds the units of the UCUM table. Two things are stricter here than in UCUM, because a
laboratory result must not change its meaning by a conversion: mol, eq and osm are units of their own (UCUM makes all
three a number of particles, so a milliequivalent of calcium would be a millimole), and so is every arbitrary unit.
What ties them for one analyte is given as facts: `with_facts`.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# UCUM 1.9, table 1 (without the binary ones); the longest prefix is tried last, as no unit begins with another's.
PREFIXES = {
    "Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1,
    "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "z": -21, "y": -24,
}  # fmt: skip
_TOKEN = re.compile(
    r"(?P<annotation>\{[^{}]*\})|(?P<sign>[./()])|(?P<atom>10[*^]|(?:\[[^\[\]]*\]|[A-Za-z%'_\"])+)(?P<power>[+-]?\d+)?"
    r"|(?P<number>\d+)"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit in base units: value x ``scale`` + ``offset``; ``base`` has the power of each base unit."""

    scale: Fraction
    base: tuple[tuple[str, int], ...] = ()
    offset: Fraction = Fraction(0)

    def times(self, other: Unit, power: int = 1) -> Unit:
        """The product with a power of another unit."""
        powers = dict(self.base)
        for name, n in other.base:
            powers[name] = powers.get(name, 0) + n * power
        return Unit(self.scale * other.scale**power, tuple(sorted((k, n) for k, n in powers.items() if n)))

    def with_facts(self, facts: Mapping[str, Unit]) -> Unit:
        """The unit with some of its base units expressed by others, in the order of the facts.

        >>> glucose = {"mol": Unit(Fraction("180.156"), (("g", 1),))}
        >>> unit("mmol/L").with_facts(glucose) == unit("mg/L").times(Unit(Fraction("180.156")))
        True
        """
        made = self
        for name, fact in facts.items():
            power = dict(made.base).get(name, 0)
            if power:
                rest = Unit(made.scale, tuple((k, n) for k, n in made.base if k != name))
                made = rest.times(fact, power)
        return made


@dataclass(frozen=True, slots=True)
class Conversion:
    """From one unit to another: value x ``scale`` + ``shift``."""

    scale: Fraction = Fraction(1)
    shift: Fraction = Fraction(0)

    def __call__(self, value: Fraction) -> Fraction:
        """The value in the other unit."""
        return value * self.scale + self.shift


class UcumError(ValueError):
    """A text that is no UCUM code."""


@lru_cache(maxsize=1)
def _atoms() -> dict[str, dict[str, str]]:
    text = (files(__package__) / "ucum-units.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {row["code"]: row for row in rows}


@lru_cache(maxsize=1024)
def _atom(code: str) -> Unit:
    atoms = _atoms()
    if code in atoms:
        row = atoms[code]
        if not row["value"]:
            return Unit(Fraction(1), ((code, 1),))
        made = unit(row["unit"])
        return Unit(made.scale * Fraction(row["value"]), made.base, Fraction(row["offset"] or 0))
    for prefix, power in PREFIXES.items():
        if code.startswith(prefix) and atoms.get(code[len(prefix) :], {}).get("metric") == "yes":
            of = _atom(code[len(prefix) :])
            return Unit(Fraction(10) ** power * of.scale, of.base)
    raise UcumError(f"{code} is no unit of UCUM")


@lru_cache(maxsize=4096)
def unit(code: str) -> Unit:
    """Return what a UCUM code is worth, case sensitive; UcumError for what is none (UCUM 1.9, section 2).

    >>> unit("mg/dL")
    Unit(scale=Fraction(10, 1), base=(('g', 1), ('m', -3)), offset=Fraction(0, 1))
    >>> unit("10*3/uL") == unit("10*9/L"), unit("{beats}/min") == unit("/min")
    (True, True)
    """
    tokens = []
    at = 0
    while at < len(code):
        match = _TOKEN.match(code, at)
        if match is None:
            raise UcumError(f"{code} is no UCUM code")
        tokens.append(match)
        at = match.end()
    made, rest = _term(tokens, code)
    if rest:
        raise UcumError(f"{code} is no UCUM code")
    return made


def _term(tokens: list[re.Match[str]], code: str) -> tuple[Unit, list[re.Match[str]]]:
    """The unit up to the end or a closing bracket, and what is left from there."""
    made, power, awaited = Unit(Fraction(1)), 1, True
    alone = len(tokens) == 1
    while tokens and tokens[0][0] != ")":
        token, *tokens = tokens
        if token["sign"] in (".", "/"):
            if awaited and not (token["sign"] == "/" and power == 1):
                raise UcumError(f"{code} is no UCUM code")
            power, awaited, alone = (-1 if token["sign"] == "/" else 1), True, False
        elif token["annotation"] and not awaited:
            continue
        elif not awaited:
            raise UcumError(f"{code} is no UCUM code")
        else:
            if token["sign"] == "(":
                part, tokens = _term(tokens, code)
                if not tokens:
                    raise UcumError(f"{code} is no UCUM code")
                tokens = tokens[1:]
            else:
                part = _simple(token)
            if alone:
                return part, tokens
            if part.offset:
                raise UcumError(f"{code}: a unit with its own zero stands alone")
            made, awaited = made.times(part, power), False
    if awaited:
        raise UcumError(f"{code} is no UCUM code")
    return made, tokens


def _simple(token: re.Match[str]) -> Unit:
    if token["atom"]:
        atom = _atom(token["atom"])
        return Unit(Fraction(1)).times(atom, int(token["power"])) if token["power"] else atom
    return Unit(Fraction(token["number"] or 1))


def conversion(source: str, target: str, facts: Mapping[str, Unit] | None = None) -> Conversion | None:
    """Return how values go from one UCUM unit to another, exactly; nothing where they do not.

    ``facts`` say what a base unit is worth for one analyte, such as a mole in grams.

    >>> conversion("[degF]", "Cel")(Fraction("98.6"))
    Fraction(37, 1)
    >>> conversion("mg/dL", "mmol/L") is None
    True
    """
    try:
        one, two = unit(source), unit(target)
    except UcumError:
        return None
    if one.base != two.base and facts:
        one, two = one.with_facts(facts), two.with_facts(facts)
    if one.base != two.base:
        return None
    return Conversion(one.scale / two.scale, (one.offset - two.offset) / two.scale)
