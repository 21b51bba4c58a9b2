from __future__ import annotations

from typing import TYPE_CHECKING, Any

from interchange.engine.backward import Backward
from interchange.engine.forward import Forward
from interchange.issues import Issues

if TYPE_CHECKING:
    from interchange.engine.plan import Plan

Row = dict[str, str]
DM: Row = {"STUDYID": "S1", "DOMAIN": "DM", "USUBJID": "S1-001", "SUBJID": "001", "SEX": "F"}


def convert(plan: Plan, issues: Issues | None = None, **datasets: list[Row]) -> dict[str, Any]:
    """Resources by type and id."""
    back = Backward(plan, Forward(plan), issues=issues)
    return {f"{r['resourceType']}/{r['id']}": r for r in back.convert(datasets)}


def test_a_row_of_dm_makes_subject_person_and_study(r5: Plan) -> None:
    made = convert(r5, DM=[DM])
    assert list(made) == ["ResearchSubject/S1-001", "ResearchStudy/S1", "Patient/S1-001"]
    assert made["ResearchSubject/S1-001"]["study"] == {"reference": "ResearchStudy/S1"}
    assert made["ResearchSubject/S1-001"]["subject"] == {"reference": "Patient/S1-001"}
    assert made["Patient/S1-001"]["gender"] == "female"
    assert "extension" not in made["Patient/S1-001"]
    assert "extension" not in made["ResearchSubject/S1-001"]


def test_r4b_has_its_own_names(r4b: Plan) -> None:
    subject = convert(r4b, DM=[DM])["ResearchSubject/S1-001"]
    assert subject["individual"] == {"reference": "Patient/S1-001"}
    assert "subject" not in subject
    assert subject["status"] == "on-study"


def test_a_cell_without_a_home_is_kept_beside_the_row(r5: Plan) -> None:
    subject = convert(r5, DM=[DM | {"SEX": "f", "ZZ": "1"}])["ResearchSubject/S1-001"]
    assert subject["extension"][0]["extension"] == [
        {"url": "row", "valueString": "DM/subject"},
        {"url": "SEX", "valueString": "f"},
        {"url": "ZZ", "valueString": "1"},
    ]


def test_a_domain_without_a_mapping_is_an_issue(r5: Plan) -> None:
    issues = Issues()
    assert convert(r5, issues, ZZ=[{"STUDYID": "S1"}]) == {}
    assert [str(issue.code) for issue in issues] == ["IX-MAP-020"]


def test_a_second_row_of_the_same_keys_is_an_issue(r5: Plan) -> None:
    issues = Issues()
    made = convert(r5, issues, DM=[DM, DM])
    assert {"ResearchSubject/S1-001", "ResearchSubject/S1-001-2"} <= set(made)
    assert [issue.code for issue in issues] == ["IX-KEY-002"]
    assert issues.found[0].place.record == "DM row 2"


def test_a_row_without_its_own_key_is_kept_whole_and_told(r5: Plan) -> None:
    issues = Issues()
    made = convert(r5, issues, DM=[{"STUDYID": "S1", "SEX": "F"}])
    assert list(made) == ["ResearchStudy/S1"]
    assert [issue.code for issue in issues] == ["IX-KEY-003"]


def test_a_row_without_a_study_is_lost_and_told(r5: Plan) -> None:
    issues = Issues()
    back = Backward(r5, Forward(r5), issues=issues)
    assert back.convert({"TE": [{"ETCD": "SCRN"}]}) == []
    assert back.lost == [("TE", {"ETCD": "SCRN"})]
    assert [issue.code for issue in issues] == ["IX-KEY-001"]


def test_every_study_is_there_before_rows_settle(r5: Plan) -> None:
    """A study that only a later domain names must not fill null flavors into an empty TS."""
    back = Backward(r5, Forward(r5))
    back.convert({"TS": [], "TA": [{"STUDYID": "S1"}]})
    assert back.settled["TS"].written == []
    assert back.issues.counts["IX-LAW-001"] == 0


def test_a_domain_that_was_not_given_is_absent(r5: Plan) -> None:
    made = convert(r5, DM=[DM])
    urls = [e["extension"][0]["valueString"] for e in made["ResearchStudy/S1"]["extension"]]
    assert urls == ["TS/SDTIGVER", "TS/SDTMVER", "TS/nulls"]


def test_a_row_whose_element_stays_empty_is_kept_whole(r5: Plan) -> None:
    row = {"STUDYID": "S1", "DOMAIN": "TA", "ARMCD": "A", "ARM": "Arm A", "TAETORD": "1"}
    resources = convert(r5, TA=[row]).values()
    (study,) = (r for r in resources if r["resourceType"] == "ResearchStudy")
    (kept,) = (e for e in study["extension"] if e["url"].endswith("sdtm-row"))
    assert {p["url"]: p.get("valueString") for p in kept["extension"][1:]} == row


TS: Row = {"STUDYID": "S1", "DOMAIN": "TS"}
KIND = "http://hl7.org/fhir/StructureDefinition/annotationType"


def notes(study: Any) -> list[tuple[str, Any]]:
    """Code and text of each note of a study."""
    return [(n["extension"][0]["valueCodeableConcept"]["coding"][0]["code"], n.get("text")) for n in study["note"]]


def test_a_parameter_without_a_home_is_a_note_of_the_study(r5: Plan) -> None:
    rows = [TS | {"TSPARMCD": "DOSE", "TSPARM": "Dose per Administration", "TSVAL": text} for text in ("54", "81")]
    study = convert(r5, TS=rows)["ResearchStudy/S1"]
    assert notes(study) == [("DOSE", "54"), ("DOSE", "81")]
    assert study["note"][0]["extension"][0]["url"] == KIND


def test_a_value_that_its_home_cannot_hold_or_has_another_of_is_a_note(r5: Plan) -> None:
    rows = [
        TS | {"TSPARMCD": "AGEMAX", "TSVAL": "No maximum"},
        TS | {"TSPARMCD": "TITLE", "TSVAL": "One"},
        TS | {"TSPARMCD": "TITLE", "TSVAL": "Two"},
    ]
    study = convert(r5, TS=rows)["ResearchStudy/S1"]
    assert study["title"] == "One"
    assert notes(study) == [("AGEMAX", "No maximum"), ("TITLE", "Two")]


def test_a_null_flavor_that_does_not_come_by_itself_is_a_note_without_a_text(r5: Plan) -> None:
    study = convert(r5, TS=[TS | {"TSPARMCD": "DOSE", "TSVALNF": "NA"}])["ResearchStudy/S1"]
    flavor = {"url": "http://hl7.org/fhir/StructureDefinition/iso21090-nullFlavor", "valueCode": "NA"}
    assert notes(study) == [("DOSE", None)]
    assert study["note"][0]["_text"] == {"extension": [flavor]}


AE: Row = {"STUDYID": "S1", "DOMAIN": "AE", "USUBJID": "S1-001", "AESEQ": "1", "AETERM": "HEADACHE"}


def whole(made: dict[str, Any]) -> list[Any]:
    """The rows that are kept whole at the study."""
    return [e for e in made["ResearchStudy/S1"]["extension"] if e["url"].endswith("/sdtm-row")]


def relation(value: str, relid: str = "R1", **more: str) -> Row:
    row = {"STUDYID": "S1", "RDOMAIN": "AE", "USUBJID": "S1-001", "IDVAR": "AESEQ", "IDVARVAL": value, "RELID": relid}
    return row | more


def test_a_relationship_is_a_list_of_the_records_that_there_are(r5: Plan) -> None:
    made = convert(r5, DM=[DM], AE=[AE, AE | {"AESEQ": "2"}], RELREC=[relation("1"), relation("2"), relation("9")])
    found = made["List/S1-001-relationship-R1"]
    assert [entry["item"] for entry in found["entry"]] == [
        {"reference": "AdverseEvent/S1-001-AE-1"},
        {"reference": "AdverseEvent/S1-001-AE-2"},
    ]
    assert len(whole(made)) == 1


def test_a_relationship_of_datasets_is_kept_at_the_study(r5: Plan) -> None:
    issues = Issues()
    rows = [{"STUDYID": "S1", "RDOMAIN": d, "IDVAR": f"{d}LNKID", "RELTYPE": "ONE", "RELID": "1"} for d in ("AE", "CM")]
    made = convert(r5, issues, DM=[DM], AE=[AE], RELREC=rows)
    assert not any(name.startswith("List/") for name in made)
    assert len(whole(made)) == 2
    assert list(issues) == []
