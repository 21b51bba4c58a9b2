"""The loss ledger: every FHIR leaf that does not come back from the rows, with the reason.

It is made by coming back: the rows are converted to FHIR again, and each resource is laid beside the one that was
made anew from the same row or entity. What the new one lacks is lost, and nothing else is; so ledger and output
together are the input (law L6). Lists are laid side by side by what their elements share, since their order carries
no meaning in the elements used here. A contained resource comes back where the reference to it leads; resources that
rows make one of, such as two Patients with the same key, come back as that one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from interchange.engine.losses import ByResource, LossesAtHand, counted
from interchange.engine.reach import ONE_WAY, elements_read
from interchange.fhir.legal import EXTENSIONS
from interchange.fhir.members import MEMBERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from interchange.engine.losses import Group, Losses
    from interchange.engine.ops import Json, Resource
    from interchange.engine.plan import Plan
    from interchange.engine.shelf import ResourceShelf
    from interchange.fhir.members import Memory

NEW_ID = "ids are made anew from key values"
NO_ROW = "no row came of this resource"
NO_RULE = "no rule reads this element"


@dataclass(slots=True)
class Ledger:
    """What a conversion to SDTM loses: ``leaves`` is how many there were, ``losses`` those that are gone."""

    leaves: int = 0
    losses: Losses = field(default_factory=list)

    @property
    def kept(self) -> int:
        """How many leaves come back."""
        return self.leaves - len(self.losses)

    def groups(self) -> Iterator[Group]:
        """Yield the losses by resource."""
        if isinstance(self.losses, ByResource):
            return self.losses.groups()
        return ((loss.resource, [(loss.element, loss.reason)]) for loss in self.losses)

    def counts(self) -> dict[tuple[str, str], int]:
        """How many leaves are lost by resource type and reason."""
        return self.losses.counts() if isinstance(self.losses, ByResource) else counted(self.groups())


def item_path(at: str, position: int, item: Json) -> str:
    """The path of an element of a list; an extension shows its URL."""
    url = item.get("url") if isinstance(item, dict) and at.endswith(EXTENSIONS) else None
    return f"{at}({url})[{position}]" if isinstance(url, str) else f"{at}[{position}]"


def leaves(value: Json, at: str = "") -> Iterator[tuple[str, Json]]:
    """Yield each leaf of a JSON value with its path.

    >>> dict(leaves({"a": [{"b": 1}], "extension": [{"url": "u", "valueCode": "x"}]}))
    {'a[0].b': 1, 'extension(u)[0].url': 'u', 'extension(u)[0].valueCode': 'x'}
    """
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{at}.{key}" if at else key)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from leaves(item, item_path(at, i, item))
    else:
        yield at, value


def same(one: Json, other: Json) -> bool:
    """Whether two leaves are equal, type and digits included: 5.10 is not 5.1. JSON has one type of number: 5 is 5."""
    return _kind(one) is _kind(other) and str(one) == str(other)


def _kind(leaf: Json) -> type:
    return Decimal if isinstance(leaf, int) and not isinstance(leaf, bool) else type(leaf)


def _name(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource.get('id', '?')}"


def _contained(resource: Resource) -> Iterator[tuple[str, Json]]:
    """Each contained resource with its path."""
    contained = resource.get("contained")
    for i, item in enumerate(contained if isinstance(contained, list) else ()):
        yield item_path("contained", i, item), item


class _Origin(NamedTuple):
    """Whose leaves are compared: those of a resource, or of one that it contains, ``at`` being where."""

    holder: Resource
    type: str
    at: str = ""

    @property
    def name(self) -> str:
        """The resource that the ledger names."""
        return _name(self.holder)

    def below(self, key: str) -> str:
        """The path of one of its elements."""
        return f"{self.at}.{key}" if self.at else key


class Comparison:
    """Resources as they were, laid beside those made anew; references are followed as they are met.

    ``anew`` finds what a reference of one that was made anew means.
    ``with_rows`` are the identities of resources that rows came of, made anew or not. ``alignments`` have, by the
    identities of a resource and of each list in it that was compared, the place of each element with that of the new
    one, if any: resources may share a list. They are complete where they are asked for.
    """

    def __init__(
        self, plan: Plan, before: ResourceShelf, anew: Callable[[str], Resource | None], *, aligned: bool = False
    ) -> None:
        self.plan = plan
        self.before = before
        self.anew = anew
        self.pairs: dict[int, Resource] = {}
        self.waiting: list[tuple[Resource, Resource, _Origin]] = []
        self.with_rows: set[int] = set()
        self.alignments: dict[tuple[int, int], list[tuple[int, int | None]]] = {}
        self.count = 0
        self.losses: list[Group] = []
        self._lost: list[tuple[str, str]] = []
        self._read = elements_read(plan)
        self._reasons: dict[tuple[str, str], str] = {}
        self._known = None if aligned else MEMBERS.memory()
        self._targets: dict[tuple[str, str], bool] = {}
        self._types = plan.resource_types()

    def pair(self, old: Resource, new: Resource) -> None:
        """Say that a resource was made anew as another."""
        self._pair(old, new, _Origin(old, old["resourceType"]))

    def _pair(self, old: Resource, new: Resource, origin: _Origin) -> None:
        if id(old) not in self.pairs and old["resourceType"] == new["resourceType"]:
            self.pairs[id(old)] = new
            self.waiting.append((old, new, origin))

    def run(self, resources: Iterable[Resource]) -> Ledger:
        """Return the ledger of resources, pairs and all that they refer to compared."""
        holders: list[Resource] = []
        while self.waiting:
            old, new, origin = self.waiting.pop()
            self._resource(old, new, origin)
            self._enter(origin)
            if not origin.at:
                holders.append(old)
        for holder in holders:
            origin = _Origin(holder, holder["resourceType"])
            for at, contained in _contained(holder):
                if id(contained) not in self.pairs:
                    self._lose(contained, origin, at)
            self._enter(origin)
        for resource in resources:
            if id(resource) not in self.pairs:
                origin = _Origin(resource, resource["resourceType"])
                self._lose(resource, origin, "", anew=id(resource) in self.with_rows)
                self._enter(origin)
        return Ledger(self.count, LossesAtHand(self.losses))

    def _enter(self, origin: _Origin) -> None:
        """Enter what was lost of a resource."""
        if self._lost:
            self.losses.append((origin.name, self._lost))
            self._lost = []

    def _lose(self, value: Json, origin: _Origin, at: str, *, anew: bool = True) -> None:
        """Lose every leaf of a value of a resource: of one that rows came of, or of one that none came of."""
        every = leaves(value, at) if isinstance(value, (dict, list)) else ((at, value),)
        for path, _ in every:
            if path != "resourceType":
                self.count += 1
                self._lost.append((path, self._reason(origin, path, anew=anew)))

    def _reason(self, origin: _Origin, path: str, *, anew: bool) -> str:
        """Why a leaf does not come back."""
        if origin.type not in self._types:
            return f"no mapping reads {origin.type}"
        if anew and path == origin.below("id"):
            return NEW_ID
        reason = self._said(origin.type, path.removeprefix(origin.below("")))
        return reason if anew or reason.startswith(ONE_WAY) else NO_ROW

    def _said(self, type_: str, path: str) -> str:
        """What the mappings say of an element, or of the nearest one around it."""
        plain = _plain(path)
        said = self._reasons.get((type_, plain))
        if said is None:
            known = self._read.get(type_, {})
            ends = (None, *(i for i in range(len(plain) - 1, 0, -1) if plain[i] == "."))
            said = next((known[plain[:end]] for end in ends if plain[:end] in known), NO_RULE)
            self._reasons[type_, plain] = said
        return said

    def _resource(self, old: Resource, new: Resource, origin: _Origin) -> None:
        """Compare a resource with the one made anew, but for what it contains: references lead there."""
        if origin.at:
            for key, item in old.items():
                if key == "resourceType":
                    self.count += 1
                else:
                    self._member(key, item, new, origin.below(key), origin)
            return
        for key, item in old.items():
            if key == "resourceType" or (key == "contained" and isinstance(item, list)):
                continue
            if self._known is not None and isinstance(item, (dict, list)):
                self._shared_member(key, item, new, origin, self._known)
            else:
                self._member(key, item, new, key, origin)

    def _shared_member(self, key: str, item: Json, new: Resource, origin: _Origin, memory: Memory) -> None:
        """Compare a member of a resource, which may be that of others too: with the same one anew, it is as it was."""
        anew = new.get(key)
        about = (id(item), id(anew), key, origin.type)
        known = memory.get(about)
        if known is not None:
            count, lost, _ = known
            self.count += count
            self._lost += lost
            return
        count, before = self.count, len(self._lost)
        self._member(key, item, new, key, origin)
        if MEMBERS.holds(item) and (anew is None or MEMBERS.holds(anew)) and _is_settled(item):
            memory[about] = (self.count - count, self._lost[before:], (item, anew))

    def _compare(self, old: Json, new: Json, at: str, origin: _Origin) -> None:
        if isinstance(old, dict) and isinstance(new, dict):
            for key, item in old.items():
                self._member(key, item, new, f"{at}.{key}", origin)
        elif isinstance(old, list) and isinstance(new, list):
            self.alignments[id(origin.holder), id(old)] = aligned = self._aligned(old, new, origin.holder)
            for i, j in aligned:
                if j is None:
                    self._lose(old[i], origin, item_path(at, i, old[i]))
                else:
                    self._compare(old[i], new[j], item_path(at, i, old[i]), origin)
        elif isinstance(old, (dict, list)) or not same(old, new):
            self._lose(old, origin, at)
        else:
            self.count += 1

    def _member(self, key: str, item: Json, new: Resource, at: str, origin: _Origin) -> None:
        """Compare what an object has under a key with what the new one has there."""
        if key == "reference" and isinstance(item, str) and self._same_target(item, new.get(key), origin.holder):
            self.count += 1
        elif key in new:
            self._compare(item, new[key], at, origin)
        else:
            self._lose(item, origin, at)

    def _same_target(self, old: str, new: Json, within: Resource) -> bool:
        """Whether a reference means the same resource as before; asked once, but where it leads to a contained one."""
        if not isinstance(new, str) or old.startswith("#"):
            return self.same_target(old, new, within)
        known = self._targets.get((old, new))
        if known is None:
            known = self._targets[old, new] = self.same_target(old, new, within)
        return known

    def same_target(self, old: str, new: Json, within: Resource) -> bool:
        """Whether a reference means the same resource as before, made anew."""
        if not isinstance(new, str):
            return False
        target, made = self.before.index.resolve(old, within=within), self.anew(new)
        if target is None or made is None:
            return old == new
        at = next((at for at, contained in _contained(within) if contained is target), "")
        self._pair(target, made, _Origin(within if at else target, target["resourceType"], at))
        return self.pairs.get(id(target)) is made

    def _aligned(self, old: list[Json], new: list[Json], within: Resource) -> list[tuple[int, int | None]]:
        """Each old element with the place of the new one that shares most leaves with it, each new one used once."""
        if len(old) == 1 and len(new) == 1 and _share_text(old[0], new[0]):
            return [(0, 0)]
        free = dict(enumerate(new))
        found: dict[int, int] = {}
        before, after = [_plain_leaves(o) for o in old], [set(_plain_leaves(n)) for n in new]
        scores = sorted(
            (
                (self._shared(o, n, within) + sum(leaf in after[j] for leaf in before[i]), -i, -j)
                for i, o in enumerate(old)
                for j, n in free.items()
            ),
            reverse=True,
        )
        for score, i, j in scores:
            if score > 0 and -i not in found and -j in free:
                del free[-j]
                found[-i] = -j
        return [(i, found.get(i)) for i in range(len(old))]

    def _shared(self, old: Json, new: Json, within: Resource) -> int:
        """How much two elements have in common beside the leaves of objects: that they are equal, or lead to one."""
        if not isinstance(old, dict) or not isinstance(new, dict):
            return 1 if not isinstance(old, list) and same(old, new) else 0
        score = 0
        text = old.get("reference")
        if isinstance(text, str) and isinstance(new.get("reference"), str):
            target, made = (
                self.before.index.resolve(text, within=within),
                self.anew(new["reference"]),
            )
            if target is not None and made is not None and target["resourceType"] == made["resourceType"]:
                score += 2 if self.pairs.get(id(target)) is made else id(target) not in self.pairs
        return score


def _is_settled(member: Json) -> bool:
    """Whether a member is compared in the same way whatever was compared before, and whatever resource it is of."""
    if not isinstance(member, dict) or "reference" not in member:
        return not _refers(member)
    reference, *others = member["reference"], *(item for key, item in member.items() if key != "reference")
    return isinstance(reference, str) and not reference.startswith("#") and not any(map(_refers, others))


def _refers(value: Json) -> bool:
    """Whether there is a reference to a resource anywhere in JSON."""
    if isinstance(value, dict):
        return "reference" in value or any(map(_refers, value.values()))
    return isinstance(value, list) and any(map(_refers, value))


def _share_text(one: Json, other: Json) -> bool:
    """Whether two objects have the same text under the same key."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return False
    return any(type(text) is str and other.get(key) == text for key, text in one.items())


def _plain_leaves(value: Json) -> list[tuple[str, str]]:
    """The leaves of an object as texts, with their paths without positions; none of what is no object."""
    return [(_plain(path), str(leaf)) for path, leaf in leaves(value)] if isinstance(value, dict) else []


@lru_cache(maxsize=1 << 14)  # resources of a type have the same paths
def _plain(path: str) -> str:
    """A path without positions."""
    return "".join(part.partition("]")[2] if i else part for i, part in enumerate(path.split("[")))
