"""What is declared of the pilot: by which variables rows are matched, and why cells differ."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

import yaml
from pilot_rows import Row, Tier, tier

if TYPE_CHECKING:
    from pathlib import Path

KINDS = ("differs", "sponsor", "absent", "more")


@dataclass(frozen=True, slots=True, eq=False)
class Cause:
    """Why cells of some variables are not equal.

    ``kind`` is ``differs`` (it counts), ``sponsor`` (the bundle says something else, or what the pilot has was the
    sponsor's choice), ``absent`` (no element of the bundle holds it) or ``more`` (the pilot has no such cell). ``side``
    is ``both`` for cells of matched rows, ``ours`` or ``theirs`` for rows without a partner. ``rows``, ``ours`` and
    ``theirs`` are patterns of whole cells; what is absent is blank on our side, but for a pattern of ``ours`` that says
    what is computed in its place. ``near`` is how far apart two numbers may be, as a share of the pilot's.
    ``although`` says why a value that is declared to be in no resource can be the text of some leaf all the same.
    """

    kind: str
    text: str
    domains: frozenset[str]
    variables: frozenset[str]
    run: str = ""
    side: str = "both"
    rows: tuple[tuple[str, re.Pattern[str]], ...] = ()
    ours: re.Pattern[str] | None = None
    theirs: re.Pattern[str] | None = None
    near: float | None = None
    although: str = ""

    def covers(self, run: str, side: str, ours: str | None, theirs: str | None, row: Row) -> bool:
        """Whether the cause holds for a cell."""
        return (
            self.run in ("", run)
            and self.side == side
            and (self.kind != "more" or theirs is None)
            and (self.kind != "absent" or (theirs is not None and (ours is None or self.ours is not None)))
            and (self.kind != "sponsor" or None not in (ours, theirs))
            and all(pattern.fullmatch(row.get(name, "")) for name, pattern in self.rows)
            and (self.ours is None or self.ours.fullmatch(ours or "") is not None)
            and (self.theirs is None or self.theirs.fullmatch(theirs or "") is not None)
            and (self.near is None or _apart(ours, theirs) <= self.near)
        )


def _apart(ours: str | None, theirs: str | None) -> float:
    """How far two cells are apart as numbers, as a share of the second; without end where one is no number."""
    try:
        one, other = float(ours or ""), float(theirs or "")
    except ValueError:
        return inf
    return abs(one - other) / abs(other) if other else inf if one else 0.0


@dataclass(slots=True)
class Declared:
    """The tiers of each domain, and all causes; the first that covers a cell is its cause."""

    keys: dict[str, list[Tier]]
    causes: list[Cause] = field(default_factory=list)

    def tiers(self, domain: str) -> list[Tier]:
        """The tiers of a domain; for one that none are declared of, its subject."""
        return self.keys.get(domain, [tier("USUBJID")])

    def cause(
        self, domain: str, variable: str, run: str, side: str, ours: str | None, theirs: str | None, row: Row
    ) -> Cause | None:
        """The cause of a cell that is not equal, or None."""
        names = {variable, "*"} | ({f"--{variable[2:]}"} if variable.startswith(domain) else set())
        for one in self.causes:
            if one.domains & {domain, "*"} and one.variables & names and one.covers(run, side, ours, theirs, row):
                return one
        return None


def read_declared(path: Path) -> Declared:
    """Return what a file declares; see the words at its head."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    keys = {domain: [tier(words) for words in tiers] for domain, tiers in document["keys"].items()}
    return Declared(keys, [_cause(entry) for entry in document["causes"]])


def _cause(entry: dict[str, str]) -> Cause:
    known = {"kind", "cause", "in", "of", "run", "side", "rows", "ours", "theirs", "near", "although"}
    if unknown := set(entry) - known or {entry["kind"]} - set(KINDS):
        raise ValueError(f"{entry}: no such word: {', '.join(unknown)}")
    rows = entry.get("rows", {})
    return Cause(
        entry["kind"],
        entry["cause"],
        frozenset(entry["in"].split()),
        frozenset(entry["of"].split()),
        entry.get("run", ""),
        entry.get("side", "both"),
        tuple((name, re.compile(pattern)) for name, pattern in dict(rows).items()),
        re.compile(entry["ours"]) if "ours" in entry else None,
        re.compile(entry["theirs"]) if "theirs" in entry else None,
        float(entry["near"]) if "near" in entry else None,
        entry.get("although", ""),
    )
