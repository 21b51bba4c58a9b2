"""What a FHIR reference points at, among the resources at hand (https://hl7.org/fhir/references.html).

All resources are taken to come from one server: two with the same type and id are one and the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from interchange.fhir.read import Record

Resource = dict[str, Any]


class Index:
    """The resources seen so far, found again by every form of reference; ``behind`` is where else to look.

    >>> index = Index()
    >>> index.add_resource({"resourceType": "Patient", "id": "1"}, "urn:uuid:7d0c")
    >>> index.resolve("urn:uuid:7d0c")["id"], index.resolve("Patient/1/_history/2")["id"]
    ('1', '1')
    """

    def __init__(self, behind: Index | None = None) -> None:
        self._behind = behind
        self._by_url: dict[str, Resource] = {}
        self._by_name: dict[str, Resource] = {}
        self._by_identifier: dict[tuple[str, str], list[Resource]] = {}
        self._by_canonical: dict[str, list[Resource]] = {}
        self._known: dict[str, Resource] = {}  # what texts that stand alone were found to mean

    def add(self, record: Record) -> None:
        """Take in a record as it was read."""
        self.add_resource(record.resource, record.full_url)

    def add_resource(self, resource: Resource, full_url: str | None = None) -> None:
        """Take in a resource, with the fullUrl of its entry if it has one; the first of a name stays."""
        self._known.clear()
        if full_url:
            self._by_url.setdefault(full_url, resource)
        if identity := name_of(resource):
            self._by_name.setdefault(identity, resource)
        for system, value in _identifiers(resource):
            self._by_identifier.setdefault((system, value), []).append(resource)
        if isinstance(canonical := resource.get("url"), str):
            self._by_canonical.setdefault(canonical, []).append(resource)

    def resolve(self, reference: object, *, within: Resource | None = None) -> Resource | None:
        """The resource a Reference, CodeableReference or reference text points at; None if not at hand.

        ``within`` is the resource the reference stands in; it is needed for ``#contained``. An identifier
        or a condition that several resources match resolves to none of them.
        """
        text = reference.get("reference") if type(reference) is dict else reference
        if type(text) is str and (known := self._known.get(text)) is not None:
            return known
        found = self._resolve(reference, within)
        if found is None and self._behind is not None:
            found = self._behind.resolve(reference, within=within)
        if found is not None and type(text) is str and not text.startswith("#"):
            self._known[text] = found
        return found

    def _resolve(self, reference: object, within: Resource | None) -> Resource | None:
        if isinstance(reference, str):
            return self._text(reference, within)
        if not isinstance(reference, (dict, Mapping)):  # a dict is recognised at once
            return None
        target = reference.get("reference")
        if target is not None:
            return self._resolve(target, within)
        identifier = reference.get("identifier")
        if isinstance(identifier, Mapping):
            wanted = reference.get("type")
            return self._identified(wanted, identifier.get("system", ""), identifier.get("value"))
        return None

    def _text(self, text: str, within: Resource | None) -> Resource | None:
        if text.startswith("#"):
            return _contained(text[1:], within)
        kind, question, condition = text.partition("?")
        if question and condition.startswith("identifier="):
            system, bar, value = condition.removeprefix("identifier=").partition("|")
            return self._identified(kind, system, value) if bar else self._identified(kind, None, system)
        plain = text.partition("/_history/")[0]
        found = self._by_url.get(plain) or self._by_name.get(plain) or self._canonical(text)
        return found or self._by_name.get("/".join(plain.split("/")[-2:]))

    def _canonical(self, text: str) -> Resource | None:
        """The resource of a canonical, the newest if no version is asked for (references.html#canonical)."""
        plain = text.partition("#")[0]
        url, _, version = plain.partition("|")
        found = [r for r in self._by_canonical.get(url, ()) if not version or _has_version(r, version)]
        return max(found, key=lambda resource: _version_key(resource.get("version")), default=None)

    def _identified(self, kind: object, system: object, value: object) -> Resource | None:
        if system is None:
            pairs = [pair for pair in self._by_identifier if pair[1] == value]
        else:
            pairs = [(str(system), str(value))]
        found = [r for pair in pairs for r in self._by_identifier.get(pair, ())]
        found = [r for r in found if not kind or r.get("resourceType") == kind]
        return found[0] if len(found) == 1 else None


def name_of(resource: Mapping[str, Any]) -> str | None:
    """The ``Type/id`` of a resource, or None where it lacks one of the two.

    >>> name_of({"resourceType": "Patient", "id": "1"})
    'Patient/1'
    """
    kind, id_ = resource.get("resourceType"), resource.get("id")
    return f"{kind}/{id_}" if kind and id_ else None


def _identifiers(resource: Resource) -> list[tuple[str, str]]:
    found = resource.get("identifier")
    listed = found if isinstance(found, list) else [found]
    given = [each for each in listed if isinstance(each, (dict, Mapping))]
    return [(str(each.get("system", "")), str(each["value"])) for each in given if each.get("value")]


def _contained(id_: str, within: Resource | None) -> Resource | None:
    if within is None or not id_:
        return within
    contained = within.get("contained")
    held = contained if isinstance(contained, list) else []
    return next((r for r in held if isinstance(r, dict) and r.get("id") == id_), None)


def _has_version(resource: Resource, version: str) -> bool:
    """Whether it is that version or, for an asked ``1.2``, one of its patches such as ``1.2.4``."""
    stated = str(resource.get("version", ""))
    return stated == version or stated.startswith(f"{version}.")


def _version_key(version: object) -> tuple[tuple[int, int | str], ...]:
    parts = str(version or "").replace("-", ".").split(".")
    return tuple((1, int(part)) if part.isdigit() else (0, part) for part in parts)
