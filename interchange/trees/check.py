"""What is odd in a document that was read: it is kept, and counted.

Warnings, one for each element, with how often:

IX-TREE-015  an element that the tree's table does not have
IX-TREE-016  a code that the element's enum does not have
IX-TREE-017  a value of another kind: text for a number, one value for a list, no date

The document stays as it is.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from interchange.fhir.elements import elements
from interchange.fhir.structure import object_findings
from interchange.issues import Issue

if TYPE_CHECKING:
    from interchange.fhir.structure import Finding
    from interchange.issues import Issues
    from interchange.trees.documents import Document

Json = Any

CODES = {"unknown": "IX-TREE-015", "code": "IX-TREE-016"}
KEPT = {
    "IX-TREE-015": "it is kept in the remainder",
    "IX-TREE-016": "it is kept as it is",
    "IX-TREE-017": "what cannot be converted is kept in the remainder",
}


def check_document(document: Document, issues: Issues) -> None:
    """Add a warning for each element of a document with what its table does not have, with how often it does."""
    table = elements(document.tree)
    (root,) = table.resource_types()
    counts: Counter[tuple[str, str, str | None]] = Counter()
    firsts: dict[tuple[str, str, str | None], Finding] = {}
    for finding in object_findings(_stated(document.content), root, table):
        if finding.kind == "missing":
            continue
        code = CODES.get(finding.kind, "IX-TREE-017")
        key = (code, finding.definition, finding.value if code == "IX-TREE-016" else None)
        counts[key] += 1
        firsts.setdefault(key, finding)
    for (code, definition, value), count in counts.items():
        finding = firsts[code, definition, value]
        message = f"{finding.message} ({count} {'time' if count == 1 else 'times'}): {KEPT[code]}"
        place = replace(document.place, field=definition)
        issues.add(Issue(code, "warning", place, message, finding.hint, value))


def _stated(value: Json) -> Json:
    """A copy without what says nothing: nulls, empty texts, lists and objects.

    >>> _stated({"label": None, "notes": [], "code": {"decode": "", "code": "C1"}})
    {'code': {'code': 'C1'}}
    """
    if isinstance(value, dict):
        items = ((key, _stated(item)) for key, item in value.items())
        return {key: item for key, item in items if item not in (None, "", [], {})}
    if isinstance(value, list):
        return [item for item in map(_stated, value) if item not in (None, "", [], {})]
    return value
