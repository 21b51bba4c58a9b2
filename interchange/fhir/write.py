"""FHIR resources to files, NDJSON or a Bundle, and the keys of a resource in the standard's order.

Decimals keep their digits. The same resources give the same bytes. Files appear whole or not at all.
"""

from __future__ import annotations

import uuid
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

import msgspec

from interchange.drafts import draft_of, open_draft
from interchange.fhir.members import MEMBERS
from interchange.fhir.references import name_of
from interchange.issues import Issue, Place, TargetError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from interchange.fhir.elements import Elements

Resource = dict[str, Any]

ENCODE = msgspec.json.Encoder(decimal_format="number").encode
_ARRANGED = MEMBERS.memory()
# A base is needed: in a Bundle, `Patient/1` resolves against the base of the fullUrl of the entry it stands
# in (bundle.html#references); in an entry named urn:uuid it resolves to nothing. RFC 2606 keeps .invalid
# without hosts.
BASE = "http://interchange.invalid/fhir"


def write_ndjson(resources: Iterable[Resource], folder: str | os.PathLike[str]) -> list[Path]:
    """The files written, ``Patient.ndjson`` and so on, sorted; the resources keep their order in each.

    Raises:
        TargetError: the folder cannot be written.
    """
    target = Path(folder)
    written: dict[Path, None] = {}
    with _Drafts() as drafts:
        for resource in resources:
            path = target / f"{resource['resourceType']}.ndjson"
            drafts.file(path).write(ENCODE(resource) + b"\n")
            written[path] = None
    return sorted(written)


def write_bundle(
    resources: Iterable[Resource],
    path: str | os.PathLike[str],
    type: str = "collection",  # noqa: A002
    base: str = BASE,
) -> Path:
    """The file written: one Bundle, one entry a line.

    A resource with an id has the fullUrl ``base/Type/id``, so relative references resolve inside the
    Bundle; one without has a ``urn:uuid`` made from its content. Entries of a transaction or batch carry a
    request: PUT by id, POST without.

    Raises:
        TargetError: the file cannot be written.
    """
    target = Path(path)
    with _Drafts() as drafts:
        file = drafts.file(target)
        file.write(b'{"resourceType":"Bundle","type":' + ENCODE(type))
        opening = b',"entry":[\n'
        for resource in resources:
            file.write(opening + ENCODE(bundle_entry(resource, type, base)))
            opening = b",\n"
        file.write(b"}\n" if opening.startswith(b',"') else b"\n]}\n")
    return target


def bundle_entry(resource: Resource, type: str = "collection", base: str = BASE) -> Resource:  # noqa: A002
    """A Bundle entry that holds a resource.

    >>> bundle_entry({"resourceType": "Patient", "id": "1"})["fullUrl"]
    'http://interchange.invalid/fhir/Patient/1'
    """
    name = name_of(resource)
    url = f"{base}/{name}" if name else f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, ENCODE(resource).decode())}"
    entry = {"fullUrl": url, "resource": resource}
    if type in {"transaction", "batch"}:
        method = "PUT" if name else "POST"
        entry["request"] = {"method": method, "url": name or resource["resourceType"]}
    return entry


def ordered(resource: Mapping[str, Any], table: Elements) -> Resource:
    """A copy with its keys in the order the release defines, at every depth; unknown keys come last.

    >>> from interchange.fhir.elements import elements
    >>> ordered({"gender": "male", "_id": {"id": "s"}, "id": "1", "resourceType": "Patient"}, elements("R5"))
    {'resourceType': 'Patient', 'id': '1', '_id': {'id': 's'}, 'gender': 'male'}
    """
    return in_order(resource, str(resource.get("resourceType", "")), table)


def arranged(resource: Mapping[str, Any], table: Elements) -> Resource:
    """A copy as `ordered` makes it, but for members that resources share: they share them in the copies too."""
    result = {}
    for key, content in _order(str(resource.get("resourceType", "")), tuple(resource), table):
        item = resource[key]
        result[key] = _arranged(item, content, table) if isinstance(item, (dict, list)) else item
    return result


def _arranged(item: Any, content: str, table: Elements) -> Any:
    if not MEMBERS.holds(item):
        return _inner(item, content, table)
    about = (id(item), content, table)
    known = _ARRANGED.get(about)
    if known is None:
        known = _ARRANGED[about] = (_inner(item, content, table), item)
    return known[0]


def in_order(value: Mapping[str, Any], content: str, table: Elements) -> Resource:
    """A copy of an object that is a content, with its keys in the order of the definition, at every depth."""
    result = {}
    for key, inner in _order(content, tuple(value), table):
        item = value[key]
        result[key] = _inner(item, inner, table) if isinstance(item, (dict, list)) else item
    return result


@lru_cache(maxsize=1 << 14)
def _order(content: str, keys: tuple[str, ...], table: Elements) -> tuple[tuple[str, str], ...]:
    """Some keys of a content in the order of its definition, each with its own content; blank for an unknown key."""
    found = {"resourceType": ""} if "resourceType" in keys else {}
    for key, (element, type_) in table.physicals(content).items():
        if key in keys:
            found[key] = type_ if element.choice else element.content
        if (companion := f"_{key}") in keys:
            found[companion] = "Element"
    return tuple((found | {key: "" for key in keys if key not in found}).items())


def _inner(item: Any, content: str, table: Elements) -> Any:
    if isinstance(item, list):
        return [_inner(each, content, table) for each in item]
    if not isinstance(item, dict) or not content:
        return item
    return ordered(item, table) if content == "Resource" else in_order(item, content, table)


class _Drafts:
    """Files written under temporary names beside their targets; the block's end publishes all or none."""

    def __init__(self) -> None:
        self._files: dict[Path, IO[bytes]] = {}

    def file(self, target: Path) -> IO[bytes]:
        """The open draft of a target, begun at the first call."""
        if target not in self._files:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._files[target] = open_draft(target)
        return self._files[target]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        try:
            for file in self._files.values():
                file.close()
            if error is None:
                for target in self._files:
                    draft_of(target).replace(target)
        except OSError as failure:
            error = failure
        if error is not None:
            for target in self._files:
                draft_of(target).unlink(missing_ok=True)
        if isinstance(error, OSError):
            place = Place(str(error.filename or ""))
            message = f"cannot be written ({error.strerror}); nothing was written"
            raise TargetError(Issue("IX-FHIR-020", "error", place, message, "check the path and the room")) from error
