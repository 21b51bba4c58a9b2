"""Law L2: whoever has gone to the other side and back once does not change any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .resources import Resource, disturbed, foreign
from .rows import packages
from .test_rows_come_back import CALM, qualifiers_without, without
from .trips import BOTH, ENGINES, RELEASES, canonical, convert, engines, to_fhir, to_sdtm

if TYPE_CHECKING:
    from interchange.fhir.elements import Release
    from interchange.runners.engines import Engine
    from interchange.sdtm.dataset import Dataset


@pytest.mark.parametrize(("release", "engine"), BOTH)
@settings(CALM, max_examples=10)
@given(package=packages(3))
def test_resources_of_rows_are_made_again_alike(package: list[Dataset], release: Release, engine: Engine) -> None:
    own = engines(release, engine)
    once = to_fhir(package, own)
    assert canonical(to_fhir(to_sdtm(once, own).datasets, own)) == canonical(once)


def assert_settled(resources: list[Resource], release: Release, engine: Engine) -> None:
    """Rows of foreign resources are those of the resources made of them; rows without STUDYID are lost, and told."""
    own = engines(release, engine)
    rows = to_sdtm(resources, own).datasets
    made = convert(rows, own)
    assert all("STUDYID" not in row for _, row in made.lost)
    again = {d.name: d.rows for d in to_sdtm(made.resources, own).datasets}
    for dataset in rows:
        lost = [row for name, row in made.lost if name == dataset.name.removeprefix("SUPP")]
        left = qualifiers_without if dataset.name.startswith("SUPP") else without
        assert again.get(dataset.name, []) == left(dataset.rows, lost)


@pytest.mark.parametrize(("release", "engine"), BOTH)
@settings(CALM, max_examples=15)
@given(data=st.data())
def test_rows_of_foreign_resources_come_back(release: Release, engine: Engine, data: st.DataObject) -> None:
    assert_settled(data.draw(foreign(release)), release, engine)


@pytest.mark.parametrize("engine", ENGINES)
@settings(CALM, max_examples=15)
@given(data=st.data())
def test_rows_of_wild_resources_come_back(engine: Engine, data: st.DataObject) -> None:
    """JSON of the wrong kind in places is read as far as it can be, and what came of it settles too."""
    release = data.draw(st.sampled_from(RELEASES))
    assert_settled(data.draw(disturbed(release, wild=True)), release, engine)
