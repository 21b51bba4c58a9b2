"""Codecs of coded values: a code map between FHIR codings and SDTM terms, one value or several."""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import ClassVar, NamedTuple

from interchange.mapping.codecs.base import Codec, CodecError, Json, Law, Tools
from interchange.mapping.tables import CodeMap, Entry, read_code_map

TEXT_TYPES = ("code", "string", "uri")


class _Tables(NamedTuple):
    """A code map as looked up: terms by coding, bare code and text, entries by term."""

    read: dict[tuple[str, str], str]
    by_code: dict[str, str]
    by_text: dict[str, str]
    write: dict[str, list[Entry]]


@lru_cache(maxsize=512)
def _tables(code_map: CodeMap, release: str, ct: str) -> _Tables:
    """The tables of a code map, made once: many rules share a large map."""
    made = _Tables({}, {}, {}, {})
    for entry in (each for each in code_map.entries if each.holds_with(ct)):
        if entry.prefer != "to-fhir":
            made.read.setdefault((entry.system, entry.code), entry.term)
            made.by_code.setdefault(entry.code or entry.system, entry.term)
            for word in (entry.display, entry.text, entry.term):
                made.by_text.setdefault(word.casefold(), entry.term)
        if entry.written_in(release):
            made.write.setdefault(entry.term, []).append(entry)
    made.by_text.pop("", None)
    return made


class ConceptCodec(Codec):
    """``concept(map)``: a coding through a code map; ``concept(map strict)`` reads and writes the map's codes only.

    Without ``strict`` a value that the map does not hold goes through as text, and is counted.
    """

    name: ClassVar[str] = "concept"
    types: ClassVar[frozenset[str]] = frozenset({"CodeableConcept", "Coding", *TEXT_TYPES})

    def __init__(self, args: tuple[str, ...], type_: str, tools: Tools) -> None:
        super().__init__(args, type_, tools)
        if not args:
            raise CodecError("concept needs the name of a code map: concept(sex)")
        self.strict = "strict" in args[1:]
        self.code_map = read_code_map(args[0], tools.places)

    @property
    def _tables(self) -> _Tables:
        return _tables(self.code_map, self.tools.release, self.tools.ct)

    @cached_property
    def read(self) -> dict[tuple[str, str], str]:
        """The terms by system and code."""
        return self._tables.read

    @cached_property
    def by_code(self) -> dict[str, str]:
        """The terms by code alone."""
        return self._tables.by_code

    @cached_property
    def by_text(self) -> dict[str, str]:
        """The terms by what is said of them, in small letters."""
        return self._tables.by_text

    @cached_property
    def write(self) -> dict[str, list[Entry]]:
        """What is written for each term."""
        return self._tables.write

    def decode(self, *values: Json) -> str | None:
        """The term of the first coding that the map holds; else, unless strict, the text."""
        value = values[0]
        if isinstance(value, str):
            return self._word(value)
        if not isinstance(value, dict):
            return str(value).lower() if isinstance(value, bool) else None
        codings = value.get("coding") or () if self.type == "CodeableConcept" else (value,)
        if not isinstance(codings, (list, tuple)):
            return None
        found = None
        for coding in codings:
            if isinstance(coding, dict):
                system, code = coding.get("system", ""), coding.get("code", "")
                if isinstance(system, str) and isinstance(code, str):
                    found = self.read.get((system, code))
                if found is not None:
                    return found
        return self._text(value, codings)

    def _word(self, value: str) -> str | None:
        """The term of a bare code, or of a text in place of one."""
        found = self.by_code.get(value)
        if found is not None or not value:
            return found
        if self.type == "string" and (found := self.by_text.get(value.casefold())) is not None:
            return found
        return None if self.strict else self._miss(value, code=value if self.type == "code" else "")

    def _text(self, value: Json, codings: Json) -> str | None:
        if self.strict and any(isinstance(c, dict) and c.get("system") for c in codings):
            return None
        texts = [value.get("text"), *(c.get("display") for c in codings if isinstance(c, dict))]
        texts = [t for t in texts if isinstance(t, str) and t]
        if self.strict:
            return next((self.by_text[t.casefold()] for t in texts if t.casefold() in self.by_text), None)
        for text in texts:
            if (term := self.by_text.get(text.casefold())) is not None:
                return term
        coded = [c for c in codings if isinstance(c, dict) and isinstance(c.get("code"), str)]
        texts += [c["code"] for c in coded]
        first = coded[0] if coded else {}
        return self._miss(texts[0], str(first.get("system", "")), first.get("code", "")) if texts else None

    def _miss(self, value: str, system: str = "", code: str = "") -> str:
        return self.tools.miss(self.args[0], value, system, code)

    def encode(self, text: str) -> Json:
        """The codings of a term; unless strict, a term that the map does not hold as text."""
        entries = self.write.get(text)
        if self.type in TEXT_TYPES:
            if entries:
                return entries[0].code or entries[0].system
            return text if self.type == "string" and not self.strict and text.strip() else None
        if not entries:
            return {"text": text} if self.type == "CodeableConcept" and not self.strict and text.strip() else None
        codings = [
            {k: v for k, v in (("system", e.system), ("code", e.code), ("display", e.display)) if v} for e in entries
        ]
        if self.type == "Coding":
            return codings[0]
        concept: dict[str, Json] = {"coding": codings}
        if label := entries[0].text or entries[0].display:
            concept["text"] = label
        return concept


class KnownCodec(Codec):
    """``known(map)``: a text as it is, where a code map has it, in letters of any size; other texts are not read."""

    name: ClassVar[str] = "known"
    types: ClassVar[frozenset[str]] = frozenset({"string", "markdown"})
    samples: ClassVar[tuple[str, ...]] = ("M", "m")

    def __init__(self, args: tuple[str, ...], type_: str, tools: Tools) -> None:
        super().__init__(args, type_, tools)
        if len(args) != 1:
            raise CodecError("known needs the name of a code map: known(soc)")
        self.texts = _tables(read_code_map(args[0], tools.places), tools.release, tools.ct).by_text

    def decode(self, *values: Json) -> str | None:
        """The text, where the map has it."""
        value = values[0]
        return value if isinstance(value, str) and value.casefold() in self.texts else None

    def encode(self, text: str) -> Json:
        """The same text, where the map has it."""
        return text if text.casefold() in self.texts else None


class NamedCodec(Codec):
    """``named(map)``: the term of a code map that a text names as a word, where it names but one; to SDTM only."""

    name: ClassVar[str] = "named"
    types: ClassVar[frozenset[str]] = frozenset({"string", "markdown"})
    law: ClassVar[Law] = "lossy"

    def __init__(self, args: tuple[str, ...], type_: str, tools: Tools) -> None:
        super().__init__(args, type_, tools)
        if len(args) != 1:
            raise CodecError("named needs the name of a code map: named(route)")
        terms = sorted(
            _tables(read_code_map(args[0], tools.places), tools.release, tools.ct).write, key=len, reverse=True
        )
        self.words = re.compile(rf"(?<![\w/])(?:{'|'.join(map(re.escape, terms))})(?![\w/])") if terms else None

    def decode(self, *values: Json) -> str | None:
        """The one term that stands in the text in capitals."""
        value = values[0]
        if not isinstance(value, str) or self.words is None:
            return None
        found = set(self.words.findall(value))
        return found.pop() if len(found) == 1 else None

    def encode(self, text: str) -> Json:  # noqa: ARG002
        """Nothing: a text says more than the term."""
        return None


class MultiCodec(Codec):
    """``multi(map)``: several values in one variable and numbered ones: RACE is MULTIPLE, RACE1 .. RACEn the values.

    SDTMIG 3.4, DM assumption on multiple races; the numbered variables go to the supplemental dataset.
    """

    name: ClassVar[str] = "multi"
    types: ClassVar[frozenset[str]] = ConceptCodec.types
    arity: ClassVar[int] = 0
    many: ClassVar[bool] = True

    def __init__(self, args: tuple[str, ...], type_: str, tools: Tools) -> None:
        super().__init__(args, type_, tools)
        self.one = ConceptCodec(args, type_, tools)

    def decode(self, *values: Json) -> tuple[str | None, ...] | None:
        """One value as itself; several as MULTIPLE and each."""
        found = list(dict.fromkeys(term for v in values[0] if (term := self.one.decode(v)) is not None))
        if len(found) < 2:
            return (found[0],) if found else None
        return ("MULTIPLE", *found)

    def encode(self, text: tuple[str | None, ...]) -> Json:
        """The list of codings; nothing where one of the values has no code."""
        first, *rest = text
        terms = [t for t in rest if t] if first == "MULTIPLE" and any(rest) else [first]
        encoded = [self.one.encode(t) for t in terms if t]
        return encoded if encoded and None not in encoded else None
