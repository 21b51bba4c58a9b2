"""A seeded FHIR R4 export of one trial: bulk data files with the records of any number of subjects.

A subject is the same for the same seed and number, whatever stands around it, so a smaller corpus is the beginning of a
larger one. Nothing is held: a subject's resources are made, written and forgotten.

    python benchmarks/corpus.py FOLDER --subjects 100
"""

from __future__ import annotations

import argparse
from collections import Counter
from contextlib import ExitStack
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Resource = dict[str, Any]

STUDY = "TRIAL-1"
LOINC, UCUM, SNOMED = "http://loinc.org", "http://unitsofmeasure.org", "http://snomed.info/sct"
THO = "http://terminology.hl7.org/CodeSystem"
ARMS = ("Placebo", "Low Dose", "High Dose")
VISITS = (-7, 1, 15, 29, 57, 85)

# LOINC code, name, unit, range, digits
LABS = (
    ("1751-7", "Albumin [Mass/volume] in Serum or Plasma", "g/dL", 3.3, 4.9, 1),
    ("6768-6", "Alkaline phosphatase [Enzymatic activity/volume] in Serum or Plasma", "U/L", 35, 115, 0),
    ("1742-6", "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "U/L", 6, 34, 0),
    ("1920-8", "Aspartate aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "U/L", 9, 34, 0),
    ("1975-2", "Bilirubin.total [Mass/volume] in Serum or Plasma", "mg/dL", 0.2, 1.2, 1),
    ("17861-6", "Calcium [Mass/volume] in Serum or Plasma", "mg/dL", 8.4, 10.3, 1),
    ("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL", 0.7, 1.4, 2),
    ("2345-7", "Glucose [Mass/volume] in Serum or Plasma", "mg/dL", 70, 115, 0),
    ("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", 11.5, 16.5, 1),
    ("2823-3", "Potassium [Moles/volume] in Serum or Plasma", "mmol/L", 3.4, 5.4, 1),
    ("2951-2", "Sodium [Moles/volume] in Serum or Plasma", "mmol/L", 135, 145, 0),
    ("6690-2", "Leukocytes [#/volume] in Blood by Automated count", "10*3/uL", 3.8, 10.8, 2),
    ("777-3", "Platelets [#/volume] in Blood by Automated count", "10*3/uL", 130, 400, 0),
)
VITALS = (
    ("8867-4", "Heart rate", "/min", 55, 95, 0),
    ("8310-5", "Body temperature", "Cel", 36, 38, 1),
    ("29463-7", "Body weight", "kg", 50, 110, 1),
    ("9279-1", "Respiratory rate", "/min", 12, 20, 0),
)
PRESSURES = (("8480-6", "Systolic blood pressure", 100, 160), ("8462-4", "Diastolic blood pressure", 60, 100))
EVENTS = (
    ("10019211", "Headache"),
    ("10028813", "Nausea"),
    ("10016256", "Fatigue"),
    ("10037844", "Rash"),
    ("10012735", "Diarrhoea"),
)
DRUGS = (
    ("161", "Acetaminophen", 500),
    ("5640", "Ibuprofen", 400),
    ("6809", "Metformin", 850),
    ("1191", "Aspirin", 100),
)
CONDITIONS = (("38341003", "Hypertensive disorder"), ("44054006", "Type 2 diabetes mellitus"), ("195967001", "Asthma"))


def study() -> Resource:
    """Return the trial."""
    return {
        "resourceType": "ResearchStudy",
        "id": STUDY,
        "identifier": [{"system": "urn:cdisc:sdtm:STUDYID", "value": STUDY}],
        "status": "active",
        "arm": [{"name": arm} for arm in ARMS],
    }


def subject(number: int, seed: int = 1) -> Iterator[Resource]:
    """Yield the resources of one subject: some 120, most of them laboratory results."""
    random = Random(seed * 1_000_003 + number)  # noqa: S311  # test data, not secrets
    name = f"{STUDY}-{701 + number % 17}-{1001 + number}"
    start = date(2024, 1, 1) + timedelta(days=random.randrange(300))
    yield from _person(random, name, start)
    for at, day in enumerate(VISITS):
        yield from _visit(random, name, at, start + timedelta(days=day - (day > 0)))
    for at in range(random.randrange(5)):
        yield _event(random, name, at, start)
    for at in range(random.randrange(4)):
        yield _drug(random, name, at, start)
    for at, (code, text) in enumerate(random.sample(CONDITIONS, random.randrange(len(CONDITIONS)))):
        yield _condition(name, at, code, text, start - timedelta(days=random.randrange(100, 3000)))


def _person(random: Random, name: str, start: date) -> Iterator[Resource]:
    arm = random.choice(ARMS)
    yield {
        "resourceType": "Patient",
        "id": name,
        "identifier": [{"system": "urn:cdisc:sdtm:USUBJID", "value": name}],
        "gender": random.choice(("female", "male")),
        "birthDate": date(random.randrange(1940, 2004), random.randrange(1, 13), random.randrange(1, 29)).isoformat(),
        "address": [{"country": "USA"}],
    }
    yield {
        "resourceType": "ResearchSubject",
        "id": name,
        "identifier": [{"system": "urn:cdisc:sdtm:SUBJID", "value": name[-4:]}],
        "status": "on-study",
        "period": {"start": start.isoformat(), "end": (start + timedelta(days=85)).isoformat()},
        "study": {"reference": f"ResearchStudy/{STUDY}"},
        "individual": {"reference": f"Patient/{name}"},
        "assignedArm": arm,
        "actualArm": arm,
    }


def _visit(random: Random, name: str, at: int, day: date) -> Iterator[Resource]:
    encounter = f"{name}-visit-{at}"
    yield {
        "resourceType": "Encounter",
        "id": encounter,
        "identifier": [{"system": "urn:cdisc:sdtm:VISITNUM", "value": str(at + 1)}],
        "status": "finished",
        "class": {"system": f"{THO}/v3-ActCode", "code": "AMB"},
        "subject": {"reference": f"Patient/{name}"},
        "period": {"start": day.isoformat(), "end": day.isoformat()},
    }
    when = f"{day.isoformat()}T{random.randrange(8, 12):02d}:{random.randrange(60):02d}:00Z"
    for code, text, unit, low, high, digits in LABS:
        result = _observation(name, encounter, "laboratory", code, text, when)
        value = _around(random, low, high, digits)
        result["valueQuantity"] = _quantity(value, unit)
        result["referenceRange"] = [{"low": _quantity(low, unit), "high": _quantity(high, unit)}]
        flag = "L" if value < low else "H" if value > high else "N"
        result["interpretation"] = [{"coding": [{"system": f"{THO}/v3-ObservationInterpretation", "code": flag}]}]
        yield result
    for code, text, unit, low, high, digits in VITALS:
        result = _observation(name, encounter, "vital-signs", code, text, when)
        yield result | {"valueQuantity": _quantity(_around(random, low, high, digits), unit)}
    panel = _observation(name, encounter, "vital-signs", "85354-9", "Blood pressure panel", when)
    panel["component"] = [
        {"code": _concept(LOINC, code, text), "valueQuantity": _quantity(_around(random, low, high, 0), "mm[Hg]")}
        for code, text, low, high in PRESSURES
    ]
    yield panel


def _observation(name: str, encounter: str, category: str, code: str, text: str, when: str) -> Resource:
    return {
        "resourceType": "Observation",
        "id": f"{encounter}-{code}",
        "status": "final",
        "category": [_concept(f"{THO}/observation-category", category)],
        "code": _concept(LOINC, code, text),
        "subject": {"reference": f"Patient/{name}"},
        "encounter": {"reference": f"Encounter/{encounter}"},
        "effectiveDateTime": when,
    }


def _event(random: Random, name: str, at: int, start: date) -> Resource:
    code, text = random.choice(EVENTS)
    grade = random.choice(("mild", "moderate", "severe"))
    return {
        "resourceType": "AdverseEvent",
        "id": f"{name}-ae-{at}",
        "actuality": "actual",
        "event": _concept(f"{THO}/MDRAE", code, text),
        "subject": {"reference": f"Patient/{name}"},
        "date": (start + timedelta(days=random.randrange(80))).isoformat(),
        "seriousness": _concept(f"{THO}/adverse-event-seriousness", "non-serious"),
        "severity": _concept(f"{THO}/adverse-event-severity", grade),
        "outcome": _concept(f"{THO}/adverse-event-outcome", "resolved"),
        "study": [{"reference": f"ResearchStudy/{STUDY}"}],
    }


def _drug(random: Random, name: str, at: int, start: date) -> Resource:
    code, text, dose = random.choice(DRUGS)
    begin = start - timedelta(days=random.randrange(1, 900))
    return {
        "resourceType": "MedicationStatement",
        "id": f"{name}-cm-{at}",
        "status": "completed",
        "medicationCodeableConcept": _concept("http://www.nlm.nih.gov/research/umls/rxnorm", code, text),
        "subject": {"reference": f"Patient/{name}"},
        "effectivePeriod": {"start": begin.isoformat(), "end": (start + timedelta(days=30)).isoformat()},
        "dosage": [
            {
                "route": _concept(SNOMED, "26643006", "Oral"),
                "timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}},
                "doseAndRate": [{"doseQuantity": _quantity(dose, "mg")}],
            }
        ],
    }


def _condition(name: str, at: int, code: str, text: str, onset: date) -> Resource:
    return {
        "resourceType": "Condition",
        "id": f"{name}-mh-{at}",
        "clinicalStatus": _concept(f"{THO}/condition-clinical", "active"),
        "category": [_concept(f"{THO}/condition-category", "problem-list-item")],
        "code": _concept(SNOMED, code, text),
        "subject": {"reference": f"Patient/{name}"},
        "onsetDateTime": onset.isoformat(),
    }


def _concept(system: str, code: str, text: str = "") -> Resource:
    return {"coding": [{"system": system, "code": code} | ({"display": text} if text else {})]}


def _quantity(value: float | Decimal, unit: str) -> Resource:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def _around(random: Random, low: float, high: float, digits: int) -> Decimal:
    """A value mostly within a range, with its zeros: laboratories write 3.80."""
    width = (high - low) * 0.1
    return Decimal(f"{random.uniform(low - width, high + width):.{digits}f}")


def resources(subjects: int, seed: int = 1) -> Iterator[Resource]:
    """Yield the trial and the resources of its subjects."""
    yield study()
    for number in range(subjects):
        yield from subject(number, seed)


def is_laboratory(resource: Resource) -> bool:
    """Whether a resource is a laboratory result, or what places one: the study, a subject, a visit."""
    if resource["resourceType"] == "Observation":
        return bool(resource["category"][0]["coding"][0]["code"] == "laboratory")
    return resource["resourceType"] in {"ResearchStudy", "ResearchSubject", "Patient", "Encounter"}


def write_corpus(
    folder: Path, subjects: int, seed: int = 1, only: Callable[[Resource], bool] | None = None
) -> Counter[str]:
    """Write a file of NDJSON a resource type, and return how many resources of each there are."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder = msgspec.json.Encoder(decimal_format="number")
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        files: dict[str, Any] = {}
        for resource in filter(only, resources(subjects, seed)):
            kind = resource["resourceType"]
            if kind not in files:
                files[kind] = stack.enter_context((folder / f"{kind}.ndjson").open("wb"))
            files[kind].write(encoder.encode(resource) + b"\n")
            counts[kind] += 1
    return counts


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--subjects", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    for kind, count in write_corpus(args.folder, args.subjects, args.seed).items():
        print(f"{kind} {count}")
