"""Law L6: each leaf of FHIR comes back from the rows, or stands in the ledger with a reason."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interchange.engine.ledger import Ledger, leaves

from .resources import Resource, foreign
from .test_rows_come_back import CALM
from .trips import BOTH, engines, to_fhir, to_sdtm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from interchange.fhir.elements import Release
    from interchange.runners.engines import Engine


def walk(value: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each leaf with the keys on the way to it, positions left out."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, (*at, key))
    elif isinstance(value, list):
        for item in value:
            yield from walk(item, at)
    else:
        yield at, "(reference)" if at[-1] == "reference" else f"{type(value).__name__} {value}"


def left(resource: Resource, lost: set[str]) -> Counter[tuple[tuple[str, ...], str]]:
    """The leaves of a resource that the ledger does not name."""
    paths = [path for path, _ in leaves(resource)]
    kept = zip(paths, walk(resource), strict=True)
    return Counter(leaf for path, leaf in kept if path not in lost and path != "resourceType")


def assert_accounted(before: list[Resource], after: list[Resource], ledger: Ledger) -> None:
    """What the ledger does not name stands in one of the resources of the same type that were made anew."""
    lost: dict[str, set[str]] = {}
    for loss in ledger.losses:
        assert loss.reason
        lost.setdefault(loss.resource, set()).add(loss.element)
    total = 0
    for resource in before:
        name = f"{resource['resourceType']}/{resource['id']}"
        total += sum(path != "resourceType" for path, _ in leaves(resource))
        wanted = left(resource, lost.get(name, set()))
        others = [left(o, set()) for o in after if o["resourceType"] == resource["resourceType"]]
        assert not wanted or any(wanted <= other for other in others), (name, wanted)
    assert ledger.leaves == total
    assert ledger.kept == total - sum(map(len, lost.values()))


@pytest.mark.parametrize(("release", "engine"), BOTH)
@settings(CALM, max_examples=15)
@given(data=st.data())
def test_every_leaf_comes_back_or_is_in_the_ledger(release: Release, engine: Engine, data: st.DataObject) -> None:
    own = engines(release, engine)
    resources = data.draw(foreign(release))
    made = to_sdtm(resources, own, ledger=True)
    assert made.ledger is not None
    assert_accounted(resources, to_fhir(made.datasets, own), made.ledger)
