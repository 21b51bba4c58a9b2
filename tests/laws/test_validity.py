"""Whatever the rows, the resources made of them are valid in their release."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from interchange.fhir.validate import check, dangling

from .rows import packages
from .test_rows_come_back import CALM
from .trips import RELEASES, engines, to_fhir

if TYPE_CHECKING:
    from interchange.fhir.elements import Release
    from interchange.sdtm.dataset import Dataset


@pytest.mark.parametrize("release", RELEASES)
@settings(CALM, max_examples=15)
@given(package=packages(3))
def test_resources_of_rows_are_valid(package: list[Dataset], release: Release) -> None:
    resources = to_fhir(package, engines(release))
    issues = [issue for resource in resources for issue in check(resource, release)]
    assert issues == []
    assert dangling(resources) == []


@pytest.mark.parametrize("release", RELEASES)
@settings(CALM, max_examples=8)
@given(package=packages(3))
def test_ids_are_legal_and_unique(package: list[Dataset], release: Release) -> None:
    resources = to_fhir(package, engines(release))
    ids = [(resource["resourceType"], resource["id"]) for resource in resources]
    assert all(re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", id_) for _, id_ in ids)
    assert len(set(ids)) == len(ids)
