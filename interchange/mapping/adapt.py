"""A project for datasets that no file of it maps: by the class that they are of, part by part, or of other persons.

- A **supplemental qualifier** that no rule has gets a rule of its own, as the settings' ``qualifier`` says it.
- A **split** dataset (QSCO of QS, SDTMIG 4.1.7) has the mapping of its domain, with a mark of its own.
- A dataset of **associated persons** (APMH, SDTMIG-AP) has the mapping of the domain that its variables belong to.
- A **sponsor's domain** has the mapping of its observation class, told by the class's topic variable (SDTM 3.1).
- Any other dataset has no row source: its rows are kept whole at their study.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from interchange.issues import Place
from interchange.mapping.build import build_entities, build_mapping
from interchange.mapping.classes import in_domain, lay_over_class
from interchange.mapping.model import Mapping
from interchange.mapping.rules import read_emits, read_rules
from interchange.mapping.tree import Node

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from collections.abc import Mapping as Dict

    from interchange.mapping.model import Associated, Emit, Project, Rule, Source

_QNAM = re.compile(r"[A-Z_][A-Z0-9_]*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Need:
    """What a dataset needs that the project has not.

    ``like`` is the domain or class that maps it, blank for a dataset that has its own mapping (``own``) or none;
    ``prefix`` is that of its variables; ``qualifiers`` are the names and labels of its supplemental qualifiers.
    """

    dataset: str
    like: str = ""
    prefix: str = ""
    own: bool = False
    qualifiers: tuple[tuple[str, str], ...] = ()


def find_need(project: Project, dataset: str, variables: Collection[str], qualifiers: Dict[str, str]) -> Need | None:
    """Return what a dataset with some variables needs; nothing where the project maps it already.

    ``qualifiers`` are the labels of its supplemental qualifiers by name.
    """
    names = tuple(sorted((name, label) for name, label in qualifiers.items() if _QNAM.fullmatch(name)))
    if dataset in project.mappings:
        return Need(dataset, own=True, qualifiers=names) if names else None
    for prefix in _prefixes(project, dataset, variables):
        like = _like(project, dataset, prefix, variables)
        if like:
            return Need(dataset, like, prefix, qualifiers=names)
    return Need(dataset)


def _prefixes(project: Project, dataset: str, variables: Collection[str]) -> list[str]:
    """What the variables of a dataset may begin with: its first two letters, or those after AP."""
    associated = project.associated
    if associated is not None and dataset.startswith(associated.prefix) and associated.key in variables:
        return [dataset[len(associated.prefix) :][:2]]
    return [dataset[:2]]


def _like(project: Project, dataset: str, prefix: str, variables: Collection[str]) -> str:
    """The domain that maps a dataset whose variables have a prefix, or the class; blank where there is none.

    A split dataset goes by the marks of its domain, so that a domain without marks cannot be split.
    """
    if dataset != prefix and prefix in project.mappings and _is_marked(project.mappings[prefix]):
        return prefix
    topics = {name: in_domain(tree.text("topic"), prefix) for name, tree in project.classes.items()}
    return next((name for name, topic in topics.items() if topic in variables), "")


def _is_marked(mapping: Mapping) -> bool:
    return any(claim.strength == "mark" for source in mapping.sources for claim in source.claims)


@lru_cache(maxsize=32)
def adapt(project: Project, needs: tuple[Need, ...]) -> Project:
    """Return a project that has what datasets need; the same one for the same needs, and itself for none."""
    if not needs:
        return project
    mappings, entities = dict(project.mappings), dict(project.entities)
    for need in needs:
        if need.own:
            mapping = mappings[need.dataset]
        elif tree := _tree(project, need):
            mapping = build_mapping(tree, project.settings["folders"].split("\n"))
            entities = build_entities(tree) | entities
        else:
            mapping = Mapping(need.dataset, Place(record=need.dataset), ())
        mappings[need.dataset] = _qualified(project, mapping, need)
    return replace(project, mappings=mappings, entities=entities, base=project)


def _tree(project: Project, need: Need) -> Node | None:
    """The tree of the mapping that a dataset has from its domain or class; nothing where it has neither."""
    if not need.like:
        return None
    if need.like in project.classes:
        place = Place(record=need.dataset)
        tree = Node({"domain": Node(need.prefix, place), "class": Node(need.like, place)}, place)
        tree = lay_over_class(tree, project.classes)
    else:
        tree = project.trees[need.like]
    if need.dataset == tree.text("domain"):
        return tree
    associated = project.associated
    apart = associated is not None and not need.dataset.startswith(need.prefix)
    return _Respelling(tree.text("domain"), need.dataset, need.prefix, associated if apart else None).tree(tree)


class _Respelling:
    """The tree of a domain's mapping, with the marks of one of its parts, or about associated persons."""

    def __init__(self, domain: str, dataset: str, prefix: str, associated: Associated | None) -> None:
        self.dataset = dataset
        self.associated = associated
        self.marks = (f"%domain and code='{domain}'", f"%domain and code='{dataset}'")
        self.entity = re.compile(rf"(?<![\w-]){prefix.lower()}-(?=[a-z])")
        self.words = [
            (word, re.compile(rf"(?<![\w-]){re.escape(word)}(?!\w)"), other)
            for word, other in (associated.in_place_of.items() if associated else ())
        ]

    def tree(self, tree: Node) -> Node:
        """The whole tree: rows are those of the dataset, and DOMAIN is its name where it is no part of a domain."""
        assert isinstance(tree.value, dict)  # noqa: S101 - a mapping file is one
        node = self.node(Node({k: v for k, v in tree.value.items() if k != "examples"}, tree.place))
        assert isinstance(node.value, dict)  # noqa: S101
        spelled = node.value | {"domain": Node(self.dataset, tree.place)}
        rules = spelled.get("rules")
        if self.associated is not None and rules is not None and isinstance(rules.value, dict):
            domain = Node({"const": Node(self.dataset, tree.place)}, tree.place)
            spelled["rules"] = Node(rules.value | {"DOMAIN": domain}, rules.place)
        return Node(spelled, tree.place)

    def node(self, node: Node) -> Node:
        if isinstance(node.value, str):
            return Node(self.text(node.value), node.place)
        if isinstance(node.value, list):
            return Node([self.node(item) for item in node.value], node.place)
        return Node({self.text(k, key=True): self.node(item) for k, item in node.value.items()}, node.place)

    def text(self, text: str, *, key: bool = False) -> str:
        text = text.replace(*self.marks)
        if self.associated is None:
            return text
        text = self.entity.sub(f"{self.dataset.lower()}-", text)
        for word, place, other in self.words:
            # a rule has all the variables that the person gives; elsewhere the person's key stands for the subject's
            text = other if key and text == word else place.sub(other.split()[0], text)
        return text


def _qualified(project: Project, mapping: Mapping, need: Need) -> Mapping:
    """A mapping with a rule for each qualifier that no rule of the row source has."""
    if not need.qualifiers or not mapping.sources:
        return mapping
    sources = tuple(_with_qualifiers(project, source, need) for source in mapping.sources)
    return replace(mapping, sources=sources)


def _with_qualifiers(project: Project, source: Source, need: Need) -> Source:
    owned = {variable for rule in source.rules for variable in rule.variables}
    rules: list[Rule] = []
    emits: list[Emit] = []
    for name, label in need.qualifiers:
        if name not in owned and project.qualifier is not None:
            spelled = _filled(project.qualifier, {"$QNAM": name, "$QLABEL": label, "$DATASET": need.dataset})
            value = spelled.get("fhir") or spelled
            rules += read_rules(Node({name: value}, value.place))
            emits += read_emits(spelled.get("emit")) if label else ()
    return replace(source, rules=(*source.rules, *rules), emit=(*source.emit, *emits))


def _filled(node: Node, values: Dict[str, str]) -> Node:
    """A tree with the values of names in it."""
    if isinstance(node.value, str):
        return Node(_fill(node.value, values), node.place)
    if isinstance(node.value, list):
        return Node([_filled(item, values) for item in node.value], node.place)
    return Node({_fill(k, values): _filled(item, values) for k, item in node.value.items()}, node.place)


def _fill(text: str, values: Dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def needs_of(found: Iterable[Need | None]) -> tuple[Need, ...]:
    """What there is of needs, in the order of their datasets."""
    return tuple(sorted((need for need in found if need is not None), key=lambda need: need.dataset))
