"""Made resources under the names of their originals, and without the numbers that only order rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from interchange.engine.residual import ORDER, ROW

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

Json = Any
Resource = dict[str, Any]


def renamed(value: Json, names: Mapping[str, str]) -> Json:
    """Return a copy of JSON in which references name originals; ``names`` are those of originals by made name.

    >>> renamed({"subject": {"reference": "Patient/S-1"}}, {"Patient/S-1": "Patient/p"})
    {'subject': {'reference': 'Patient/p'}}
    """
    if isinstance(value, dict):
        copy = {key: renamed(item, names) for key, item in value.items()}
        text = copy.get("reference")
        if isinstance(text, str):
            copy["reference"] = names.get(text, text)
        return copy
    return [renamed(item, names) for item in value] if isinstance(value, list) else value


def unnumbered(value: Json, kept: Collection[str]) -> Json:
    """Return a copy of JSON without the places of rows; ``kept`` are the URLs of extensions that keep rows."""
    if isinstance(value, dict):
        copy = {key: unnumbered(item, kept) for key, item in value.items()}
        if copy.get("extension") == [] != value["extension"]:
            del copy["extension"]
        return copy
    if isinstance(value, list):
        items = (_unnumbered(unnumbered(item, kept), kept) for item in value)
        return [item for item in items if item is not None]
    return value


def _unnumbered(item: Json, kept: Collection[str]) -> Json:
    """An extension without the place of its row; nothing where that was all it said."""
    if not isinstance(item, dict) or item.get("url") not in kept or not isinstance(item.get("extension"), list):
        return item
    parts = [part for part in item["extension"] if not (isinstance(part, dict) and part.get("url") == ORDER)]
    says = any(isinstance(part, dict) and part.get("url") != ROW for part in parts)
    return item | {"extension": parts} if says else None


def has_order(value: Json, kept: Collection[str]) -> bool:
    """Whether an extension somewhere in JSON keeps the place of a row."""
    return any(
        isinstance(part, dict) and part.get("url") == ORDER
        for extension in _extensions(value)
        if extension.get("url") in kept and isinstance(extension.get("extension"), list)
        for part in extension["extension"]
    )


def _extensions(value: Json) -> Iterator[Resource]:
    """Yield every extension in JSON."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "extension" and isinstance(item, list):
                yield from (each for each in item if isinstance(each, dict))
            yield from _extensions(item)
    elif isinstance(value, list):
        for item in value:
            yield from _extensions(item)
