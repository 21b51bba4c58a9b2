"""Trial NCT05574608: FHIR by hand, SDTM by hand, and the conversion between them."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import pytest

from interchange.api import to_fhir, to_sdtm
from interchange.engine.ledger import leaves

if TYPE_CHECKING:
    from pathlib import Path

    from interchange.intake import FhirVersion
    from interchange.results import SdtmResult
    from interchange.runners.engines import Engine

BUNDLES: tuple[FhirVersion, ...] = ("R5", "R4B")
ROWS = {"TS": 54, "TI": 11, "TA": 3, "TE": 3}


@pytest.fixture(scope="module", params=("interpreted", "compiled"))
def engine(request: pytest.FixtureRequest) -> Engine:
    return request.param  # type: ignore[no-any-return]  # one of the two above


@pytest.fixture(scope="module", params=BUNDLES)
def result(request: pytest.FixtureRequest, shared: Path, engine: Engine) -> SdtmResult:
    bundle = shared / "nct05574608" / f"bundle-{request.param.lower()}.json"
    return to_sdtm(bundle, fhir_version=request.param, engine=engine)


def expected(shared: Path, domain: str) -> list[dict[str, str]]:
    with (shared / "nct05574608" / f"{domain.lower()}.csv").open(encoding="utf-8", newline="") as file:
        return [{name: cell for name, cell in row.items() if cell} for row in csv.DictReader(file)]


@pytest.mark.parametrize("domain", ROWS)
def test_every_cell_is_that_of_the_truth(result: SdtmResult, shared: Path, domain: str) -> None:
    truth = expected(shared, domain)
    assert len(truth) == ROWS[domain]
    assert result.dataset(domain).rows == truth


def test_no_visits_are_invented(result: SdtmResult, shared: Path) -> None:
    assert expected(shared, "TV") == []
    assert [d.name for d in result.datasets if d.rows] == ["TS", "TA", "TE", "TI"]


def test_nothing_is_wrong_with_the_bundle(result: SdtmResult) -> None:
    assert result.issues.errors == 0
    assert result.rejected == []


def test_the_release_is_told_from_the_content(shared: Path) -> None:
    for release in BUNDLES:
        bundle = shared / "nct05574608" / f"bundle-{release.lower()}.json"
        found = to_sdtm(bundle, ledger=False, engine="interpreted").release
        assert found == release or (found, release) == ("R4", "R4B")  # what fits both is taken for R4


def test_every_leaf_is_back_or_in_the_ledger(result: SdtmResult, shared: Path) -> None:
    """What the ledger does not name stands in the resources made of the rows, with its value."""
    import msgspec

    bundle = shared / "nct05574608" / f"bundle-{result.release.lower()}.json"
    entries = msgspec.json.decode(bundle.read_bytes())["entry"]
    before = [entry["resource"] for entry in entries]
    assert result.ledger is not None
    lost = {(loss.resource, loss.element) for loss in result.ledger.losses}
    made = to_fhir(result.datasets, fhir_version=result.release, engine="interpreted").resources
    values: dict[str, set[str]] = {}
    for resource in made:
        values.setdefault(resource["resourceType"], set()).update(str(v) for _, v in leaves(resource))
    count = 0
    for resource in before:
        name = f"{resource['resourceType']}/{resource['id']}"
        for path, value in leaves(resource):
            if path == "resourceType":
                continue
            count += 1
            if (name, path) not in lost and not path.endswith("reference"):
                assert str(value) in values[resource["resourceType"]], f"{name} {path}"
    assert result.ledger.leaves == count


def test_the_ledger_says_little_is_lost(result: SdtmResult) -> None:
    """Seven in ten leaves come back; the rest are other resources, registry extras, and ids made anew."""
    assert result.ledger is not None
    assert result.ledger.kept / result.ledger.leaves > 0.7
    assert all(loss.reason for loss in result.ledger.losses)


def test_rows_come_back_from_their_own_fhir(result: SdtmResult, engine: Engine) -> None:
    made = to_fhir(result.datasets, fhir_version=result.release, engine=engine)
    again = to_sdtm(made.resources, fhir_version=result.release, engine=engine, ledger=False)
    assert [d.rows for d in again.datasets] == [d.rows for d in result.datasets]
    assert made.check() == []


def test_ids_are_as_long_as_fhir_allows(result: SdtmResult) -> None:
    made: list[dict[str, Any]] = to_fhir(result.datasets, fhir_version=result.release, engine="interpreted").resources
    assert all(0 < len(resource["id"]) <= 64 for resource in made)
