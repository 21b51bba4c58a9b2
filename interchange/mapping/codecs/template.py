"""The plain text of a USDM template: its tags filled in from the study, its markup taken off.

A text of USDM may hold tags (``<usdm:tag name="min_age"/>``) that its dictionary maps to a text or to a reference
(``<usdm:ref klass="Quantity" id="Quantity_9" attribute="value"></usdm:ref>``) to an attribute of any object of the
study (USDM 4.0, SyntaxTemplateDictionary and ParameterMap). What cannot be found stays as the tag's name in brackets.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, ClassVar

from interchange.mapping.codecs.base import Codec, Json, Law, Tools
from interchange.mapping.codecs.html import plain_text
from interchange.mapping.codecs.number import number_of

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPTH = 4  # a filled-in text may have tags itself; a circle ends here
_TAG = re.compile(r"<usdm:tag\b([^<>]*?)(?:/>|>\s*</usdm:tag>)")
_REF = re.compile(r"<usdm:ref\b([^<>]*?)(?:/>|>\s*</usdm:ref>)")
_XHTML = "{http://www.w3.org/1999/xhtml}"
_DIV = '<div xmlns="http://www.w3.org/1999/xhtml">'
_NAMES = re.compile(
    r"a|abbr|b|big|blockquote|br|caption|cite|code|col|colgroup|dd|dfn|div|dl|dt|em|h[1-6]|hr|i|li|ol|p|pre|q|samp|small"
    r"|span|strong|su[bp]|table|tbody|t[dhrt]|tfoot|thead|ul|var"
)
_ATTRIBUTES = re.compile(
    r"align|border|cellpadding|cellspacing|class|colspan|headers|id|lang|name|rowspan|scope|span|start|style|summary"
    r"|title|type|valign|width"
)
_ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


def attributes(text: str) -> dict[str, str]:
    """Return the attributes of a tag.

    >>> attributes(' klass="Quantity" id="Quantity_9" attribute="value"')["id"]
    'Quantity_9'
    """
    return {name: one or other for name, one, other in _ATTRIBUTE.findall(text)}


def objects(value: Json) -> Iterator[dict[str, Json]]:
    """Yield every object of a document that has an id."""
    if isinstance(value, dict):
        if isinstance(value.get("id"), str):
            yield value
        for item in value.values():
            yield from objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from objects(item)


def shown(value: Json) -> str | None:
    """Return how a reader sees an attribute: a text, a number, a code's term, a quantity, a range; nothing for others.

    >>> shown({"value": 50.0, "unit": {"standardCode": {"decode": "Year"}}})
    '50 Year'
    """
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, dict):
        number = number_of(value)
        return re.sub(r"\.0+$", "", number) if number is not None else None
    if "decode" in value:
        return shown(value["decode"])
    if "standardCode" in value:
        return shown(value["standardCode"])
    if "minValue" in value and "maxValue" in value:
        ends = shown(value["minValue"]), shown(value["maxValue"])
        return " to ".join(end for end in ends if end) or None
    number, unit = shown(value.get("value")), shown(value.get("unit"))
    return f"{number} {unit}" if number and unit else number


class TemplateCodec(Codec):
    """``template``: the plain text of an object with ``text`` and ``dictionaryId``, its tags filled in; one way."""

    name: ClassVar[str] = "template"
    types: ClassVar[frozenset[str]] = frozenset({"*"})
    law: ClassVar[Law] = "lossy"

    def __init__(self, args: tuple[str, ...], type_: str, tools: Tools) -> None:
        super().__init__(args, type_, tools)
        self.whole: Json = None
        self.by_id: dict[str, dict[str, Json]] = {}

    def decode(self, *values: Json) -> str | None:
        """The plain text."""
        filled = self.filled(values[0])
        return plain_text(filled).strip() or None if filled is not None else None

    def filled(self, value: Json) -> str | None:
        """The text of an object with its tags filled in."""
        text = value.get("text") if isinstance(value, dict) else None
        if not isinstance(text, str):
            return None
        if self.tools.whole is not self.whole:
            self.whole = self.tools.whole
            self.by_id = {each["id"]: each for each in objects(self.whole)}
        return self._filled(text, self._tags(value.get("dictionaryId")), DEPTH)

    def encode(self, text: str) -> Json:  # noqa: ARG002
        """Nothing: the template is not known."""
        return None

    def _tags(self, dictionary: Json) -> dict[str, str]:
        """What the tags of a dictionary stand for."""
        found = self.by_id.get(dictionary) if isinstance(dictionary, str) else None
        maps = found.get("parameterMaps") if found else None
        return {
            each["tag"]: each["reference"]
            for each in (maps if isinstance(maps, list) else ())
            if isinstance(each, dict) and isinstance(each.get("tag"), str) and isinstance(each.get("reference"), str)
        }

    def _filled(self, text: str, tags: dict[str, str], depth: int) -> str:
        """A text with what its references and tags stand for; a reference that leads nowhere leaves its tag."""

        def refer(match: re.Match[str]) -> str:
            said = attributes(match[1])
            target = self.by_id.get(said.get("id", ""), {})
            found = shown(target.get(said.get("attribute", "")))
            if found is None:
                return match[0]
            return self._filled(found, self._tags(target.get("dictionaryId")), depth - 1) if depth else found

        def tag(match: re.Match[str]) -> str:
            reference = tags.get(attributes(match[1]).get("name", ""))
            if reference is None:
                return match[0]
            found = _REF.sub(refer, reference)
            return match[0] if _REF.search(found) else found if "<" in found else escape(found, quote=False)

        return _TAG.sub(tag, _REF.sub(refer, text))


class NarrativeCodec(TemplateCodec):
    """``narrative``: the text of an object as the ``div`` of a Narrative, its tags filled in; one way.

    Markup that a Narrative may not have (https://hl7.org/fhir/narrative.html#xhtml) leaves the plain text, by line.
    """

    name: ClassVar[str] = "narrative"

    def decode(self, *values: Json) -> str | None:
        """The div."""
        filled = self.filled(values[0])
        if filled is None or not filled.strip():
            return None
        for div in (filled.strip(), f"{_DIV}{filled}</div>"):
            if is_narrative(div):
                return div
        lines = "".join(f"<p>{escape(line, quote=False)}</p>" for line in plain_text(filled).split("\n") if line)
        return f"{_DIV}{lines}</div>" if lines else None


def is_narrative(text: str) -> bool:
    """Whether a text is XHTML that may be the ``div`` of a Narrative.

    >>> is_narrative('<div xmlns="http://www.w3.org/1999/xhtml"><p>A<br/>B</p></div>'), is_narrative("<div>A</div>")
    (True, False)
    """
    from xml.etree import ElementTree

    if "<!" in text or "<?" in text:
        return False
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - without a document type there are no entities to expand
    except ElementTree.ParseError:
        return False
    return root.tag == f"{_XHTML}div" and all(
        _NAMES.fullmatch(each.tag.removeprefix(_XHTML)) and all(_ATTRIBUTES.fullmatch(name) for name in each.attrib)
        for each in root.iter()
    )
