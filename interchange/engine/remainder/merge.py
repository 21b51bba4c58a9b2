"""A remainder merged into what rows become in FHIR: originals where rows are as they were, changed cells where not."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from interchange.engine.backward import keep_one_type
from interchange.engine.remainder.apply import Applied
from interchange.engine.remainder.model import digest
from interchange.engine.remainder.names import renamed, unnumbered
from interchange.engine.remainder.resettle import CONFLICT, Resettling
from interchange.engine.remainder.rows import Keys, match_rows
from interchange.fhir.elements import elements
from interchange.fhir.references import name_of
from interchange.issues import Issue, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from interchange.engine.forward import Forward
    from interchange.engine.ops import Json, Resource
    from interchange.engine.remainder.model import Original, Remainder, RowEntry
    from interchange.engine.settle import Written
    from interchange.issues import Issues


@dataclass(slots=True)
class Restored:
    """An original as it is now: ``touched`` where its rows are not what they were, ``changed`` where the made one is.

    ``dead`` are the rows that were deleted, ``alive`` those that are there still.
    """

    original: Original
    resource: Resource
    touched: bool
    changed: bool
    dead: list[RowEntry] = field(default_factory=list)
    alive: list[RowEntry] = field(default_factory=list)


def merge_remainder(
    remainder: Remainder,
    forward: Forward,
    made: Sequence[Resource],
    written: Mapping[str, Sequence[Written]],
    numeric: Mapping[str, frozenset[str]],
    issues: Issues,
) -> list[Resource]:
    """Return the resources of rows with their remainder, the originals in their order, then what is new.

    ``made`` are the resources of the rows, ``written`` the rows, ``numeric`` the Num variables by dataset. An original
    goes where all its rows were deleted. What changed cells and originals do not agree on is in ``issues``.
    """
    held = replace(remainder, originals=list(remainder.originals), extras=list(remainder.extras))
    return _Merge(held, forward, made, written, issues).run(numeric)


class _Merge:
    def __init__(
        self,
        remainder: Remainder,
        forward: Forward,
        made: Sequence[Resource],
        written: Mapping[str, Sequence[Written]],
        issues: Issues,
    ) -> None:
        self.remainder = remainder
        self.forward = forward
        self.plan = forward.plan
        self.issues = issues
        systems = forward.systems
        kept = [systems["cells"], systems["row"]] if remainder.natural else []
        self.cells = frozenset({systems["cells"]})
        self.now: dict[str, Resource] = {
            name_of(each) or "": renamed(unnumbered(each, kept) if kept else each, remainder.names) for each in made
        }
        self.wanted = match_rows(remainder, written, Keys(self.plan.project.settings["sdtmig"]))
        self.extras = {extra.made: extra for extra in remainder.extras}
        self.deleted = 0

    def run(self, numeric: Mapping[str, frozenset[str]]) -> list[Resource]:
        restored = [one for original in self.remainder.originals if (one := self._restore(original)) is not None]
        own = {original.made for original in self.remainder.originals}
        new = [each for name, each in self.now.items() if name not in own and name not in self.extras]
        left = {name for name in self.extras if name in self.now and not self._is_same(name)}
        if self.deleted:
            message = f"resources without their rows are left out: {self.deleted}"
            self.issues.add(Issue("IX-REM-005", "info", Place(), message, "keep the rows to keep the resources"))
        resources = [one.resource for one in restored]
        if left or new or self.deleted or self.wanted.new or any(one.touched for one in restored):
            for one in restored:  # what an original shares with the remainder stays as it is there
                one.resource = copy.deepcopy(one.resource)
                if one.changed:
                    keep_one_type(one.resource, one.resource["resourceType"], elements(self.plan.release))
            resettling = Resettling(self.forward, self.wanted, numeric, self.now, self.issues, self.has_changed)
            resources = resettling.run(restored, new)
            resources += self._referred([one.resource for one in restored if one.touched] + resources[len(restored) :])
        return resources

    def _is_same(self, name: str) -> bool:
        """Whether a resource that only rows make is what it was."""
        known = self.extras[name].digest
        return known is None or digest(self.now[name]) == known

    def _restore(self, original: Original) -> Restored | None:
        """An original as it is now; nothing where its rows are gone."""
        dead = [entry for entry in original.rows if self.wanted.row(entry) is None]
        alive = [entry for entry in original.rows if self.wanted.row(entry) is not None]
        touched = bool(dead) or any(self.has_changed(entry) for entry in alive)
        if original.made is None:
            if original.rows and not alive:
                self.deleted += 1
                return None
            return Restored(original, original.whole or {}, touched, False, dead, alive)
        now = self.now.get(original.made)
        applied = Applied(kept=self.cells)
        if now is None:
            type_ = original.made.partition("/")[0]
            others = (entry.made for entry in alive if entry.made.partition("/")[0] == type_)
            now = next((self.now[name] for name in others if name in self.now), None)
            if now is None:
                self.deleted += 1
                return None
            applied.anyhow = True
        changed = digest(now) != original.digest
        touched |= changed
        resource = applied.value(original.rest, now)
        if touched:
            for at in dict.fromkeys(applied.stale):
                place = Place(record=original.resource, field=at)
                self.issues.add(Issue("IX-REM-001", "warning", place, CONFLICT, "compare the two"))
        return Restored(original, resource, touched, changed, dead, alive)

    def has_changed(self, entry: RowEntry) -> bool:
        """Whether a row that is there still is another than it was, as far as its own resource tells."""
        if entry.made:
            extra = self.extras.get(entry.made)
            return entry.made not in self.now or (extra is not None and not self._is_same(entry.made))
        return bool(entry.digest) and digest(self.wanted.row(entry)) != entry.digest

    def _referred(self, resources: Sequence[Resource]) -> list[Resource]:
        """The left out resources that new or changed ones refer to."""
        found: dict[str, Resource] = {}
        waiting = list(resources)
        while waiting:
            for name in _references(waiting.pop()):
                extra = self.extras.get(name)
                if extra is not None and extra.digest is not None and name in self.now and name not in found:
                    found[name] = self.now[name]
                    waiting.append(self.now[name])
        there = {name_of(resource) for resource in resources}
        return [resource for name, resource in found.items() if name not in there]


def _references(value: Json) -> Iterator[str]:
    """Yield the texts of all references in JSON."""
    if isinstance(value, dict):
        if isinstance(text := value.get("reference"), str):
            yield text
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)
