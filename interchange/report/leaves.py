"""What became of FHIR leaves by resource type: kept in rows, kept in the remainder, lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interchange.report.layout import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from interchange.engine.leafwise import LeafTally

COLUMNS = ("resource type", "resources", "leaves", "kept", "in remainder", "lost", "added", "kept share")
HELD_IN = {"resources": "documents", "kept": "kept in FHIR"}  # what columns are called for documents
TOTAL = "total"


@dataclass(frozen=True, slots=True)
class LeafCounts:
    """Leaves of the resources of one type: ``kept`` in rows, ``in_remainder`` beside them, ``lost``.

    ``added`` came back and were not there.
    """

    name: str
    resources: int
    leaves: int
    kept: int
    in_remainder: int
    lost: int
    added: int = 0

    @property
    def row(self) -> tuple[object, ...]:
        """The numbers as they stand in a table, from the name on."""
        share = self.kept / self.leaves if self.leaves else 0.0
        return (self.name, self.resources, self.leaves, self.kept, self.in_remainder, self.lost, self.added, share)


def count_leaves(tallies: Mapping[str, LeafTally]) -> list[LeafCounts]:
    """Return the numbers of each resource type."""
    return [
        LeafCounts(name, t.resources, t.leaves, t.kept, t.remainder, t.lost, t.added) for name, t in tallies.items()
    ]


def total_leaves(types: Sequence[LeafCounts]) -> LeafCounts:
    """Return the sums of all resource types.

    >>> total_leaves([LeafCounts("Patient", 1, 9, 7, 2, 0), LeafCounts("Group", 1, 1, 1, 0, 0)]).kept
    8
    """
    sums = (sum(getattr(one, name) for one in types) for name in LeafCounts.__slots__[1:])
    return LeafCounts(TOTAL, *sums)


def show_leaves(types: Sequence[LeafCounts], kind: str = "FHIR") -> list[RenderableType]:
    """Return the table of leaves by resource type, or by object of documents, and of all of them."""
    if not types:
        return []
    what = "resource type" if kind == "FHIR" else "object"
    rows = [*(one.row for one in types), *([total_leaves(types).row] if len(types) > 1 else [])]
    columns = (what, *(name if kind == "FHIR" else HELD_IN.get(name, name) for name in COLUMNS[1:]))
    return [table(f"Leaves by {what}", columns, rows)]
