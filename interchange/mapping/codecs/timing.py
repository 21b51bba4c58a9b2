"""Codecs of how often and how much: a Timing as a term of the FREQ codelist, a Range as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from interchange.mapping.codecs.base import Codec, CodecError, Json, Tools
from interchange.mapping.codecs.number import UnitMap, decimal_of, number_of
from interchange.mapping.tables import read_code_map

if TYPE_CHECKING:
    from interchange.mapping.tables import Entry

# The system of a code map's rows for Timing.repeat; their codes are patterns, as repeat_pattern gives them.
REPEAT = "http://hl7.org/fhir/StructureDefinition/Timing"
_PATTERN = re.compile(r"count=(?P<count>\d+)|(?P<times>\d+)/(?P<period>\d+)/(?P<unit>[a-z]+)(?:@(?P<when>[A-Z.]+))?")
_NAMES = {"s": "SECOND", "min": "MINUTE", "h": "HOUR", "d": "DAY", "wk": "WEEK", "mo": "MONTH", "a": "YEAR"}
# What makes a repeat say more than how often.
_BEYOND = ("frequencyMax", "periodMax", "countMax")


def repeat_pattern(repeat: Json) -> str | None:
    """Return how often a Timing.repeat says: times/period/unit with the time of day behind @, or a count.

    Nothing where it says less, or more (a range). Times of day without a frequency are a frequency.

    >>> repeat_pattern({"frequency": 2, "period": 1, "periodUnit": "d"}), repeat_pattern({"count": 1})
    ('2/1/d', 'count=1')
    >>> repeat_pattern({"when": ["HS"]}), repeat_pattern({"timeOfDay": ["08:00:00", "20:00:00"]})
    ('1/1/d@HS', '2/1/d')
    """
    if not isinstance(repeat, dict) or any(key in repeat for key in _BEYOND):
        return None
    when, times = _listed(repeat, "when"), _listed(repeat, "timeOfDay")
    frequency = number_of(repeat.get("frequency"))
    period, unit = decimal_of(number_of(repeat.get("period"))), repeat.get("periodUnit")
    if period is None:
        count = number_of(repeat.get("count"))
        if frequency is None and not when and not times:
            return f"count={count}" if count else None
        period, unit = decimal_of("1"), "d"
    daily = f"{period.normalize():f}/{unit}" if period is not None else ""
    at = f"@{when[0]}" if len(when) == 1 and frequency in (None, "1") else ""
    return f"{frequency or max(len(when), len(times), 1)}/{daily}{at}"


def _listed(node: Json, key: str) -> list[Json]:
    found = node.get(key)
    return found if isinstance(found, list) else []


def spelled(pattern: str) -> str | None:
    """Return a frequency in the words of the codelist, for a pattern that has no term of its own.

    >>> spelled("2/3/wk"), spelled("1/9/wk"), spelled("10/1/d")
    ('2 TIMES PER 3 WEEKS', 'EVERY 9 WEEKS', '10 TIMES PER DAY')
    """
    match = _PATTERN.fullmatch(pattern)
    if match is None or match["when"] or match["unit"] not in _NAMES:
        return None
    times, period, name = match["times"], match["period"], _NAMES[match["unit"]]
    span = name if period == "1" else f"{period} {name}S"
    return f"EVERY {span}" if times == "1" else f"{times} TIMES PER {span}"


class TimingCodec(Codec):
    """``timing(map)``: how often, from Timing.code and Timing.repeat, through a code map; other terms stay text.

    The map has rows of the system ``http://hl7.org/fhir/StructureDefinition/Timing`` with patterns of the repeat
    (``2/1/d``, ``1/1/d@HS``, ``count=1``) beside those of Timing.code.
    """

    name: ClassVar[str] = "timing"
    types: ClassVar[frozenset[str]] = frozenset({"Timing"})
    samples: ClassVar[tuple[str, ...]] = ("BID", "EVERY 2 WEEKS", "QHS", "ONCE", "OTHER")

    def __init__(self, args: tuple[str, ...], type_: str, tools: Tools) -> None:
        super().__init__(args, type_, tools)
        if not args:
            raise CodecError("timing needs the name of a code map: timing(frequency)")
        self.read: dict[tuple[str, str], str] = {}
        self.by_text: dict[str, str] = {}
        self.write: dict[str, list[Entry]] = {}
        for entry in read_code_map(args[0], tools.places).entries:
            if entry.prefer != "to-fhir":
                self.read.setdefault((entry.system, entry.code), entry.term)
            for word in (entry.term, entry.display, entry.text):
                self.by_text.setdefault(word.casefold(), entry.term)
            if entry.written_in(tools.release):
                self.write.setdefault(entry.term, []).append(entry)
        self.by_text.pop("", None)

    def decode(self, *values: Json) -> str | None:
        """The term of the text, of the code, or of the repeat; else the text as it is."""
        value = values[0]
        if not isinstance(value, dict):
            return None
        code = value.get("code")
        code = code if isinstance(code, dict) else {}
        codings = [c for c in _listed(code, "coding") if isinstance(c, dict)]
        texts = [t for t in (code.get("text"), *(c.get("display") for c in codings)) if isinstance(t, str) and t]
        if texts and texts[0] in self.write:
            return texts[0]
        for coding in codings:
            if (term := self.read.get((coding.get("system", ""), coding.get("code", "")))) is not None:
                return term
        return self._repeat(value.get("repeat")) or self._text(texts)

    def _repeat(self, repeat: Json) -> str | None:
        pattern = repeat_pattern(repeat)
        if pattern is None:
            return None
        term = self.read.get((REPEAT, pattern)) or self.read.get((REPEAT, pattern.partition("@")[0]))
        if term is None and (term := spelled(pattern)) is not None:
            self.tools.miss(self.args[0], term)
        return term

    def _text(self, texts: list[str]) -> str | None:
        for text in texts:
            if (term := self.by_text.get(text.casefold())) is not None:
                return term
        if texts:
            self.tools.miss(self.args[0], texts[0])
        return texts[0] if texts else None

    def encode(self, text: str) -> Json:
        """The repeat and the code of a term, with the term as the code's text."""
        if not text.strip():
            return None
        timing: dict[str, Json] = {}
        codings = []
        near = self.by_text.get(text.casefold(), "")  # another word for a term: its repeat is written all the same
        for entry in self.write.get(text) or self.write.get(near, []):
            if entry.system == REPEAT:
                timing["repeat"] = _repeat_of(entry.code)
            else:
                coding = {"system": entry.system, "code": entry.code, "display": entry.display}
                codings.append({k: v for k, v in coding.items() if v})
        timing["code"] = {"coding": codings, "text": text} if codings else {"text": text}
        return timing


def _repeat_of(pattern: str) -> Json:
    match = _PATTERN.fullmatch(pattern)
    if match is None:
        return None
    if match["count"]:
        return {"count": int(match["count"])}
    repeat = {"frequency": int(match["times"]), "period": int(match["period"]), "periodUnit": match["unit"]}
    return repeat | {"when": [match["when"]]} if match["when"] else repeat


_RANGE = re.compile(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)", re.ASCII)


class RangeCodec(Codec):
    """``range(map)``: a Range as text and unit: ``200-400``, ``mg``."""

    name: ClassVar[str] = "range"
    types: ClassVar[frozenset[str]] = frozenset({"Range"})
    arity: ClassVar[int] = 2
    samples: ClassVar[tuple[tuple[str, str], ...]] = (("200-400", "YEARS"), ("0.5-1.50", "YEARS"))

    def __init__(self, args: tuple[str, ...], type_: str, tools: Tools) -> None:
        super().__init__(args, type_, tools)
        self.units = UnitMap(args, tools)

    def decode(self, *values: Json) -> tuple[str | None, str | None] | None:
        """Low and high with a hyphen between, and the unit that both have."""
        value = values[0] if isinstance(values[0], dict) else {}
        low, high = (end if isinstance(end := value.get(key), dict) else {} for key in ("low", "high"))
        numbers = number_of(low.get("value")), number_of(high.get("value"))
        if None in numbers or self.units.read(low) != self.units.read(high):
            return None
        return f"{numbers[0]}-{numbers[1]}", self.units.read(high)

    def encode(self, text: tuple[str | None, str | None]) -> Json:
        """A Range; nothing where the text is not two numbers with a hyphen between."""
        words, unit = text
        match = _RANGE.fullmatch(words or "")
        ends = [decimal_of(match[i]) for i in (1, 2)] if match else []
        if not ends or None in ends:
            return None
        beside = self.units.write(unit) if unit else {}
        return {"low": {"value": ends[0]} | beside, "high": {"value": ends[1]} | beside}
