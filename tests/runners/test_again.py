"""A source that is traced in parts says of every cell what it says in memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from interchange import SourceError
from interchange.fhir.read import Reader
from interchange.issues import Issues
from interchange.mapping.load import load_project
from interchange.runners.again import PartedTracer, tracer_of
from interchange.runners.engines import build_engines
from interchange.runners.stream import Stream

if TYPE_CHECKING:
    from pathlib import Path

    from interchange.engine.trace import Tracer

RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"


def subject(number: int) -> list[dict[str, Any]]:
    who = {"reference": f"Patient/p{number}"}
    coding = {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2028-9"}
    other = {**coding, "code": "2106-3"}
    return [
        {
            "resourceType": "ResearchSubject",
            "id": f"s{number}",
            "status": "active",
            "study": {"reference": "ResearchStudy/study"},
            "subject": who,
            "period": {"start": f"2024-01-{number + 10}"},
        },
        {
            "resourceType": "Patient",
            "id": f"p{number}",
            "identifier": [{"system": "urn:cdisc:sdtm:USUBJID", "value": f"S-{20 - number}"}],
            "birthDate": "1960-01-02",
            "extension": [
                {"url": RACE, "extension": [{"url": "ombCategory", "valueCoding": c} for c in (coding, other)]}
            ],
        },
        *(
            {
                "resourceType": "AdverseEvent",
                "id": f"a{number}-{day}",
                "actuality": "actual",
                "status": "completed",
                "code": {"text": f"EVENT {day}"},
                "subject": who,
                "occurrenceDateTime": f"2024-02-{day:02d}",
                "note": [{"text": "seen"}],
            }
            for day in (3, 1)
        ),
    ]


@pytest.fixture(scope="module")
def tracers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tracer, PartedTracer]:
    """The same source in memory and in parts."""
    identifier = [{"system": "urn:cdisc:sdtm:STUDYID", "value": "STUDY"}]
    study = {"resourceType": "ResearchStudy", "id": "study", "status": "active", "title": "A", "identifier": identifier}
    resources = [study, *(resource for number in range(4) for resource in subject(number))]
    path: Path = tmp_path_factory.mktemp("source") / "all.ndjson"
    path.write_text("".join(json.dumps(resource) + "\n" for resource in resources))
    project = load_project()
    stream = Stream(3)
    records = list(Reader(str(path), Issues()))
    for record in records:
        stream.add(record)
    return tracer_of(build_engines(project, "R5"), records), PartedTracer(stream, project, "R5")


def test_parts_say_what_memory_says(tracers: tuple[Tracer, PartedTracer]) -> None:
    whole, parted = tracers
    assert {"DM", "SUPPDM", "AE", "CO", "TS"} <= set(whole.datasets)
    for name, dataset in whole.datasets.items():
        assert list(parted.datasets[name].rows) == list(dataset.rows)
        for number in range(1, len(dataset.rows) + 1):
            assert parted.trace(name, number) == whole.trace(name, number)


def test_what_there_is_not(tracers: tuple[Tracer, PartedTracer]) -> None:
    _, parted = tracers
    for words, said in ((("DN", 1), "did you mean DM?"), (("DM", 5), "its rows are 1 to 4"), (("DM", 1, "SXE"), "SEX")):
        with pytest.raises(SourceError, match=said.replace("?", r"\?")):
            parted.trace(*words)  # type: ignore[arg-type]
