"""Traces of cells that come of registry records or USDM studies: on from the FHIR element to that of the document."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from interchange.engine.traced import CellTrace, Element, Trace
from interchange.fhir.references import name_of
from interchange.trees.build import trees_of
from interchange.trees.origins import Origins, origins_of
from interchange.trees.plan import ready_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from interchange.engine.traced import Traces
    from interchange.fhir.elements import Release
    from interchange.mapping.model import Project
    from interchange.sdtm.dataset import Dataset
    from interchange.trees.convert import Grown
    from interchange.trees.documents import Document


class GrownTracer:
    """Traces by way of FHIR: what a cell was read from is the document's element, and the FHIR element led there."""

    def __init__(
        self, inner: Traces, grown: Grown, project: Project, release: Release, path_of: Callable[[str], str]
    ) -> None:
        self.inner = inner
        self.project = project
        self.release = release
        self.path_of = path_of
        self.by_resource: dict[str, tuple[str, Document]] = {}
        ready = {id(document.place): (key, document) for key, document in grown.documents}
        for resource, place in zip(grown.resources, grown.places, strict=True):
            self.by_resource[name_of(resource) or ""] = ready[id(place)]
        self.origins: dict[str, Origins] = {}

    @property
    def datasets(self) -> Mapping[str, Dataset]:
        """The datasets by name."""
        return self.inner.datasets

    def trace(self, dataset: str, row: int, variable: str = "") -> Trace:
        """The trace of a row, counted from 1, or of one cell of it; SourceError where there is none such."""
        found = self.inner.trace(dataset, row, variable)
        return replace(found, cells=tuple(self._grown(cell) for cell in found.cells))

    def _grown(self, cell: CellTrace) -> CellTrace:
        """The trace of a cell, on to the documents."""
        elements, rules = list[Element](), list(cell.rules)
        through = list(cell.through)
        for element in cell.elements:
            named = self.by_resource.get(element.resource)
            origin = None if named is None else self._origins(*named).of(element.resource, element.path)
            if named is None or origin is None:
                elements.append(element)
                continue
            key, document = named
            place = document.place
            elements.append(
                Element(self.path_of(place.file), place.line, None, f"{document.tree}/{key}", origin.path, origin.value)
            )
            through.append(element)
            rules.append(origin.rule)
        return replace(
            cell,
            elements=tuple(dict.fromkeys(elements)),
            through=tuple(through),
            rules=tuple(dict.fromkeys(rules)),
            uses=tuple(self._grown(used) for used in cell.uses),
        )

    def _origins(self, key: str, document: Document) -> Origins:
        """The origins of the resources of a document, found once."""
        known = self.origins.get(key)
        if known is None:
            plan = ready_tree(self.project, trees_of(self.project)[document.tree], self.release)
            known = self.origins[key] = origins_of(plan, document.content)
        return known
