"""What is wrong with resources: by the element table of their release, and by ``fhir.resources``.

The table finds unknown elements, cardinality, JSON types, primitives' text, and codes outside required
value sets. ``fhir.resources`` (R5, R4B) is asked for what is left; its findings at a place the table has
spoken of are dropped. It has no R4 models: R4 resources are laid over R4B's, and what it says of elements
there is dropped as well, the R4 table being the authority. Neither looks at profiles, invariants or
terminology servers.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from interchange.fhir.references import Index, name_of
from interchange.fhir.structure import findings
from interchange.issues import Issue, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from interchange.fhir.elements import Release
    from interchange.fhir.structure import Kind

Resource = dict[str, Any]

CODES: dict[Kind, str] = {
    "type": "IX-VALID-001",
    "unknown": "IX-VALID-002",
    "missing": "IX-VALID-003",
    "cardinality": "IX-VALID-004",
    "json": "IX-VALID-005",
    "text": "IX-VALID-006",
    "code": "IX-VALID-007",
    "choice": "IX-VALID-008",
}
REFEREE = "IX-VALID-010"
DANGLING = "IX-VALID-011"
# What R4B's models say of elements of R4 that R4B dropped, added or turned into lists.
STRUCTURAL = frozenset({"extra_forbidden", "missing", "list_type"})
# R4B's model of Extension lacks the `_valueDateTime` that holds an extension of the value (json.html#primitive).
COMPANION = "._value"


def check(resource: Resource, release: Release, *, place: Place | None = None) -> list[Issue]:
    """The issues of one resource, without values in their messages; ``place`` is where it was read.

    >>> [str(issue) for issue in check({"resourceType": "Patient", "id": "1", "gendr": "male"}, "R5")]
    ['Patient/1 gendr  IX-VALID-002  Patient has no element `gendr` in R5; did you mean `gender`?']
    """
    record = name_of(resource) or str(resource.get("resourceType", ""))
    where = place or Place()
    found = [
        Issue(
            CODES[each.kind],
            "error",
            Place(where.file, where.line, record, each.path),
            each.message,
            each.hint,
            each.value,
        )
        for each in findings(resource, release)
    ]
    if any(issue.code == CODES["type"] for issue in found):
        return found
    spoken = {issue.place.field for issue in found}
    # of a choice given twice, fhir.resources speaks at the element that holds it
    spoken |= {issue.place.field.rpartition(".")[0] for issue in found if issue.code == CODES["choice"]}
    for path, message, detail in _referee(resource, release):
        if not any(path == each or path.startswith((f"{each}.", f"{each}[")) for each in spoken):
            at = Place(where.file, where.line, record, path)
            found.append(Issue(REFEREE, "error", at, message, value=detail))
    return found


def dangling(resources: Iterable[Resource]) -> list[Issue]:
    """An issue for each relative, conditional or ``#`` reference in the set that names no resource of it.

    Absolute URLs, urns, identifiers and canonicals may well point outside a set and are not looked at.
    """
    held = list(resources)
    index = Index()
    for resource in held:
        index.add_resource(resource)
    return [
        Issue(
            DANGLING,
            "warning",
            Place(record=name_of(resource) or "", field=path),
            "the reference names a resource that is not in the set",
            "add the resource, or mend the reference",
            reference,
        )
        for resource in held
        for path, reference in references_in(resource)
        if _local(reference) and index.resolve(reference, within=resource) is None
    ]


def references_in(value: object, at: str = "") -> Iterator[tuple[str, str]]:
    """Each literal reference inside a resource, with its path.

    >>> list(references_in({"subject": {"reference": "Patient/1"}}))
    [('subject.reference', 'Patient/1')]
    """
    if isinstance(value, dict):
        for key, item in value.items():
            path = f"{at}.{key}" if at else key
            if key == "reference" and isinstance(item, str):
                yield path, item
            else:
                yield from references_in(item, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from references_in(item, f"{at}[{index}]")


def _local(reference: str) -> bool:
    return not reference.startswith(("http://", "https://", "urn:"))


def _referee(resource: Mapping[str, object], release: Release) -> Iterator[tuple[str, str, str | None]]:
    """Where and why fhir.resources refuses a resource; it is given JSON text, so decimals stay whole."""
    from pydantic import ValidationError

    try:
        model = _models(release)(str(resource["resourceType"]))
    except (KeyError, ValueError):  # a type of R4 that R4B has no model for; the table has checked it
        return
    text = msgspec.json.Encoder(decimal_format="number").encode(resource)
    try:
        model.model_validate_json(text)
    except ValidationError as refused:
        for error in refused.errors(include_input=False, include_url=False, include_context=False):
            path = _path(error["loc"])
            unknown = error["type"] == "extra_forbidden" and COMPANION in path
            if not unknown and (release != "R4" or error["type"] not in STRUCTURAL):
                yield path, f"fhir.resources refuses it: {error['type']}", error["msg"]
    except KeyError:  # raised bare for a contained type without a model; the table has named it
        yield "contained", "fhir.resources has no model for a contained resource", None


def to_model(resource: Mapping[str, object], release: Release) -> Any:
    """Return a resource as a model of fhir.resources, R4 as R4B; pydantic's ValidationError where it refuses.

    Decimals lose trailing zeros and ``+00:00`` becomes ``Z`` in these models.
    """
    text = msgspec.json.Encoder(decimal_format="number").encode(resource)
    return _models(release)(str(resource["resourceType"])).model_validate_json(text)


@cache
def _models(release: Release) -> Callable[[str], Any]:
    if release == "R5":
        from fhir.resources import get_fhir_model_class

        return get_fhir_model_class
    from fhir.resources.R4B import get_fhir_model_class as get_r4b_model_class

    return get_r4b_model_class


def _path(loc: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")
