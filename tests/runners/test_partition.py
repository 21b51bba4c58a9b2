from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from interchange.fhir.read import Record
from interchange.issues import Place
from interchange.runners.partition import Partition, Placed, decode_record, encode_record, read_part, subject_key

if TYPE_CHECKING:
    from pathlib import Path

Json = dict[str, Any]


def record(resource: Json, full_url: str | None = None) -> Record:
    return Record(resource, Place("a.ndjson", 1, f"{resource['resourceType']}/{resource.get('id')}"), full_url)


def observation(id_: str, subject: Json) -> Json:
    return {"resourceType": "Observation", "id": id_, "subject": subject}


@pytest.mark.parametrize(
    ("resource", "key"),
    [
        ({"resourceType": "Patient", "id": "1"}, "Patient/1"),
        (observation("o", {"reference": "Patient/1"}), "Patient/1"),
        (observation("o", {"reference": "https://a.example/fhir/Patient/1/_history/3"}), "Patient/1"),
        (observation("o", {"reference": "urn:uuid:7d0c"}), "urn:uuid:7d0c"),
        (observation("o", {"reference": "Patient?identifier=s|7"}), "identifier s|7"),
        (observation("o", {"identifier": {"system": "s", "value": "7"}}), "identifier s|7"),
        (observation("o", {"reference": "#p"}), "Observation/o"),
        (observation("o", {"reference": "Group/1"}), None),
        (observation("o", {"display": "somebody"}), None),
        ({"resourceType": "Immunization", "id": "i", "patient": {"reference": "Patient/1"}}, "Patient/1"),
        ({"resourceType": "ResearchSubject", "id": "r", "individual": {"reference": "Patient/1"}}, "Patient/1"),
        ({"resourceType": "Organization", "id": "1"}, None),
    ],
)
def test_the_subject_of_a_resource(resource: Json, key: str | None) -> None:
    assert subject_key(resource) == key


def test_a_record_keeps_its_digits_and_place() -> None:
    one = Placed(record({"resourceType": "Observation", "valueQuantity": {"value": Decimal("5.10")}}, "urn:x"), 7)
    assert decode_record(encode_record(one)) == one
    assert str(decode_record(encode_record(one)).record.resource["valueQuantity"]["value"]) == "5.10"


def parts_of(folder: Path, records: list[Record], parts: int = 7) -> tuple[list[set[str]], set[str]]:
    """The names of the resources in each part, and of those that are shared."""
    partition = Partition(folder, parts)
    for one in records:
        partition.add(one)
    found = [{p.record.place.record for p in read_part(path)} for path in partition.close()]
    return found, {p.record.place.record for p in partition.shared}


def test_every_form_of_reference_leads_to_the_patients_part(tmp_path: Path) -> None:
    patient = {"resourceType": "Patient", "id": "1", "identifier": [{"system": "s", "value": "7"}]}
    others = [
        observation("relative", {"reference": "Patient/1"}),
        observation("absolute", {"reference": "https://a.example/Patient/1"}),
        observation("urn", {"reference": "urn:uuid:7d0c"}),
        observation("logical", {"identifier": {"system": "s", "value": "7"}}),
        observation("conditional", {"reference": "Patient?identifier=s|7"}),
    ]
    records = [record(other) for other in others]
    for at in (0, len(records)):  # the Patient before and after those that refer to it
        folder = tmp_path / str(at)
        folder.mkdir()
        placed = [*records[:at], record(patient, "urn:uuid:7d0c"), *records[at:]]
        parts, shared = parts_of(folder, placed)
        assert parts == [{"Patient/1", *(f"Observation/{o['id']}" for o in others)}]
        assert shared == set()


def test_what_has_no_subject_is_shared(tmp_path: Path) -> None:
    study = {"resourceType": "ResearchStudy", "id": "s"}
    subjects = [observation(str(i), {"reference": f"Patient/{i}"}) for i in range(20)]
    parts, shared = parts_of(tmp_path, [record(study), *map(record, subjects)])
    assert shared == {"ResearchStudy/s"}
    assert len(parts) > 1
    assert set().union(*parts) == {f"Observation/{i}" for i in range(20)}
