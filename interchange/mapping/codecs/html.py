"""The plain text of a text with markup: what a reader sees of HTML, for elements and cells that hold plain text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, ClassVar

from interchange.mapping.codecs.text import StringCodec

if TYPE_CHECKING:
    from interchange.mapping.codecs.base import Law

_MARKUP = re.compile(r"</?[A-Za-z][\w:-]*(?:\s[^<>]*)?/?>|&(?:#\d+|#x[0-9A-Fa-f]+|[A-Za-z]\w*);")
_BLOCKS = frozenset({"p", "div", "br", "tr", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6"})
_HIDDEN = frozenset({"script", "style", "head"})


class _Reader(HTMLParser):
    """Collects what is shown: text, a line for a block, a number or dash for a list item, a name for a reference."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shown: list[str] = []
        self.lists: list[int | None] = []  # the number of the item before, nothing in a list without numbers
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line, an item, a cell; a reference to a value shows its name in brackets."""
        if tag in _HIDDEN:
            self.hidden += 1
        elif tag in ("ul", "ol"):
            self.lists.append(0 if tag == "ol" else None)
            self.shown.append("\n")
        elif tag == "li":
            self.shown.append("\n" + self._mark())
        elif tag in _BLOCKS:
            self.shown.append("\n")
        elif tag in ("td", "th"):
            self.shown.append(" ")
        elif tag.endswith(":tag") and (name := dict(attrs).get("name")):
            self.shown.append(f"[{name}]")

    def _mark(self) -> str:
        if not self.lists or (number := self.lists[-1]) is None:
            return "- "
        self.lists[-1] = number + 1
        return "".join(f"{each}." for each in self.lists if each is not None) + " "

    def handle_endtag(self, tag: str) -> None:
        """End a line or a list."""
        if tag in _HIDDEN:
            self.hidden = max(0, self.hidden - 1)
        elif tag in ("ul", "ol"):
            if self.lists:
                self.lists.pop()
            self.shown.append("\n")
        elif tag in _BLOCKS or tag == "li":
            self.shown.append("\n")

    def handle_data(self, data: str) -> None:
        """Show a text; blanks and breaks in it are one blank."""
        if not self.hidden:
            self.shown.append(re.sub(r"\s+", " ", data))


def plain_text(text: str) -> str:
    r"""Return what a reader sees of a text with markup; a text without any is the same.

    >>> plain_text("<p>Score &gt;=2, as of <usdm:tag name='bc_1'/>:</p><ol><li><p>A</p></li><li>B</li></ol>")
    'Score >=2, as of [bc_1]:\n1. A\n2. B'
    >>> plain_text("AST < 3 x ULN & ALT > 2")
    'AST < 3 x ULN & ALT > 2'
    """
    if not _MARKUP.search(text):
        return text
    reader = _Reader()
    reader.feed(text)
    reader.close()
    lines = (re.sub(r"[ \t]+", " ", line).strip() for line in "".join(reader.shown).split("\n"))
    shown = "\n".join(line for line in lines if line)
    return re.sub(r"^(-|(?:\d+\.)+)\n", r"\1 ", shown, flags=re.MULTILINE)


class HtmlCodec(StringCodec):
    """``html``: what a reader sees of a text with markup; written as it is."""

    name: ClassVar[str] = "html"
    law: ClassVar[Law] = "lens"
    samples: ClassVar[tuple[str, ...]] = ("At least 18 years of age",)

    def decode(self, *values: object) -> str | None:
        """The plain text."""
        text = super().decode(*values)
        return plain_text(text).strip() or None if text is not None else None
