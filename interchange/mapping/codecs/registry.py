"""Codecs of the texts that registry records are made of: ages in words, labels of interventions, time frames, lists."""

from __future__ import annotations

import re
from typing import ClassVar

from interchange.mapping.codecs.base import Codec, CodecError, Json, Law, Tools
from interchange.mapping.codecs.text import StringCodec, cut_at_clause

LONGEST_NAME = 180  # bytes, so that `Start of …` fits 200 as well
TEXTS = frozenset({"string", "markdown"})


class JoinedCodec(Codec):
    """``joined(/)``: a list of texts as one, with a text between two."""

    name: ClassVar[str] = "joined"
    types: ClassVar[frozenset[str]] = frozenset({"string", "markdown", "code"})
    many: ClassVar[bool] = True
    samples: ClassVar[tuple[str, ...]] = ("PHASE1/PHASE2", "PHASE4")

    def __init__(self, args: tuple[str, ...], type_: str, tools: Tools) -> None:
        super().__init__(args, type_, tools)
        if len(args) != 1 or not args[0]:
            raise CodecError(f"`{self.name}` needs the text between two: {self.name}(/)")
        self.between = args[0]

    def decode(self, *values: Json) -> str | None:
        """The texts in one."""
        texts = [text for text in values[0] if isinstance(text, str) and text]
        return self.between.join(texts) or None

    def encode(self, text: str) -> Json:
        """The list."""
        texts = text.split(self.between)
        return texts if all(each.strip() for each in texts) else None


_LABEL = re.compile(
    r"(?:Behavioral|Biological|Combination Product|Device|Diagnostic Test|Dietary Supplement|Drug|Genetic|Procedure"
    r"|Radiation|Other): (?=\S)"
)


def product_of(label: str) -> str:
    """Return the name that a label has behind the type of intervention.

    >>> product_of("Biological: CD123-CAR-NK cells"), product_of("Placebo")
    ('CD123-CAR-NK cells', 'Placebo')
    """
    match = _LABEL.match(label)
    return label[match.end() :] if match else label


class ProductCodec(Codec):
    """``product``: the name in a label such as ``Drug: X``, without the type of intervention; to SDTM only."""

    name: ClassVar[str] = "product"
    types: ClassVar[frozenset[str]] = TEXTS
    law: ClassVar[Law] = "lossy"

    def decode(self, *values: Json) -> str | None:
        """The name."""
        value = values[0]
        return product_of(value) if isinstance(value, str) and value.strip() else None

    def encode(self, text: str) -> Json:  # noqa: ARG002
        """Nothing: the type is not known."""
        return None


class ProductsCodec(JoinedCodec):
    """``products(' + ')``: the names in a list of labels ``Drug: X``, in one text that fits SDTM; to SDTM only."""

    name: ClassVar[str] = "products"
    types: ClassVar[frozenset[str]] = TEXTS
    law: ClassVar[Law] = "lossy"
    samples: ClassVar[tuple[str, ...]] = ()

    def decode(self, *values: Json) -> str | None:
        """The names, each once."""
        names = dict.fromkeys(product_of(label) for label in values[0] if isinstance(label, str) and label.strip())
        return cut_at_clause(self.between.join(names), LONGEST_NAME) or None

    def encode(self, text: str) -> Json:  # noqa: ARG002
        """Nothing: the types are not known."""
        return None


class PrefixedCodec(StringCodec):
    """``prefixed('Start of ')``: what follows a text that the element starts with; other texts are not read."""

    name: ClassVar[str] = "prefixed"
    law: ClassVar[Law] = "iso"
    samples: ClassVar[tuple[str, ...]] = ("40333694",)

    def __init__(self, args: tuple[str, ...], type_: str, tools: Tools) -> None:
        super().__init__(args, type_, tools)
        if len(args) != 1 or not args[0]:
            raise CodecError("prefixed needs the text before: prefixed('Start of ')")
        self.before = args[0]

    def decode(self, *values: Json) -> str | None:
        """The text behind the one before."""
        text = super().decode(*values)
        if text is None or not text.startswith(self.before):
            return None
        return (text[len(self.before) :].strip() and text[len(self.before) :]) or None

    def encode(self, text: str) -> str | None:
        """The two texts in one."""
        return super().encode(self.before + text) if text.strip() else None


class CountedCodec(Codec):
    """``counted(INCL)``: a number behind a prefix, with two digits or more: 3 is INCL03."""

    name: ClassVar[str] = "counted"
    types: ClassVar[frozenset[str]] = frozenset({"id", "string", "code"})
    law: ClassVar[Law] = "iso"
    samples: ClassVar[tuple[str, ...]] = ("1", "12", "120")

    def decode(self, *values: Json) -> str | None:
        """The number."""
        value, prefix = values[0], self.args[0] if self.args else ""
        if not isinstance(value, str) or not value.startswith(prefix):
            return None
        digits = value[len(prefix) :]
        return str(int(digits)) if re.fullmatch(r"0[1-9]|[1-9][0-9]+", digits, re.ASCII) else None

    def encode(self, text: str) -> str | None:
        """The prefix and the number."""
        whole = re.fullmatch(r"[1-9][0-9]*", text, re.ASCII)
        return f"{self.args[0] if self.args else ''}{int(text):02}" if whole else None


_WORDS = {"Year": "Y", "Month": "M", "Week": "W", "Day": "D", "Hour": "TH", "Minute": "TM"}
_AGE = re.compile(r"([1-9][0-9]*) (Year|Month|Week|Day|Hour|Minute)s?", re.ASCII)
_ISO = re.compile(r"P([1-9][0-9]*)([YMWD])|PT([1-9][0-9]*)([HM])", re.ASCII)


class TimeWordsCodec(Codec):
    """``time-words``: a length of time in words, `18 Years`, as an ISO 8601 duration, P18Y."""

    name: ClassVar[str] = "time-words"
    types: ClassVar[frozenset[str]] = TEXTS
    samples: ClassVar[tuple[str, ...]] = ("P18Y", "P1M", "PT12H")

    def decode(self, *values: Json) -> str | None:
        """The duration; nothing for other texts, such as `N/A`."""
        match = _AGE.fullmatch(values[0]) if isinstance(values[0], str) else None
        if match is None:
            return None
        letter = _WORDS[match[2]]
        return f"PT{match[1]}{letter[1]}" if letter[0] == "T" else f"P{match[1]}{letter}"

    def encode(self, text: str) -> str | None:
        """The words; nothing for a duration of several units or of parts of one."""
        match = _ISO.fullmatch(text)
        if match is None:
            return None
        number, letter = (match[1], match[2]) if match[1] else (match[3], f"T{match[4]}")
        word = next(word for word, own in _WORDS.items() if own == letter)
        return f"{number} {word}" if number == "1" else f"{number} {word}s"


_FRAME = re.compile(r"(?s)Time Frame: (.*?)(?:\n\n(.*))?")


class TimeFrameCodec(Codec):
    """``time-frame``: time frame and description of an outcome in one text, ``Time Frame: 1 Month`` before the rest."""

    name: ClassVar[str] = "time-frame"
    types: ClassVar[frozenset[str]] = TEXTS
    paths: ClassVar[int] = 2
    samples: ClassVar[tuple[str, ...]] = ("Time Frame: 1 Month", "Time Frame: Day 1\n\nBy telephone", "By telephone")

    def decode(self, *values: Json) -> str | None:
        """Both in one text; what is there where one is missing."""
        frame, rest = (value if isinstance(value, str) and value.strip() else None for value in values)
        texts = [f"Time Frame: {frame}" if frame else None, rest]
        return "\n\n".join(text for text in texts if text) or None

    def encode(self, text: str) -> Json:
        """The two; a text without a time frame is the description."""
        match = _FRAME.fullmatch(text)
        if match and match[1].strip():
            return (match[1], match[2] or None)
        return (None, text) if text.strip() else None
