"""The laws of foreign resources of every type that a mapping reads: L2, their rows settle; L6, no leaf is lost in silence.

Resources are drawn in the shape of the plan: the elements that rules look at, with codes that they know, wrong JSON
now and then, and references between them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..engine.shaped import Shapes, seeded  # noqa: TID252  # tests are no package of their own
from .test_nothing_silent import assert_accounted
from .test_rows_come_back import CALM
from .test_second_trip import assert_settled
from .trips import engines, to_fhir, to_sdtm

if TYPE_CHECKING:
    from interchange.fhir.elements import Release
    from interchange.runners.engines import Engine

    from .trips import Resource

SEEDS = st.integers(0, 2**32)
ALWAYS = {"ResearchStudy", "ResearchSubject", "Patient"}  # without them there are no rows to settle
SOME = 7  # types that one example has; over the examples it is each of them several times


@cache
def shapes(release: Release) -> Shapes:
    return Shapes(engines(release, "compiled").plan)


def drawn(release: Release, seed: int) -> list[Resource]:
    random = seeded(seed)
    resources = shapes(release).resources(random)
    types = ALWAYS | set(random.sample(sorted(shapes(release).types), SOME))
    return [resource for resource in resources if resource["resourceType"] in types]


@pytest.mark.parametrize(
    ("release", "engine"), [("R5", "compiled"), ("R4B", "compiled"), ("R4", "compiled"), ("R5", "interpreted")]
)
@settings(CALM, max_examples=14)
@given(seed=SEEDS)
def test_rows_of_resources_settle_and_every_leaf_is_accounted_for(release: Release, engine: Engine, seed: int) -> None:
    resources, own = drawn(release, seed), engines(release, engine)
    assert_settled(resources, release, engine)
    made = to_sdtm(resources, own, ledger=True)
    assert made.ledger is not None
    assert_accounted(resources, to_fhir(made.datasets, own), made.ledger)


def test_every_type_that_makes_rows_is_drawn() -> None:
    for release in ("R5", "R4B"):
        planned = engines(release, "compiled").plan.mappings.values()
        assert {source.resource for mapping in planned for source in mapping.sources} - {"Basic"} <= set(
            shapes(release).types
        )
