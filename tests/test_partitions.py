"""A conversion as a function of partitions: Arrow batches of resources in, batches of rows of one dataset out."""

from __future__ import annotations

import pickle
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pytest

from interchange import api
from interchange.issues import SourceError
from interchange.partitions import Conversion, plan_conversion, subject_of

if TYPE_CHECKING:
    from pathlib import Path

STUDY: dict[str, Any] = {
    "resourceType": "ResearchStudy",
    "id": "study",
    "status": "active",
    "identifier": [{"system": "urn:cdisc:sdtm:STUDYID", "value": "STUDY"}],
    "title": "One title " * 40,
}


def subject(number: int) -> list[dict[str, Any]]:
    return [
        {
            "resourceType": "Patient",
            "id": f"p{number}",
            "identifier": [{"system": "urn:cdisc:sdtm:USUBJID", "value": f"S-{number}"}],
            "gender": "female" if number % 2 else "male",
        },
        {
            "resourceType": "ResearchSubject",
            "id": f"s{number}",
            "status": "on-study",
            "study": {"reference": "ResearchStudy/study"},
            "individual": {"reference": f"Patient/p{number}"},
        },
        {
            "resourceType": "Observation",
            "id": f"o{number}",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
            "category": [
                {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                            "code": "vital-signs",
                        }
                    ]
                }
            ],
            "subject": {"reference": f"Patient/p{number}"},
            "effectiveDateTime": "2024-02-01",
            "valueQuantity": {"value": 60 + number, "unit": "/min"},
        },
    ]


def text(resource: dict[str, Any]) -> str:
    return msgspec.json.encode(resource).decode()


def batch(resources: list[dict[str, Any]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"resource": [text(each) for each in resources]})


@pytest.fixture(scope="module")
def conversion() -> Conversion:
    return plan_conversion([text(STUDY)], fhir_version="R4")


def table(conversion: Conversion, name: str, *batches: pa.RecordBatch) -> pa.Table:
    return pa.Table.from_batches(conversion.rows(name, iter(batches)), conversion.schema(name))


def test_a_partition_gives_rows_of_one_dataset(conversion: Conversion) -> None:
    made = table(conversion, "VS", batch(subject(1)), batch(subject(2)))
    rows = made.select(["STUDYID", "USUBJID", "VSTESTCD", "VSSTRESN", "VSPOS"]).to_pylist()
    assert rows == [
        {"STUDYID": "STUDY", "USUBJID": f"S-{n}", "VSTESTCD": "HR", "VSSTRESN": 60.0 + n, "VSPOS": None} for n in (1, 2)
    ]
    assert table(conversion, "LB", batch(subject(1))).num_rows == 0


def test_columns_are_the_same_for_every_partition(conversion: Conversion) -> None:
    schema = conversion.schema("DM")
    assert schema.field("AGE").type == pa.float64()
    assert schema.field("SEX").type == pa.string()
    assert schema.field("SEX").metadata == {b"label": b"Sex"}
    assert table(conversion, "DM", batch(subject(1))).schema.equals(schema)
    assert conversion.schema("SUPPDM").names[5] == "QNAM"
    with pytest.raises(SourceError, match="IX-RUN-008"):
        conversion.schema("XX")


def test_what_is_of_no_subject_is_apart(conversion: Conversion) -> None:
    title = [row for row in conversion.shared("TS").to_pylist() if row["TSPARMCD"] == "TITLE"]
    assert [row["TSVAL"] for row in title] == ["One title " * 40]  # whole: a frame has no limit of 200 bytes
    assert table(conversion, "TS", batch(subject(1))).num_rows == 0
    assert conversion.shared("DM").num_rows == 0
    assert conversion.shared("DM").schema.equals(conversion.schema("DM"))


def test_it_can_be_sent_elsewhere(conversion: Conversion) -> None:
    mapped = pickle.loads(pickle.dumps(partial(conversion.rows, "DM")))  # noqa: S301
    assert [each.num_rows for each in mapped(iter([batch(subject(3))]))] == [1]


def test_positions_say_the_order(conversion: Conversion) -> None:
    """Two resources under one name: the one that came first counts, wherever a shuffle has put it."""
    first, second = subject(1)[0], {**subject(1)[0], "gender": "male"}
    texts = [text(each) for each in (second, first, *subject(1)[1:])]
    given = pa.RecordBatch.from_pydict({"resource": texts, "position": [9, 1, 2, 3]})
    assert table(conversion, "DM", given).column("SEX").to_pylist() == ["F"]
    codes = table(conversion, "issues", given).column("code").to_pylist()
    assert "IX-FHIR-008" in codes


def test_what_cannot_be_read_is_an_issue(conversion: Conversion) -> None:
    given = pa.RecordBatch.from_pydict({"any": ["{broken", *map(text, subject(1))]})
    assert table(conversion, "DM", given).num_rows == 1
    issues = table(conversion, "issues", given).to_pylist()
    assert issues[0]["code"] == "IX-FHIR-001"
    assert issues[0]["severity"] == "error"
    assert plan_conversion(["{broken"], fhir_version="R4").shared("issues").column("code")[0].as_py() == "IX-FHIR-001"


def test_rows_agree_with_the_local_runner(export: Path) -> None:
    result = api.to_sdtm(export, fhir_version="R4")
    lines = export.read_bytes().split(b"\n")[:-2]  # but for the one that is no JSON
    conversion = plan_conversion([line for line in lines if subject_of(line) is None], fhir_version="R4")
    own = [line for line in lines if (subject_of(line) or "").startswith("Patient/")]
    given = pa.RecordBatch.from_pydict({"resource": [line.decode() for line in own]})
    for name in ("DM", "VS"):
        local = result.dataset(name).to_arrow()
        assert table(conversion, name, given).select(local.column_names).to_pylist() == local.to_pylist()


def test_the_release_has_to_be_known() -> None:
    with pytest.raises(SourceError, match="IX-FHIR-023"):
        plan_conversion(fhir_version="R3")  # type: ignore[arg-type]
