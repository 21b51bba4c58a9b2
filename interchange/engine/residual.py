"""What FHIR cannot hold of a row, kept beside it: single cells at the row's element, whole rows at the study.

Both are complex extensions. ``sdtm-cells`` stands at the element that a row lives in, and names the row source, since
several rows may share an element:

    {url: sdtm-cells, extension: [{url: row, valueString: DM/subject}, {url: DMDTC, valueString: 2013-12-26}, ...]}

with ``blank`` for a variable that is empty although a rule or derivation gives a value, ``absent`` for a row that is
not in the dataset although the element is there, and ``order`` for a row's place where the natural order differs.
``sdtm-row`` holds a row that no element takes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from interchange.engine.ops import Json, Resource, Row

ROW, DOMAIN, BLANK, ABSENT, ORDER = "row", "domain", "blank", "absent", "order"


@dataclass(slots=True)
class Kept:
    """What is kept of one row: cells, variables that are blank, absence, and its place in the dataset."""

    cells: Row = field(default_factory=dict)
    blanks: set[str] = field(default_factory=set)
    absent: bool = False
    order: int | None = None

    def __bool__(self) -> bool:
        return bool(self.cells or self.blanks or self.absent or self.order is not None)


def _parts_of(parts: Json) -> list[Resource]:
    """The sub-extensions of an extension, those left out that are none."""
    every = parts if isinstance(parts, list) else ()
    return [part for part in every if isinstance(part, dict) and isinstance(part.get("url"), str)]


def _read(parts: Json) -> Kept:
    kept = Kept()
    for part in _parts_of(parts):
        url, text = part["url"], part.get("valueString")
        if url == BLANK:
            kept.blanks.add(str(text))
        elif url == ABSENT:
            kept.absent = part.get("valueBoolean") is True
        elif url == ORDER:
            order = part.get("valueInteger")
            kept.order = order if isinstance(order, int) else None
        elif url not in (ROW, DOMAIN) and isinstance(text, str):
            kept.cells[url] = text
    return kept


def _parts(kept: Kept, order: bool = True) -> list[Json]:
    parts: list[Json] = [{"url": name, "valueString": text} for name, text in sorted(kept.cells.items())]
    parts += [{"url": BLANK, "valueString": name} for name in sorted(kept.blanks)]
    if kept.absent:
        parts.append({"url": ABSENT, "valueBoolean": True})
    if order and kept.order is not None:
        parts.append({"url": ORDER, "valueInteger": kept.order})
    return parts


def _named(extension: Json, name: str) -> bool:
    return any(p["url"] == ROW and p.get("valueString") == name for p in _parts_of(extension.get("extension")))


def kept_cells(element: Json, url: str, name: str) -> Kept | None:
    """What is kept at an element for a row source; nothing where nothing is."""
    extensions = element.get("extension") if isinstance(element, dict) else None
    if not isinstance(extensions, list):
        return None
    for extension in extensions:
        if isinstance(extension, dict) and extension.get("url") == url and _named(extension, name):
            return _read(extension["extension"])
    return None


def keep_cells(element: Resource, url: str, name: str, kept: Kept) -> None:
    """Put what is kept of a row at its element, in place of what was kept before."""
    extensions = [e for e in element.get("extension", ()) if not (e.get("url") == url and _named(e, name))]
    if kept:
        extensions.append({"url": url, "extension": [{"url": ROW, "valueString": name}, *_parts(kept)]})
    _extend(element, extensions)


def _is_row(extension: Json, url: str, domain: str) -> bool:
    """Whether an extension holds a whole row of a domain."""
    return (
        isinstance(extension, dict)
        and extension.get("url") == url
        and any(p["url"] == DOMAIN and p.get("valueCode") == domain for p in _parts_of(extension.get("extension")))
    )


def kept_rows(resource: Resource, url: str, domain: str) -> Iterator[Kept]:
    """Yield the whole rows of a domain that a resource keeps."""
    extensions = resource.get("extension")
    for extension in extensions if isinstance(extensions, list) else ():
        if _is_row(extension, url, domain):
            yield _read(extension["extension"])


def keep_rows(resource: Resource, url: str, domain: str, rows: list[Kept]) -> None:
    """Put whole rows of a domain at a resource, in place of those kept before."""
    extensions = [e for e in resource.get("extension", ()) if not _is_row(e, url, domain)]
    extensions += [{"url": url, "extension": [{"url": DOMAIN, "valueCode": domain}, *_parts(kept)]} for kept in rows]
    _extend(resource, extensions)


def _extend(element: Resource, extensions: list[Json]) -> None:
    """Give an element other extensions: in a new list, since the one it has may be that of others too."""
    if extensions:
        element["extension"] = extensions
    else:
        element.pop("extension", None)


def place_of_cell(element: Json, url: str, name: str, variable: str) -> tuple[str | int, ...] | None:
    """The way from an element to where a kept cell of a row source stands."""
    for i, extension in enumerate(element["extension"]):
        if isinstance(extension, dict) and extension.get("url") == url and _named(extension, name):
            for j, part in reversed(list(enumerate(extension["extension"]))):
                if isinstance(part, dict) and part.get("url") == variable and "valueString" in part:
                    return ("extension", i, "extension", j, "valueString")
    return None


def places_of_rows(resource: Resource, url: str, domain: str) -> Iterator[tuple[Kept, tuple[str | int, ...]]]:
    """Yield the whole rows of a domain that a resource keeps, each with the way to its extension."""
    extensions = resource.get("extension")
    for i, extension in enumerate(extensions if isinstance(extensions, list) else ()):
        if _is_row(extension, url, domain):
            yield _read(extension["extension"]), ("extension", i)
