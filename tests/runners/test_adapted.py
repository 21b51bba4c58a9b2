from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from interchange.api import to_fhir, to_sdtm
from interchange.sdtm.dataset import Dataset, Variable
from interchange.sdtm.suppqual import VARIABLES
from interchange.trips import compare_datasets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from interchange.fhir.elements import Release
    from interchange.sdtm.dataset import Row

KEYS = {"STUDYID": "S", "USUBJID": "S-1"}
DM = [{**KEYS, "DOMAIN": "DM", "SUBJID": "1", "SEX": "F"}]


def dataset(name: str, rows: list[Row]) -> Dataset:
    names = dict.fromkeys(variable for row in rows for variable in row)
    return Dataset(name, name, [Variable(n, type="Num" if n.endswith("SEQ") else "Char") for n in names], rows)


def supp(domain: str, rows: list[Row], prefix: str = "SUPP") -> Dataset:
    return Dataset(f"{prefix}{domain}", "", list(VARIABLES), rows)


def qualifier(domain: str, variable: str, value: str, **more: str) -> Row:
    return {**KEYS, "RDOMAIN": domain, "IDVAR": variable, "IDVARVAL": value, **more}


def there_and_back(*datasets: Dataset, release: Release = "R5") -> list[dict[str, Any]]:
    """The resources of datasets, which come back as they were."""
    made = to_fhir(list(datasets), fhir_version=release)
    assert made.check() == []
    back = to_sdtm(made.resources, fhir_version=release, ledger=False)
    assert compare_datasets(datasets, back.datasets) == {}
    assert described(back.datasets) == described(datasets)
    return made.resources


def described(datasets: Iterable[Dataset]) -> dict[str, list[Variable]]:
    """The variables of datasets, without lengths that the rows give."""
    return {d.name: [replace(v, length=None) for v in d.variables] for d in datasets}


@pytest.mark.parametrize("release", ["R5", "R4B", "R4"])
def test_a_qualifier_is_a_note_at_what_it_qualifies(release: Release) -> None:
    ae = dataset("AE", [{**KEYS, "DOMAIN": "AE", "AESEQ": "1", "AETERM": "HEADACHE"}])
    row = qualifier("AE", "AESEQ", "1", QNAM="AETRTEM", QLABEL="Treatment Emergent", QVAL="Y", QORIG="DERIVED")
    made = there_and_back(dataset("DM", DM), ae, supp("AE", [row]), release=release)
    (event,) = [r for r in made if r["resourceType"] == "AdverseEvent"]
    coding = {"system": "urn:cdisc:sdtm:QNAM/AE", "code": "AETRTEM", "display": "Treatment Emergent"}
    kind = {
        "url": "http://hl7.org/fhir/StructureDefinition/annotationType",
        "valueCodeableConcept": {"coding": [coding]},
    }
    note = {
        "url": "http://hl7.org/fhir/StructureDefinition/note",
        "valueAnnotation": {"extension": [kind], "text": "Y"},
    }
    assert note in event["extension"]
    assert to_fhir([dataset("DM", DM), ae, supp("AE", [row])]).tallies["SUPPAE"]["AETRTEM"].residual == 0


@pytest.mark.parametrize("release", ["R5", "R4B", "R4"])
def test_a_qualifier_of_an_element_is_a_note_at_that_element(release: Release) -> None:
    event = {"DSSEQ": "1", "DSTERM": "AGE", "DSDECOD": "SCREEN FAILURE", "DSCAT": "DISPOSITION EVENT"}
    row = qualifier("DS", "DSSEQ", "1", QNAM="ENTCRIT", QLABEL="Entry Criteria Not Met", QVAL="16", QORIG="CRF")
    ds = dataset("DS", [{**KEYS, "DOMAIN": "DS", **event, "DSSTDTC": "2014-01-02"}])
    there_and_back(dataset("DM", DM), ds, supp("DS", [row]), release=release)


def test_parts_of_a_domain_come_back_as_parts() -> None:
    one = [{**KEYS, "DOMAIN": "QS", "QSSEQ": str(n), "QSTESTCD": "A1", "QSTEST": "One", "QSORRES": "4"} for n in (1, 2)]
    two = [{**one[0], "QSSEQ": "3", "QSTESTCD": "B1", "QSTEST": "Two"}]
    row = qualifier("QS", "QSSEQ", "3", QNAM="QSX", QLABEL="X", QVAL="v")
    parts = [dataset("QSCO", one), dataset("QSGI", two), supp("QSGI", [row])]
    made = there_and_back(dataset("DM", DM), *parts)
    tags = [r["meta"]["tag"][0]["code"] for r in made if r["resourceType"] == "Observation"]
    assert sorted(tags) == ["QSCO", "QSCO", "QSGI"]


@pytest.mark.parametrize(
    ("row", "type_"),
    [
        ({"XXTESTCD": "T", "XXTEST": "Test", "XXORRES": "5.10", "XXORRESU": "mg"}, "Observation"),
        ({"XXTERM": "FALL"}, "Condition"),
        ({"XXTRT": "ICE"}, "MedicationAdministration"),
    ],
)
def test_a_domain_of_the_sponsor_is_one_of_its_class(row: Row, type_: str) -> None:
    own = {**KEYS, "DOMAIN": "XX", "XXSEQ": "1", **row, "XXODD": "a sponsor's own", "ODDITY": "another"}
    made = there_and_back(dataset("DM", DM), dataset("XX", [own]))
    (resource,) = [r for r in made if r.get("meta", {}).get("tag", [{}])[0].get("code") == "XX"]
    assert resource["resourceType"] == type_


def test_associated_persons_are_persons_of_their_own() -> None:
    row = {"STUDYID": "S", "DOMAIN": "APMH", "APID": "M-1", "RSUBJID": "S-1", "SREL": "MOTHER", "MHTERM": "ASTHMA"}
    more = {"STUDYID": "S", "RDOMAIN": "APMH", "IDVAR": "MHSEQ", "IDVARVAL": "1", "QNAM": "MHX", "QVAL": "v"}
    made = there_and_back(
        dataset("DM", DM), dataset("APMH", [{**row, "MHSEQ": "1"}]), supp("APMH", [more], prefix="SQ")
    )
    (relative,) = [r for r in made if r["resourceType"] == "RelatedPerson"]
    assert relative["patient"] == {"reference": "Patient/S-1"}
    assert relative["relationship"] == [{"text": "MOTHER"}]
    (condition,) = [r for r in made if r["resourceType"] == "Condition"]
    assert condition["subject"] == {"reference": "Patient/M-1"}


def test_a_dataset_of_no_class_is_kept_whole_at_the_study() -> None:
    pool = dataset("POOLX", [{"STUDYID": "S", "POOLID": "P1", "USUBJID": "S-1"}, {"POOLID": "P2"}])
    made = there_and_back(dataset("DM", DM), pool)
    (study,) = [r for r in made if r["resourceType"] == "ResearchStudy"]
    assert "POOLX" in str(study)
    assert to_fhir([dataset("DM", DM), pool]).issues.counts["IX-MAP-021"] == 1


def test_qualifiers_without_a_parent_are_kept_as_rows() -> None:
    row = {**KEYS, "RDOMAIN": "AE", "IDVAR": "AESEQ", "IDVARVAL": "1", "QNAM": "AETRTEM", "QVAL": "Y"}
    there_and_back(dataset("DM", DM), supp("AE", [row]))


def test_variables_that_a_dataset_has_not_are_not_derived() -> None:
    vs = {**KEYS, "DOMAIN": "VS", "VSSEQ": "1", "VSTESTCD": "PULSE", "VSTEST": "Pulse Rate", "VSORRES": "60"}
    subject = [DM[0] | {"RFSTDTC": "2014-01-02"}]
    made = there_and_back(dataset("DM", subject), dataset("VS", [vs | {"VSDTC": "2014-01-02"}]))
    (pulse,) = [r for r in made if r["resourceType"] == "Observation"]
    assert "blank" not in str(pulse)
