"""A difference applied to what rows become now: the original where that is what it was, else what changed.

Beside the result stands what was dropped: `Applied.stale` are the places where the original said more of a value than
the rows, and a changed cell took that away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from interchange.engine.remainder.difference import unit_of
from interchange.engine.remainder.model import digest, mark

Json = Any


@dataclass(slots=True)
class Applied:
    """One application of a difference: what the original has not goes, changed or not; it is settled by its row.

    ``anyhow`` takes the original's part everywhere, for a made value that only stands in for the one that there was.
    ``kept`` are the URLs of extensions that keep cells beside a row.
    """

    anyhow: bool = False
    kept: frozenset[str] = frozenset()
    stale: list[str] = field(default_factory=list)

    def value(self, node: Json, now: Json, at: str = "") -> Json:
        """Return the original of a made value as it is now; a value that is no original comes back as it is."""
        if node is None:
            return now
        if isinstance(node, list):
            before, original = node
            if self.anyhow or mark(now) == before:
                return original
            self.stale.append(at)
            return now
        if "is" in node:
            return self._list(node, now, at) if isinstance(now, list) else self._changed(node, now, at)
        return self._object(node, now, at) if isinstance(now, dict) else self._changed(node, now, at)

    def _changed(self, node: Json, now: Json, at: str) -> Json:
        """A value of another kind than before, which stays."""
        if _adds(node):
            self.stale.append(at)
        return now

    def _object(self, node: Json, now: Json, at: str) -> Json:
        result = dict(now)
        additions = dict(node.get("+", {}))
        if self.anyhow:
            pass
        elif ("#" in node and digest(now) != node["#"]) or ("$" in node and digest(unit_of(now)) != node["$"]):
            self.stale.append(at)
            additions = {}
        for key, before in node.get("=", {}).items():
            beside = [f"_{key}", "comparator"] if key == "value" else [f"_{key}"]
            if not self.anyhow and mark(now.get(key)) != before and not additions.keys().isdisjoint(beside):
                self.stale.append(_below(at, key))
                additions = {name: item for name, item in additions.items() if name not in beside}
        for key in node.get("-", ()):
            result.pop(key, None)
        for key, child in node.get("~", {}).items():
            if key in now:
                result[key] = self.value(child, now[key], _below(at, key))
            elif _adds(child):
                self.stale.append(_below(at, key))
        for key, original in additions.items():
            if self.anyhow or key not in now:
                result[key] = original
            elif mark(now[key]) != mark(original):
                self.stale.append(_below(at, key))
        return result

    def _list(self, node: Json, now: list[Json], at: str) -> Json:
        places = _places(node["of"], now)
        result: list[Json] = []
        told: set[int] = set()
        for item in node["is"]:
            if isinstance(item, dict):
                result.append(item["+"])
                continue
            place, child = item if isinstance(item, list) else (item, None)
            told.add(place)
            if place in places:
                result.append(self.value(child, now[places[place]], at))
            elif _adds(child):
                self.stale.append(at)
        same = _same(node["of"], now)
        used = {places[place] for place in told if place in places} | set(same.values())
        changed = set(places.values()) - used
        for j, item in enumerate(now):
            if j in used:
                continue
            kept = isinstance(item, dict) and item.get("url") in self.kept
            if not kept and not self.anyhow and j not in changed:
                result.append(item)
        return result


def _below(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key


def _adds(node: Json) -> bool:
    """Whether a difference has anything of the original."""
    if isinstance(node, list):
        return True
    if not isinstance(node, dict):
        return False
    if "is" in node:
        return any(isinstance(item, dict) or (isinstance(item, list) and _adds(item[1])) for item in node["is"])
    return bool(node.get("+")) or any(map(_adds, node.get("~", {}).values()))


def _same(before: list[Json], now: list[Json]) -> dict[int, int]:
    """The place now of each element that is what it was, by its place before."""
    free: dict[str, list[int]] = {}
    for j, item in enumerate(now):
        free.setdefault(repr(mark(item)), []).append(j)
    return {i: at.pop(0) for i, known in enumerate(before) if (at := free.get(repr(known)))}


def _places(before: list[Json], now: list[Json]) -> dict[int, int]:
    """The place now of each element by its place before: the same one, else one of its kind, else the next."""
    found = _same(before, now)
    kinds = [_kind(mark(item)) for item in now]
    for alike in (True, False):
        free = [j for j in range(len(now)) if j not in found.values()]
        for i, known in enumerate(before):
            if i in found:
                continue
            kind = _kind(known)
            place = next((j for j in free if not alike or (kind and kinds[j] == kind)), None)
            if place is not None:
                free.remove(place)
                found[i] = place
    return found


def _kind(known: Json) -> str:
    """What an element goes by where its digest is gone."""
    return known.partition("@")[2] if isinstance(known, str) and known.startswith("#") else ""
