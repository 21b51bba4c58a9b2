"""Codecs of time: dates of any precision, ISO 8601 durations, planned study days.

SDTM dates are ISO 8601 of any precision, also without seconds, without offset, with parts missing, or as an interval
(SDTMIG 4.4). A FHIR dateTime with a time needs seconds and an offset (https://hl7.org/fhir/datatypes.html#dateTime).
So the true date goes into the element, and a collected text that says more or less goes into an extension beside it,
believed only while it still agrees with the element. No offset is invented.
"""

from __future__ import annotations

import calendar
import re
from typing import ClassVar

from interchange.mapping.codecs.base import Codec, CodecError, Json, Law, Tools
from interchange.mapping.codecs.number import decimal_of, number_of

_DATE_TIME = re.compile(
    r"(\d{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01])"
    r"(T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d|[+-]14:00))?)?)?",
    re.ASCII,
)
_PREFIX = re.compile(r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?(?![\d])", re.ASCII)


def _is_real(date: str) -> bool:
    """Whether the calendar has the date, as far as it is given."""
    year, month, day = int(date[:4]), date[5:7], date[8:10]
    return year > 0 and (not day or int(day) <= calendar.monthrange(year, int(month))[1])


def fhir_date_time(text: str, type_: str = "dateTime") -> str | None:
    """Return as much of an SDTM date as a FHIR date or dateTime can hold; nothing where no year is known.

    >>> fhir_date_time("2013-12-26T14:45"), fhir_date_time("2013---26"), fhir_date_time("2013-02-30")
    ('2013-12-26', '2013', '2013-02')
    >>> fhir_date_time("2014-01-16T13:17:00+01:00"), fhir_date_time("--12-15")
    ('2014-01-16T13:17:00+01:00', None)
    """
    whole = _DATE_TIME.fullmatch(text)
    if whole and _is_real(text) and (type_ != "date" or not whole[4]):
        return text
    match = _PREFIX.match(text)
    if match is None or not _is_real(match[0][:4]):
        return None
    return match[0] if _is_real(match[0]) else match[0][:7]


# A time without an offset is no FHIR dateTime, so what it is filled up with says nothing: seconds "may be zero-filled"
# (https://hl7.org/fhir/datatypes.html#dateTime), and some sources fill up a whole day.
_FILLED_SECONDS = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d):00$", re.ASCII)
_FILLED_DAY = re.compile(r"^(\d{4}-\d\d-\d\d)T00:00:00$|(?<=T\d\d:\d\d):00$", re.ASCII)


class DtcCodec(Codec):
    """``dtc``: an SDTM date of any precision in a FHIR date or dateTime, the collected text beside it where needed.

    A time without offset is read without seconds that are zero; ``dtc(date)`` reads midnight without offset as a day.
    """

    name: ClassVar[str] = "dtc"
    types: ClassVar[frozenset[str]] = frozenset({"date", "dateTime", "instant"})
    law: ClassVar[Law] = "iso"
    sibling: ClassVar[bool] = True
    samples: ClassVar[tuple[str, ...]] = ("2014-01-02", "2014", "2013-12-26T14:45", "2013---26", "--12-15")

    def __init__(self, args: tuple[str, ...], type_: str, tools: Tools) -> None:
        super().__init__(args, type_, tools)
        if args not in ((), ("date",)):
            raise CodecError(f"`dtc` takes nothing or `date`, not `{' '.join(args)}`")
        self.url = self.tools.systems.get("dtc", "urn:sdtm:dtc")
        self.filled = _FILLED_DAY if args else _FILLED_SECONDS

    def decode(self, *values: Json) -> str | None:
        """The collected text while it agrees with the element, else the element."""
        value, beside = values
        text = value if isinstance(value, str) and value else None
        if isinstance(beside, dict):
            extensions = beside.get("extension")
            for extension in extensions if isinstance(extensions, list) else ():
                if isinstance(extension, dict) and extension.get("url") == self.url:
                    collected = extension.get("valueString")
                    if isinstance(collected, str) and fhir_date_time(collected, self.type) == text:
                        return collected
        return self.filled.sub(r"\1", text) if text is not None else None

    def encode(self, text: str) -> Json:
        """The date that the element can hold, and the collected text beside it where that is not all of it."""
        value = fhir_date_time(text, self.type)
        if self.type == "instant" and (value is None or "T" not in value):
            return None
        if value == text:
            return (value, None)
        return (value, {"extension": [{"url": self.url, "valueString": text}]})


_UNITS = {"a": "Y", "mo": "M", "wk": "W", "d": "D", "h": "TH", "min": "TM", "s": "TS"}
_NAMES = {
    "Y": "years",
    "M": "months",
    "W": "weeks",
    "D": "days",
    "TH": "hours",
    "TM": "minutes",
    "TS": "seconds",
}
_DURATION = re.compile(r"P(?:(\d+(?:\.\d+)?)([YMWD])|(T)(\d+(?:\.\d+)?)([HMS]))", re.ASCII)
_WHOLE = re.compile(r"\.0+$")
_UCUM = "http://unitsofmeasure.org"


class IsoDurationCodec(Codec):
    """``iso-duration``: an ISO 8601 duration of one unit (P26W) as a Quantity or Duration in UCUM."""

    name: ClassVar[str] = "iso-duration"
    types: ClassVar[frozenset[str]] = frozenset({"Duration", "Quantity", "Age"})
    samples: ClassVar[tuple[str, ...]] = ("P26W", "P18Y", "PT12H", "P1.5D")

    def decode(self, *values: Json) -> str | None:
        """The duration's text, P18Y also of 18.0; nothing for a unit that is no time."""
        value = values[0]
        if not isinstance(value, dict) or value.get("comparator"):
            return None
        number = number_of(value.get("value"))
        letter = _UNITS.get(value.get("code") or value.get("unit") or "")
        if number is None or letter is None or number.startswith("-"):
            return None
        number = _WHOLE.sub("", number)
        return f"PT{number}{letter[1]}" if letter[0] == "T" else f"P{number}{letter}"

    def encode(self, text: str) -> Json:
        """The quantity; nothing for a duration of several units."""
        match = _DURATION.fullmatch(text)
        if match is None:
            return None
        letter = match[2] or f"T{match[5]}"
        number = decimal_of(match[1] or match[4])
        if number is None:
            return None
        code = next(code for code, name in _UNITS.items() if name == letter)
        return {"value": number, "unit": _NAMES[letter], "system": _UCUM, "code": code}


class PeriodCodec(Codec):
    """``period``: an ISO 8601 duration of one unit (P8W) as period and unit of a Timing.repeat."""

    name: ClassVar[str] = "period"
    types: ClassVar[frozenset[str]] = frozenset({"decimal"})
    paths: ClassVar[int] = 2
    samples: ClassVar[tuple[str, ...]] = ("P8W", "PT12H", "P1.5D")

    def decode(self, *values: Json) -> str | None:
        """The duration's text; nothing for a period without a unit."""
        period, unit = values
        letter = _UNITS.get(unit) if isinstance(unit, str) else None
        number = number_of(period)
        if letter is None or number is None or number.startswith("-"):
            return None
        return f"PT{number}{letter[1]}" if letter[0] == "T" else f"P{number}{letter}"

    def encode(self, text: str) -> Json:
        """Period and unit; nothing for a duration of several units, or of nothing."""
        match = _DURATION.fullmatch(text)
        number = decimal_of(match[1] or match[4]) if match else None
        if match is None or not number:
            return None
        letter = match[2] or f"T{match[5]}"
        return number, next(code for code, name in _UNITS.items() if name == letter)


_DAYS = {"d": 1, "days": 1, "wk": 7, "weeks": 7}


class StudyDayCodec(Codec):
    """``study-day(event)``: a planned study day as an offset before or after the event of day 1. There is no day 0.

    An offset of whole weeks is read too.
    """

    name: ClassVar[str] = "study-day"
    types: ClassVar[frozenset[str]] = frozenset({"code", "Duration"})
    paths: ClassVar[int] = 3
    samples: ClassVar[tuple[str, ...]] = ("-7", "1", "14")

    def decode(self, *values: Json) -> str | None:
        """The study day of an offset in days or weeks."""
        relationship, offset, _ = values
        if not isinstance(offset, dict):
            return None
        length = _DAYS.get(offset.get("code") or offset.get("unit") or "")
        number = decimal_of(number_of(offset.get("value")))
        if length is None or number is None or number < 0 or number != number.to_integral_value():
            return None
        days = int(number) * length
        if isinstance(relationship, str) and relationship.startswith("before"):
            return str(-days) if days else "1"
        return str(days + 1)

    def encode(self, text: str) -> Json:
        """Relationship, offset and event; nothing for day 0 or what is no whole number."""
        number = decimal_of(text)
        if number is None or number == 0 or str(int(number)) != text:
            return None
        days = int(number)
        offset = {"value": -days if days < 0 else days - 1, "unit": "days", "system": _UCUM, "code": "d"}
        return ("before" if days < 0 else "after", offset, self.args[0] if self.args else None)
