"""What HL7's own packages say of the FHIR that is made: invariants, required bindings, ids and references.

The resources are those of the demo trial, of random rows of every domain, and of two subjects of the CDISC pilot.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import interchange
from interchange.fhir.elements import elements
from interchange.fhir.validate import check, dangling
from interchange.intake import read_datasets
from interchange.issues import Issues

from ..laws.studies import study  # noqa: TID252  # tests are no package of their own
from ..laws.trips import RELEASES, engines, project, to_fhir  # noqa: TID252
from .invariants import Referee
from .packages import CORE, members

if TYPE_CHECKING:
    from collections.abc import Iterator

    from interchange.fhir.elements import Release
    from interchange.sdtm.dataset import Dataset

Resource = dict[str, Any]
ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("INTERCHANGE_SHARED") or ROOT.parent / "shared") / "data"
SUBJECTS = {"01-701-1015", "01-718-1427"}
SEEDS: dict[Release, int] = {"R5": 2, "R4B": 2, "R4": 1}  # R4 differs little from R4B


@cache
def _trial() -> list[Dataset]:
    return list(interchange.to_sdtm(ROOT / "examples" / "nct05574608" / "bundle.json", ledger=False).datasets)


@cache
def demo(release: Release) -> list[Resource]:
    """The demo trial, from FHIR to SDTM to FHIR."""
    return to_fhir(_trial(), engines(release, "compiled"))


@cache
def random(release: Release) -> list[list[Resource]]:
    """Random rows of each domain, a list of resources for each study."""
    own = engines(release, "compiled")
    return [
        to_fhir(study(seed, [domain]), own) for domain in sorted(project().mappings) for seed in range(SEEDS[release])
    ]


@cache
def pilot(release: Release) -> list[Resource]:
    """Two subjects of the CDISC pilot, and its trial design; of a subject's dataset 40 rows at most."""
    path = SHARED / "lzzt" / "sdtm_xpt.zip"
    if not path.exists():
        pytest.skip("the pilot's SDTM is not here: set INTERCHANGE_SHARED to the shared reference data")
    return to_fhir([_cut(d) for d in _datasets(path)], engines(release, "compiled"))


@cache
def _datasets(path: Path) -> list[Dataset]:
    return read_datasets(path, Issues())


def _cut(dataset: Dataset) -> Dataset:
    rows = [row for row in dataset.rows if row.get("USUBJID", "01-701-1015") in SUBJECTS]
    return replace(dataset, rows=rows[:40])


def everything(release: Release) -> Iterator[list[Resource]]:
    yield demo(release)
    yield from random(release)
    if (SHARED / "lzzt").exists():
        yield pilot(release)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("which", ["demo", "random", "pilot"])
def test_invariants_hold(release: Release, which: str) -> None:
    referee = Referee(release)
    studies = random(release) if which == "random" else [demo(release) if which == "demo" else pilot(release)]
    found = [finding for resources in studies for finding in referee.findings(resources)]
    assert found == []
    assert referee.failed == {}  # what fhirpathpy cannot evaluate is answered by the functions of NATIVE
    assert referee.asked["ref-1"] > 10


@pytest.mark.parametrize("release", RELEASES)
def test_what_is_wrong_is_found(release: Release) -> None:
    """The referee sees what it is there for."""
    observation = {
        "resourceType": "Observation",
        "id": "o",
        "status": "final",
        "code": {"text": "x"},
        "valueQuantity": {"code": "mg"},
        "dataAbsentReason": {"text": "lost"},
        "effectivePeriod": {"start": "2020-02", "end": "2020-01"},
        "subject": {"id": "1"},
        "specimen": {"reference": "#s"},
    }
    keys = {finding.key for finding in Referee(release).findings([observation])}
    assert keys >= {"obs-6", "qty-3", "per-1", "ele-1", "ref-1"}


@pytest.mark.parametrize("release", RELEASES)
def test_resources_are_valid_and_refer_to_what_is_there(release: Release) -> None:
    for resources in everything(release):
        assert [str(issue) for resource in resources for issue in check(resource, release)] == []
        assert [str(issue) for issue in dangling(resources)] == []
        names = [(resource["resourceType"], resource["id"]) for resource in resources]
        assert len(set(names)) == len(names)
        assert [id_ for _, id_ in names if not re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", id_)] == []


@pytest.mark.parametrize("release", RELEASES)
def test_the_codes_of_required_bindings_are_those_of_the_packages(release: Release) -> None:
    """The shipped tables have the codes of each value set that a package lists whole."""
    systems = {body["url"]: body for _, body in members(CORE[release], "CodeSystem-") if "url" in body}
    checked = 0
    for _, body in members(CORE[release], "ValueSet-"):
        ours = elements(release).codes(body.get("url"))
        theirs = _expanded(body, systems)
        if ours is not None and theirs is not None:
            assert set(ours) == theirs, body["url"]
            checked += 1
    assert checked > 200


def _expanded(body: Resource, systems: dict[str, Resource]) -> set[str] | None:
    """The codes of a value set of whole code systems and lists of codes; nothing for any other."""
    compose = body.get("compose", {})
    if "exclude" in compose or not compose.get("include"):
        return None
    codes: set[str] = set()
    for part in compose["include"]:
        if "filter" in part or "valueSet" in part:
            return None
        if "concept" in part:
            codes.update(concept["code"] for concept in part["concept"])
        elif (system := systems.get(part.get("system", ""))) and system.get("content") == "complete":
            codes |= _codes(system.get("concept", []))
        else:
            return None
    return codes


def _codes(concepts: list[Resource]) -> set[str]:
    return {code for one in concepts for code in ({one["code"]} | _codes(one.get("concept", [])))}
