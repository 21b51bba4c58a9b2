"""Trees into the model: mappings with their row sources, parameters spread into row sources, entities, the project."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from interchange.fhir.path import parse_path
from interchange.issues import Issue, MappingError
from interchange.mapping.model import Associated, Entity, Example, Mapping, Null, Params, Project, Source, Supp
from interchange.mapping.rules import (
    check_words,
    read_about,
    read_claims,
    read_direction,
    read_emits,
    read_guard,
    read_levels,
    read_paths,
    read_rules,
    read_versioned,
)
from interchange.mapping.tables import read_parameters
from interchange.mapping.tree import Node, collect_faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from interchange.mapping.model import Rule


def build_project(
    root: Node, trees: dict[str, Node], *folders: Path | None, classes: dict[str, Node] | None = None
) -> Project:
    """Return the project that trees spell, every fault of every file reported at once.

    ``trees`` are those of mapping files, ``classes`` those of class files by name.
    """
    faults: list[Issue] = []
    places = [str(f) for f in reversed(folders) if f is not None]
    settings = {k: v.scalar() for k, v in root.items() if isinstance(v.value, str)}
    sections = {
        name: dict((root.get(name) or Node({}, root.place)).items()) for name in ("systems", "entities", "aliases")
    }
    entities: dict[str, Entity] = {}
    for name, node in (*sections["entities"].items(), *_own_entities(trees)):
        if name in entities:
            message = f"`{name}` is an entity of another file"
            faults.append(Issue("IX-MAP-010", "error", node.place, message, "give it another name"))
        entity = collect_faults(faults, _entity, name, node)
        if entity is not None:
            entities[name] = entity
    mappings: dict[str, Mapping] = {}
    for tree in trees.values():
        mapping = collect_faults(faults, build_mapping, tree, places)
        if mapping is not None:
            mappings[mapping.domain] = mapping
    associated = collect_faults(faults, _associated, root.get("associated"))
    if faults:
        raise MappingError(faults)
    return Project(
        systems={k: v.scalar() for k, v in sections["systems"].items()},
        entities=entities,
        aliases={r: {k: v.scalar() for k, v in names.items()} for r, names in sections["aliases"].items()},
        settings={**settings, "folders": "\n".join(places)},
        mappings=mappings,
        trees={tree.text("domain"): tree for tree in trees.values()},
        classes=classes or {},
        qualifier=root.get("qualifier"),
        associated=associated,
    )


def _associated(node: Node | None) -> Associated | None:
    if node is None:
        return None
    check_words(node, {"prefix", "key", "in-place-of"})
    words = node.get("in-place-of") or Node({}, node.place)
    return Associated(node.text("prefix"), node.text("key"), {k: v.scalar() for k, v in words.items()})


def build_entities(tree: Node) -> dict[str, Entity]:
    """Return the entities that a mapping file has for itself, by name; MappingError where one is broken."""
    return {name: _entity(name, node) for name, node in _own_entities({"": tree})}


def _own_entities(trees: dict[str, Node]) -> Iterator[tuple[str, Node]]:
    """The entities that mapping files have for themselves."""
    for tree in trees.values():
        if (own := tree.get("entities")) is not None:
            yield from own.items()


SOURCE_WORDS = {
    "resource", "entity", "id", "match", "claim", "about", "skip-if", "only-if", "each", "distinct", "pick", "require",
    "emit", "rules", "alone", "drop", "oneway", "because", "note",
}  # fmt: skip
PARAM_WORDS = SOURCE_WORDS - {"drop", "resource", "entity", "id", "match", "claim", "about"}


RELATIONS = "relationships are kept at the study, since they say more than a reference"


def _source(name: str, node: Node, shared: tuple[Rule, ...]) -> Source:
    check_words(node, SOURCE_WORDS)
    if "drop" in node:
        hint = "check the name against the class file, or take the row source out"
        raise node.fault("IX-MAP-013", f"`{name}` is dropped, and the class has no such row source", hint)
    relation = node.text("about") == "relation"
    return Source(
        name=name,
        resource=node.text("resource"),
        place=node.place,
        entity=node.text("entity"),
        id=node.text("id"),
        match=read_paths(node.get("match")),
        skip_if=read_paths(node.get("skip-if")),
        only_if=read_paths(node.get("only-if")),
        claims=read_claims(node.get("claim")),
        about=read_about(node),
        levels=read_levels(node.get("each")),
        distinct=node.words("distinct"),
        pick=read_guard(node.get("pick")),
        require=node.words("require"),
        emit=read_emits(node.get("emit")),
        rules=read_rules(node.get("rules"), () if node.text("alone") == "true" else shared),
        oneway=read_direction(node) or ("to-sdtm" if relation else ""),
        because=node.text("because") or (RELATIONS if relation else ""),
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
            raise node.fault("IX-MAP-007", f"`{code}` is no parameter of `{params.table}`", "check the spelling")
        check_words(node, PARAM_WORDS | {"value", "null"})
        if (null := node.get("null")) is not None:
            nulls[code] = tuple(
                Null(item.scalar(), item.place)
                if isinstance(item.value, str)
                else Null(item.text("flavor"), item.place, read_guard(item.get("when")))
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
        source = _source(code, Node(spread, node.place), read_rules(Node(shared, node.place)))
        sources.append(replace(source, parameter=True))
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
        direction=read_direction(node, "direction"),
        place=node.place,
    )


MAPPING_WORDS = {
    "extends", "domain", "class", "entities", "rows", "rules", "supp", "params", "parameters", "examples", "after",
    "order", "topic", "long", "note",
}  # fmt: skip


def build_mapping(tree: Node, places: list[str]) -> Mapping:
    """Return the mapping that a file's tree spells, with tables from some folders; MappingError where it is broken."""
    check_words(tree, MAPPING_WORDS)
    domain = tree.text("domain")
    if not domain:
        raise tree.fault("IX-MAP-008", "no `domain`", "name the SDTM domain, such as `domain: DM`")
    rows = tree.get("rows")
    shared = read_rules(tree.get("rules")) if rows else ()
    sources = tuple(_source(name, node, shared) for name, node in rows.items()) if rows else ()
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
        supp={q: Supp(n.text("label"), n.place, n.text("orig"), n.text("eval")) for q, n in supp.items()}
        if supp
        else {},
        params=params,
        examples=tuple(_example(item) for item in examples.each()) if examples else (),
        note=tree.text("note"),
    )


def _entity(name: str, node: Node) -> Entity:
    check_words(node, {"resource", "key", "id", "in", "each", "link", "match", "rules", "emit", "note"})
    link = node.get("link")
    return Entity(
        name=name,
        resource=node.text("resource"),
        key=tuple(name.rstrip("?") for name in node.words("key")),
        place=node.place,
        optional=frozenset(name.rstrip("?") for name in node.words("key") if name.endswith("?")),
        id=node.text("id"),
        within=node.text("in"),
        levels=read_levels(node.get("each")),
        links={n: read_versioned(item, parse_path) for n, item in link.items()} if link else {},
        match=read_paths(node.get("match")),
        rules=read_rules(node.get("rules")),
        emit=read_emits(node.get("emit")),
    )
