"""The laws of tree mappings, on random documents: what comes back, what is valid, what is the same each time."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interchange.fhir.structure import findings
from interchange.mapping.load import load_project
from interchange.trees.build import trees_of
from interchange.trees.carry import fhir_to_trees, tree_to_fhir
from interchange.trees.plan import ready_tree
from interchange.trees.remainder import difference, merged

from .documents import documents

if TYPE_CHECKING:
    from interchange.trees.plan import PlannedTree

PROJECT = load_project()
SECTION = "protocolSection"


def plan(tree: str, release: str) -> PlannedTree:
    return ready_tree(PROJECT, trees_of(PROJECT)[tree], release)


def named(section: dict[str, Any]) -> dict[str, Any]:
    section = deepcopy(section)
    section.setdefault("identificationModule", {})["nctId"] = "NCT00000001"
    return {SECTION: section}


RECORDS = documents("CTGOV", "ProtocolSection", 3).map(named)


@pytest.mark.parametrize("release", ["R4", "R4B", "R5"])
@given(data=st.data())
@settings(max_examples=25)
def test_a_record_comes_back_with_its_remainder_from_fhir_that_fits(release, data) -> None:
    record = data.draw(RECORDS)
    planned = plan("CTGOV", release)
    before = deepcopy(record)
    made = tree_to_fhir(planned, record)
    assert record == before
    assert [str(found) for resource in made for found in findings(resource, release) if found.kind != "missing"] == []
    [(key, back)] = fhir_to_trees(planned, made)
    assert key == "NCT00000001"
    assert merged(back, difference(record, back)) == (record, [])


@given(record=RECORDS)
@settings(max_examples=25)
def test_what_comes_back_goes_there_the_same_again(record) -> None:
    planned = plan("CTGOV", "R5")
    made = tree_to_fhir(planned, record)
    [(_, back)] = fhir_to_trees(planned, made)
    again = tree_to_fhir(planned, back)
    [(_, twice)] = fhir_to_trees(planned, again)
    assert twice == back
