"""A source converted in parts gives what it gives in memory: rows, variables, losses, counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from interchange import api
from interchange.runners.stream import SPREAD, parts_for

if TYPE_CHECKING:
    from pathlib import Path

    from interchange.results import SdtmResult

SUBJECTS = 9


def subject(number: int) -> list[dict[str, Any]]:
    who = {"reference": f"Patient/p{number}"}
    category = [
        {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}
    ]
    return [
        {
            "resourceType": "ResearchSubject",
            "id": f"s{number}",
            "status": "on-study",
            "study": {"reference": "ResearchStudy/study"},
            "individual": who,
            "period": {"start": f"2024-01-{number + 10}"},
            "assignedArm": "Drug",
        },
        {
            "resourceType": "Patient",
            "id": f"p{number}",
            "identifier": [{"system": "urn:cdisc:sdtm:USUBJID", "value": f"S-{20 - number}"}],
            "gender": "female",
            "managingOrganization": {"reference": "Organization/site"},
        },
        *(
            {
                "resourceType": "Observation",
                "id": f"o{number}-{day}",
                "status": "final",
                "category": category,
                "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]},
                "subject": who,
                "effectiveDateTime": f"2024-02-{day:02d}",
                "valueQuantity": {
                    "value": 60 + day,
                    "unit": "/min",
                    "system": "http://unitsofmeasure.org",
                    "code": "/min",
                },
                "note": [{"text": "Resting"}],
            }
            for day in (3, 1, 2)
        ),
    ]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shared: list[dict[str, Any]] = [
        {
            "resourceType": "ResearchStudy",
            "id": "study",
            "status": "active",
            "title": "A trial",
            "identifier": [{"system": "urn:cdisc:sdtm:STUDYID", "value": "STUDY"}],
            "arm": [{"name": "Drug"}],
        },
        {"resourceType": "Organization", "id": "site", "name": "Site 1"},
    ]
    resources = [*shared, *(r for number in range(SUBJECTS) for r in subject(number))]
    resources.append(resources[5])  # a repeat, which is dropped in silence
    resources.append({**resources[5], "status": "amended"})  # and another of the same name, which is rejected
    path = tmp_path_factory.mktemp("source") / "all.ndjson"
    path.write_bytes(b"".join(msgspec.json.encode(resource) + b"\n" for resource in resources))
    return path


def told(result: SdtmResult) -> dict[str, Any]:
    """What a result says, apart from the order in which it was found."""
    ledger = result.ledger
    return {
        "rows": {dataset.name: list(dataset.rows) for dataset in result.datasets},
        "variables": {dataset.name: dataset.variables for dataset in result.datasets},
        "leaves": ledger and (ledger.leaves, list(ledger.losses)),
        "issues": sorted(map(str, result.issues)),
        "rejected": [one.raw for one in result.rejected],
        "unmapped": result.unmapped,
        "outside": result.outside,
    }


@pytest.mark.parametrize(("parts", "jobs"), [(2, 1), (40, 2)])
def test_parts_give_what_memory_gives(source: Path, parts: int, jobs: int) -> None:
    whole = told(api.to_sdtm(source, fhir_version="R4"))
    size = source.stat().st_size
    parted = told(api.to_sdtm(source, fhir_version="R4", memory=size * SPREAD // parts, jobs=jobs))
    assert whole["rows"]["VS"]
    for name, value in whole.items():
        assert parted[name] == value, name


def test_the_release_is_told_from_content_in_parts_too(source: Path) -> None:
    assert api.to_sdtm(source, memory=1000).release == "R4"


def test_files_are_the_same_bytes(source: Path, tmp_path: Path) -> None:
    api.to_sdtm(source).write(tmp_path / "whole", ["xpt", "dataset-json"])
    api.to_sdtm(source, memory=1000, jobs=2).write(tmp_path / "parted", ["xpt", "dataset-json"])
    names = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "parted").iterdir())
    for name in set(names) - {"issues.csv"}:
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parted" / name).read_bytes(), name


def test_small_sources_are_one_part() -> None:
    assert parts_for(0, 2**30) == 1
    assert parts_for(2**30, 2**30) == SPREAD
