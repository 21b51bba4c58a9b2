"""Law L6: each leaf of FHIR comes back from the rows, or stands in the ledger with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ..referees.accounts import audit  # noqa: TID252  # tests are no package of their own
from .resources import Resource, foreign
from .test_rows_come_back import CALM
from .trips import BOTH, engines, to_fhir, to_sdtm

if TYPE_CHECKING:
    from interchange.engine.ledger import Ledger
    from interchange.fhir.elements import Release
    from interchange.runners.engines import Engine


def assert_accounted(before: list[Resource], after: list[Resource], ledger: Ledger) -> None:
    """What the ledger does not name stands in one of the resources that were made anew, and the ledger names no more."""
    found = audit(before, after, ledger)
    assert found.homeless == []
    assert found.unknown == []
    assert (ledger.leaves, len(ledger.losses)) == (found.leaves, found.named)
    assert all(loss.reason for loss in ledger.losses)


@pytest.mark.parametrize(("release", "engine"), BOTH)
@settings(CALM, max_examples=15)
@given(data=st.data())
def test_every_leaf_comes_back_or_is_in_the_ledger(release: Release, engine: Engine, data: st.DataObject) -> None:
    own = engines(release, engine)
    resources = data.draw(foreign(release))
    made = to_sdtm(resources, own, ledger=True)
    assert made.ledger is not None
    assert_accounted(resources, to_fhir(made.datasets, own), made.ledger)
