"""Codecs of numbers and flags: int, decimal, flag, quantity. Decimals keep their digits: 5.10 stays 5.10."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import ClassVar

from interchange.mapping.codecs.base import Codec, Json, Law, Tools
from interchange.mapping.tables import CodeMap, read_code_map

# FHIR's decimal also allows an exponent; 1e5 would come back as 1E+5, so it is left to text
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?")
LONGEST = 40  # digits; a number beyond that is shown with its exponent
QUANTITIES = frozenset({"Quantity", "SimpleQuantity", "Age", "Duration", "Count", "Distance"})
_INT = re.compile(r"-?(0|[1-9][0-9]{0,9})")
_PADDED = re.compile(r"(-?)0+([0-9].*)", re.ASCII)
_COMPARED = re.compile(r"(<=|>=|<|>)\s?(\S+)")


@lru_cache(maxsize=1 << 14)  # the same visits, tests and subjects stand in many rows
def decimal_of(text: str | None) -> Decimal | None:
    """Return the number that a text spells as FHIR's decimal does; nothing for any other text.

    >>> decimal_of("5.10"), decimal_of("1,5"), decimal_of("007")
    (Decimal('5.10'), None, None)
    """
    if text is None or text == "-0" or not _DECIMAL.fullmatch(text):  # JSON's -0 reads back as the whole number 0
        return None
    return Decimal(text)


def padded_number(text: str | None) -> Decimal | None:
    """Return the number that a text has behind zeros, as some sources write them; nothing for any other text.

    >>> padded_number("098.2"), padded_number("98.2"), padded_number("00")
    (Decimal('98.2'), None, Decimal('0'))
    """
    match = _PADDED.fullmatch(text) if text is not None else None
    return decimal_of(match[1] + match[2]) if match else None


def number_of(value: Json) -> str | None:
    """Return the text of a JSON number with its own digits; nothing for what is no number."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, Decimal) and abs(value.adjusted()) < LONGEST:
        return f"{value:f}"  # 0.0000001, where str has 1E-7
    if isinstance(value, (int, Decimal)):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, str):
        try:
            return str(Decimal(value))
        except InvalidOperation:
            return None
    return None


class IntCodec(Codec):
    """``int``: a whole number."""

    name: ClassVar[str] = "int"
    types: ClassVar[frozenset[str]] = frozenset({"integer", "positiveInt", "unsignedInt"})
    law: ClassVar[Law] = "iso"
    samples: ClassVar[tuple[str, ...]] = ("12", "300")

    def decode(self, *values: Json) -> str | None:
        """The digits."""
        return number_of(values[0])

    def encode(self, text: str) -> int | None:
        """The number, where the text is one in the element's range."""
        if not _INT.fullmatch(text) or text == "-0":
            return None
        number = int(text)
        low = {"positiveInt": 1, "unsignedInt": 0}.get(self.type, -(2**31))
        return number if low <= number < 2**31 else None


class DecimalCodec(Codec):
    """``decimal``: a number with its digits."""

    name: ClassVar[str] = "decimal"
    types: ClassVar[frozenset[str]] = frozenset({"decimal"})
    law: ClassVar[Law] = "iso"
    samples: ClassVar[tuple[str, ...]] = ("5.10", "-0.5", "12")

    def decode(self, *values: Json) -> str | None:
        """The digits as they stand."""
        return number_of(values[0])

    def encode(self, text: str) -> Decimal | None:
        """The number, where the text is one."""
        return decimal_of(text)


class WholeCodec(DecimalCodec):
    """``whole``: a number without a fraction, also where it is written with one (300.0); others are not read."""

    name: ClassVar[str] = "whole"
    law: ClassVar[Law] = "lens"
    samples: ClassVar[tuple[str, ...]] = ("300", "0")

    def decode(self, *values: Json) -> str | None:
        """The digits of the whole number."""
        text = super().decode(*values)
        number = decimal_of(text)
        return None if number is None or number != number.to_integral_value() else f"{number:.0f}"


class NumberCodec(Codec):
    """``number``: a number in a text element; other texts are not read."""

    name: ClassVar[str] = "number"
    types: ClassVar[frozenset[str]] = frozenset({"string"})
    law: ClassVar[Law] = "iso"
    samples: ClassVar[tuple[str, ...]] = ("3", "3.5")

    def decode(self, *values: Json) -> str | None:
        """The digits."""
        value = values[0]
        return value if isinstance(value, str) and decimal_of(value) is not None else None

    def encode(self, text: str) -> str | None:
        """The digits, where the text is a number."""
        return text if decimal_of(text) is not None else None


class LastNumberCodec(Codec):
    """``last-number``: the number at the end of a text, such as the visit's in ``Subject 01-701-1015 3.0``."""

    name: ClassVar[str] = "last-number"
    types: ClassVar[frozenset[str]] = frozenset({"string", "markdown", "uri", "canonical", "code", "id"})
    law: ClassVar[Law] = "lossy"

    def decode(self, *values: Json) -> str | None:
        """The number, without zeros that say nothing."""
        text = values[0]
        if not isinstance(text, str):
            return None
        number = decimal_of(re.split(r"[\s/-]", text)[-1])
        if number is None:
            return None
        return f"{number.normalize():f}"

    def encode(self, text: str) -> Json:  # noqa: ARG002
        """Nothing: the text around the number is not known."""
        return None


class CountCodec(Codec):
    """``count``: how many elements there are; to SDTM only."""

    name: ClassVar[str] = "count"
    types: ClassVar[frozenset[str]] = frozenset({"*"})
    law: ClassVar[Law] = "lossy"
    many: ClassVar[bool] = True

    def decode(self, *values: Json) -> str | None:
        """The number; nothing for none."""
        return str(len(values[0])) if values[0] else None

    def encode(self, text: str) -> Json:  # noqa: ARG002
        """Nothing: a number of elements does not make them."""
        return None


class PresentCodec(CountCodec):
    """``present(Y)``: the term where there is such an element at all; to SDTM only."""

    name: ClassVar[str] = "present"

    def decode(self, *values: Json) -> str | None:
        """The term; nothing for none."""
        return (self.args[0] if self.args else "Y") if values[0] else None


class FlagCodec(Codec):
    """``flag(Y N)``: the terms for true and false; with one term, false says nothing."""

    name: ClassVar[str] = "flag"
    types: ClassVar[frozenset[str]] = frozenset({"boolean"})
    law: ClassVar[Law] = "iso"
    samples: ClassVar[tuple[str, ...]] = ("Y",)

    def decode(self, *values: Json) -> str | None:
        """The term for a boolean."""
        terms = self.args or ("Y",)
        value = values[0]
        if value is True:
            return terms[0]
        return terms[1] if value is False and len(terms) > 1 else None

    def encode(self, text: str) -> bool | None:
        """The boolean for a term."""
        terms = self.args or ("Y",)
        return terms.index(text) == 0 if text in terms[:2] else None


@lru_cache(maxsize=64)
def _units(
    code_map: CodeMap | None, release: str
) -> tuple[dict[tuple[str, str], str], dict[str, tuple[str, str, str]]]:
    """Terms by system and code, and what is written by term, made once a code map: many rules share the map."""
    terms: dict[tuple[str, str], str] = {}
    codes: dict[str, tuple[str, str, str]] = {}
    for entry in code_map.entries if code_map else ():
        if entry.prefer != "to-fhir":
            terms.setdefault((entry.system, entry.code), entry.term)
        if entry.written_in(release):
            codes.setdefault(entry.term, (entry.system, entry.code, entry.display))
    return terms, codes


class UnitMap:
    """The two directions between UCUM codes and SDTM unit terms."""

    def __init__(self, args: tuple[str, ...], tools: Tools) -> None:
        self.name, self.tools = args[0] if args else "", tools
        code_map = read_code_map(self.name, tools.places) if self.name else None
        self.terms, self.codes = _units(code_map, tools.release)

    def read(self, quantity: dict[str, Json]) -> str | None:
        """The term of a quantity's unit: by its code, by its unit's text, else the text itself, which is counted."""
        system, code, said = (
            text if isinstance(text := quantity.get(name), str) else "" for name in ("system", "code", "unit")
        )
        unit = said or code or None
        found = self.terms.get((system, code)) or self.terms.get(("", unit or ""))
        if found is None and self.name and unit is not None and unit not in self.codes:
            return self.tools.miss(self.name, unit, system, code)
        return found or unit

    def write(self, term: str) -> dict[str, Json]:
        """The unit, and system and code where the map has them."""
        if term not in self.codes:
            return {"unit": term}
        system, code, display = self.codes[term]
        return {"unit": display or term, "system": system, "code": code}


class UnitCodec(Codec):
    """``unit(map)``: the unit of a quantity alone."""

    name: ClassVar[str] = "unit"
    types: ClassVar[frozenset[str]] = QUANTITIES
    samples: ClassVar[tuple[str, ...]] = ("YEARS",)

    def __init__(self, args: tuple[str, ...], type_: str, tools: Tools) -> None:
        super().__init__(args, type_, tools)
        self.units = UnitMap(args, tools)

    def decode(self, *values: Json) -> str | None:
        """The unit's term."""
        return self.units.read(values[0]) if isinstance(values[0], dict) else None

    def encode(self, text: str) -> Json:
        """A quantity's unit, without a value."""
        return self.units.write(text)


class QuantityCodec(Codec):
    """``quantity(map)``: value and unit as two cells; a comparator goes before the value (``<0.2``).

    Units go through a code map of UCUM codes; a unit that it does not hold stays text in ``unit``. A number behind
    zeros (``098.2``) is one where it has a unit.
    """

    name: ClassVar[str] = "quantity"
    types: ClassVar[frozenset[str]] = QUANTITIES
    arity: ClassVar[int] = 2
    samples: ClassVar[tuple[tuple[str, str], ...]] = (("5.10", "YEARS"), ("<0.2", "YEARS"))

    def __init__(self, args: tuple[str, ...], type_: str, tools: Tools) -> None:
        super().__init__(args, type_, tools)
        self.units = UnitMap(args, tools)

    def decode(self, *values: Json) -> tuple[str | None, str | None] | None:
        """Value with its comparator, and unit."""
        value = values[0]
        if not isinstance(value, dict) or (number := number_of(value.get("value"))) is None:
            return None
        return f"{value.get('comparator', '')}{number}", self.units.read(value)

    def encode(self, text: tuple[str | None, str | None]) -> Json:
        """A Quantity; nothing where the value is no number."""
        value, unit = text
        compared = _COMPARED.fullmatch(value or "")
        number = decimal_of(compared[2] if compared else value)
        if number is None and unit:
            number = padded_number(value)
        if number is None:
            return None
        quantity: dict[str, Json] = {"value": number}
        if compared:
            quantity["comparator"] = compared[1]
        return quantity | self.units.write(unit) if unit else quantity
