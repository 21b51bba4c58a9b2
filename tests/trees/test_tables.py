"""The element tables of the trees: what they say, and that they know every leaf of real documents."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from interchange.fhir.elements import elements

SHARED = Path(os.environ.get("INTERCHANGE_SHARED") or Path(__file__).parents[3] / "shared") / "data"

# What real files have and USDM 4.0 has not, with how often.
UNKNOWN = {"NCT01750580_clinline.json": {"ExtensionAttribute.extensionAtrtibutes": 3}}


def files(pattern: str) -> list[Path]:
    found = sorted(SHARED.glob(pattern))
    if not found:
        pytest.skip("real documents are not here: set INTERCHANGE_SHARED to the shared reference data")
    return found


def unknown(value, content, table, at):
    """Count what is not in the table, by content and key."""
    for key, item in value.items():
        element = table.child(content, key)
        if element is None:
            at[f"{content}.{key}"] += 1
            continue
        for each in item if isinstance(item, list) else [item]:
            if isinstance(each, dict):
                assert not table.is_primitive(element.types[0]), element.path
                unknown(each, element.content, table, at)
            elif each is not None:
                assert table.is_primitive(element.types[0]), element.path
    return at


def test_a_leaf_has_a_primitive_type_and_a_list_has_no_end():
    table = elements("CTGOV")
    phases = table.child("DesignModule", "phases")
    assert (phases.types, phases.many, phases.binding) == (("code",), True, "Phase")
    assert sorted(table.codes("Phase")) == ["EARLY_PHASE1", "NA", "PHASE1", "PHASE2", "PHASE3", "PHASE4"]
    assert table.child("EnrollmentInfo", "count").types == ("integer",)
    assert table.child("GeoPoint", "lat").types == ("decimal",)
    assert table.child("EligibilityModule", "eligibilityCriteria").types == ("markdown",)
    assert table.child("ArmGroup", "description").types == ("markdown",)
    assert table.child("PartialDateStruct", "date").types == ("date",)


def test_a_path_goes_from_the_root_to_a_leaf():
    table = elements("CTGOV")
    assert table.resource_types() == {"Study"}
    at = "Study"
    for name in ("protocolSection", "designModule", "designInfo", "maskingInfo"):
        at = table.child(at, name).content
    assert at == "MaskingBlock"
    assert [e.name for e in table.children("Criterion")] == ["exclude", "text", "number", "group"]


def test_a_date_may_be_partial():
    pattern = elements("CTGOV").pattern("date")
    import re

    assert all(re.fullmatch(pattern, text) for text in ("2024", "2024-02", "2024-02-29"))
    assert not re.fullmatch(pattern, "2024-13")


def test_a_list_of_several_classes_is_their_union():
    table = elements("USDM")
    assert table.resource_types() == {"Wrapper"}
    assert table.child("StudyVersion", "studyDesigns").content == "StudyDesign"
    names = {e.name for e in table.children("StudyDesign")}
    assert {"arms", "intentTypes", "blindingSchema", "timePerspective", "samplingMethod"} <= names
    assert table.child("ScheduleTimeline", "instances").content == "ScheduledInstance"
    assert {"activityIds", "conditionAssignments"} <= {e.name for e in table.children("ScheduledInstance")}
    assert {"value", "minValue"} <= {e.name for e in table.children("QuantityRange")}


def test_instance_types_are_bound_to_the_classes_that_may_stand_there():
    table = elements("USDM")
    assert table.codes(table.child("StudyArm", "instanceType").binding) == {"StudyArm"}
    assert table.codes(table.child("StudyDesign", "instanceType").binding) == {
        "InterventionalStudyDesign",
        "ObservationalStudyDesign",
    }


@pytest.mark.parametrize("tree", ["CTGOV", "USDM"])
def test_every_type_has_a_content(tree):
    table = elements(tree)
    seen, todo = set(), set(table.resource_types())
    while todo:
        at = todo.pop()
        seen.add(at)
        for element in table.children(at):
            (type_,) = element.types
            assert table.is_primitive(type_) or table.has_content(element.content), element.path
            assert not element.binding or table.codes(element.binding), element.path
            if not table.is_primitive(type_) and element.content not in seen:
                todo.add(element.content)
    assert len(seen) > 70


def test_every_leaf_of_the_registrys_records_is_known():
    found = [*files("ctgov/**/NCT*.json"), *files("nct*/ctgov.json")]
    assert len(found) >= 28
    for file in found:
        assert not unknown(json.loads(file.read_bytes()), "Study", elements("CTGOV"), Counter()), file.name


def test_every_leaf_of_the_usdm_studies_is_known_but_what_is_misspelt():
    for file in files("usdm/*.json"):
        missed = unknown(json.loads(file.read_bytes()), "Wrapper", elements("USDM"), Counter())
        assert missed == UNKNOWN.get(file.name, {}), file.name


def test_the_registrys_table_is_what_its_tool_makes(monkeypatch):
    (schema,) = files("ctgov/study_v2.schema.json")
    (enums,) = files("ctgov/enums*.json")
    root = Path(__file__).parents[2]
    monkeypatch.syspath_prepend(root / "tools")
    import make_tree_tables

    made = make_tree_tables.ctgov(json.loads(schema.read_bytes()), json.loads(enums.read_bytes()))
    assert made == (make_tree_tables.TARGET / "ctgov.json").read_text(encoding="utf-8")
    del sys.modules["make_tree_tables"], sys.modules["make_fhir_tables"]
