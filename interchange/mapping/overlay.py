"""A sponsor's overlay laid over a shipped file: whole rules replaced by variable, everything else by key.

Levels (``each``) are replaced as a whole, since their order is their meaning.
"""

from __future__ import annotations

from interchange.mapping.tree import Node


def merge_overlay(base: Node, overlay: Node) -> Node:
    """Return the base with the overlay's entries in it; lines stay those of the file that wrote them."""
    merged = dict(base.items())
    for key, node in overlay.items():
        old = merged.get(key)
        if key in ("extends", "class"):
            continue
        if key == "rules" and old is not None:
            merged[key] = _merge_rules(old, node)
        elif key == "rows" and old is not None:
            merged[key] = _merge_rows(old, node)
        elif key != "each" and isinstance(node.value, dict) and old is not None and isinstance(old.value, dict):
            merged[key] = Node({**old.value, **node.value}, node.place)
        elif key == "examples" and old is not None:
            merged[key] = Node([*old.each(), *node.each()], node.place)
        else:
            merged[key] = node
    return Node(merged, base.place)


def _merge_rules(base: Node, overlay: Node) -> Node:
    """Rules of the overlay in the place of those whose variables they own: rules are read in order.

    A new rule stands right before the next one of the overlay that takes a place, else at the end.
    """
    taken = {variable for key, _ in base.items() for variable in key.split()}
    owners = {variable: key for key, _ in overlay.items() for variable in key.split()}
    before: dict[str, list[str]] = {}
    waiting: list[str] = []
    for key in dict(overlay.items()):
        waiting.append(key)
        if taken & set(key.split()):
            before[key], waiting = waiting, []
    own = dict(overlay.items())
    rules: dict[str, Node] = {}
    for key, node in base.items():
        replaced = dict.fromkeys(owners[variable] for variable in key.split() if variable in owners)
        if not replaced:
            rules[key] = node
        for one in replaced:
            for name in before[one]:
                rules.setdefault(name, own[name])
    return Node(rules | {key: node for key, node in own.items() if key not in rules}, overlay.place)


def _merge_rows(base: Node, overlay: Node) -> Node:
    rows = dict(base.items())
    for name, node in overlay.items():
        if node.text("drop") == "true":
            rows.pop(name, None)
        else:
            rows[name] = merge_overlay(rows[name], node) if name in rows else node
    return Node(rows, overlay.place)
