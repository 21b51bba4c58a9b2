"""A tree mapping planned on both sides: every path lowered on the tree's table and on a FHIR release."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from threading import get_ident
from typing import TYPE_CHECKING, NamedTuple, cast

from interchange.engine.planner import Planner
from interchange.fhir.elements import elements
from interchange.fhir.lower import Focus, LowerError
from interchange.issues import Issue, MappingError
from interchange.mapping.codecs.criteria import join_nodes, split_nodes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from interchange.engine.ops import Json
    from interchange.engine.plan import Plan, PlannedEmit, PlannedRule, PlannedTest
    from interchange.fhir.elements import Release
    from interchange.fhir.lower import Lowered
    from interchange.mapping.model import Project
    from interchange.trees.model import Part, Side, TreeMapping

Heads = list[tuple[str, Focus]]


class Through(NamedTuple):
    """What makes elements of a text, and a text of elements; ``content`` is what the tree's table calls them."""

    split: Callable[[str], list[dict[str, Json]]]
    join: Callable[[Sequence[Mapping[str, Json]]], str]
    content: str


THROUGH = {"criteria": Through(split_nodes, join_nodes, "Criterion")}


@dataclass(frozen=True, slots=True)
class PlannedSide:
    """One side of a part: where it starts (0 is the root), the way to its element, and what stands in it.

    ``primitive`` says that the element is a value and not an object.
    """

    side: Side
    start: int
    path: Lowered | None
    primitive: bool
    through: Through | None
    skip: tuple[PlannedTest, ...]
    only: tuple[PlannedTest, ...]
    emit: tuple[PlannedEmit, ...]
    rules: tuple[PlannedRule, ...]


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """A part with both sides, and the parts in it."""

    part: Part
    tree: PlannedSide
    fhir: PlannedSide
    parts: tuple[PlannedPart, ...]


@dataclass(frozen=True, slots=True)
class PlannedTree:
    """A tree mapping on a release, with the plans that reading and writing either side need."""

    mapping: TreeMapping
    release: Release
    tree: Plan
    fhir: Plan
    root: PlannedPart


class _SidePlanner:
    """Plans one side of every part."""

    def __init__(self, planner: Planner, root: str) -> None:
        self.planner = planner
        self.root = root
        self.faults: list[Issue] = []

    def heads(self) -> Heads:
        return [(self.root, Focus(self.root, self.root))]

    def side(self, part: Part, side: Side, around: Heads) -> tuple[PlannedSide, Heads]:
        """One side planned, and the heads that its rules and the parts in it see."""
        path = side.path.of(self.planner.release) if side.path is not None else None
        start, lowered, focus = len(around) - 1, None, around[-1][1]
        through = None
        if path is not None:
            start, rest = self.planner.start(path, around, self.root)
            try:
                lowered = self.planner.lowering.lower(rest, around[start][1])
                focus = lowered.focus
            except LowerError as error:
                self.faults.append(Issue(error.code, "error", part.place, f"{error} (`{path}`)", error.hint))
        if side.through:
            through = THROUGH.get(side.through)
            if through is None:
                message = f"`through: {side.through}` is no word"
                self.faults.append(Issue("IX-TREE-025", "error", part.place, message, f"use {', '.join(THROUGH)}"))
            else:
                focus = Focus(through.content, through.content)
        heads = [*around, (part.name, focus)]
        primitive = (
            lowered is not None and through is None and self.planner.lowering.elements.is_primitive(lowered.type)
        )
        return (
            PlannedSide(
                side,
                start,
                lowered,
                primitive,
                through,
                self.planner.tests(side.skip, heads, self.root, part.place),
                self.planner.tests(side.only, heads, self.root, part.place),
                self.planner.emits(side.emit, heads, self.root, ""),
                tuple(self.planner.rule(rule, heads, self.root) for rule in side.rules),
            ),
            heads,
        )


def _parts(part: Part, tree: _SidePlanner, fhir: _SidePlanner, left: Heads, right: Heads) -> PlannedPart:
    own, left = tree.side(part, part.tree, left)
    other, right = fhir.side(part, part.fhir, right)
    return PlannedPart(part, own, other, tuple(_parts(each, tree, fhir, left, right) for each in part.parts))


def plan_tree(project: Project, mapping: TreeMapping, release: Release) -> PlannedTree:
    """Return a tree mapping planned on a release; MappingError with every fault."""
    faults: list[Issue] = []
    if clash := sorted(set(mapping.entities) & set(project.entities)):
        message = f"`{clash[0]}` is an entity of the settings"
        faults.append(Issue("IX-MAP-010", "error", mapping.entities[clash[0]].place, message, "give it another name"))
    own = replace(
        project,
        systems={**project.systems, **mapping.systems},
        entities={**project.entities, **mapping.entities},
        mappings={},
        base=None,
    )
    for name, content in (mapping.tree, mapping.root), (release, mapping.resource):
        if not elements(name).is_resource(content):
            message = f"`{content}` is no whole of {name}"
            raise MappingError([Issue("IX-TREE-026", "error", mapping.place, message, "check the spelling")])
    table = cast("Release", mapping.tree)  # to a planner a tree is a release like any other
    left, right = Planner(replace(own, entities={}), table), Planner(own, release)
    tree, fhir = _SidePlanner(left, mapping.root), _SidePlanner(right, mapping.resource)
    plan = right.sketch()
    root = _parts(mapping.part, tree, fhir, tree.heads(), fhir.heads())
    faults += [*tree.faults, *fhir.faults, *left.faults, *right.faults]
    if faults:
        raise MappingError(faults)
    return PlannedTree(mapping, release, left.sketch(), plan, root)


def ready_tree(project: Project, mapping: TreeMapping, release: Release) -> PlannedTree:
    """Return a tree mapping planned, that of an earlier call where there is one.

    Its codecs count what they meet, so each thread has its own.
    """
    return _ready(project, mapping, release, get_ident())


@lru_cache(maxsize=16)
def _ready(project: Project, mapping: TreeMapping, release: Release, thread: int) -> PlannedTree:  # noqa: ARG001
    return plan_tree(project, mapping, release)
