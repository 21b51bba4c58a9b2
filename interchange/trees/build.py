"""The files of tree mappings into the model, each fault with its line."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from interchange.fhir.elements import TREES, Tree
from interchange.fhir.path import parse_path
from interchange.issues import MappingError
from interchange.mapping.build import build_entities
from interchange.mapping.load import shipped_mappings
from interchange.mapping.model import Alternative, Direction, Rule
from interchange.mapping.overlay import merge_overlay
from interchange.mapping.rules import (
    check_words,
    read_emits,
    read_guard,
    read_paths,
    read_versioned,
)
from interchange.mapping.tree import Node, collect_faults, read_tree
from interchange.mapping.words import parse_lane
from interchange.trees.model import Chain, Heading, Number, Part, Side, TreeMapping

if TYPE_CHECKING:
    from interchange.issues import Issue
    from interchange.mapping.model import Project

FOLDER = "trees"
ROOT_WORDS = {
    "tree", "word", "root", "resource", "key", "id", "class", "systems", "entities", "emit", "rules", "parts", "shapes",
    "note",
}  # fmt: skip
PART_WORDS = {
    "number", "chain", "require", "skip", "only", "oneway", "because", "emit", "rules", "parts", "shape", "note",
}  # fmt: skip
NUMBER_WORDS = {"of", "text", "over"}
CHAIN_WORDS = {"id", "previous", "next"}
RULE_WORDS = {"fhir", "oneway", "because", "when", "note"}
PLACE_WORDS = {"path", "find", "through"}
WAY_WORDS = {"lane", "only", "when", "because", "vars"}
ONLY: dict[str, Direction] = {"": "", "read": "to-sdtm", "write": "to-fhir"}
HEADINGS: dict[str, Heading] = {"": "", "to-fhir": "to-fhir", "from-fhir": "from-fhir"}


def trees_of(project: Project) -> dict[Tree, TreeMapping]:
    """Return the tree mappings that lie in the folders of a project, by tree."""
    return load_trees(*(Path(folder) for folder in reversed(project.settings["folders"].split("\n"))))


def load_trees(*folders: Path) -> dict[Tree, TreeMapping]:
    """Return the tree mappings in ``trees/`` of some folders, by tree, each laid over those of the folders before it.

    MappingError lists every fault with its line.
    """
    places = [folder / FOLDER for folder in folders]
    files = (file for place in places if place.is_dir() for file in sorted(place.glob("*.yaml")))
    state = tuple((str(file), file.stat().st_mtime_ns) for file in files)
    return _loaded(tuple(places), state)


@lru_cache(maxsize=4)
def _loaded(places: tuple[Path, ...], state: tuple[tuple[str, int], ...]) -> dict[Tree, TreeMapping]:  # noqa: ARG001
    files: dict[str, Node] = {}
    faults: list[Issue] = []
    for place in places:
        for file in sorted(place.glob("*.yaml")) if place.is_dir() else ():
            name = f"mappings/{FOLDER}/{file.name}" if place.parent == shipped_mappings() else str(file)
            node = collect_faults(faults, read_tree, file, name)
            if node is not None:
                files[file.name] = merge_overlay(files[file.name], node) if file.name in files else node
    found: dict[Tree, TreeMapping] = {}
    for node in files.values():
        mapping = collect_faults(faults, build_tree, node)
        if mapping is not None:
            found[mapping.tree] = mapping
    if faults:
        raise MappingError(faults)
    return found


def build_tree(node: Node) -> TreeMapping:
    """Return the mapping that a file's tree spells; MappingError where it is broken."""
    check_words(node, ROOT_WORDS)
    tree = node.text("tree")
    if tree not in TREES:
        raise node.fault("IX-TREE-020", f"`tree: {tree}` is no tree", f"use one of {', '.join(TREES)}")
    missing = [word for word in ("word", "root", "resource", "key") if not node.text(word)]
    if missing:
        raise node.fault("IX-TREE-021", f"no `{missing[0]}`", "see docs/trees.md, A file")
    word, key = node.text("word"), node.text("key")
    systems = node.get("systems")
    body = {name: item for name, item in node.items() if name in ("emit", "rules", "parts")}
    shapes = dict(shape.items()) if (shape := node.get("shapes")) is not None else {}
    return TreeMapping(
        tree=tree,
        word=word,
        root=node.text("root"),
        resource=node.text("resource"),
        key=key,
        id=node.text("id") or f"${key}",
        place=node.place,
        class_=node.text("class"),
        part=_part(node.text("root"), Node(body, node.place), word, shapes),
        systems={name: item.scalar() for name, item in systems.items()} if systems else {},
        entities=build_entities(node),
    )


def _part(name: str, node: Node, word: str, shapes: dict[str, Node], within: tuple[str, ...] = ()) -> Part:
    check_words(node, PART_WORDS | {"fhir", word})
    if (shape := node.text("shape")) != "":
        if shape not in shapes or shape in within:
            known = f"use one of {', '.join(shapes)}"
            raise node.fault("IX-TREE-022", f"no shape `{shape}` here", known)
        node, within = _shaped(shapes[shape], node), (*within, shape)
    heading = HEADINGS.get(node.text("oneway"))
    if heading is None:
        raise node.fault("IX-TREE-023", f"`oneway: {node.text('oneway')}`", "write to-fhir or from-fhir")
    parts = node.get("parts")
    rules = node.get("rules")
    spelled = [(key, item) for key, item in rules.items()] if rules is not None else []
    return Part(
        name=name,
        place=node.place,
        tree=_side(node, word, tuple(_rule(key, item, word, word) for key, item in spelled)),
        fhir=_side(node, "fhir", tuple(_rule(key, item, "fhir", word) for key, item in spelled)),
        parts=tuple(_part(key, item, word, shapes, within) for key, item in parts.items()) if parts is not None else (),
        number=_number(node.get("number")),
        require=node.words("require"),
        heading=heading,
        because=node.text("because"),
    )


def _shaped(shape: Node, own: Node) -> Node:
    """What a part says laid over its shape; constants side by side."""
    laid = dict(merge_overlay(shape, own).items())
    if (base := shape.get("emit")) is not None and (over := own.get("emit")) is not None:
        laid["emit"] = merge_overlay(base, over)
    return Node(laid, own.place)


def _number(node: Node | None) -> Number | None:
    """The value that counts elements, and what it counts."""
    if node is None:
        return None
    if isinstance(node.value, str):
        return Number(node.scalar())
    counted = list(node.items())
    if len(counted) != 1:
        raise node.fault("IX-TREE-027", "one value counts the elements of a part", "write `number: {NUMBER: VALUE}`")
    [(value, item)] = counted
    if isinstance(item.value, str):
        return Number(value, item.scalar())
    check_words(item, NUMBER_WORDS)
    if item.text("over") not in ("", "document"):
        raise item.fault("IX-TREE-028", f"`over: {item.text('over')}`", "write `over: document`, or leave it out")
    return Number(value, item.text("of"), item.text("text"), item.text("over") == "document")


def _chain(node: Node | None) -> Chain | None:
    """What tells the elements of a side what stands before and after them."""
    if node is None:
        return None
    check_words(node, CHAIN_WORDS)
    return Chain(node.text("id"), node.text("previous"), node.text("next"))


def _side(node: Node, word: str, rules: tuple[Rule, ...]) -> Side:
    """What a part says of one side."""
    place = node.get(word)
    path = find = through = None
    if place is not None:
        if "path" in place:
            check_words(place, PLACE_WORDS)
            path, find, through = place.get("path"), place.text("find"), place.text("through")
        else:
            path = place
    emits = node.get("emit")
    skip, only, chain = node.get("skip"), node.get("only"), node.get("chain")
    return Side(
        rules=rules,
        path=read_versioned(path, parse_path) if path is not None else None,
        find=find == "true",
        through=through or "",
        skip=read_paths(skip.get(word)) if skip is not None else (),
        only=read_paths(only.get(word)) if only is not None else (),
        emit=read_emits(emits.get(word)) if emits is not None else (),
        chain=_chain(chain.get(word)) if chain is not None else None,
    )


def _rule(key: str, node: Node, side: str, word: str) -> Rule:
    """What a rule says of one side: its ways there."""
    variables = tuple(key.split())
    check_words(node, RULE_WORDS | {word})
    spelled = node.get(side)
    ways: list[Alternative] = []
    for item in spelled.each() if spelled is not None else ():
        ways += _ways(item, variables, node, side == "fhir")
    return Rule(variables, node.place, tuple(ways), because=node.text("because"), note=node.text("note"))


def _ways(node: Node, variables: tuple[str, ...], rule: Node, fhir: bool) -> list[Alternative]:
    """One way of a rule on a side, headed as its rule is."""
    lane, when, only, because = node, rule.get("when") if fhir else None, "", rule.text("because")
    if (spelled := node.get("lane")) is not None:
        check_words(node, WAY_WORDS)
        lane, only, because = spelled, node.text("only"), node.text("because") or because
        when = node.get("when") or when
    if only not in ONLY:
        raise node.fault("IX-TREE-024", f"`only: {only}`", "write read or write")
    direction = ONLY[only]
    if heading := rule.text("oneway"):
        if heading not in HEADINGS:
            raise rule.fault("IX-TREE-023", f"`oneway: {heading}`", "write to-fhir or from-fhir")
        written: Direction = "to-fhir" if (heading == "to-fhir") == fhir else "to-sdtm"
        if direction and direction != written:
            return []
        direction = written
    own = node.words("vars") if lane is not node else ()
    path = read_versioned(lane, parse_lane)
    return [Alternative(own or variables, path, node.place, read_guard(when), direction, because)]
