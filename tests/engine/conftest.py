from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from interchange.engine.planner import plan_project
from interchange.mapping.load import load_project

if TYPE_CHECKING:
    from interchange.engine.plan import Plan
    from interchange.fhir.elements import Release


@cache
def shipped(release: Release) -> Plan:
    return plan_project(load_project(None, None), release)


@pytest.fixture
def r5() -> Plan:
    """The shipped mappings on R5."""
    return shipped("R5")


@pytest.fixture
def r4b() -> Plan:
    """The shipped mappings on R4B."""
    return shipped("R4B")
