"""The FHIR that rows become is what a reader of FHIR looks for, in R5 and as R4B has it: one small trial, literally."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from interchange.sdtm.dataset import Dataset, Variable

from ..laws.trips import RELEASES, engines, to_fhir, to_sdtm  # noqa: TID252  # tests are no package of their own

if TYPE_CHECKING:
    from interchange.fhir.elements import Release

Resource = dict[str, Any]
UCUM = "http://unitsofmeasure.org"
NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"
FIVE = "http://hl7.org/fhir/5.0/StructureDefinition/extension-"
TRANSLATION = "http://hl7.org/fhir/StructureDefinition/iso21090-PQ-translation"
AEIG = {
    "R5": "http://hl7.org/fhir/uv/ae-research-ig/StructureDefinition/",
    "R4B": "http://hl7.org/fhir/uv/ae-research-backport-ig/StructureDefinition/",
}
PERIOD = {"R5": "occurencePeriod", "R4B": "effectivePeriod"}  # R5 spells it with one r

TABLES = {
    "TS": """
        TSSEQ=1 | TSPARMCD=TITLE | TSPARM=Trial Title | TSVAL=A trial of a patch
    """,
    "TA": """
        ARMCD=PBO | ARM=Placebo | TAETORD=1 | ETCD=TRT | ELEMENT=Treated | EPOCH=TREATMENT
    """,
    "TE": """
        ETCD=TRT | ELEMENT=Treated | TESTRL=First dose | TEDUR=P26W
    """,
    "TV": """
        VISITNUM=1 | VISIT=BASELINE | VISITDY=1 | TVSTRL=Day of first dose
    """,
    "DM": """
        SUBJID=001 | SEX=F | ARMCD=PBO | ARM=Placebo | ACTARMCD=PBO | ACTARM=Placebo
    """,
    "SV": """
        VISITNUM=1 | VISIT=BASELINE | SVSTDTC=2014-01-02 | SVENDTC=2014-01-03
    """,
    "LB": """
        LBSEQ=1 | LBTESTCD=GLUC | LBTEST=Glucose | LBCAT=CHEMISTRY | LBSPEC=SERUM | LBORRES=90 | LBORRESU=mg/dL |
            LBORNRLO=70 | LBORNRHI=110 | LBNRIND=NORMAL | LBSTRESC=4.9955 | LBSTRESN=4.9955 | LBSTRESU=mmol/L |
            LBSTNRLO=3.8 | LBSTNRHI=6.1 | VISITNUM=1 | VISIT=BASELINE | LBDTC=2014-01-02
    """,
    "VS": """
        VSSEQ=1 | VSTESTCD=SYSBP | VSTEST=Systolic Blood Pressure | VSORRES=120 | VSORRESU=mmHg | VSSTRESC=120 |
            VSSTRESN=120 | VSSTRESU=mmHg | VSDTC=2014-01-02
        VSSEQ=2 | VSTESTCD=PULSE | VSTEST=Pulse Rate | VSORRES=70 | VSORRESU=beats/min | VSDTC=2014-01-02
    """,
    "QS": """
        QSSEQ=1 | QSTESTCD=ACITM01 | QSTEST=Word Recall Task | QSCAT=ADAS-COG | QSORRES=3 | QSSTRESC=3 |
            QSSTRESN=3 | QSDTC=2014-01-02
    """,
    "EX": """
        EXSEQ=1 | EXTRT=PLACEBO | EXDOSE=54 | EXDOSU=mg | EXROUTE=TRANSDERMAL | EXSTDTC=2014-01-02 |
            EXENDTC=2014-01-16 | VISITNUM=1 | VISIT=BASELINE
        EXSEQ=2 | EXTRT=PLACEBO | EXROUTE=ORAL | EXSTDTC=2014-02-02 | EXENDTC=2014-01-16
    """,
    "DS": """
        DSSEQ=1 | DSTERM=PROTOCOL COMPLETED | DSDECOD=COMPLETED | DSCAT=DISPOSITION EVENT | DSSTDTC=2014-07-02
    """,
    "MH": """
        MHSEQ=1 | MHTERM=ECZEMA | MHSTDTC=2001 | MHENDTC=2003
    """,
    "AE": """
        AESEQ=1 | AETERM=RASH | AEDECOD=Rash | AESEV=SEVERE | AESER=Y | AESHOSP=Y | AEREL=PROBABLE |
            AEOUT=RECOVERED/RESOLVED | AEACN=DRUG WITHDRAWN | AESTDTC=2014-01-05 | AEENDTC=2014-01-09
    """,
}


def rows_of(text: str) -> list[dict[str, str]]:
    """Rows of ``VAR=value | …``, a line each; a line that goes on ends in a bar."""
    lines = re.sub(r"\|\s*\n", "| ", text).strip().splitlines()
    return [dict(cell.strip().split("=", 1) for cell in line.split("|")) for line in lines]


ROWS = {name: rows_of(text) for name, text in TABLES.items()}


def dataset(name: str) -> Dataset:
    keys = {"STUDYID": "S1", "DOMAIN": name} | ({} if name.startswith("T") else {"USUBJID": "S1-001"})
    rows = [keys | row for row in ROWS[name]]
    return Dataset(name, "", [Variable(v, "", "Char") for v in dict.fromkeys(v for row in rows for v in row)], rows)


@cache
def trial(release: Release) -> list[Resource]:
    return to_fhir([dataset(name) for name in ROWS], engines(release, "compiled"))


def one(release: Release, type_: str, domain: str = "", number: str = "1") -> Resource:
    """The one resource of a type, or that of a row of a domain."""
    found = [r for r in trial(release) if r["resourceType"] == type_ and (not domain or _is(r, domain, number))]
    assert len(found) == 1, [r["id"] for r in found]
    return found[0]


def _is(resource: Resource, domain: str, number: str) -> bool:
    tags = [tag["code"] for tag in resource.get("meta", {}).get("tag", ())]
    return domain in tags and {"system": "urn:cdisc:sdtm:SEQ", "value": number} in _identifiers(resource)


def _identifiers(resource: Resource) -> list[Resource]:
    """The identifiers, of which R4B has those of an adverse event in HL7's extension for R5's."""
    found = resource.get("identifier", [])
    extensions = [e for e in resource.get("extension", ()) if e["url"] == f"{FIVE}AdverseEvent.identifier"]
    return [*(found if isinstance(found, list) else [found]), *(e["valueIdentifier"] for e in extensions)]


def without_own(extensions: list[Resource]) -> list[Resource]:
    """Extensions that are not this project's."""
    return [e for e in extensions if "interchange" not in e["url"]]


def concept(system: str, code: str, display: str, text: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": text}


@pytest.mark.parametrize("release", ["R5", "R4B"])
def test_the_study_and_its_arms(release: Release) -> None:
    study = one(release, "ResearchStudy")
    assert study["identifier"] == [{"system": "urn:cdisc:sdtm:STUDYID", "value": "S1"}]
    assert study["title"] == "A trial of a patch"
    assert study["protocol"] == [{"reference": "PlanDefinition/S1-arm-PBO"}, {"reference": "PlanDefinition/S1-visits"}]
    if release == "R5":
        assert study["comparisonGroup"] == [{"linkId": "ARMCD.PBO", "name": "Placebo"}]
    else:
        link = {"url": f"{FIVE}ResearchStudy.comparisonGroup.linkId", "valueId": "ARMCD.PBO"}
        assert study["arm"] == [{"extension": [link], "name": "Placebo"}]


@pytest.mark.parametrize("release", ["R5", "R4B"])
def test_epochs_elements_and_planned_visits(release: Release) -> None:
    plans = {r["id"]: r for r in trial(release) if r["resourceType"] == "PlanDefinition"}
    (epoch,) = plans["S1-arm-PBO"]["action"]
    assert (plans["S1-arm-PBO"]["title"], epoch["title"]) == ("Placebo", "TREATMENT")
    code = concept(NCIT, "C101526", "Treatment Epoch", "TREATMENT")
    assert epoch["code"] == (code if release == "R5" else [code])
    (element,) = epoch["action"]
    assert (element["prefix"], element["title"]) == ("TRT", "Treated")
    duration = {"unit": "weeks", "system": UCUM, "code": "wk"}
    assert element["timingDuration"] == duration | {"value": element["timingDuration"]["value"]}
    assert str(element["timingDuration"]["value"]) == "26"
    (visit,) = plans["S1-visits"]["action"]
    assert (visit["prefix"], visit["title"]) == ("1", "BASELINE")


@pytest.mark.parametrize("release", ["R5", "R4B"])
def test_a_subject_is_a_person_on_the_study(release: Release) -> None:
    person, subject = one(release, "Patient"), one(release, "ResearchSubject")
    assert person["identifier"] == [{"system": "urn:cdisc:sdtm:USUBJID", "value": "S1-001"}]
    assert person["gender"] == "female"
    assert subject["study"] == {"reference": "ResearchStudy/S1"}
    assert subject["subject" if release == "R5" else "individual"] == {"reference": "Patient/S1-001"}
    if release == "R5":
        assert (subject["assignedComparisonGroup"], subject["status"]) == ("ARMCD.PBO", "active")
    else:
        assert (subject["assignedArm"], subject["status"]) == ("Placebo", "on-study")


@pytest.mark.parametrize("release", ["R5", "R4B"])
def test_a_disposition_is_progress_of_the_subject(release: Release) -> None:
    subject = one(release, "ResearchSubject")
    complete = concept(NCIT, "C25250", "Complete", "PROTOCOL COMPLETED")
    if release == "R5":
        (progress,) = (p for p in subject["progress"] if "reason" in p)
        assert (progress["reason"], progress["startDate"]) == (complete, "2014-07-02")
        assert progress["type"]["coding"][0]["code"] == "C74590"
    else:
        every = [e["extension"] for e in subject["extension"] if e["url"] == f"{FIVE}ResearchSubject.progress"]
        (progress,) = ({p["url"]: p for p in parts} for parts in every if any(p["url"] == "reason" for p in parts))
        assert progress["reason"]["valueCodeableConcept"] == complete
        assert progress["startDate"]["valueDateTime"] == "2014-07-02"
        assert progress["type"]["valueCodeableConcept"]["coding"][0]["code"] == "C74590"


@pytest.mark.parametrize("release", ["R5", "R4B"])
def test_a_visit_is_an_encounter_that_findings_refer_to(release: Release) -> None:
    visit = one(release, "Encounter")
    period = {"start": "2014-01-02", "end": "2014-01-03"}
    if release == "R5":
        assert (visit["status"], visit["actualPeriod"]) == ("completed", period)
    else:
        assert (visit["status"], visit["period"]) == ("finished", period)
        assert visit["class"]["code"] == "AMB"
    assert visit["type"][0]["text"] == "BASELINE"
    assert one(release, "Observation", "LB")["encounter"] == {"reference": "Encounter/S1-001-visit-1"}
    at = "encounter" if release == "R5" else "context"
    assert one(release, "MedicationAdministration", "EX")[at] == {"reference": "Encounter/S1-001-visit-1"}


@pytest.mark.parametrize("release", ["R5", "R4B"])
def test_a_laboratory_result(release: Release) -> None:
    result = one(release, "Observation", "LB")
    assert result["category"] == [
        {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"},
            ]
        },
        {"coding": [{"system": "urn:cdisc:sdtm:CAT", "code": "CHEMISTRY"}]},
    ]
    assert result["code"] == {
        "coding": [
            {"system": "urn:cdisc:sdtm:TESTCD", "code": "GLUC", "display": "Glucose"},
            {"system": NCIT, "code": "C105585", "userSelected": False},
            {"system": "http://loinc.org", "code": "2345-7", "userSelected": False},
        ],
        "text": "Glucose",
    }
    quantity = _texts(result["valueQuantity"])
    standard = _quantity("4.9955", "mmol/L")
    assert quantity == {"extension": [{"url": TRANSLATION, "valueQuantity": standard}], **_quantity("90", "mg/dL")}
    low, high = (_texts(result["referenceRange"][0][end]) for end in ("low", "high"))
    assert low == {
        "extension": [{"url": TRANSLATION, "valueQuantity": _quantity("3.8", "mmol/L")}],
        **_quantity("70", "mg/dL"),
    }
    assert high == {
        "extension": [{"url": TRANSLATION, "valueQuantity": _quantity("6.1", "mmol/L")}],
        **_quantity("110", "mg/dL"),
    }
    assert result["interpretation"][0]["coding"][0]["code"] == "N"
    specimen = one(release, "Specimen")
    assert result["specimen"] == {"reference": f"Specimen/{specimen['id']}"}
    assert specimen["type"]["coding"][0] == {
        "system": "http://terminology.hl7.org/CodeSystem/v2-0487",
        "code": "SER",
        "display": "Serum",
    }
    assert specimen["collection"] == {"collectedDateTime": "2014-01-02"}


def _quantity(value: str, unit: str) -> Resource:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def _texts(value: Any) -> Any:
    """JSON with its numbers as text."""
    if isinstance(value, dict):
        return {k: str(v) if k == "value" else _texts(v) for k, v in value.items()}
    return [_texts(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("release", ["R5", "R4B"])
def test_vital_signs_have_the_code_of_the_profile_where_it_is_one(release: Release) -> None:
    systolic, pulse = (one(release, "Observation", "VS", n) for n in ("1", "2"))
    assert systolic["category"][0]["coding"][0]["code"] == "vital-signs"
    assert [c["code"] for c in systolic["code"]["coding"]] == ["SYSBP", "C25298", "8480-6"]
    assert _texts(systolic["valueQuantity"]) == {"value": "120", "unit": "mmHg", "system": UCUM, "code": "mm[Hg]"}
    assert [c["code"] for c in pulse["code"]["coding"]] == ["PULSE", "C49676"]  # LOINC asks how it was taken


@pytest.mark.parametrize("release", ["R5", "R4B"])
def test_an_answer_says_its_number_once(release: Release) -> None:
    answer = one(release, "Observation", "QS")
    assert answer["category"][0]["coding"][0]["code"] == "survey"
    assert _texts(answer["valueQuantity"]) == {"value": "3"}


@pytest.mark.parametrize("release", ["R5", "R4B"])
def test_exposure_is_the_administration_of_a_medication(release: Release) -> None:
    given, routed = (one(release, "MedicationAdministration", "EX", n) for n in ("1", "2"))
    name = {"text": "PLACEBO"}
    assert (given["medication"] == {"concept": name}) if release == "R5" else given["medicationCodeableConcept"] == name
    assert given[PERIOD[release]] == {"start": "2014-01-02", "end": "2014-01-16"}
    assert _texts(given["dosage"]["dose"]) == _quantity("54", "mg")
    assert given["dosage"]["route"]["coding"][0]["code"] == "45890007"
    # a dosage without a dose says so (mad-1), and no period ends before it starts (per-1)
    assert routed["dosage"]["dose"]["extension"][0]["valueCode"] == "unknown"
    assert routed[PERIOD[release]] == {"start": "2014-02-02"}


@pytest.mark.parametrize("release", ["R5", "R4B"])
def test_what_has_an_end_is_resolved(release: Release) -> None:
    condition = one(release, "Condition", "MH")
    assert (condition["onsetDateTime"], condition["abatementDateTime"]) == ("2001", "2003")
    assert condition["clinicalStatus"]["coding"] == [
        {"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "resolved"}
    ]


@pytest.mark.parametrize("release", ["R5", "R4B"])
def test_an_adverse_event_is_as_its_guide_has_it(release: Release) -> None:
    event = one(release, "AdverseEvent", "AE")
    parts = {e["url"].removeprefix(AEIG[release]): e for e in without_own(event["extension"])}
    severe = {"system": "http://terminology.hl7.org/CodeSystem/adverse-event-severity", "code": "severe"}
    severity = parts["ae-severity"]["valueCodeableConcept"] if release == "R5" else event["severity"]
    assert severity == {"coding": [severe | {"display": "Severe"}], "text": "SEVERE"}
    assert event["seriousness"]["coding"][0]["code"] == "serious"
    hospital = {"coding": [{"system": NCIT, "code": "C83052"}]}
    assert parts["seriousness-criteria"]["extension"] == [
        {"url": "criterionCode", "valueCodeableConcept": hospital},
        {"url": "criterionPresent", "valueBoolean": True},
    ]
    withdrawn = concept(NCIT, "C49502", "Drug Withdrawn", "DRUG WITHDRAWN")
    related = {"system": "http://terminology.hl7.org/CodeSystem/adverse-event-causality-assess"}
    probable = {"coding": [{**related, "code": "probably-likely", "display": "Probably/Likely"}], "text": "PROBABLE"}
    recovered = {"system": NCIT, "code": "C49498", "display": "Recovered from Adverse Event"}
    if release == "R5":
        assert event["occurrencePeriod"] == {"start": "2014-01-05", "end": "2014-01-09"}
        assert event["outcome"] == [{"coding": [recovered], "text": "RECOVERED/RESOLVED"}]
        assert event["mitigatingAction"] == [{"itemCodeableConcept": withdrawn}]
        assert event["suspectEntity"][0]["causality"] == {"entityRelatedness": probable}
    else:
        assert (event["date"], parts["resolve-date"]["valueDateTime"]) == ("2014-01-05", "2014-01-09")
        assert event["outcome"]["coding"][1] == recovered
        assert event["outcome"]["coding"][0]["code"] == "resolved"
        assert parts["mitigating-action"]["extension"] == [{"url": "item", "valueCodeableConcept": withdrawn}]
        assert event["suspectEntity"][0]["causality"] == [{"assessment": probable}]


@pytest.mark.parametrize("release", RELEASES)
def test_it_comes_back_cell_for_cell(release: Release) -> None:
    back = {d.name: d.rows for d in to_sdtm(trial(release), engines(release, "compiled")).datasets}
    assert {name: back[name] for name in ROWS} == {name: dataset(name).rows for name in ROWS}


@pytest.mark.parametrize("release", RELEASES)
def test_a_loinc_that_was_added_is_not_that_of_the_laboratory(release: Release) -> None:
    keys = {"STUDYID": "S1", "DOMAIN": "LB", "USUBJID": "S1-001", "LBTESTCD": "GLUC", "LBTEST": "Glucose"}
    keys |= {"LBORRES": "90", "LBORRESU": "mg/dL", "LBSPEC": "SERUM", "LBDTC": "2014-01-02"}
    rows = [keys | {"LBSEQ": "1"}, keys | {"LBSEQ": "2", "LBLOINC": "2339-0"}]
    names = [*rows[0], "LBLOINC"]
    made = to_fhir([Dataset("LB", "", [Variable(v, "", "Char") for v in names], rows)], engines(release, "compiled"))
    first, second = (r for r in made if r["resourceType"] == "Observation")
    assert [c["code"] for c in first["code"]["coding"]] == ["GLUC", "C105585", "2345-7"]
    assert [c["code"] for c in second["code"]["coding"]] == ["GLUC", "2339-0", "C105585"]
    assert "LBLOINC" not in str(first.get("extension"))
    (back,) = (d.rows for d in to_sdtm(made, engines(release, "compiled")).datasets if d.name == "LB")
    assert back == rows


def test_a_foreign_loinc_is_read_marked_or_not() -> None:
    observation = {
        "resourceType": "Observation",
        "id": "o",
        "status": "final",
        "category": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}
        ],
        "code": {"coding": [{"system": "http://loinc.org", "code": "2345-7", "userSelected": False}]},
        "subject": {"reference": "Patient/p"},
        "valueQuantity": {"value": 90, "unit": "mg/dL"},
    }
    (rows,) = (
        d.rows
        for d in to_sdtm([{"resourceType": "Patient", "id": "p"}, observation], engines("R5")).datasets
        if d.name == "LB"
    )
    assert (rows[0]["LBLOINC"], rows[0]["LBTESTCD"]) == ("2345-7", "GLUC")
