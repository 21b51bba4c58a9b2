"""Mapping files into the model: trees to values, overlays merged, parameters spread into row sources."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from interchange.fhir.path import Path as FhirPath
from interchange.fhir.path import PathError, parse_path
from interchange.issues import Issue, MappingError, Place
from interchange.mapping.model import (
    Alternative,
    Direction,
    Emit,
    Entity,
    Example,
    Guard,
    Level,
    Mapping,
    Null,
    Params,
    Project,
    Rule,
    Source,
    Supp,
    Versioned,
)
from interchange.mapping.overlay import merge_overlay
from interchange.mapping.tables import read_parameters
from interchange.mapping.tree import Node, read_tree
from interchange.mapping.words import WordError, parse_call, parse_guard, parse_lane

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

P = ParamSpec("P")
T = TypeVar("T")

PROJECT_FILE = "interchange.yaml"
NONE = "none"


def shipped_mappings() -> Path:
    """The folder of the mapping files that come with the package."""
    inside = Path(str(resources.files("interchange"))) / "_mappings"
    return inside if inside.is_dir() else Path(str(resources.files("interchange"))).parent / "mappings"


@dataclass(frozen=True, slots=True)
class Trees:
    """The files of a project before they are a model: settings, mappings by file name, the folders of their tables."""

    root: Node
    mappings: dict[str, Node]
    folders: tuple[Path | None, ...]
    faults: tuple[Issue, ...] = ()


def load_project(folder: Path | str | None = None, study: Path | str | None = None) -> Project:
    """Return the shipped mappings with a sponsor's overlay folder and study settings laid over them.

    ``folder`` holds overlay files (``extends: dm.yaml``), new domains, or a whole ``interchange.yaml``; ``study`` is
    a small settings file. MappingError lists every fault with its line.
    """
    trees = read_trees(folder, study)
    if trees.faults:
        raise MappingError(list(trees.faults))
    return build_project(trees.root, trees.mappings, *trees.folders)


def read_trees(
    folder: Path | str | None = None, study: Path | str | None = None, files: Sequence[Path | str] = ()
) -> Trees:
    """Return the trees of a project, overlays merged; a file that cannot be read is left out, and is a fault.

    ``files`` are single mapping files, laid over the shipped ones as those of ``folder`` are.
    """
    shipped = shipped_mappings()
    own = Path(folder) if folder is not None else None
    faults: list[Issue] = []
    if own is not None and not own.is_dir():
        faults.append(
            Issue("IX-MAP-001", "error", Place(str(own)), "no such folder of mappings", "check --mappings")
        )
        own = None
    root = read_tree(shipped / PROJECT_FILE, f"mappings/{PROJECT_FILE}")
    settings = [own / PROJECT_FILE] if own is not None and (own / PROJECT_FILE).is_file() else []
    for path in (*settings, *([Path(study)] if study is not None else ())):
        root = _collect(faults, _laid_over, root, path) or root
    mappings = {p.name: read_tree(p, f"mappings/{p.name}") for p in _mapping_files(shipped)}
    singles = [Path(file) for file in files]
    for path in (*(_mapping_files(own) if own is not None else ()), *singles):
        tree = _collect(faults, read_tree, path, str(path))
        if tree is not None:
            _collect(faults, _lay, mappings, path.name, tree)
    return Trees(
        root, mappings, (shipped, own, *dict.fromkeys(file.parent for file in singles)), tuple(faults)
    )


def _laid_over(root: Node, path: Path) -> Node:
    return merge_overlay(root, read_tree(path, str(path)))


def _lay(mappings: dict[str, Node], name: str, tree: Node) -> None:
    """Put a sponsor's file among the mappings: over the one that it extends, or as one of its own."""
    base = tree.text("extends")
    if not base:
        mappings[name] = tree
    elif base in mappings:
        mappings[base] = merge_overlay(mappings[base], tree)
    else:
        known = f"name one of {', '.join(mappings)}"
        raise tree.fault("IX-MAP-002", f"extends `{base}`, which is no shipped mapping", known)


def _mapping_files(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.glob("*.yaml")) if p.name != PROJECT_FILE]


def build_project(root: Node, trees: dict[str, Node], *folders: Path | None) -> Project:
    """Return the project that trees spell, every fault of every file reported at once."""
    faults: list[Issue] = []
    places = [str(f) for f in reversed(folders) if f is not None]
    settings = {k: v.scalar() for k, v in root.items() if isinstance(v.value, str)}
    sections = {
        name: dict((root.get(name) or Node({}, root.place)).items())
        for name in ("systems", "entities", "aliases")
    }
    entities: dict[str, Entity] = {}
    for name, node in sections["entities"].items():
        entity = _collect(faults, _entity, name, node)
        if entity is not None:
            entities[name] = entity
    mappings: dict[str, Mapping] = {}
    for tree in trees.values():
        mapping = _collect(faults, _mapping, tree, places)
        if mapping is not None:
            mappings[mapping.domain] = mapping
    if faults:
        raise MappingError(faults)
    return Project(
        root=places[-1],
        systems={k: v.scalar() for k, v in sections["systems"].items()},
        entities=entities,
        aliases={r: {k: v.scalar() for k, v in names.items()} for r, names in sections["aliases"].items()},
        settings={**settings, "folders": "\n".join(places)},
        mappings=mappings,
    )


def _collect(faults: list[Issue], build: Callable[P, T], *args: P.args, **words: P.kwargs) -> T | None:
    """What a builder gives, or nothing, its faults collected."""
    try:
        return build(*args, **words)
    except MappingError as error:
        faults.extend(error.issues)
        return None


def _word(node: Node, parse: Callable[[str], T]) -> T:
    try:
        return parse(node.scalar())
    except (WordError, PathError) as error:
        raise node.fault("IX-WORD-001", str(error), "see docs/mapping_language.md") from error


def _versioned(node: Node, parse: Callable[[str], T]) -> Versioned[T]:
    def one(item: Node) -> T | None:
        return None if item.scalar() == NONE else _word(item, parse)

    if isinstance(node.value, dict):
        known = {"default", "R4", "R4B", "R5"}
        for key, item in node.value.items():
            if key not in known:
                raise item.fault("IX-MAP-003", f"`{key}` is no release", f"use {', '.join(sorted(known))}")
        return Versioned({key: one(item) for key, item in node.value.items()})
    return Versioned({"default": one(node)})


def _guard(node: Node | None) -> Guard:
    return () if node is None else _word(node, parse_guard)


def _paths(node: Node | None) -> tuple[Versioned[FhirPath], ...]:
    if node is None:
        return ()
    return tuple(_versioned(item, parse_path) for item in node.each())


def _emits(node: Node | None) -> tuple[Emit, ...]:
    if node is None:
        return ()
    found = []
    for path, value in node.items():
        try:
            parsed = parse_path(path)
        except PathError as error:
            raise value.fault(
                "IX-WORD-001", f"path `{path}`: {error}", "see docs/mapping_language.md"
            ) from error
        found.append(Emit(parsed, _versioned(value, str), value.place))
    return tuple(found)


def _direction(node: Node, word: str = "oneway") -> Direction:
    match node.text(word):
        case "" | "to-sdtm" | "to-fhir" as direction:
            return direction
        case other:
            raise node.fault("IX-MAP-005", f"`{word}: {other}` is no direction", "write to-sdtm or to-fhir")


def _alternative(node: Node, variables: tuple[str, ...]) -> Alternative:
    if isinstance(node.value, str):
        return Alternative(variables, Versioned({"default": _word(node, parse_lane)}), node.place)
    _known(node, {"fhir", "vars", "when", "oneway", "because"})
    lane = node.get("fhir")
    if lane is None:
        raise node.fault("IX-MAP-004", "an alternative has no `fhir`", "write `fhir: PATH | CODEC`")
    return Alternative(
        node.words("vars") or variables,
        _versioned(lane, parse_lane),
        node.place,
        _guard(node.get("when")),
        _direction(node),
        node.text("because"),
    )


RULE_WORDS = {"fhir", "alt", "when", "oneway", "because", "const", "derive", "drop", "note"}


def _known(node: Node, words: set[str]) -> None:
    for key, item in node.items():
        if key not in words:
            raise item.fault("IX-MAP-006", f"`{key}` is no word here", f"use {', '.join(sorted(words))}")


def _rule(key: str, node: Node) -> Rule:
    variables = tuple(key.split())
    if isinstance(node.value, str):
        return Rule(variables, node.place, (_alternative(node, variables),))
    _known(node, RULE_WORDS)
    alternatives: tuple[Alternative, ...] = ()
    if (alt := node.get("alt")) is not None:
        alternatives = tuple(_alternative(item, variables) for item in alt.each())
    elif (fhir := node.get("fhir")) is not None:
        words = {
            "fhir": fhir,
            **{k: n for k in ("when", "oneway", "because") if (n := node.get(k)) is not None},
        }
        alternatives = (_alternative(Node(words, node.place), variables),)
    derive = node.get("derive")
    const = node.get("const")
    return Rule(
        variables,
        node.place,
        alternatives,
        const=None if const is None else const.scalar(),
        derive=None if derive is None else _word(derive, parse_call),
        drop=node.text("drop") == "true",
        because=node.text("because"),
        note=node.text("note"),
    )


def _rules(*nodes: Node | None) -> tuple[Rule, ...]:
    """Rules in order; a later node's rule replaces whole rules that own one of its variables, in their place."""
    rules: list[Rule] = []
    for node in nodes:
        owners: dict[str, str] = {}
        for key, item in node.items() if node is not None else ():
            rule = _rule(key, item)
            for variable in rule.variables:
                if variable in owners:
                    message = f"`{variable}` is owned by two rules, `{owners[variable]}` and `{key}`"
                    raise item.fault(
                        "IX-MAP-009", message, "make them one rule, with the two ways under `alt`"
                    )
                owners[variable] = key
            owned = [i for i, old in enumerate(rules) if set(old.variables) & set(rule.variables)]
            if owned:
                rules[owned[0]] = rule
                for i in reversed(owned[1:]):
                    del rules[i]
            else:
                rules.append(rule)
    return tuple(rules)


def _levels(node: Node | None) -> tuple[Level, ...]:
    if node is None:
        return ()
    if isinstance(node.value, str):
        return (Level("row", _versioned(node, parse_path), node.place),)
    if "default" in node or "R4" in node or "R4B" in node or "R5" in node:
        return (Level("row", _versioned(node, parse_path), node.place),)
    levels = []
    for name, item in node.items():
        path = item.get("path") or item
        levels.append(
            Level(name, _versioned(path, parse_path), item.place, item.words("by"), item.words("index"))
        )
    return tuple(levels)


SOURCE_WORDS = {
    "resource", "entity", "id", "match", "skip-if", "only-if", "each", "distinct", "pick", "require", "emit", "rules", "oneway",
    "because", "note",
}  # fmt: skip
PARAM_WORDS = SOURCE_WORDS - {"resource", "entity", "id", "match"}


def _source(name: str, node: Node, shared: Node | None) -> Source:
    _known(node, SOURCE_WORDS)
    return Source(
        name=name,
        resource=node.text("resource"),
        place=node.place,
        entity=node.text("entity"),
        id=node.text("id"),
        match=_paths(node.get("match")),
        skip_if=_paths(node.get("skip-if")),
        only_if=_paths(node.get("only-if")),
        levels=_levels(node.get("each")),
        distinct=node.words("distinct"),
        pick=_guard(node.get("pick")),
        require=node.words("require"),
        emit=_emits(node.get("emit")),
        rules=_rules(shared, node.get("rules")),
        oneway=_direction(node),
        because=node.text("because"),
        note=node.text("note"),
    )


def _param_sources(tree: Node, places: list[str]) -> tuple[tuple[Source, ...], Params | None]:
    """One row source a parameter that has a ``value``; every parameter's null flavors beside."""
    head, body = tree.get("parameters"), tree.get("params")
    if head is None or body is None:
        return (), None
    table = read_parameters(head.text("table"), places)
    params = Params(
        table=head.text("table"),
        code=head.text("code"),
        label=head.text("label"),
        value=head.text("value"),
        ordinal=head.text("ordinal"),
        null=head.text("null"),
        nulls={},
    )
    sources, nulls = [], {}
    for code, node in body.items():
        if code not in table:
            raise node.fault(
                "IX-MAP-007", f"`{code}` is no parameter of `{params.table}`", "check the spelling"
            )
        _known(node, PARAM_WORDS | {"value", "null"})
        if (null := node.get("null")) is not None:
            nulls[code] = tuple(
                Null(item.scalar())
                if isinstance(item.value, str)
                else Null(item.text("flavor"), _guard(item.get("when")))
                for item in null.each()
            )
        value = node.get("value")
        if value is None:
            continue
        shared = {
            params.code: Node({"const": Node(code, node.place)}, node.place),
            params.label: Node({"const": Node(table[code].label, node.place)}, node.place),
            params.value: value,
            **dict((tree.get("rules") or Node({}, node.place)).items()),
        }
        spread = {k: n for k in PARAM_WORDS if (n := node.get(k)) is not None}
        spread["entity"] = head.get("entity") or head
        sources.append(_source(code, Node(spread, node.place), Node(shared, node.place)))
    return tuple(sources), replace(params, nulls=nulls)


def _example(node: Node) -> Example:
    fhir, sdtm = node.get("fhir"), node.get("sdtm")
    rows = [{k: v.scalar() for k, v in item.items()} for item in sdtm.each()] if sdtm else []
    resources = [{k: v.plain() for k, v in item.items()} for item in fhir.each()] if fhir else []
    return Example(
        name=node.text("name"),
        fhir=tuple(resources),
        sdtm=tuple(rows),
        releases=node.words("releases") or ("R5",),
        direction=_direction(node, "direction"),
        place=node.place,
    )


MAPPING_WORDS = {
    "extends", "domain", "rows", "rules", "supp", "params", "parameters", "examples", "after", "order", "long", "note",
}  # fmt: skip


def _mapping(tree: Node, places: list[str]) -> Mapping:
    _known(tree, MAPPING_WORDS)
    domain = tree.text("domain")
    if not domain:
        raise tree.fault("IX-MAP-008", "no `domain`", "name the SDTM domain, such as `domain: DM`")
    rows = tree.get("rows")
    sources = tuple(_source(name, node, tree.get("rules")) for name, node in rows.items()) if rows else ()
    param_sources, params = _param_sources(tree, places)
    supp = tree.get("supp")
    examples = tree.get("examples")
    return Mapping(
        domain=domain,
        place=tree.place,
        sources=param_sources + sources,
        after=tree.words("after"),
        order=tree.words("order"),
        long=tree.words("long"),
        supp={q: Supp(n.text("label"), n.text("orig"), n.text("eval")) for q, n in supp.items()}
        if supp
        else {},
        params=params,
        examples=tuple(_example(item) for item in examples.each()) if examples else (),
        note=tree.text("note"),
    )


def _entity(name: str, node: Node) -> Entity:
    _known(node, {"resource", "key", "id", "in", "each", "link", "match", "rules", "emit", "note"})
    link = node.get("link")
    return Entity(
        name=name,
        resource=node.text("resource"),
        key=node.words("key"),
        place=node.place,
        id=node.text("id"),
        within=node.text("in"),
        levels=_levels(node.get("each")),
        links={n: _versioned(item, parse_path) for n, item in link.items()} if link else {},
        match=_paths(node.get("match")),
        rules=_rules(node.get("rules")),
        emit=_emits(node.get("emit")),
    )
