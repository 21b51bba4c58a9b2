# ruff: noqa: RUF001 - full-width signs are meant
"""The texts of items: with what is below them, and parted where numbers or semicolons go on within one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeGuard

from interchange.mapping.codecs.criteria.headers import is_population, read_introduction
from interchange.mapping.codecs.criteria.marks import Mark, half, is_open
from interchange.mapping.codecs.criteria.sections import Item, Section, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD = re.compile(r"[^\W_]")
# Where a sponsor's own numbers go on in the middle of an item, as in "…disease; 9 Suffering from mental illness".
EMBEDDED = re.compile(r"(?<!\\)(?:[;.]\s+|[；。]\s*)(\d{1,3})\\?[.)、]?\s*(?=[^\W\d_])")


def items_of(section: Section, left: list[str]) -> Iterator[tuple[bool | None, str, Item]]:
    """Return the items of a section: whether they exclude, their group.

    Items of a list that only names others are those others; one that names whom the items after it are for is their
    group.
    """
    group = section.group
    for item in section.items:
        own = item.content[0]
        if item.mark and item is not section.items[-1] and item.content == [own] and _names(own):
            left += [item.mark.printed, own]
            group = ": ".join(filter(None, (section.group, name_of(own))))
            continue
        yield from _unfolded(section.exclude, group, item, left)


def _names(part: str | Item) -> TypeGuard[str]:
    return isinstance(part, str) and is_population(part)


def _unfolded(exclude: bool | None, group: str, item: Item, left: list[str]) -> Iterator[tuple[bool | None, str, Item]]:
    own = [part for part in item.content if isinstance(part, str)]
    below = [part for part in item.content if isinstance(part, Item)]
    left.append(item.mark.printed if item.mark else "")
    said = read_introduction(own[0], exclude) if below and len(own) == 1 else None
    populated = bool(below) and len(own) == 1 and is_population(own[0])
    if said is None and not populated:
        yield exclude, group, item
        return
    left += own
    inner = ": ".join(filter(None, (group, name_of(own[0])))) if said is None else group
    for part in below:
        yield from _unfolded(exclude if said is None else said, inner, part, left)


def texts_of(item: Item, alone: bool, number: int, left: list[str]) -> Iterator[str]:
    """Return the texts of an item: more than one where a sponsor's own numbers or semicolons go on within it."""
    text = _composed(item, left)
    if item.mark and not item.mark.number and (found := re.match(r"\(?\d{1,3}[.)]+\s+(?=\S)", text)):
        left.append(found[0])
        text = text[found.end() :]
    if alone and len(item.content) == 1:
        pieces = _numbered(text, item.mark, left) if item.mark else _at_semicolons(text)
        if len(pieces) > 1:
            yield from pieces
            return
    begin = 0
    nested = any(isinstance(part, Item) for part in item.content)
    for found in EMBEDDED.finditer(text):
        if not nested and int(found[1]) == number + 1 and not text[found.end()].islower():
            left.append(text[found.start(1) : found.end()])
            yield text[begin : found.start(1)]
            begin, number = found.end(), number + 1
    yield text[begin:]


def _numbered(text: str, mark: Mark, left: list[str]) -> list[str]:
    """The pieces of a text that goes on with the next numbers in the style of its mark."""
    style = re.fullmatch(r"([(\[#]?)1([.)\]、:]+)", mark.style)
    pieces, number, begin = [], mark.number + 1, 0
    while style and mark.number:
        sign = re.escape(style[1]) + str(number) + re.escape(style[2])
        found = re.compile(rf"(?<![\w(.]){sign}(?!\d)\s*").search(half(text), begin)
        if found is None:
            break
        left.append(found[0])
        pieces.append(text[begin : found.start()])
        begin, number = found.end(), number + 1
    return [*pieces, text[begin:]]


def _at_semicolons(text: str) -> list[str]:
    """The pieces of a text between semicolons that are not in brackets."""
    pieces, begin = [], 0
    for found in re.finditer(r"(?<!\\)[;；]", text):
        if not is_open(text[begin : found.start()]) and _WORD.search(text[begin : found.start()]):
            pieces.append(text[begin : found.start()])
            begin = found.end()
    return [*pieces, text[begin:]] if _WORD.search(text[begin:]) else pieces


def _composed(item: Item, left: list[str], depth: int = 0) -> str:
    """The text of an item with those below it, on one line: with their numbers, and semicolons between them."""
    text, several = "", sum(isinstance(part, Item) for part in item.content) > 1
    inner: list[str] = []
    for part in item.content:
        if isinstance(part, str):
            text = _joined(text, inner, several, depth)
            inner = []
            text = f"{text} {part}".strip()
            continue
        below = _composed(part, left, depth + 1)
        if part.mark and part.mark.number:
            below = f"{part.mark.printed} {below}"
        elif part.mark:
            left.append(part.mark.printed)
        inner += [below] if _WORD.search(below) else []
    return _joined(text, inner, several, depth)


def _joined(text: str, inner: list[str], several: bool, depth: int) -> str:
    """A text with the items below it."""
    if not inner:
        return text
    listed = inner[0]
    for part in inner[1:]:
        listed += (
            f" {part}"
            if re.search(r"[.;:,；。：，]$|[;,]\s*(?:and|or|and/or)$", listed, re.IGNORECASE)
            else f"; {part}"
        )
    if depth:
        return f"{text} ({listed.rstrip('; ')})"
    ended = re.search(r"[.;:,!?；。：，]$", text)
    return f"{text}{'' if ended or not text else ':' if several else ';'} {listed}".strip()
