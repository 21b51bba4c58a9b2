"""The remainder of a source in parts is that of one conversion in memory, byte for byte."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import interchange
from interchange.engine.remainder.lines import encode_remainder
from interchange.fhir.read import CANONICAL

if TYPE_CHECKING:
    from pathlib import Path

SUBJECTS = 6
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


def study(arms: list[str]) -> list[dict[str, Any]]:
    own = {"system": "urn:cdisc:sdtm:STUDYID", "value": "S"}
    return [
        {"resourceType": "ResearchStudy", "id": "s", "identifier": [own], "arm": [{"name": arm} for arm in arms]},
        {"resourceType": "Organization", "id": "site", "name": "Site 1"},
    ]


def subject(number: int, arm: str) -> list[dict[str, Any]]:
    who = {"reference": f"Patient/p{number}"}
    return [
        {
            "resourceType": "ResearchSubject",
            "id": f"s{number}",
            "status": "on-study",
            "study": {"reference": "ResearchStudy/s"},
            "individual": who,
            "assignedArm": arm,
        },
        {
            "resourceType": "Patient",
            "id": f"p{number}",
            "identifier": [{"system": "urn:cdisc:sdtm:USUBJID", "value": f"S-{20 - number}"}],
            "name": [{"family": f"Name {number}"}],
            "managingOrganization": {"reference": "Organization/site"},
        },
        *(
            {
                "resourceType": "Observation",
                "id": f"o{number}-{day}",
                "status": "final",
                "category": [{"coding": [{"system": CATEGORY, "code": "vital-signs"}]}],
                "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]},
                "subject": who,
                "effectiveDateTime": f"2024-02-{day:02d}",
                "valueQuantity": {"value": 60 + day, "unit": "/min"},
                "note": [{"text": "Resting"}],
            }
            for day in (3, 1, 2)
        ),
    ]


@pytest.mark.parametrize(("arms", "parted"), [(["Drug"], True), (["Drug", "Placebo"], False)])
def test_parts_give_what_one_conversion_gives(tmp_path: Path, arms: list[str], parted: bool) -> None:
    """Arms that only the rows of several subjects together tell of are kept in memory."""
    resources = [*study(arms), *(r for n in range(SUBJECTS) for r in subject(n, arms[n % len(arms)]))]
    path = tmp_path / "trial.ndjson"
    path.write_text("".join(json.dumps(each) + "\n" for each in resources))
    whole = interchange.to_sdtm(path, fhir_version="R4", remainder=True)
    parts = interchange.to_sdtm(path, fhir_version="R4", remainder=True, memory=200_000)
    assert whole.remainder is not None
    assert parts.remainder is not None
    assert ("IX-REM-007" not in parts.issues.counts) is parted
    assert isinstance(parts.remainder.originals, list) is not parted
    assert list(encode_remainder(parts.remainder)) == list(encode_remainder(whole.remainder))
    assert parts.remainder.counts() == whole.remainder.counts()
    back = interchange.to_fhir(parts.datasets, remainder=parts.remainder)
    assert sorted(map(CANONICAL, back.resources)) == sorted(map(CANONICAL, resources))
