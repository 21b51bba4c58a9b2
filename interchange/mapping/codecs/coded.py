"""Codecs of coded values: a code map between FHIR codings and SDTM terms, one value or several."""

from __future__ import annotations

from typing import ClassVar

from interchange.mapping.codecs.base import Codec, CodecError, Json, Tools
from interchange.mapping.tables import Entry, read_code_map

TEXT_TYPES = ("code", "string", "uri")


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
        self.read: dict[tuple[str, str], str] = {}
        self.by_code: dict[str, str] = {}
        self.by_text: dict[str, str] = {}
        self.write: dict[str, list[Entry]] = {}
        for entry in read_code_map(args[0], tools.places).entries:
            if entry.prefer != "to-fhir":
                self.read.setdefault((entry.system, entry.code), entry.term)
                self.by_code.setdefault(entry.code or entry.system, entry.term)
                for word in (entry.display, entry.text, entry.term):
                    self.by_text.setdefault(word.casefold(), entry.term)
            if entry.written_in(tools.release):
                self.write.setdefault(entry.term, []).append(entry)
        self.by_text.pop("", None)

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
                found = self.read.get((coding.get("system", ""), coding.get("code", "")))
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
        return None if self.strict else self._miss(value)

    def _text(self, value: Json, codings: Json) -> str | None:
        texts = [value.get("text"), *(c.get("display") for c in codings if isinstance(c, dict))]
        texts = [t for t in texts if isinstance(t, str) and t]
        if self.strict:
            if codings and any(isinstance(c, dict) and c.get("system") for c in codings):
                return None
            return next((self.by_text[t.casefold()] for t in texts if t.casefold() in self.by_text), None)
        for text in texts:
            if (term := self.by_text.get(text.casefold())) is not None:
                return term
        texts += [c["code"] for c in codings if isinstance(c, dict) and isinstance(c.get("code"), str)]
        return self._miss(texts[0]) if texts else None

    def _miss(self, value: str) -> str:
        self.tools.misses[self.args[0], value] += 1
        return value

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
