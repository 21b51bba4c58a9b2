"""The remainder of a conversion to SDTM, from the originals laid beside the resources that their rows become."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from interchange.engine.declared import TITLE
from interchange.engine.ledger import Comparison, Ledger, leaves
from interchange.engine.remainder.difference import Difference
from interchange.engine.remainder.model import Extra, Original, Remainder, digest, leaf_count
from interchange.engine.remainder.names import has_order, renamed, unnumbered
from interchange.engine.remainder.rows import Keys, Places, row_entry
from interchange.engine.shelf import ResourceShelf
from interchange.fhir.references import name_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from interchange.engine.forward import Found
    from interchange.engine.ops import Resource, Row
    from interchange.engine.plan import Plan
    from interchange.engine.remainder.model import RowEntry
    from interchange.engine.settle import Written
    from interchange.fhir.elements import Release
    from interchange.fhir.read import Record

KEPT = ("cells", "row")  # the systems of the extensions that keep rows


@dataclass(slots=True)
class Kept:
    """What is kept of some records: a line each, with its leaves and those that it holds, and what else was made."""

    names: dict[str, str]
    natural: bool
    originals: list[Original] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    extras: list[Extra] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)

    def remainder(self, release: Release) -> Remainder:
        """The remainder that this is, where it is all."""
        whole = Remainder(release, self.originals, self.extras, self.names, self.natural)
        for original, (all_, held) in zip(self.originals, self.sizes, strict=True):
            whole.count(original, all_, held)
        return whole


@dataclass(frozen=True, slots=True)
class Went:
    """A row with what it was read from, and with where it went on the way back."""

    dataset: str
    found: Found
    written: Written

    @property
    def row(self) -> Row:
        """The row as it was written."""
        return self.written.row

    @property
    def made(self) -> str:
        """The name of the resource that it went into; blank for a row that is kept whole."""
        return name_of(self.written.levels[0]) or "" if self.written.source is not None else ""


def keep_remainder(
    plan: Plan,
    shelf: ResourceShelf,
    records: Sequence[Record],
    found: Mapping[str, Sequence[Found]],
    written: Mapping[str, Sequence[Written]],
    made: Sequence[Resource],
    positions: Sequence[int] = (),
) -> Kept:
    """Return what is kept of records on a shelf, with the ledger of the same comparison.

    ``found`` are the rows of the records, ``written`` the same rows as they went back, into the ``made`` resources.
    ``positions`` are the places of the records among all, from 0, where they are not all.
    """
    kept = [plan.project.systems[name] for name in KEPT]
    natural = not any(has_order(record.resource, kept) for record in records)
    anew = [unnumbered(resource, kept) for resource in made] if natural else list(made)
    after = ResourceShelf(plan, shelf.read)
    for resource in anew:
        after.add(resource)
    rows = [
        Went(domain, one, back)
        for domain, own in found.items()
        for one, back in zip(own, written.get(domain, ()), strict=False)
    ]
    comparison = _paired(plan, shelf, after, rows)
    ledger = comparison.run(record.resource for record in records)
    titles = _titles(records, positions or range(len(records)))
    kept_ = _Builder(plan, records, comparison, anew, titles, natural=natural).build(rows)
    kept_.ledger = ledger
    return kept_


def _paired(plan: Plan, shelf: ResourceShelf, after: ResourceShelf, rows: Sequence[Went]) -> Comparison:
    comparison = Comparison(plan, shelf, after.index.resolve, aligned=True)
    for went in rows:
        if went.found.source is None or went.found.filled:
            continue
        comparison.with_rows.add(id(went.found.resource))
        new = after.index.resolve(went.made) if went.made else None
        if new is not None:
            comparison.pair(went.found.resource, new)
    return comparison


class _Builder:
    def __init__(
        self,
        plan: Plan,
        records: Sequence[Record],
        comparison: Comparison,
        made: Sequence[Resource],
        titles: dict[int, str],
        *,
        natural: bool,
    ) -> None:
        self.plan = plan
        self.records = records
        self.comparison = comparison
        self.made = made
        self.kept = Kept({}, natural)
        self.titles = titles
        self.bases: dict[int, Resource] = {}
        taken: set[int] = set()
        for record in records:
            new = comparison.pairs.get(id(record.resource))
            if new is not None and id(new) not in taken:
                taken.add(id(new))
                self.bases[id(record.resource)] = new
        for record in records:
            new = self.bases.get(id(record.resource))
            text = name_of(record.resource) or record.full_url
            if new is not None and text and name_of(new) != text:
                self.kept.names[name_of(new) or ""] = text
        self.difference = Difference(comparison, plan.release, self.kept.names)

    def build(self, rows: Sequence[Went]) -> Kept:
        entries, owners = self._rows(rows)
        for record in self.records:
            original = self._original(record.resource, entries.get(id(record.resource), []))
            if record.full_url and not record.full_url.endswith(f"/{name_of(record.resource)}"):
                original.url = record.full_url
            self.kept.originals.append(original)
        paired = {id(new) for new in self.bases.values()}
        for new in sorted(self.made, key=lambda each: name_of(each) or ""):
            if id(new) not in paired:
                name = name_of(new) or ""
                told = None if _is_declaration(new) else digest(renamed(new, self.kept.names))
                self.kept.extras.append(Extra(name, owners.get(name), told))
        return self.kept

    def _rows(self, rows: Sequence[Went]) -> tuple[dict[int, list[RowEntry]], dict[str, str]]:
        """The entries of rows by original, and the original that each made resource is of."""
        keys, places = Keys(self.plan.project.settings["sdtmig"]), Places()
        entries: dict[int, list[RowEntry]] = {}
        owners: dict[str, str] = {}
        for went in rows:
            resource = went.found.resource
            base = self.bases.get(id(resource))
            made = "" if base is not None and name_of(base) == went.made else went.made
            whole = not went.made
            entries.setdefault(id(resource), []).append(
                row_entry(went.dataset, went.found, went.row, keys, places, made, whole)
            )
            if went.made:
                owners.setdefault(went.made, self.titles[id(resource)])
        return entries, owners

    def _original(self, resource: Resource, rows: list[RowEntry]) -> Original:
        all_ = sum(path != "resourceType" for path, _ in leaves(resource))
        base = self.bases.get(id(resource))
        title = self.titles[id(resource)]
        if base is None:
            self.kept.sizes.append((all_, leaf_count(resource) - ("resourceType" in resource)))
            return Original(title, rows=rows, whole=resource)
        new = renamed(base, self.kept.names)
        before = self.difference.held
        rest = self.difference.of(resource, new, base)
        self.kept.sizes.append((all_, self.difference.held - before))
        return Original(title, name_of(base), digest=digest(new), rows=rows, rest=rest)


def _titles(records: Sequence[Record], positions: Sequence[int]) -> dict[int, str]:
    """What each resource is called: type and id, with its place among all where it has no id."""
    return {
        id(record.resource): name_of(record.resource) or f"{record.resource['resourceType']}/#{position + 1}"
        for record, position in zip(records, positions, strict=True)
    }


def _is_declaration(resource: Resource) -> bool:
    """Whether a resource is the Library of datasets, which says how long their texts are and so differs by format."""
    return resource["resourceType"] == "Library" and resource.get("title") == TITLE
