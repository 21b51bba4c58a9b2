"""The remainder as a caller meets it: FHIR to SDTM and back, exact; and with changed, deleted and new rows."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

import interchange
from interchange.fhir.read import CANONICAL
from interchange.intake import read_resources
from interchange.issues import Issues, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from interchange.results import FhirResult, SdtmResult

DEMO = Path(__file__).parents[1] / "examples" / "nct05574608" / "bundle.json"
CELLS = "sdtm-cells"
Json = Any
Resource = dict[str, Any]

STUDY = {"resourceType": "ResearchStudy", "id": "s", "identifier": [{"system": "urn:cdisc:sdtm:STUDYID", "value": "S"}]}
PATIENT = {
    "resourceType": "Patient",
    "id": "p",
    "identifier": [{"system": "urn:cdisc:sdtm:USUBJID", "value": "S-1"}],
    "name": [{"family": "Chalmers"}],
    "gender": "male",
}
SUBJECT = {
    "resourceType": "ResearchSubject",
    "id": "rs",
    "status": "active",
    "study": {"reference": "ResearchStudy/s"},
    "subject": {"reference": "Patient/p"},
}


def quantity(value: float) -> Resource:
    return {"value": value, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}


def coded(code: str, display: str) -> Resource:
    return {"coding": [{"system": "http://loinc.org", "code": code, "display": display}]}


VITAL = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}
PRESSURE = {
    "resourceType": "Observation",
    "id": "bp",
    "status": "final",
    "category": [VITAL | {"text": "vitals"}],
    "code": coded("85354-9", "Blood pressure panel"),
    "subject": {"reference": "Patient/p"},
    "effectiveDateTime": "2024-01-02",
    "component": [
        {"code": coded("8480-6", "Systolic"), "valueQuantity": quantity(120)},
        {"code": coded("8462-4", "Diastolic"), "valueQuantity": quantity(80)},
    ],
}
RATE = {
    "resourceType": "Observation",
    "id": "hr",
    "status": "final",
    "category": [VITAL],
    "code": coded("8867-4", "Heart rate"),
    "subject": {"reference": "Patient/p"},
    "effectiveDateTime": "2024-01-02",
    "valueQuantity": {"value": 60, "unit": "/min", "comparator": "<"},
    "note": [{"text": "at rest"}],
}
UNREAD = {"resourceType": "Basic", "id": "b", "code": {"text": "anything"}}
SMALL = [STUDY, PATIENT, SUBJECT, PRESSURE, RATE, UNREAD]


def named(resources: list[Resource]) -> dict[str, Resource]:
    return {f"{r['resourceType']}/{r['id']}": r for r in resources}


def small(change: Callable[[SdtmResult], None] = lambda _: None) -> tuple[dict[str, Resource], FhirResult]:
    """What comes back of a few resources whose rows were changed."""
    result = interchange.to_sdtm(SMALL, fhir_version="R5", remainder=True)
    change(result)
    back = interchange.to_fhir(result.datasets, remainder=result.remainder)
    return named(back.resources), back


def row(result: SdtmResult, code: str) -> dict[str, str]:
    return next(r for r in result.dataset("VS").rows if r.get("VSTESTCD") == code)


def drop(code: str) -> Callable[[SdtmResult], None]:
    def change(result: SdtmResult) -> None:
        result.dataset("VS").rows = [r for r in result.dataset("VS").rows if r.get("VSTESTCD") != code]

    return change


def different(one: Json, other: Json, at: str = "") -> Iterator[str]:
    """The places in which two JSON values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            yield from different(one.get(key), other.get(key), f"{at}.{key}" if at else key)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for i, pair in enumerate(zip(one, other, strict=True)):
            yield from different(*pair, f"{at}[{i}]")
    elif CANONICAL(one) != CANONICAL(other):
        yield at


def test_unchanged_rows_give_the_originals() -> None:
    resources, back = small()
    assert resources == named(SMALL)
    assert back.release == "R5"
    assert not len(back.issues)


@pytest.mark.parametrize("format_", ["xpt", "dataset-json", "csv", "parquet"])
def test_the_demo_trial_comes_back_by_files(tmp_path: Path, format_: str) -> None:
    before = [record.resource for record in read_resources(DEMO, Issues())[0]]
    result = interchange.to_sdtm(DEMO, remainder=True)
    result.write(tmp_path, [format_])
    back = interchange.to_fhir(tmp_path, remainder=tmp_path / "remainder.ndjson")
    assert sorted(map(CANONICAL, back.resources)) == sorted(map(CANONICAL, before))


def test_leaves_are_counted_by_type() -> None:
    result = interchange.to_sdtm(SMALL, fhir_version="R5", remainder=True)
    assert result.remainder is not None
    assert result.ledger is not None
    counts = result.remainder.counts()
    assert (counts["Basic"].leaves, counts["Basic"].kept, counts["Basic"].remainder) == (2, 0, 2)
    assert sum(count.remainder for count in counts.values()) == len(result.ledger.losses)
    assert interchange.to_sdtm(SMALL, fhir_version="R5").remainder is None


def test_a_changed_cell_changes_its_element_alone() -> None:
    def change(result: SdtmResult) -> None:
        row(result, "DIABP").update(VSORRES="85", VSSTRESC="85", VSSTRESN="85")

    resources, back = small(change)
    assert list(different(resources["Observation/bp"], PRESSURE)) == ["component[1].valueQuantity.value"]
    assert resources["Observation/bp"]["component"][1]["valueQuantity"]["value"] == 85
    assert {name for name, each in resources.items() if named(SMALL).get(name) != each} == {"Observation/bp"}
    assert not len(back.issues)


def test_what_the_original_said_more_of_a_changed_value_goes_and_is_told() -> None:
    def change(result: SdtmResult) -> None:
        row(result, "HR").update(VSORRES="70", VSSTRESC="70", VSSTRESN="70")

    resources, back = small(change)
    changed = resources["Observation/hr"]
    assert changed["valueQuantity"]["value"] == 70
    assert changed["note"] == RATE["note"]
    assert all(issue.value is None and "70" not in str(issue) for issue in back.issues)


def test_a_deleted_row_takes_its_resource_along() -> None:
    def change(result: SdtmResult) -> None:
        drop("HR")(result)
        result.dataset("CO").rows = []  # the note of the resource

    resources, back = small(change)
    assert resources == {name: each for name, each in named(SMALL).items() if name != "Observation/hr"}
    assert [issue.code for issue in back.issues] == ["IX-REM-005"]


@pytest.mark.parametrize(("code", "left"), [("SYSBP", 1), ("DIABP", 0)])
def test_a_deleted_row_takes_its_element_along(code: str, left: int) -> None:
    resources, _ = small(drop(code))
    assert resources["Observation/bp"] == PRESSURE | {"component": [PRESSURE["component"][left]]}


def test_a_resource_goes_with_the_last_of_its_rows() -> None:
    def change(result: SdtmResult) -> None:
        drop("SYSBP")(result)
        drop("DIABP")(result)

    assert small(change)[0].keys() == named(SMALL).keys() - {"Observation/bp"}


def test_a_new_row_makes_a_resource_that_refers_to_the_originals() -> None:
    def change(result: SdtmResult) -> None:
        new = row(result, "HR") | {"VSSEQ": "9", "VSORRES": "61", "VSSTRESC": "61", "VSSTRESN": "61"}
        rows = list(result.dataset("VS").rows)
        result.dataset("VS").rows = [*rows, new]

    resources, back = small(change)
    added = resources.keys() - named(SMALL).keys()
    assert len(added) == 1
    assert resources[added.pop()]["subject"] == {"reference": "Patient/p"}
    assert {name: resources[name] for name in named(SMALL)} == named(SMALL)
    assert not len(back.issues)


def test_a_cell_that_no_element_takes_is_kept_beside_the_row() -> None:
    def change(result: SdtmResult) -> None:
        row(result, "SYSBP")["VSSTRESC"] = "high"

    resources, _ = small(change)
    kept = resources["Observation/bp"]["component"][0]["extension"]
    assert [each["url"].rpartition("/")[2] for each in kept] == [CELLS]
    again = interchange.to_sdtm(list(resources.values()), fhir_version="R5")
    assert row(again, "SYSBP")["VSSTRESC"] == "high"


def test_the_remainder_is_not_changed_by_its_use() -> None:
    result = interchange.to_sdtm(SMALL, fhir_version="R5", remainder=True)
    row(result, "DIABP")["VSORRES"] = "85"
    first = interchange.to_fhir(result.datasets, remainder=result.remainder)
    assert interchange.to_fhir(result.datasets, remainder=result.remainder).resources == first.resources


def test_another_release_and_a_remainder_unasked(tmp_path: Path) -> None:
    result = interchange.to_sdtm(SMALL, fhir_version="R5", remainder=True)
    result.write(tmp_path)
    with pytest.raises(SourceError, match="IX-REM-003"):
        interchange.to_fhir(tmp_path, remainder=tmp_path / "remainder.ndjson", fhir_version="R4")
    plain = interchange.to_fhir(tmp_path)
    assert [issue.code for issue in plain.issues if issue.code.startswith("IX-REM")] == ["IX-REM-006"]
    assert "Basic/b" not in named(plain.resources)
    interchange.to_sdtm(SMALL, fhir_version="R5").write(tmp_path)
    assert not (tmp_path / "remainder.ndjson").exists()


KEYS = ("STUDYID", "USUBJID", "DOMAIN", "SUBJID", "SITEID", "VISITNUM", "IDVAR", "IDVARVAL", "RDOMAIN", "RELID")


@pytest.mark.parametrize("seed", range(3))
def test_changed_cells_of_the_demo_trial(seed: int) -> None:
    """The rows of the merged resources are the changed rows; resources of unchanged rows stay as they were."""
    random = Random(seed)  # noqa: S311  # test data, not secrets
    before = named([record.resource for record in read_resources(DEMO, Issues())[0]])
    result = interchange.to_sdtm(DEMO, remainder=True)
    cells = [
        (dataset.name, at, name)
        for dataset in result.datasets
        if dataset.name in ("LB", "VS", "AE", "CM", "EX", "MH", "PC", "EG", "PR")
        for at, own in enumerate(dataset.rows)
        for name in own
        if name not in KEYS and not name.endswith(("SEQ", "TESTCD", "GRPID", "REFID", "SPEC", "DTC", "LOINC"))
    ]
    touched: set[str] = set()
    for dataset, at, name in random.sample(cells, 25):
        trace = result.trace(dataset, at + 1, name)[name]
        if trace.kind == "native":
            cell = list(result.dataset(dataset).rows)[at]
            cell[name] += "1" if cell[name][-1:].isdigit() else "x"
            touched |= {element.resource for element in trace.elements}
            touched |= {element.resource for one in result.trace(dataset, at + 1).cells for element in one.elements}
    back = interchange.to_fhir(result.datasets, remainder=result.remainder)
    after = named(back.resources)
    assert before.keys() <= after.keys()
    assert {name for name in before if any(different(before[name], after[name]))} <= touched
    again = interchange.to_sdtm(back.resources, fhir_version=result.release, ledger=False)
    for dataset in result.datasets:
        if not dataset.name.startswith("SUPP"):
            assert sorted(map(CANONICAL, dataset.rows)) == sorted(map(CANONICAL, again.dataset(dataset.name).rows))
