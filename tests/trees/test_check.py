from __future__ import annotations

from decimal import Decimal

from interchange.issues import Issues, Place
from interchange.trees.check import check_document
from interchange.trees.documents import Document

PLACE = Place("trial.json", record="NCT00000001")


def checked(tree, content):
    issues = Issues()
    check_document(Document(tree, content, PLACE), issues)
    return list(issues)


def record(**modules):
    return {"protocolSection": {"identificationModule": {"nctId": "NCT00000001"}, **modules}}


def test_a_record_that_fits_says_nothing():
    content = record(
        designModule={"phases": ["PHASE1", "PHASE2"], "enrollmentInfo": {"count": 3}},
        contactsLocationsModule={"locations": [{"geoPoint": {"lat": Decimal("1.50"), "lon": 2}}]},
        statusModule={"startDateStruct": {"date": "2024-02"}},
    )
    assert checked("CTGOV", content) == []


def test_an_unknown_code_is_counted_by_value():
    arms = [{"type": "NEW_KIND"}, {"type": "NEW_KIND"}, {"type": "OTHER_KIND"}, {"type": "EXPERIMENTAL"}]
    first, second = checked("CTGOV", record(armsInterventionsModule={"armGroups": arms}))
    assert (first.code, first.severity, first.value) == ("IX-TREE-016", "warning", "NEW_KIND")
    assert "(2 times): it is kept as it is" in first.message
    assert "NEW_KIND" not in str(first)
    assert str(first.place) == "trial.json NCT00000001 ArmGroup.type"
    assert second.value == "OTHER_KIND"
    assert "(1 time)" in second.message


def test_an_unknown_element_is_counted_and_the_nearest_is_named():
    (issue,) = checked("CTGOV", record(conditionsModule={"conditons": ["Flu"]}))
    assert issue.code == "IX-TREE-015"
    assert issue.message == (
        "ConditionsModule has no element `conditons` in CTGOV (1 time): it is kept in the remainder"
    )
    assert issue.hint == "did you mean `conditions`?"


def test_a_value_of_another_kind_is_counted():
    content = record(
        designModule={"phases": "PHASE1", "enrollmentInfo": {"count": "3"}},
        statusModule={"startDateStruct": {"date": "soon"}},
    )
    found = checked("CTGOV", content)
    assert {issue.code for issue in found} == {"IX-TREE-017"}
    assert [issue.place.field for issue in found] == [
        "DesignModule.phases",
        "EnrollmentInfo.count",
        "PartialDateStruct.date",
    ]


def test_nulls_empty_texts_and_missing_elements_are_no_finding():
    study = {"id": None, "name": "S", "label": "", "documentedBy": [], "versions": [{"notes": [], "titles": [{}]}]}
    assert checked("USDM", {"usdmVersion": "4.0", "study": study}) == []


def test_another_class_than_may_stand_there_is_found():
    version = {"instanceType": "StudyVersion", "studyDesigns": [{"instanceType": "StudyDesign"}]}
    (issue,) = checked("USDM", {"usdmVersion": "4.0", "study": {"instanceType": "Study", "versions": [version]}})
    assert (issue.code, issue.place.field) == ("IX-TREE-016", "StudyDesign.instanceType")
