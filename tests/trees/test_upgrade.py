"""A study of USDM 3.0 with one of everything that 4.0 renamed, moved or split."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from interchange.issues import Issues, Place
from interchange.trees.check import check_document
from interchange.trees.documents import Document
from interchange.trees.upgrade import upgrade_usdm

if TYPE_CHECKING:
    from collections.abc import Iterator


def node(class_: str, id_: str, **rest: Any) -> dict[str, Any]:
    return {"id": id_, **rest, "instanceType": class_}


def code(id_: str, term: str, decode: str) -> dict[str, Any]:
    return node("Code", id_, code=term, codeSystem="http://www.cdisc.org", codeSystemVersion="1", decode=decode)


def alias(id_: str, standard: dict[str, Any]) -> dict[str, Any]:
    return node("AliasCode", id_, standardCode=standard, standardCodeAliases=[])


def sponsor() -> dict[str, Any]:
    kind = code("C1", "C70793", "Clinical Study Sponsor")
    address = node("Address", "A1", line="1 Road", city="Town")
    return node("Organization", "O1", name="Acme", organizationType=kind, identifierScheme="DUNS", identifier="1",
                legalAddress=address)  # fmt: skip


def criterion(id_: str) -> dict[str, Any]:
    category = code(f"{id_}C", "C25532", "Inclusion")
    return node("EligibilityCriterion", id_, name=id_, label=None, category=category, identifier="1", text="Be well",
                dictionaryId=None)  # fmt: skip


def study_3() -> dict[str, Any]:
    years = code("Y", "C29848", "Year")
    age = node("Range", "R1", minValue=18, maxValue=65, unit=years, isApproximate=False)
    cohort = node("StudyCohort", "CO1", name="Cohort", includesHealthySubjects=False, criteria=[criterion("IE2")])
    population = node("StudyDesignPopulation", "P1", name="All", includesHealthySubjects=False, plannedAge=age,
                      criteria=[criterion("IE1")], cohorts=[cohort])  # fmt: skip
    lasting = node("AdministrationDuration", "AD1", description="a day", durationWillVary=False,
                   reasonDurationWillVary="")  # fmt: skip
    giving = node("AgentAdministration", "AA1", name="Daily", duration=lasting)
    drug = node("StudyIntervention", "SI1", name="Drug X", role=code("C2", "C41161", "Experimental"),
                productDesignation=code("C3", "C202579", "IMP"), pharmacologicClass=code("C4", "X", "Antiviral"),
                administrations=[giving])  # fmt: skip
    analysed = node("AnalysisPopulation", "AP1", name="ITT", text="All randomised")
    estimand = node("Estimand", "E1", summaryMeasure="Mean", analysisPopulation=analysed, interventionId="SI1",
                    variableOfInterestId="EP1", intercurrentEvents=[])  # fmt: skip
    masking = node("Masking", "M1", description="Sees nothing", role=code("C5", "C41189", "Study Subject"))
    visit = node("Encounter", "V1", name="Visit 1", type=code("C6", "C7652", "Visit"), environmentalSetting=[])
    design = node(
        "StudyDesign", "SD1", name="Design", rationale="Why", trialIntentTypes=[code("C7", "C49656", "Treatment")],
        trialTypes=[code("C8", "C49666", "Efficacy")], interventionModel=code("C9", "C82639", "Parallel Study"),
        encounters=[visit], estimands=[estimand], maskingRoles=[masking], studyInterventions=[drug],
        population=population, documentVersionId="DV1", dictionaries=[], conditions=[], bcCategories=[],
        bcSurrogates=[], biomedicalConcepts=[node("BiomedicalConcept", "BC1", name="Sex", reference="r")],
    )  # fmt: skip
    asked = node("SubjectEnrollment", "SE1", type=code("C10", "C68846", "Global"), code=None,
                 quantity=node("Quantity", "Q1", value=10, unit=None))  # fmt: skip
    version = node(
        "StudyVersion", "SV1", versionIdentifier="1", rationale="R", documentVersionId="DV1",
        studyType=code("C11", "C98388", "Interventional Study"),
        studyPhase=alias("AL1", code("C12", "C15601", "Phase II Trial")),
        studyIdentifiers=[node("StudyIdentifier", "ID1", studyIdentifier="X-1", studyIdentifierScope=sponsor())],
        amendments=[node("StudyAmendment", "AM1", number="1", summary="S", substantialImpact=True,
                         enrollments=[asked])],
        studyDesigns=[design],
    )  # fmt: skip
    section = node("NarrativeContent", "NC1", name="Synopsis", sectionNumber="1", sectionTitle="T", text="<p>Hi</p>")
    document = node("StudyProtocolDocument", "D1", name="Protocol", versions=[
        node("StudyProtocolDocumentVersion", "DV1", protocolVersion="2", dateValues=[], contents=[section],
             protocolStatus=code("C13", "C25508", "Final")),
    ])  # fmt: skip
    study = node("Study", "S1", name="Study", versions=[version], documentedBy=document)
    return {"study": study, "usdmVersion": "3.0", "systemName": "Any"}


def upgraded() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    content = upgrade_usdm(study_3())
    version = content["study"]["versions"][0]
    return content, version, version["studyDesigns"][0]


def test_names_and_classes_are_those_of_4_0():
    content, version, design = upgraded()
    assert content["usdmVersion"] == "4.0"
    assert (design["instanceType"], design["model"]["decode"]) == ("InterventionalStudyDesign", "Parallel Study")
    assert [design[key][0]["decode"] for key in ("intentTypes", "subTypes")] == ["Treatment", "Efficacy"]
    assert design["encounters"][0]["environmentalSettings"] == []
    assert version["documentVersionIds"] == design["documentVersionIds"] == ["DV1"]
    (document,) = content["study"]["documentedBy"]
    assert (document["instanceType"], document["versions"][0]["version"]) == ("StudyDefinitionDocument", "2")
    assert document["versions"][0]["status"]["decode"] == "Final"


def test_type_and_phase_are_of_the_design():
    _, version, design = upgraded()
    assert design["studyPhase"]["standardCode"]["decode"] == "Phase II Trial"
    assert design["studyType"]["code"] == "C98388"
    assert not {"studyType", "studyPhase"} & version.keys()


def test_an_observational_study_has_that_design():
    content = study_3()
    content["study"]["versions"][0]["studyType"] = code("C11", "C16084", "Observational Study")
    assert upgrade_usdm(content)["study"]["versions"][0]["studyDesigns"][0]["instanceType"] == (
        "ObservationalStudyDesign"
    )


def test_organizations_are_of_the_version_and_the_sponsor_has_a_role():
    _, version, _ = upgraded()
    (identifier,) = version["studyIdentifiers"]
    assert (identifier["text"], identifier["scopeId"]) == ("X-1", "O1")
    (organization,) = version["organizations"]
    assert (organization["type"]["code"], organization["legalAddress"]["lines"]) == ("C70793", ["1 Road"])
    assert [(r["code"]["code"], r.get("organizationIds")) for r in version["roles"]] == [
        ("C41189", None),
        ("C70793", ["O1"]),
    ]


def test_criteria_are_split_into_criterion_and_text():
    _, version, design = upgraded()
    assert [c["criterionItemId"] for c in design["eligibilityCriteria"]] == ["IE1_Item", "IE2_Item"]
    assert all("text" not in c for c in design["eligibilityCriteria"])
    assert [i["text"] for i in version["eligibilityCriterionItems"]] == ["Be well", "Be well"]
    assert design["population"]["criterionIds"] == ["IE1"]
    assert design["population"]["cohorts"][0]["criterionIds"] == ["IE2"]


def test_amounts_have_their_own_units():
    _, _, design = upgraded()
    age = design["population"]["plannedAge"]
    assert [(age[key]["value"], age[key]["unit"]["standardCode"]["decode"]) for key in ("minValue", "maxValue")] == [
        (18, "Year"),
        (65, "Year"),
    ]
    assert "unit" not in age


def test_interventions_and_their_products_are_of_the_version():
    _, version, design = upgraded()
    assert design["studyInterventionIds"] == ["SI1"]
    (drug,) = version["studyInterventions"]
    (product,) = version["administrableProducts"]
    assert (product["name"], product["pharmacologicClass"]["decode"]) == ("Drug X", "Antiviral")
    (giving,) = drug["administrations"]
    assert (giving["instanceType"], giving["administrableProductId"]) == ("Administration", "SI1_Product")
    assert (giving["duration"]["instanceType"], giving["duration"]["text"]) == ("Duration", "a day")
    assert [bc["name"] for bc in version["biomedicalConcepts"]] == ["Sex"]


def test_estimands_maskings_enrollments_and_sections():
    content, version, design = upgraded()
    (estimand,) = design["estimands"]
    assert (estimand["populationSummary"], estimand["analysisPopulationId"]) == ("Mean", "AP1")
    assert estimand["interventionIds"] == ["SI1"]
    assert [p["name"] for p in design["analysisPopulations"]] == ["ITT"]
    masked = version["roles"][0]
    assert (masked["name"], masked["masking"]["text"], masked["masking"]["isMasked"]) == (
        "Study Subject",
        "Sees nothing",
        True,
    )
    (enrollment,) = version["amendments"][0]["enrollments"]
    assert enrollment["forGeographicScope"]["type"]["decode"] == "Global"
    section = content["study"]["documentedBy"][0]["versions"][0]["contents"][0]
    assert section["contentItemId"] == "NC1_Item"
    assert version["narrativeContentItems"][0]["text"] == "<p>Hi</p>"


def test_what_4_0_has_no_place_for_is_kept_and_is_all_that_it_does_not_know():
    content, version, _ = upgraded()
    assert version["amendments"][0]["substantialImpact"] is True
    issues = Issues()
    check_document(Document("USDM", content, Place()), issues)
    assert [issue.place.field for issue in issues] == ["StudyAmendment.substantialImpact"]


def test_what_is_given_stays_as_it_is_and_4_0_stays_4_0():
    content = study_3()
    before = deepcopy(content)
    once = upgrade_usdm(content)
    assert content == before
    assert upgrade_usdm(once) == once


def broken(value: Any) -> Iterator[Any]:
    """Copies of a value in which one part, at any depth, is something else."""
    yield from (None, "x", 1, [], {}, [None], {"id": {}})
    if isinstance(value, dict):
        for key, item in value.items():
            yield from ({**value, key: other} for other in broken(item))
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from ([*value[:index], other, *value[index + 1 :]] for other in broken(item))


def test_whatever_stands_in_a_study_nothing_is_raised():
    count = 0
    for count, study in enumerate(broken(study_3()["study"]), 1):  # noqa: B007
        upgrade_usdm({"usdmVersion": "3.0", "study": study})
    assert count > 1000


def test_a_file_without_its_parts_is_no_trouble():
    assert upgrade_usdm({"usdmVersion": "3.6"}) == {"usdmVersion": "4.0"}
    assert upgrade_usdm({"usdmVersion": "3.0", "study": {"versions": [None, {"studyDesigns": [{}]}]}})
