# ruff: noqa: RUF001, RUF002, SIM905 - full-width signs are meant; numbers are read as prose
"""Eligibility text as lines: how far each is indented, the bullet or number before it, and what is behind that."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

# Full-width forms, one character for one, so that places in a line stay what they are.
_HALF = str.maketrans(
    {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {"。": ".", "．": ".", "〔": "(", "〕": ")"}
)
_ROMAN = "i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx".split()
_HAN = "一二三四五六七八九十"
_WORD = re.compile(r"[^\W_]")

_BULLET = re.compile(
    r"""\\?[*+\-–—−o§Ø→](?=\s)                       # those that are also signs or letters stand before a blank
      | [•·●○◦▪▫■□◆◇►▶▸➢➤✓✔‣⁃∙‧・\ue000-\uf8ff]      # with those of word processors' own fonts
      | [-–—](?=[^\W\d_])                            # "-Age", not "-5"
    """,
    re.VERBOSE,
)
_STAR = re.compile(r"\*(?=[^\W_])")
_NUMBER = re.compile(
    r"""(?P<open>[(\[]|\#\ ?)?(?P<code>\d{1,3}|[A-Za-z]|[ivx]{2,5}|[IVX]{2,5})\ ?\\?
        (?P<close>\.?\)\.?|\]|、|(?:\.-?|:(?=\s)|[-–](?=\s|[A-Z]))(?!\d))""",
    re.VERBOSE,
)
_LABEL = re.compile(r"(?P<prefix>[A-Z]{1,4})[-_ ]?(?P<code>\d{1,3})(?P<close>[.):]|\ ?[-–](?=\s))(?=\s)")
_LEVELS = re.compile(r"\d{1,2}(?:\.\d{1,2}){1,3}[.)]?(?=\s+[A-Z][a-z])")
_BARE = re.compile(r"(?:#\ ?)?\d{1,2}(?=\s+[A-Z])")
_CIRCLED = re.compile(r"[\u2460-\u2487]")
_COUNTED = re.compile(rf"[{_HAN}]{{1,3}}、")


class Mark(NamedTuple):
    """A bullet or number: as printed, its style (``*``, ``1.``, ``(a)``, ``SI1:``), and its number, 0 for bullets."""

    printed: str
    style: str
    number: int
    sure: bool  # else it takes the numbers before and after to tell ("E. coli" is no fifth item)


@dataclass(slots=True)
class Line:
    """A line with words: its indent, its mark, the text behind, whether a blank line is before it."""

    indent: int
    mark: Mark | None
    body: str
    gap: bool
    whole: str  # mark and body, as printed


def half(text: str) -> str:
    """Return a text with full-width digits, letters and signs as their plain forms, of the same length.

    >>> half("（１）Ａge：")
    '(1)Age:'
    """
    return text.translate(_HALF)


def read_lines(text: str) -> list[Line]:
    """Return the lines of a text that have words; wrapped lines of a paragraph are one."""
    raw = [" ".join(re.split(r"[^\S\t]|[\u200b\ufeff]", line)).expandtabs(4).rstrip() for line in text.splitlines()]
    width = max(map(len, raw), default=0)
    lines: list[Line] = []
    gap, starred = True, sum(bool(_STAR.match(line.lstrip())) for line in raw) > 1
    for line in raw:
        body = line.strip()
        if not _WORD.search(body):
            gap = True
            continue
        mark = read_mark(body, starred=starred)
        behind = body[len(mark.printed) :].strip() if mark else body
        lines.append(Line(len(line) - len(line.lstrip()), mark, behind, gap, body))
        gap = False
    return _unwrapped([_in_sequence(line, lines, place) for place, line in enumerate(lines)], width)


def read_mark(body: str, *, starred: bool = False) -> Mark | None:
    """Return the mark at the start of a text; ``starred`` where a star needs no blank behind it.

    >>> read_mark("(iv) Age"), read_mark("1.5 mg"), read_mark("• Age").style
    (Mark(printed='(iv)', style='(i)', number=4, sure=True), None, '•')
    """
    plain = half(body)
    if found := _BULLET.match(plain) or (_STAR.match(plain) if starred else None):
        return Mark(body[: found.end()], found[0].lstrip("\\"), 0, True)
    if found := _LEVELS.match(plain):
        *above, last = re.findall(r"\d+", found[0])
        return Mark(body[: found.end()], ".".join([*above, "1"]), int(last), False)
    if found := _CIRCLED.match(plain):
        return Mark(found[0], "①", (ord(found[0]) - 0x2460) % 20 + 1, True)
    if found := _COUNTED.match(plain):
        return Mark(found[0], "一、", max(_HAN.index(c) for c in found[0][:-1]) + 1, True)
    if found := _NUMBER.match(plain):
        return _numbered(body, found)
    if found := _LABEL.match(plain):
        return Mark(body[: found.end()], f"{found['prefix']}1{found['close']}", int(found["code"]), False)
    if found := _BARE.match(plain):
        return Mark(body[: found.end()], "1", int(found[0].lstrip("# ")), found[0].startswith("#"))
    return None


def _numbered(body: str, found: re.Match[str]) -> Mark | None:
    opened, code, close = found["open"] or "", found["code"], found["close"]
    bracket = close.strip(".") in (")", "]")
    if opened in ("(", "[") and not bracket:
        return None
    printed = body[: found.end()]
    if code.isdecimal():
        return Mark(printed, f"{opened.strip()}1{close}", int(code), close[0] not in "-–")
    if not bracket and not re.match(r"\s", body[found.end() :]):
        return None
    case = "i" if code.islower() else "I"
    if code.lower() in _ROMAN:
        return Mark(printed, f"{opened.strip()}{case}{close}", _ROMAN.index(code.lower()) + 1, bracket)
    if len(code) > 1:
        return None
    first = "a" if code.islower() else "A"
    return Mark(printed, f"{opened.strip()}{first}{close}", ord(code) - ord(first) + 1, bracket)


def _in_sequence(line: Line, lines: list[Line], place: int) -> Line:
    """The line; without its mark where that is not sure and no number of its style is next to it."""
    mark = line.mark
    if mark is None:
        return line
    # i, v and x are letters where the letter before has been.
    if mark.style.strip("(.)]:-[、").lower() == "i" and mark.printed.strip("(.)]:-[、 ").lower() in "ivx":
        letter = mark.printed.strip("(.)]:-[、 ")
        style, number = mark.style.replace("i", "a").replace("I", "A"), ord(letter.lower()) - ord("a") + 1
        before = [m.number for o in lines[:place] if (m := o.mark) and m.style == style]
        if before and before[-1] == number - 1:
            line.mark = Mark(mark.printed, style, number, mark.sure)
            return line
    if mark.sure:
        return line
    last = 0
    for other in reversed(lines[:place]):
        if other.mark and other.mark.style == mark.style:
            last = other.mark.number
            break
    starts = mark.number <= 1 and any(
        o.mark and o.mark.style == mark.style and 1 < o.mark.number <= 3 for o in lines[place + 1 :]
    )
    if not starts and not (last and last < mark.number <= last + 2):
        line.mark, line.body = None, line.whole
    return line


def _unwrapped(lines: list[Line], width: int) -> list[Line]:
    """The lines, with those of a paragraph without marks as one where it has been wrapped at a column."""
    joined: list[Line] = []
    place = 0
    while place < len(lines):
        end = place + 1
        while end < len(lines) and lines[end].mark is None and not lines[end].gap:
            end += 1
        paragraph = lines[place:end]
        if paragraph[0].mark is None and len(paragraph) > 1 and _wrapped(paragraph, width):
            whole = " ".join(line.body for line in paragraph)
            paragraph = [Line(paragraph[0].indent, None, whole, paragraph[0].gap, whole)]
        joined += paragraph
        place = end
    return joined


def _wrapped(paragraph: list[Line], width: int) -> bool:
    """Whether no line but the last had room for the first word of the next one."""
    full = all(
        line.indent + len(line.whole) + 1 + len(after.whole.split()[0]) > width for line, after in pairwise(paragraph)
    )
    on = any(not line.body[0].isupper() for line in paragraph[1:])
    return full and 60 <= width <= 100 and (on or len(paragraph) > 3)


def is_open(text: str) -> bool:
    """Return whether a text has brackets that it does not close.

    >>> is_open("Asthma (mild"), is_open("Asthma (mild)")
    (True, False)
    """
    return half(text).count("(") > half(text).count(")")
