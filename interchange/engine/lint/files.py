"""Mapping files checked from the files up: faults of loading, planning and the static checks in one list."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from interchange.engine.lint.project import in_order, lint_project
from interchange.issues import MappingError
from interchange.mapping.build import build_project
from interchange.mapping.load import read_trees
from interchange.mapping.tree import Node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interchange.issues import Issue, Place
    from interchange.mapping.load import Trees

# What can be left out alone, so that the rest can still be checked.
_PARTS = ("rules", "params", "rows", "entities", "examples", "supp")
# What a mapping lacks may be what had to be left out.
_ABSENCE = frozenset(f"IX-LINT-{n}" for n in ("005", "007", "010", "022", "042", "043", "044"))


def lint_files(
    files: Sequence[Path | str] | None = None,
    mappings_folder: Path | str | None = None,
    study: Path | str | None = None,
    ct: Sequence[Path | str] = (),
) -> list[Issue]:
    """Return every fault of a project's files, by file and line; with ``files``, those that they bring.

    ``files`` are laid over the shipped mappings, as the files of ``mappings_folder`` are. A part that cannot be
    loaded is left out for the checks that follow, and those that look for what is absent are then not made. ``ct``
    are packages of controlled terminology; SourceError where one cannot be read.
    """
    trees = read_trees(mappings_folder, study, files or ())
    domains = _own_domains(trees)
    issues = _issues(_with(trees, ct), domains)
    if files:
        named = {str(Path(file)) for file in files}
        before = set(_issues(_with(read_trees(mappings_folder, study), ct), domains))
        issues = [i for i in issues if i.place.file in named or i not in before]
    return in_order(issues)


def _with(trees: Trees, ct: Sequence[Path | str]) -> Trees:
    """The trees with the packages of controlled terminology among the settings."""
    if not ct:
        return trees
    own = Node("\n".join(map(str, ct)), trees.root.place)
    return replace(trees, root=Node({**dict(trees.root.items()), "ct": own}, trees.root.place))


def _own_domains(trees: Trees) -> set[str] | None:
    """The domains that files of a sponsor's say something of; nothing where that may be all of them."""
    if not all(map(_is_shipped, _files(trees.root))):
        return None
    own = {
        tree.text("domain") for tree in trees.mappings.values() if not all(_is_shipped(file) for file in _files(tree))
    }
    return own or None


def _is_shipped(file: str) -> bool:
    return file.startswith("mappings/")


def _issues(trees: Trees, domains: set[str] | None = None) -> list[Issue]:
    """Every fault of a project's trees; what depends on a plan, of some domains alone."""
    issues = list(trees.faults)
    root, mappings = trees.root, dict(trees.mappings)
    while True:
        try:
            project = build_project(root, mappings, *trees.folders)
        except MappingError as error:
            issues += error.issues
            rest = {k: t for k, tree in mappings.items() if (t := without(tree, error.issues))}
            settings = without(root, error.issues)
            if settings is None or (settings is root and _same(rest, mappings)):
                return issues
            root, mappings = settings, rest
            continue
        checked = lint_project(project, domains=domains)
        return issues + [i for i in checked if not (issues and i.code in _ABSENCE)]


def _same(one: dict[str, Node], two: dict[str, Node]) -> bool:
    return one.keys() == two.keys() and all(one[k] is two[k] for k in one)


def without(tree: Node, faults: Sequence[Issue]) -> Node | None:
    """Return a tree without the parts that have a fault; nothing where the fault is in no part of its own."""
    for fault in faults:
        if fault.place.file not in _files(tree):
            continue
        kept = _cut(tree, fault.place, part=False)
        if kept is tree:
            return None if tree.place.file == fault.place.file else tree
        tree = kept
    return tree


def _files(tree: Node) -> set[str]:
    nodes = (
        list(tree.value.values())
        if isinstance(tree.value, dict)
        else tree.each()
        if isinstance(tree.value, list)
        else []
    )
    return {tree.place.file}.union(*(_files(node) for node in nodes))


def _cut(tree: Node, place: Place, *, part: bool) -> Node:
    """The tree without its smallest part that holds a place; the tree itself where there is none."""
    if isinstance(tree.value, dict):
        for key, node in tree.value.items():
            inner = _cut(node, place, part=key in _PARTS)
            if inner is not node:
                return replace(tree, value={**tree.value, key: inner})
            if part and _holds(node, place):
                return replace(tree, value={k: n for k, n in tree.value.items() if k != key})
    elif isinstance(tree.value, list):
        for i, node in enumerate(tree.value):
            if part and _holds(node, place):
                return replace(tree, value=[n for j, n in enumerate(tree.value) if j != i])
    return tree


def _holds(node: Node, place: Place) -> bool:
    if node.place == place:
        return True
    nodes = (
        list(node.value.values())
        if isinstance(node.value, dict)
        else node.value
        if isinstance(node.value, list)
        else []
    )
    return any(_holds(inner, place) for inner in nodes)
