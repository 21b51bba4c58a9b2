"""Class files: what the domains of one observation class share, with ``--`` for the domain (SDTM model, 3.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from interchange.issues import Issue, MappingError
from interchange.mapping.overlay import merge_overlay
from interchange.mapping.tree import Node

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE = re.compile(r"(?<![\w-])--(?=[A-Z])")
_NAME = re.compile(r"(?<![\w-])--(?=[a-z])")


def in_domain(text: str, domain: str) -> str:
    """Return a text of a class file for a domain.

    >>> in_domain("--TESTCD --TEST", "LB"), in_domain("code='--'", "LB"), in_domain("entity(--specimen)", "LB")
    ('LBTESTCD LBTEST', "code='LB'", 'entity(lb-specimen)')
    """
    if "--" not in text:
        return text
    if text == "--":
        return domain
    text = _VARIABLE.sub(domain, text.replace("'--'", f"'{domain}'"))
    return _NAME.sub(f"{domain.lower()}-", text)


def spell_class(node: Node, domain: str) -> Node:
    """Return the tree of a class file with a domain's names in it; lines stay those of the class file."""
    if isinstance(node.value, str):
        return Node(in_domain(node.value, domain), node.place)
    if isinstance(node.value, list):
        return Node([spell_class(item, domain) for item in node.value], node.place)
    return Node({in_domain(k, domain): spell_class(item, domain) for k, item in node.value.items()}, node.place)


def lay_over_class(tree: Node, classes: Mapping[str, Node]) -> Node:
    """Return a domain's file laid over the class that it names; the file itself where it names none."""
    name = tree.text("class")
    if not name:
        return tree
    if name not in classes:
        known = ", ".join(sorted(classes)) or "none"
        message = f"`class: {name}` is no class file"
        raise MappingError([Issue("IX-MAP-011", "error", tree.place, message, f"there are {known}")])
    return merge_overlay(spell_class(classes[name], tree.text("domain")), tree)
