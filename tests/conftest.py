"""What tests share: how property tests draw their examples, and a trial as a file.

Property tests draw the same examples every time, so that a run says something of the change and not of luck.
``make fuzz`` draws new ones; what it finds becomes a test of its own.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from pathlib import Path

settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("INTERCHANGE_EXAMPLES", "steady"))

SUBJECTS = 40
LOINC, UCUM, THO = "http://loinc.org", "http://unitsofmeasure.org", "http://terminology.hl7.org/CodeSystem"


def trial() -> list[dict[str, Any]]:
    """The study and its site; two misfits, a record that names its Patient by identifier, and one that is none."""
    return [
        {
            "resourceType": "ResearchStudy",
            "id": "study",
            "status": "active",
            "identifier": [{"system": "urn:cdisc:sdtm:STUDYID", "value": "STUDY"}],
            "title": "A trial of heart rates " + "and of much else " * 20,
            "arm": [{"name": "Drug"}],
        },
        {"resourceType": "Organization", "id": "site", "name": "Site 1", "telecom": [{"value": "not in SDTM"}]},
        *(resource for number in range(SUBJECTS) for resource in subject(number)),
        {
            "resourceType": "AdverseEvent",
            "id": "named-otherwise",
            "actuality": "actual",
            "event": {"text": "Headache"},
            "subject": {"identifier": {"system": "urn:cdisc:sdtm:USUBJID", "value": "S-0005"}},
            "date": "2024-02-03",
        },
    ]


def subject(number: int) -> list[dict[str, Any]]:
    """One subject, with heart rates in no order; every seventh has one of a form that cannot be read."""
    who = {"reference": f"Patient/p{number}"}
    rates = [(day, {"value": 60 + day, "unit": "/min", "system": UCUM, "code": "/min"}) for day in (3, 1, 2)]
    return [
        {
            "resourceType": "ResearchSubject",
            "id": f"s{number}",
            "status": "on-study",
            "study": {"reference": "ResearchStudy/study"},
            "individual": who,
            "period": {"start": f"2024-01-{number % 20 + 10}"},
            "assignedArm": "Drug",
        },
        {
            "resourceType": "Patient",
            "id": f"p{number}",
            "identifier": [{"system": "urn:cdisc:sdtm:USUBJID", "value": f"S-{number:04d}"}],
            "gender": "female",
            "managingOrganization": {"reference": "Organization/site"},
        },
        *(
            {
                "resourceType": "Observation",
                "id": f"o{number}-{day}",
                "status": "final",
                "category": [{"coding": [{"system": f"{THO}/observation-category", "code": "vital-signs"}]}],
                "code": {"coding": [{"system": LOINC, "code": "8867-4", "display": "Heart rate"}]},
                "subject": who,
                "effectiveDateTime": f"2024-02-{day:02d}",
                "valueQuantity": "sixty" if number % 7 == 6 and day == 2 else quantity,
                "note": [{"text": "Resting"}],
            }
            for day, quantity in rates
        ),
    ]


@pytest.fixture(scope="session")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trial as a file of NDJSON, with a line that is no JSON."""
    path = tmp_path_factory.mktemp("export") / "all.ndjson"
    lines = [msgspec.json.encode(resource) for resource in trial()]
    path.write_bytes(b"\n".join([*lines, b"{broken"]) + b"\n")
    return path
