from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interchange.engine.bench import ResourceBench, fill_template, make_id
from interchange.engine.plan import EntityRef

if TYPE_CHECKING:
    from interchange.engine.plan import Plan

ARM = EntityRef("arm", "linkId", ("ARMCD", "ARM"), ("ARMCD", "ARM"))
ROW = {"STUDYID": "S1", "USUBJID": "S1-1", "ARMCD": "Pbo", "ARM": "Placebo"}
cells = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=90)


@pytest.mark.parametrize(
    ("template", "row", "id_"),
    [
        ("$USUBJID", {"USUBJID": "01-701-1015"}, "01-701-1015"),
        ("$STUDYID-arm-$ARMCD", {"STUDYID": "S1", "ARMCD": "Pbo"}, "S1-arm-Pbo"),
        ("$USUBJID", {}, None),
        ("$USUBJID", {"USUBJID": "a" * 64}, "a" * 64),
    ],
)
def test_an_id_is_made_of_keys(template: str, row: dict[str, str], id_: str | None) -> None:
    assert make_id(template, row) == id_


@given(cells, cells)
def test_ids_are_legal_and_two_keys_never_share_one(one: str, two: str) -> None:
    ids = [
        make_id("$STUDYID-arm-$ARMCD", {"STUDYID": one, "ARMCD": two}) or "" for one, two in ((one, two), (two, one))
    ]
    assert all(re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", id_) for id_ in ids)
    assert (ids[0] == ids[1]) == (one == two)


def test_keys_that_hold_the_template_s_text_do_not_share_an_id() -> None:
    one = make_id("$STUDYID-arm-$ARMCD", {"STUDYID": "S", "ARMCD": "B-arm-C"})
    assert one != make_id("$STUDYID-arm-$ARMCD", {"STUDYID": "S-arm-B", "ARMCD": "C"})


def test_a_constant_may_hold_cells() -> None:
    assert fill_template("EPOCH-$EPOCH", "title", {"EPOCH": "A B"}) == "EPOCH-A B"
    assert fill_template("EPOCH-$EPOCH", "linkId", {"EPOCH": "AB"}) == "EPOCH-AB"
    assert fill_template("EPOCH-$EPOCH", "title", {}) is None


def test_an_entity_is_made_once(r5: Plan) -> None:
    bench = ResourceBench(r5)
    study = bench.follow("study", ROW)
    assert study == {
        "resourceType": "ResearchStudy",
        "id": "S1",
        "identifier": [{"system": "urn:cdisc:sdtm:STUDYID", "value": "S1"}],
        "status": "active",
    }
    assert bench.follow("study", ROW) is study
    assert list(bench.resources) == [("ResearchStudy", "S1")]


def test_without_keys_there_is_no_entity(r5: Plan) -> None:
    bench = ResourceBench(r5)
    assert bench.follow("study", {"USUBJID": "1"}) is None
    assert bench.resources == {}


def test_a_row_s_own_resource_has_an_id_of_its_own(r5: Plan) -> None:
    bench = ResourceBench(r5)
    first = bench.anchor("ResearchSubject", "$USUBJID", ROW)
    second = bench.anchor("ResearchSubject", "$USUBJID", ROW)
    assert first == ({"resourceType": "ResearchSubject", "id": "S1-1"}, False)
    assert second == ({"resourceType": "ResearchSubject", "id": "S1-1-2"}, True)
    assert bench.anchor("ResearchSubject", "$USUBJID", {}) is None


def test_a_reference_is_made_to_an_entity(r5: Plan) -> None:
    bench = ResourceBench(r5)
    ref = EntityRef("subject", "", ("USUBJID",), ("USUBJID",))
    assert bench.refer(ref, ROW) == {"reference": "Patient/S1-1"}
    assert bench.refer(ref, {}) is None


def test_a_link_is_made_to_an_element_of_the_study(r5: Plan) -> None:
    bench = ResourceBench(r5)
    assert bench.refer(ARM, ROW) == "ARMCD.Pbo"
    assert bench.refer(ARM, ROW) == "ARMCD.Pbo"
    assert bench.resources["ResearchStudy", "S1"]["comparisonGroup"] == [{"name": "Placebo", "linkId": "ARMCD.Pbo"}]


def test_an_arm_without_a_name_has_its_code(r5: Plan) -> None:
    bench = ResourceBench(r5)
    bench.refer(ARM, {"STUDYID": "S1", "ARMCD": "Pbo"})
    assert bench.resources["ResearchStudy", "S1"]["comparisonGroup"] == [{"linkId": "ARMCD.Pbo", "name": "Pbo"}]


def test_a_link_under_other_variables(r5: Plan) -> None:
    bench = ResourceBench(r5)
    actual = EntityRef("arm", "linkId", ("ARMCD", "ARM"), ("ACTARMCD", "ACTARM"))
    row = {"STUDYID": "S1", "ARMCD": "Pbo", "ACTARMCD": "Hi", "ACTARM": "High"}
    assert bench.refer(actual, row) == "ARMCD.Hi"
