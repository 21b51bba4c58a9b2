"""Documents to FHIR and back: registry records and USDM studies, with what FHIR does not hold of them.

A document that cannot be converted is left out with an issue; the rest goes on.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from interchange.engine.leafwise import LeafTally
from interchange.engine.ledger import NO_RULE, Ledger, item_path, leaves, same
from interchange.engine.losses import Loss
from interchange.engine.reach import OTHERWISE
from interchange.fhir.read import Record, Rejected
from interchange.fhir.references import name_of
from interchange.issues import Issue, Place
from interchange.trees.build import trees_of
from interchange.trees.carry import NoKeyError, fhir_to_trees, tree_to_fhir
from interchange.trees.check import check_document
from interchange.trees.documents import read_documents
from interchange.trees.plan import ready_tree
from interchange.trees.remainder import Rest, difference, merged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from interchange.engine.ops import Json, Resource
    from interchange.fhir.elements import Release, Tree
    from interchange.issues import Issues
    from interchange.mapping.codecs.base import Miss
    from interchange.mapping.model import Project
    from interchange.trees.documents import Document
    from interchange.trees.model import TreeMapping
    from interchange.trees.plan import PlannedTree

STEPS = 2  # of a leaf's path name the object that it stands in


@dataclass(slots=True)
class Grown:
    """What came of documents: resources, what FHIR does not hold of each document, and those that were left out.

    ``documents`` are those that were converted, with their keys, ``backs`` what comes back of each without ``rests``.
    """

    resources: list[Resource] = field(default_factory=list)
    documents: list[tuple[str, Document]] = field(default_factory=list)
    backs: list[Json] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    unmapped: Counter[Miss] = field(default_factory=Counter)
    places: list[Place] = field(default_factory=list)

    def found_in(self, found: Mapping[Tree, Mapping[str, Json]]) -> list[Json]:
        """For each document the one that came back of its tree under its key; an empty one where none did."""
        return [found[document.tree].get(key, {}) for key, document in self.documents]

    def rests(self, backs: Sequence[Json] | None = None) -> list[Rest]:
        """What is needed beside FHIR, or ``backs``, a document for each, to get the documents back as they were."""
        backs = self.backs if backs is None else backs
        return [
            Rest(document.tree, key, difference(document.content, back))
            for (key, document), back in zip(self.documents, backs, strict=True)
        ]

    def ledger(self, backs: Sequence[Json] | None = None) -> Ledger:
        """The leaves that do not come back: from FHIR, or ``backs``, a document for each."""
        ledger, losses = Ledger(), []
        for (key, document), back in zip(self.documents, self.backs if backs is None else backs, strict=True):
            own = document_leaves(document.content)
            ledger.leaves += len(own)
            losses += sorted(_losses(f"{document.tree}/{key}", own, document_leaves(back)))
        ledger.losses = losses
        return ledger

    def records(self) -> list[Record]:
        """The resources as records, each with the place of its document."""
        return [Record(resource, place) for resource, place in zip(self.resources, self.places, strict=True)]


def grow(
    source: object,
    project: Project,
    release: Release,
    issues: Issues,
    progress: Callable[[int], None] | None = None,
) -> Grown:
    """Return the resources of the documents that a source holds.

    SourceError where it holds none that can be read. What is odd in a document, such as a value that its list has not,
    is kept and counted.
    """
    documents, rejected = read_documents(source, issues, progress)
    for document in documents:
        check_document(document, issues)
    grown = documents_to_resources(project, trees_of(project), documents, release, issues)
    grown.rejected[:0] = rejected
    return grown


def documents_to_resources(
    project: Project,
    mappings: Mapping[Tree, TreeMapping],
    documents: Iterable[Document],
    release: Release,
    issues: Issues,
) -> Grown:
    """Return the resources of documents, in their order; of two that make the same resource the first is taken."""
    grown = Grown()
    taken: set[str] = set()
    plans: dict[Tree, PlannedTree] = {}
    for document in documents:
        if document.tree not in plans:
            plans[document.tree] = ready_tree(project, mappings[document.tree], release)
            plans[document.tree].fhir.tools.misses.clear()
        plan = plans[document.tree]
        try:
            made = tree_to_fhir(plan, document.content)
        except NoKeyError:
            message = f"nothing says what the study is called (`{plan.mapping.key}`): it is left out"
            _reject(grown, issues, document, "IX-TREE-010", message, "give it its identifier")
            continue
        name = name_of(made[0]) or ""
        if name in taken:
            message = f"another document became {name}: this one is left out"
            _reject(grown, issues, document, "IX-TREE-011", message, "give each study once")
            continue
        taken.add(name)
        key, back = next(iter(fhir_to_trees(plan, made)), ("", {}))
        grown.documents.append((key, document))
        grown.backs.append(back)
        grown.resources += made
        grown.places += [document.place] * len(made)
    for plan in plans.values():
        grown.unmapped.update(plan.fhir.tools.misses)
    return grown


def _reject(grown: Grown, issues: Issues, document: Document, code: str, message: str, hint: str) -> None:
    issue = Issue(code, "error", document.place, message, hint)
    issues.add(issue)
    grown.rejected.append(Rejected(document.place, document.content, issue))


def document_leaves(value: Json) -> dict[str, Json]:
    """Return the leaves of a document by path; nulls, blank texts and empty lists say nothing.

    >>> document_leaves({"a": [{"b": 1}, {"c": None}], "d": [], "e": ""})
    {'a[0].b': 1}
    """
    return {path: leaf for path, leaf in leaves(value) if leaf not in (None, "")}


def leaf_tallies(document: Json, back: Json, whole: Json, class_: str = "") -> dict[str, LeafTally]:
    """Return what became of a document's leaves, by the object that they stand in.

    ``back`` is what came back without the remainder, ``whole`` with it. An object goes by the class that its element
    ``class_`` says, or by its first two steps: ``protocolSection.designModule``.
    """
    own, without, whole = document_leaves(document), document_leaves(back), document_leaves(whole)
    groups = dict(_groups(document, "", "", 0, class_))
    found: dict[str, LeafTally] = {}
    for path, leaf in own.items():
        tally = found.setdefault(groups[path], LeafTally(resources=1))
        tally.leaves += 1
        if path in without and same(leaf, without[path]):
            tally.kept += 1
        elif path in whole and same(leaf, whole[path]):
            tally.remainder += 1
        else:
            tally.lost += 1
    if added := len(whole.keys() - own.keys()):
        found.setdefault("", LeafTally()).added += added
    return dict(sorted(found.items()))


def _groups(value: Json, at: str, group: str, depth: int, class_: str) -> Iterator[tuple[str, str]]:
    """The object that each leaf stands in, by path."""
    if isinstance(value, dict):
        named = value.get(class_)
        group = named if isinstance(named, str) else group
        for key, item in value.items():
            path = f"{at}.{key}" if at else key
            inner = path if not named and depth < STEPS and isinstance(item, dict) else group
            yield from _groups(item, path, inner, depth + 1, class_)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _groups(item, item_path(at, i, item), group, depth, class_)
    else:
        yield at, group


def _losses(name: str, own: dict[str, Json], back: dict[str, Json]) -> Iterable[Loss]:
    for path, leaf in own.items():
        if path not in back:
            yield Loss(name, path, NO_RULE)
        elif not same(leaf, back[path]):
            yield Loss(name, path, OTHERWISE)


def resources_to_documents(
    project: Project,
    mapping: TreeMapping,
    resources: Iterable[Resource],
    release: Release,
    issues: Issues,
    rests: Iterable[Rest] = (),
) -> dict[str, dict[str, Any]]:
    """Return the documents of one tree that resources are, by key, and what was kept of each put back."""
    plan = ready_tree(project, mapping, release)
    kept = {rest.key: rest for rest in rests if rest.tree == mapping.tree}
    made: dict[str, dict[str, Any]] = {}
    for key, back in fhir_to_trees(plan, resources):
        if key in made:
            message = "two studies are called the same: the first is taken"
            issues.add(Issue("IX-TREE-019", "error", Place(record=key), message, "give each its own identifier"))
            continue
        made[key] = back
        if (rest := kept.pop(key, None)) is not None:
            made[key], left = merged(back, rest.changes)
            if left:
                message = f"{len(left)} kept values have no place since the study was edited: they are left out"
                hint = "compare with the original where they matter"
                issues.add(Issue("IX-TREE-012", "warning", Place(record=key), message, hint))
    for key in kept:
        message = "a remainder was kept of this study, and it is not here"
        issues.add(Issue("IX-TREE-013", "warning", Place(record=key), message, "give its resources as well"))
    return made
