# ruff: noqa: RUF001 - full-width signs are meant
"""Eligibility text as sections of items: what stands below each header, and which items belong to one above."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from interchange.mapping.codecs.criteria.headers import (
    Header,
    break_before_headers,
    is_closing,
    is_population,
    note_mark,
    plain_header,
    read_header,
    read_introduction,
)
from interchange.mapping.codecs.criteria.marks import Line, Mark, half, is_open, read_lines, read_mark
from interchange.mapping.codecs.criteria.plain import cleaned

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEPTH = 12  # lists in lists; what is indented deeper is taken as of this level


@dataclass(slots=True)
class Item:
    """An item of a list, or a paragraph: its lines, and the items below it, in their order."""

    indent: int
    mark: Mark | None
    content: list[str | Item]

    def last(self) -> str:
        """The end of its own text."""
        return next((part for part in reversed(self.content) if isinstance(part, str)), "")


@dataclass(slots=True)
class Section:
    """What stands below one header: whether it excludes, its group, its items.

    ``neutral`` where the header leaves open whether it means all criteria, ``told`` where one says which.
    """

    exclude: bool | None
    group: str = ""
    neutral: bool = False
    told: bool = False
    items: list[Item] = field(default_factory=list)


def read_sections(text: str) -> tuple[list[Section], list[str]]:
    """Return the sections of an eligibility text, and the headers that are in none of them."""
    reader = _Reader(read_lines(break_before_headers(text)))
    reader.read()
    return _settled(reader.sections), reader.left


def _settled(sections: list[Section]) -> list[Section]:
    """The sections; what stands before the exclusion criteria includes, where nothing else is said to."""
    if all(section.exclude is not False for section in sections):
        for section in sections:
            if section.exclude:
                break
            if section.neutral or (section.items and not section.told and all(item.mark for item in section.items)):
                section.exclude = False if any(s.exclude for s in sections) else None
    return sections


class _Reader:
    """Reads lines into sections of items."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines
        self.sections = [Section(None)]
        self.left: list[str] = []
        self.stack: list[Item] = []
        self.cohort = self.capitals = self.sub = ""
        self.headed = False

    def read(self) -> None:
        """Read all lines."""
        for place, line in enumerate(self.lines):
            self.take(line, self.lines[place + 1] if place + 1 < len(self.lines) else None)

    def take(self, line: Line, after: Line | None) -> None:
        """Take one line in, as a header or as an item or a part of one."""
        while header := header_of(line):
            self.left += [line.mark.printed if line.mark else "", header.dropped, header.group]
            self.capitals, self.sub = "", header.group
            self.headed = True
            self.open(header.exclude, neutral=header.neutral, told=not header.neutral)
            if not header.rest:
                return
            told = len(header.rest) >= len(plain_header(line.body))
            line = _line(header.rest, line.indent)
            if told:
                break
        if line.mark is None:
            self.take_unmarked(line, after)
        elif not line.gap and line.mark.printed[-1] in ")）" and self.stack and is_open(self.stack[-1].last()):
            self.stack[-1].content.append(line.whole)
        else:
            self.place(line)

    def take_unmarked(self, line: Line, after: Line | None) -> None:
        """Take a line without a mark: a sub-header, or text of its own or of the item above."""
        if self.is_title(line, after):
            self.left.append(line.body)
            introduces = read_introduction(line.body, exclude=False) is not None
            self.cohort, self.capitals, self.sub = "" if introduces else name_of(line.body), "", ""
            self.open(None)
            return
        if self.is_header(line, after):
            self.take_header(line)
            return
        marked = bool(self.stack) and self.stack[0].mark is not None
        if self.is_note(line):
            self.take_note(line, last=after is None or header_of(after) is not None)
            return
        if marked and not line.gap:
            self.stack[-1].content.append(line.body)
            return
        if marked and (line.indent > self.stack[0].indent or half(self.stack[-1].last()).endswith(":")):
            while len(self.stack) > 1 and self.stack[-1].indent >= line.indent:
                self.stack.pop()
            self.stack[-1].content.append(line.body)
            return
        self.stack = [Item(line.indent, None, [line.body])]
        self.sections[-1].items.append(self.stack[0])

    def is_note(self, line: Line) -> bool:
        """Whether a line is a note on what stands above it."""
        if not self.sections[-1].items or (self.stack and line.indent > self.stack[0].indent):
            return False
        return is_closing(line.body) or (note_mark(line.body) != "" and (line.gap or line.body.startswith("*")))

    def take_note(self, line: Line, *, last: bool) -> None:
        """Take a note: a part of the item above; below the last one, something that neither includes nor excludes."""
        if not last:
            self.sections[-1].items[-1].content.append(line.body)
            return
        self.stack = []
        note = Item(line.indent, None, [line.body.lstrip("*")])
        self.sections.append(Section(None, told=True, items=[note]))
        self.sections.append(replace(self.sections[-2], items=[]))

    def take_header(self, line: Line) -> None:
        """Take a sub-header: the group of what follows, or an introduction, which may say that it excludes."""
        self.left.append(line.body)
        self.stack = []
        exclude = self.sections[-1].exclude
        said = read_introduction(line.body, exclude)
        if said is not None:
            if said != exclude:
                self.headed = True
                self.open(said, told=True)
            return
        name = name_of(line.body)
        if name.isupper():
            self.capitals, self.sub = name, ""
        else:
            self.sub = name
        self.open(exclude, neutral=self.sections[-1].neutral, told=self.sections[-1].told)

    def open(self, exclude: bool | None, *, neutral: bool = False, told: bool = False) -> None:
        """Open a section."""
        self.stack = []
        sub = self.sub if self.sub.startswith(f"{self.capitals}: ") else f"{self.capitals}: {self.sub}"
        group = ": ".join(part.strip(": ") for part in (self.cohort, sub) if part.strip(": "))
        self.sections.append(Section(exclude, group, neutral, told))

    def is_title(self, line: Line, after: Line | None) -> bool:
        """Whether a line names whom the whole of what follows is for, as it stands right before a header."""
        header = header_of(after) if after and line.gap else None
        if header is None or header.exclude or len(line.body.split()) > 10:
            return False
        if half(line.body).endswith(":"):
            return True
        again = any(section.exclude is False for section in self.sections)
        return (again or not self.headed) and half(line.body)[-1] not in ".;,"

    def is_header(self, line: Line, after: Line | None) -> bool:
        """Whether a line is a sub-header of what follows."""
        if after is None or header_of(after) or len(line.body) > 300:
            return False
        below = bool(self.stack) and self.stack[0].mark is not None and line.indent > self.stack[0].indent
        listed = after.mark is not None and (not self.stack or after.indent <= self.stack[0].indent or not below)
        if half(plain_header(line.body)).endswith(":"):
            return not below and (line.gap or listed or not self.sections[-1].items)
        bold = re.fullmatch(r"(\*\*|__)(?!\s).*\1", line.body) is not None and len(line.body.split()) <= 12
        named = line.gap and listed and is_population(f"{line.body}:") and line.body[-1] not in ".;,"
        return not below and (bold or named)

    def place(self, line: Line) -> None:
        """Put a marked line below the item that it belongs to, or beside the items of its list."""
        item = Item(line.indent, line.mark, [line.body])
        while self.stack and (self.stack[-1].indent > line.indent + 1 or len(self.stack) > _DEPTH):
            self.stack.pop()
        if self.stack and self.stack[0].mark is None and (line.gap or line.indent < self.stack[0].indent + 2):
            self.stack = []
        if self.stack and line.indent < self.stack[-1].indent + 2 and not self.is_below(line):
            style = line.mark.style if line.mark else ""
            same = [n for n, open_ in enumerate(self.stack) if open_.mark and open_.mark.style == style]
            level = [n for n in same if abs(self.stack[n].indent - line.indent) < 2]
            self.stack = self.stack[: level[-1] if level else len(self.stack) - 1]
        (self.stack[-1].content if self.stack else self.sections[-1].items).append(item)
        self.stack.append(item)

    def is_below(self, line: Line) -> bool:
        """Whether a line, marked at the indent of the item above, is a part of that item for its mark."""
        top, mark = self.stack[-1], line.mark
        if mark is None or top.mark is None:
            return False
        opens = half(top.last()).endswith(":")
        if mark.style == top.mark.style:
            return opens and mark.number == 1
        if any(open_.mark and open_.mark.style == mark.style and open_.indent == line.indent for open_ in self.stack):
            return False
        if opens or (top.mark.number and not mark.number):
            return mark.number <= 1
        goes_on = (
            other.mark and other.mark.style == top.mark.style and other.mark.number in (0, top.mark.number + 1)
            for other in self.behind(line)
            if abs(other.indent - line.indent) < 2
        )
        return mark.number <= 1 and any(goes_on)

    def behind(self, line: Line) -> Iterator[Line]:
        """The lines behind a line, up to the next header."""
        for other in self.lines[next(n for n, o in enumerate(self.lines) if o is line) + 1 :]:
            if header_of(other):
                return
            yield other


def header_of(line: Line) -> Header | None:
    """What a line says as a header; a marked line only where it says no more than that."""
    header = read_header(line.body)
    return None if line.mark and header and (header.group or line.body.endswith((";", "；"))) else header


def _line(body: str, indent: int) -> Line:
    mark = read_mark(body)
    mark = mark if mark and (mark.sure or mark.number == 1) else None
    return Line(indent, mark, body[len(mark.printed) :].strip() if mark else body, gap=True, whole=body)


def name_of(body: str) -> str:
    """Return the name that a sub-header gives to what is below it, without its colon."""
    return cleaned(plain_header(body).rstrip(" :："))
