"""HL7's own example resources, of every type that a mapping reads, to SDTM and back.

They are no study's data, so most of them become few rows; what is asked is that each is taken as it is, and that the
loss ledger says no more and no less than what is gone.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

import interchange
from interchange.engine.ledger import NO_ROW
from interchange.fhir.read import CANONICAL
from interchange.fhir.references import name_of
from interchange.mapping.load import load_project
from interchange.runners.engines import ready_engines

from .accounts import audit, count
from .packages import members

if TYPE_CHECKING:
    from pathlib import Path

    from interchange.fhir.elements import Release
    from interchange.results import SdtmResult

Resource = dict[str, Any]

PACKAGES: dict[Release, str] = {"R4": "hl7.fhir.r4.examples", "R5": "hl7.fhir.r5.examples"}
WITH_ROWS = {"R4": 160, "R5": 160}  # at least so many of some 400 have a home in SDTM
SOME = 7  # one by one, a part of the examples says enough of all
# what is wrong with the examples themselves: Bundles in Bundles, entries without resource, the same Type/id twice
OWN_FAULTS = {"IX-FHIR-005", "IX-FHIR-008", "IX-FHIR-009"}

both = pytest.mark.parametrize("release", list(PACKAGES))


@cache
def examples(release: Release) -> list[Resource]:
    """The example resources whose type a mapping reads."""
    types = ready_engines(load_project(None, None), release).plan.resource_types()
    found = [one for _, one in members(PACKAGES[release], *(f"{type_}-" for type_ in sorted(types)))]
    return [one for one in found if one["resourceType"] in types]


@cache
def bundles(release: Release) -> list[Resource]:
    """The example Bundles with a resource whose type a mapping reads."""
    types = {one["resourceType"] for one in examples(release)}
    found = [one for _, one in members(PACKAGES[release], "Bundle-") if one["resourceType"] == "Bundle"]
    return [one for one in found if types & {r["resourceType"] for r in inside(one)}]


def inside(bundle: Resource) -> list[Resource]:
    return [entry["resource"] for entry in bundle.get("entry", []) if "resource" in entry]


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings that give records of no study one to stay with."""
    path = tmp_path_factory.mktemp("study") / "study.yaml"
    path.write_text("studyid: EXAMPLES\n", encoding="utf-8")
    return path


def assert_accounted(before: list[Resource], made: SdtmResult, study: Path | None) -> None:
    """The ledger and the resources made of the datasets are together what was given."""
    assert made.ledger is not None
    after = interchange.to_fhir(made.datasets, fhir_version=made.release, study=study)
    found = audit(before, after.resources, made.ledger)
    assert found.homeless == []
    assert found.unknown == []
    assert (made.ledger.leaves, len(made.ledger.losses)) == (found.leaves, found.named)


def errors(made: SdtmResult) -> list[str]:
    return [str(issue) for issue in made.issues if issue.severity == "error"]


@both
@pytest.mark.parametrize("placed", [True, False])
def test_examples_go_to_sdtm_and_the_ledger_has_what_is_gone(release: Release, placed: bool, study: Path) -> None:
    settings = study if placed else None
    made = interchange.to_sdtm(examples(release), fhir_version=release, study=settings)
    assert errors(made) == []
    assert made.rejected == []
    assert_accounted(examples(release), made, settings)


@both
@pytest.mark.parametrize("placed", [True, False])
def test_examples_come_back_leaf_by_leaf_with_the_remainder(release: Release, placed: bool, study: Path) -> None:
    settings = study if placed else None
    made = interchange.to_sdtm(examples(release), fhir_version=release, study=settings, remainder=True)
    back = interchange.to_fhir(made.datasets, remainder=made.remainder, study=settings)
    assert sorted(map(CANONICAL, back.resources)) == sorted(map(CANONICAL, examples(release)))
    assert made.remainder is not None
    counts = made.remainder.counts()
    assert sum(own.leaves for own in counts.values()) == sum(count(r) - 1 for r in examples(release))
    assert all(own.leaves == own.kept + own.remainder for own in counts.values())


@both
def test_examples_come_back_leaf_by_leaf_by_way_of_files(release: Release, study: Path, tmp_path: Path) -> None:
    made = interchange.to_sdtm(examples(release), fhir_version=release, study=study, remainder=True)
    made.write(tmp_path, ["xpt"])
    files = sorted(tmp_path.glob("*.xpt"))
    back = interchange.to_fhir(files, remainder=tmp_path / "remainder.ndjson", study=study)
    assert sorted(map(CANONICAL, back.resources)) == sorted(map(CANONICAL, examples(release)))


@both
def test_many_examples_give_rows_and_valid_resources_come_back(release: Release, study: Path) -> None:
    made = interchange.to_sdtm(examples(release), fhir_version=release, study=study)
    assert made.ledger is not None
    without = {loss.resource for loss in made.ledger.losses if loss.reason == NO_ROW}
    assert len(examples(release)) - len(without) >= WITH_ROWS[release]
    back = interchange.to_fhir(made.datasets, fhir_version=release, study=study)
    assert [str(issue) for issue in back.issues if issue.severity == "error"] == []
    assert back.check() == []
    again = interchange.to_sdtm(back.resources, fhir_version=release, study=study, ledger=False)
    assert [d.name for d in again.datasets] == [d.name for d in made.datasets]
    for one, two in zip(made.datasets, again.datasets, strict=True):
        assert list(one.rows) == list(two.rows), one.name


@both
def test_examples_alone_are_accounted_for(release: Release, study: Path) -> None:
    for resource in examples(release)[::SOME]:
        made = interchange.to_sdtm([resource], fhir_version=release, study=study)
        assert errors(made) == [], resource["id"]
        assert_accounted([resource], made, study)


@both
def test_every_bundle_is_accounted_for(release: Release, study: Path) -> None:
    for bundle in bundles(release):
        made = interchange.to_sdtm(bundle, fhir_version=release, study=study)
        assert {issue.code for issue in made.issues if issue.severity == "error"} <= OWN_FAULTS, bundle["id"]
        if not made.rejected and len(set(map(name_of, inside(bundle)))) == len(inside(bundle)):
            assert_accounted(inside(bundle), made, study)


@both
def test_whole_packages_are_read(release: Release) -> None:
    resources = [one for _, one in members(PACKAGES[release])]
    made = interchange.to_sdtm(resources, fhir_version=release, ledger=False)
    assert {issue.code for issue in made.issues if issue.severity == "error"} <= OWN_FAULTS
    assert {rejected.issue.code for rejected in made.rejected} <= OWN_FAULTS
