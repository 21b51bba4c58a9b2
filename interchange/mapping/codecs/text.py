# ruff: noqa: RUF001 - full-width signs are meant
"""Codecs of plain text: string, code, id with a prefix, expressions, outcome measures, criteria."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import ClassVar

from interchange.mapping.codecs.base import Codec, CodecError, Json, Law, Tools

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_CODE = re.compile(r"[^\s]+( [^\s]+)*")


class StringCodec(Codec):
    """``string``: a text as it is. FHIR strings are not empty and have no blanks alone."""

    name: ClassVar[str] = "string"
    types: ClassVar[frozenset[str]] = frozenset(
        {"string", "markdown", "uri", "url", "canonical", "xhtml", "base64Binary"}
    )
    law: ClassVar[Law] = "iso"
    samples: ClassVar[tuple[str, ...]] = ("Any text, as it is", "αβγ")

    def decode(self, *values: Json) -> str | None:
        """The text itself, unless it is blank, as FHIR forbids; numbers and booleans in its place are taken as text."""
        value = values[0]
        if isinstance(value, str):
            return value if value.strip() else None
        return None if value is None or isinstance(value, (dict, list)) else str(value)

    def encode(self, text: str) -> str | None:
        """The text itself, unless FHIR forbids it (blank, or control characters)."""
        if not text.strip() or any(c < " " and c not in "\t\n\r" for c in text):
            return None
        if self.type in ("uri", "url", "canonical") and re.search(r"\s", text):
            return None
        return text


class CodeCodec(StringCodec):
    """``code``: a text without outer or double blanks, as FHIR's code and id types ask."""

    name: ClassVar[str] = "code"
    types: ClassVar[frozenset[str]] = frozenset({"code", "id", "oid", "uuid", "string", "uri"})

    def encode(self, text: str) -> str | None:
        """The text, where it is a legal code (or id, for an id element)."""
        legal = _ID if self.type == "id" else _CODE
        return text if legal.fullmatch(text) else None


class UpperCodec(StringCodec):
    """``upper``: a text in capitals, as sponsors write verbatim terms; to FHIR as it is."""

    name: ClassVar[str] = "upper"
    law: ClassVar[Law] = "lens"
    samples: ClassVar[tuple[str, ...]] = ("PALPITATIONS",)

    def decode(self, *values: Json) -> str | None:
        """The text in capitals."""
        text = super().decode(*values)
        return text.upper() if text is not None else None


def escape_id(text: str) -> str:
    """Return a text as a legal FHIR id, reversibly: other characters become ``.XX`` for each UTF-8 byte.

    >>> escape_id("Xan_Hi"), unescape_id("Xan.5FHi")
    ('Xan.5FHi', 'Xan_Hi')
    """
    return "".join(
        c if c.isascii() and (c.isalnum() or c == "-") else "".join(f".{b:02X}" for b in c.encode()) for c in text
    )


def unescape_id(text: str) -> str | None:
    """Return the text of an escaped id; nothing where it is none."""
    raw = re.sub(rb"\.([0-9A-F]{2})", lambda m: bytes([int(m[1], 16)]), text.encode())
    try:
        plain = raw.decode()
    except UnicodeDecodeError:
        return None
    return plain if escape_id(plain) == text else None


_SHORT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,7}")


class ShortNameCodec(CodeCodec):
    """``short-name``: a name of at most 8 letters, digits and underscores (SDTMIG 4.2.1); other texts are not read."""

    name: ClassVar[str] = "short-name"
    samples: ClassVar[tuple[str, ...]] = ("EXCL01", "FC")

    def decode(self, *values: Json) -> str | None:
        """The name."""
        text = super().decode(*values)
        return text if text is not None and _SHORT_NAME.fullmatch(text) else None

    def encode(self, text: str) -> str | None:
        """The name, where the text is one."""
        return text if _SHORT_NAME.fullmatch(text) else None


CODE_LENGTH, DIGEST_LENGTH = 8, 3  # of --TESTCD, ETCD and their kin (SDTMIG 4.2.1)
_BESIDE = re.compile(r"\[[^]]*\]|\([^)]*\)")
_SIGN = re.compile(r"[^A-Z0-9]+")


def short_code(name: str) -> str:
    """Return a legal short code of a name: capitals and digits, a letter first, at most 8.

    It is the name's letters and digits, or five of them and three of a digest, and depends on the name alone.

    >>> short_code("Skin"), short_code("Tobacco smoking status [NHIS]"), short_code("6 minute walk")
    ('SKIN', 'TOBACEBF', 'T6MIN5E1')
    """
    plain = _SIGN.sub("", _BESIDE.sub(" ", name).upper())
    base = plain if plain[:1].isalpha() else f"T{plain}"
    if base == _SIGN.sub("", name.upper()) and len(base) <= CODE_LENGTH:
        return base
    digest = sha256(name.encode()).hexdigest()[:DIGEST_LENGTH].upper()
    return base[: CODE_LENGTH - DIGEST_LENGTH] + digest


class ShortCodeCodec(StringCodec):
    """``short-code``: a code of at most 8 letters and digits, made of a name; one way."""

    name: ClassVar[str] = "short-code"
    law: ClassVar[Law] = "lossy"
    samples: ClassVar[tuple[str, ...]] = ()

    def decode(self, *values: Json) -> str | None:
        """The code of the name."""
        text = super().decode(*values)
        return short_code(text) if text is not None else None

    def encode(self, text: str) -> str | None:  # noqa: ARG002
        """Nothing: the name is not known."""
        return None


class SizedCodec(CodeCodec):
    """``sized(5)``: a code of so many characters, as levels of ATC have, or ``sized(1 20)``; others are not read."""

    name: ClassVar[str] = "sized"
    samples: ClassVar[tuple[str, ...]] = ("N02BE",)

    def __init__(self, args: tuple[str, ...], type_: str, tools: Tools) -> None:
        super().__init__(args, type_, tools)
        if len(args) not in (1, 2) or not all(arg.isdecimal() for arg in args):
            raise CodecError("sized needs a number of characters, or the least and the most: sized(5), sized(1 20)")
        self.sizes = range(int(args[0]), int(args[-1]) + 1)

    def decode(self, *values: Json) -> str | None:
        """The code, where it is as long."""
        text = super().decode(*values)
        return text if text is not None and len(text) in self.sizes else None

    def encode(self, text: str) -> str | None:
        """The code, where it is as long and a legal one."""
        return super().encode(text) if len(text) in self.sizes else None


class SlugCodec(Codec):
    """``slug(PREFIX)``: a text escaped into a FHIR id that starts with a prefix; ids of others are not read."""

    name: ClassVar[str] = "slug"
    types: ClassVar[frozenset[str]] = frozenset({"id", "string", "code"})
    law: ClassVar[Law] = "iso"
    samples: ClassVar[tuple[str, ...]] = ("Pbo", "Xan_Hi", "A B.C")

    def decode(self, *values: Json) -> str | None:
        """The text behind the prefix."""
        prefix = self.args[0] if self.args else ""
        value = values[0]
        if not isinstance(value, str) or not value.startswith(prefix):
            return None
        return unescape_id(value[len(prefix) :]) or None

    def encode(self, text: str) -> str | None:
        """The prefix and the escaped text, if that is no longer than an id may be."""
        value = (self.args[0] if self.args else "") + escape_id(text)
        return value if _ID.fullmatch(value) else None


class ExpressionCodec(Codec):
    """``expression``: a rule in words as an Expression, in description and in text/plain."""

    name: ClassVar[str] = "expression"
    types: ClassVar[frozenset[str]] = frozenset({"Expression"})
    samples: ClassVar[tuple[str, ...]] = ("First dose of study drug",)

    def decode(self, *values: Json) -> str | None:
        """The description, else a text/plain expression."""
        value = values[0]
        if not isinstance(value, dict):
            return None
        text = value.get("description") or (value.get("expression") if value.get("language") == "text/plain" else None)
        return text if isinstance(text, str) else None

    def encode(self, text: str) -> Json:
        """An Expression that holds the text as its description and as its expression."""
        return {"description": text, "language": "text/plain", "expression": text} if text.strip() else None


_MEASURE = re.compile(r"(?s)(.+) \[(Time Frame: .+)\]")
_PARAGRAPH = "\n\n"  # what follows the time frame is more than the registry shows beside the name


class MeasureCodec(Codec):
    """``measure``: name and description of an outcome as ``name [Time Frame: x]``, the registry's own form."""

    name: ClassVar[str] = "measure"
    types: ClassVar[frozenset[str]] = frozenset({"string", "markdown"})
    paths: ClassVar[int] = 2
    samples: ClassVar[tuple[str, ...]] = ("Overall Survival (OS) [Time Frame: 12 months]", "Overall survival")

    def decode(self, *values: Json) -> str | None:
        """Name and time frame in one text; the name alone where the description says something else."""
        name, description = values
        if not isinstance(name, str) or not name:
            return description if isinstance(description, str) and description else None
        if isinstance(description, str) and description.startswith("Time Frame: "):
            return f"{name} [{description.partition(_PARAGRAPH)[0]}]"
        return name

    def encode(self, text: str) -> Json:
        """The name and, where the text has one, the time frame as description."""
        match = _MEASURE.fullmatch(text)
        if match:
            return (match[1], match[2])
        return (text, None) if text.strip() else None


# Where a criterion may end early, the best first, each with the least share of the room that it has to fill: before a
# list of instances, where a sentence ends, where a clause ends or an aside begins, before a joining word, at a word.
_ENDS = (
    (3, re.compile(r"[,;:，；：]?\s*(?=\(?\b(?:including|such as|e\.g\.|i\.e\.|for example)(?!\w))")),
    (3, re.compile(r"(?<=[^\W_][\w)%\]])\.(?=\s+[A-Z])|;(?=\s)|[；。]")),
    (2, re.compile(r"[,:](?=\s)|[，：]|\s(?=[(（\[])|(?=[(（]\s)")),
    (
        2,
        re.compile(
            r"\s(?=(?:and|or|but|if|when|unless|until|provided|which|that|who|whose|because|within|after|before|during"
            r"|prior to|with|without|for|between|on|in|at)\s)"
        ),
    ),
    (2, re.compile(r"\s")),
)


def cut_at_clause(text: str, limit: int) -> str:
    """Return a text of at most ``limit`` UTF-8 bytes, cut where a clause ends, else at a word (SDTMIG 4.5.3.1).

    It is cut within brackets only where it would be cut in a word otherwise.

    >>> cut_at_clause("Any infection within 14 days, including: HBV, HCV", 45)
    'Any infection within 14 days'
    """
    if len(text.encode()) <= limit:
        return text
    fits = text.encode()[:limit].decode(errors="ignore")
    room = len(fits)
    for inside in (False, True):
        for share, end in _ENDS:
            places = [m.start() for m in end.finditer(text) if room // share <= m.start() <= room]
            kept = [
                text[:place].rstrip(" ,;:(，；：（") for place in places if inside or not _in_brackets(text[:place])
            ]
            if kept and kept[-1]:
                return kept[-1]
    return fits


def _in_brackets(text: str) -> bool:
    """Whether a text ends within brackets; the bracket behind a list's number opens nothing."""
    depth = 0
    for sign in re.findall(r"[(（\[)）\]]", text):
        depth = depth + 1 if sign in "(（[" else max(depth - 1, 0)
    return depth > 0


class ClauseCodec(StringCodec):
    """``clause(200)``: a text of any length, cut at the end of a clause to fit SDTM. What is cut is in the ledger."""

    name: ClassVar[str] = "clause"
    law: ClassVar[Law] = "lossy"
    samples: ClassVar[tuple[str, ...]] = ("Known alcohol dependence",)

    def decode(self, *values: Json) -> str | None:
        """The text, or as much of it as fits."""
        text = super().decode(*values)
        return None if text is None else cut_at_clause(text, int(self.args[0]) if self.args else 200)
