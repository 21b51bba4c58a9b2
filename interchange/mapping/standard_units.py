"""Standard results: which unit a test has, and how a collected value becomes one in it, exactly.

The table (``standard-units.csv``) names the unit by test, specimen and system; collected units are computed into it by
UCUM, between mass, substance and charge by the molar masses of the test (``molar-masses.csv``), or by the factor that a
line gives. What the table does not know, or what cannot be computed, stays as it was collected.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from interchange.issues import Issue, MappingError, Place
from interchange.mapping.tables import read_code_map, read_table
from interchange.mapping.ucum import Conversion, Unit, conversion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from interchange.mapping.tables import Table

COLUMNS = ("test", "specimen", "system", "unit", "from", "factor", "decimals", "limit_decimals", "zeros")
ANY = "*"
NONE = "none"  # in place of a unit: the result has none
COLLECTED = "collected"  # the system of those who want no conversion
DIGITS = 6  # significant digits of a result without an end, such as 10/3; more where more were collected
SHAPES = {"factor": r"\d+(\.\d+)?(/\d+(\.\d+)?)?", "decimals": r"\d", "limit_decimals": r"\d"}
_NUMBER = re.compile(r"(?P<compared>(?:<=|>=|<|>)\s*)?(?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+))")


SAME = Conversion()


@dataclass(frozen=True, slots=True)
class Standard:
    """How results of one test in one collected unit become standard: the conversion, its unit and its digits.

    ``decimals`` and ``limit_decimals`` are the most digits after the point, of results and of range limits;
    ``short`` drops zeros at the end.
    """

    unit: str | None
    conversion: Conversion = SAME
    decimals: int | None = None
    limit_decimals: int | None = None
    short: bool = False

    def value(self, text: str) -> str:
        """The standard result of a collected one: numbers, also with a comparator, are computed; text stays.

        >>> grams = Standard("g/L", Conversion(Fraction(10)))
        >>> [grams.value(text) for text in ("5.10", "<0.2", "TRACE")]
        ['51.0', '<2', 'TRACE']
        """
        match = _NUMBER.fullmatch(text.strip())
        if match is None or (self.conversion == SAME and not self.short):
            return text
        return (match["compared"] or "").strip() + self._number(match["number"], self.decimals)

    def limit(self, text: str) -> str | None:
        """A limit of the reference range as a number; nothing for text."""
        match = _NUMBER.fullmatch(text.strip())
        if match is None or match["compared"]:
            return None
        return self._number(match["number"], self.decimals if self.limit_decimals is None else self.limit_decimals)

    def _number(self, text: str, decimals: int | None) -> str:
        if self.conversion == SAME:
            return plain(Decimal(text), short=self.short)
        return computed(Decimal(text), self.conversion, decimals, short=self.short)


@lru_cache(maxsize=1 << 14)
def number_in(text: str) -> str | None:
    """The number that a text is, without zeros before it; nothing for text and for what has a comparator.

    >>> number_in("036.20"), number_in("<4"), number_in(".5")
    ('36.20', None, '0.5')
    """
    match = _NUMBER.fullmatch(text.strip())
    return None if match is None or match["compared"] else plain(Decimal(match["number"]))


def plain(number: Decimal, *, short: bool = False) -> str:
    """The digits of a number without exponent, sign of zero, or, if ``short``, zeros at the end.

    >>> plain(Decimal("5.10")), plain(Decimal("5.10"), short=True), plain(Decimal("9E+2")), plain(Decimal("-0.0"))
    ('5.10', '5.1', '900', '0.0')
    """
    text = f"{number.copy_abs() if number.is_zero() else number:f}"
    return text.rstrip("0").rstrip(".") if short and "." in text else text


def computed(number: Decimal, by: Conversion, decimals: int | None = None, *, short: bool = False) -> str:
    """The digits of a converted number.

    A power of ten moves the point and keeps the digits. Other results are exact where they have an end, else of six
    significant digits, and have no zeros at the end. ``decimals`` rounds half up, away from zero.

    >>> computed(Decimal("5.10"), Conversion(Fraction(10))), computed(Decimal("98.6"), conversion("[degF]", "Cel"))
    ('51.0', '37')
    """
    moved = None if by.shift else _power_of_ten(by.scale)
    exact = by(Fraction(number))
    if moved is not None:
        result = number.scaleb(moved, Context(prec=60))
    elif (places := _places(exact)) is not None:
        result = _rounded(exact, places)
    else:
        digits = max(DIGITS, len(number.as_tuple().digits))
        result = _rounded(exact, digits - 1 - _magnitude(exact))
    if decimals is not None and -int(result.as_tuple().exponent) > decimals:
        result = _rounded(exact, decimals)
    return plain(result, short=short or moved is None)


def _power_of_ten(scale: Fraction) -> int | None:
    """The power of ten that a positive factor is, if it is one."""
    text = str(scale.numerator if scale >= 1 else scale.denominator)
    other = scale.denominator if scale >= 1 else scale.numerator
    if other != 1 or text.strip("0") != "1":
        return None
    return (len(text) - 1) * (1 if scale >= 1 else -1)


def _places(value: Fraction) -> int | None:
    """How many digits after the point a number has; nothing where they do not end."""
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else None


def _magnitude(value: Fraction) -> int:
    """The power of ten of the first digit."""
    size = abs(value)
    power = len(str(size.numerator)) - len(str(size.denominator))
    return power if size >= Fraction(10) ** power else power - 1


def _rounded(value: Fraction, places: int) -> Decimal:
    shifted = abs(value) * Fraction(10) ** places
    whole = int(shifted + Fraction(1, 2))
    return Decimal(whole if value >= 0 else -whole).scaleb(-places, Context(prec=60, rounding=ROUND_HALF_UP))


class StandardUnits:
    """The standard units of one table and system."""

    def __init__(self, name: str, places: Sequence[str], system: str) -> None:
        self.system = system
        self.lines: dict[str, list[dict[str, str]]] = {}
        table = read_table(name, places)
        _check(table)
        for row in table.rows:
            line = dict(zip(table.columns, row, strict=True))
            self.lines.setdefault(line["test"], []).append(line)
        self.facts = _facts(read_table("molar-masses", places))
        self.codes = ucum_codes(places)
        self._found: dict[tuple[str, str, str], Standard] = {}

    def standard(self, test: str, specimen: str, unit: str) -> Standard:
        """How results of a test, on a specimen, collected in a unit, become standard."""
        key = (test, specimen, unit)
        if key not in self._found:
            self._found[key] = self._standard(*key)
        return self._found[key]

    def _standard(self, test: str, specimen: str, unit: str) -> Standard:
        if self.system == COLLECTED:
            return Standard(unit or None)
        line = _best(self.lines.get(test, ()), specimen, self.system, unit) or _best(
            self.lines.get(ANY, ()), specimen, self.system, unit
        )
        if line is None:
            return Standard(unit or None)
        target, short = line["unit"] or unit, line["zeros"] == "drop"
        if line["factor"]:
            by: Conversion | None = Conversion(_factor(line["factor"]))
        elif target == unit:
            by = SAME
        else:
            by = conversion(self.codes.get(unit, unit), self.codes.get(target, target), self.facts.get(test))
        if by is None or not unit:
            return Standard(unit or None, short=short)
        return Standard(
            None if target == NONE else target, by, _whole(line["decimals"]), _whole(line["limit_decimals"]), short
        )


def ucum_codes(places: Sequence[str]) -> dict[str, str]:
    """UCUM codes by CDISC unit, as the code map of units writes them."""
    codes: dict[str, str] = {}
    for entry in read_code_map("unit", places).entries:
        if entry.system == "http://unitsofmeasure.org" and entry.prefer != "to-sdtm":
            codes.setdefault(entry.term, entry.code)
    return codes


def _factor(text: str) -> Fraction:
    """A factor, exactly: ``88.4``, ``1/88.4``."""
    over, _, under = text.partition("/")
    return Fraction(over) / Fraction(under or 1)


def _whole(text: str) -> int | None:
    return int(text) if text else None


def _best(lines: Iterable[Mapping[str, str]], specimen: str, system: str, unit: str) -> Mapping[str, str] | None:
    """The line that says most of what is asked for: the collected unit before the specimen before the system."""
    asked = {"from": unit, "specimen": specimen, "system": system}
    fit = [line for line in lines if all(line[what] in ("", value) for what, value in asked.items())]
    return max(fit, key=lambda line: [bool(line[what]) for what in asked], default=None)


def _facts(table: Table) -> dict[str, dict[str, Unit]]:
    """What a mole and an equivalent are worth, by test."""
    found: dict[str, dict[str, Unit]] = {}
    for row in table.rows:
        line = dict(zip(table.columns, row, strict=True))
        own = found.setdefault(line["test"], {})
        if line["valence"]:
            own["eq"] = Unit(1 / Fraction(line["valence"]), (("mol", 1),))
        if line["mass"]:
            own["mol"] = Unit(Fraction(line["mass"]), (("g", 1),))
    return found


def _check(table: Table) -> None:
    """Stop with MappingError where a table lacks a column, or says what is no number."""
    place = Place(f"terminology/{table.name}.csv")
    if missing := [c for c in COLUMNS if c not in table.columns]:
        raise MappingError([Issue("IX-TABLE-002", "error", place, f"no column {', '.join(missing)}", "add it")])
    faults = []
    for row in table.rows:
        line = dict(zip(table.columns, row, strict=True))
        where = " from ".join(filter(None, (line["test"], line["from"])))
        for column, pattern in SHAPES.items():
            if line[column] and not re.fullmatch(pattern, line[column]):
                message = f"{where}: `{line[column]}` is no {column}"
                faults.append(Issue("IX-TABLE-003", "error", place, message, "write a number, such as 88.4, 1/18 or 2"))
        if bool(line["factor"]) != bool(line["from"]):
            message = f"{where}: a factor needs the unit it is `from`, and the other way round"
            faults.append(Issue("IX-TABLE-003", "error", place, message, "fill in both or none"))
    if faults:
        raise MappingError(faults)


@lru_cache(maxsize=8)
def read_standard_units(name: str, places: tuple[str, ...], system: str) -> StandardUnits:
    """Return the standard units of a table in the terminology folder; MappingError where it is broken."""
    return StandardUnits(name, places, system)
