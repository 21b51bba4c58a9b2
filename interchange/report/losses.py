"""The ledger in numbers: FHIR leaves that come back, and those lost, by resource type and reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interchange.report.layout import counted, table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from interchange.engine.ledger import Ledger
    from interchange.engine.remainder.model import Remainder


@dataclass(frozen=True, slots=True)
class LossCount:
    """Leaves lost for one reason from the resources of one type."""

    resource: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class LedgerTotals:
    """How many leaves there were, came back, and were lost, and why."""

    leaves: int
    came_back: int
    lost: int
    reasons: list[LossCount]


def total_ledger(ledger: Ledger) -> LedgerTotals:
    """Return the totals of a ledger, the resource types in order, the most frequent reason first."""
    counts = sorted(ledger.counts().items(), key=lambda item: (item[0][0], -item[1], item[0][1]))
    reasons = [LossCount(type_, reason, count) for (type_, reason), count in counts]
    return LedgerTotals(ledger.leaves, ledger.kept, len(ledger.losses), reasons)


def ledger_line(totals: LedgerTotals) -> str:
    """Return the totals in a sentence.

    >>> ledger_line(LedgerTotals(200, 150, 50, []))
    '150 of 200 leaves come back (75.0 %); 50 are lost, each with its reason'
    """
    share = f" ({totals.came_back / totals.leaves:.1%})".replace("%", " %") if totals.leaves else ""
    line = f"{totals.came_back:,} of {counted(totals.leaves, 'leaf', 'leaves')} come back{share}"
    return f"{line}; {totals.lost:,} are lost, each with its reason" if totals.lost else line


@dataclass(frozen=True, slots=True)
class RemainderTotals:
    """How many leaves there were, how many of them only the remainder holds, and of how many resources."""

    leaves: int
    held: int
    resources: int


def total_remainder(remainder: Remainder) -> RemainderTotals:
    """Return the totals of a remainder."""
    counts = remainder.counts().values()
    held = sum(count.remainder for count in counts)
    return RemainderTotals(sum(count.leaves for count in counts), held, len(remainder.originals))


def remainder_line(totals: RemainderTotals) -> str:
    """Return the totals in a sentence.

    >>> remainder_line(RemainderTotals(200, 50, 12))
    '50 of 200 leaves of 12 resources are kept for the way back'
    """
    of = f"{totals.held:,} of {counted(totals.leaves, 'leaf', 'leaves')}"
    return f"{of} of {counted(totals.resources, 'resource')} are kept for the way back"


def show_reasons(totals: LedgerTotals, by: str = "SDTM") -> list[RenderableType]:
    """Return the table of what is lost, by resource type and reason; ``by`` is what does not hold it."""
    if not totals.reasons:
        return []
    rows = [(loss.resource, loss.count, loss.reason) for loss in totals.reasons]
    what = ("FHIR leaves", "resource type") if by == "SDTM" else ("Leaves", "kind")
    return [table(f"{what[0]} that {by} does not hold", (what[1], "leaves", "reason"), rows)]


def show_losses(ledger: Ledger) -> list[RenderableType]:
    """Return the table of every leaf that is lost."""
    rows = [(loss.resource, loss.element, loss.reason) for loss in ledger.losses]
    return [table("Losses", ("resource", "element", "reason"), rows)] if rows else []
