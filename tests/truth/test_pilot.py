"""The CDISC pilot study: its datasets to FHIR and back, in every release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from interchange.trips import roundtrip

if TYPE_CHECKING:
    from interchange.fhir.elements import Release
    from interchange.results import RoundTrip
    from interchange.runners.engines import Engine
    from interchange.sdtm.dataset import Dataset

COUNTS = {"TS": 33, "TA": 8, "TE": 7, "TI": 31, "TV": 21, "DM": 306, "SUPPDM": 1197}


@pytest.fixture(scope="module", params=("interpreted", "compiled"))
def engine(request: pytest.FixtureRequest) -> Engine:
    return request.param  # type: ignore[no-any-return]  # one of the two above


@pytest.fixture(scope="module", params=("R5", "R4B", "R4"))
def trip(request: pytest.FixtureRequest, pilot: list[Dataset], engine: Engine) -> RoundTrip:
    return roundtrip(pilot, fhir_version=request.param, engine=engine)


def test_the_package_is_the_one_known(pilot: list[Dataset]) -> None:
    assert {d.name: len(d.rows) for d in pilot} == COUNTS


def test_every_cell_comes_back(trip: RoundTrip, pilot: list[Dataset]) -> None:
    assert trip.kind == "SDTM"
    assert trip.different == {}
    after = {d.name: d for d in trip.datasets}
    for dataset in pilot:
        assert after[dataset.name].rows == dataset.rows, dataset.name


def test_every_resource_is_valid(trip: RoundTrip) -> None:
    assert [str(issue) for issue in trip.invalid] == []


def test_datasets_are_described_as_before(trip: RoundTrip, pilot: list[Dataset]) -> None:
    """Dataset labels; and names, order, labels, types and lengths of variables."""
    after = {d.name: d for d in trip.datasets}
    for dataset in pilot:
        assert after[dataset.name].label == dataset.label
        assert after[dataset.name].variables == dataset.variables


def test_the_trip_has_no_errors(trip: RoundTrip) -> None:
    assert trip.issues.errors == 0
    assert trip.equal


def native_share(trip: RoundTrip, domain: str, without: frozenset[str] = frozenset()) -> float:
    """The share of a dataset's cells that live in a FHIR element of their own, or in an extension that HL7 publishes."""
    tallies = {name: tally for name, tally in trip.tallies[domain].items() if name not in without}
    return sum(t.native + t.extension for t in tallies.values()) / sum(t.cells for t in tallies.values())


def test_most_of_dm_lives_in_fhir_itself(pilot: list[Dataset]) -> None:
    trip = roundtrip(pilot, fhir_version="R5", engine="interpreted")
    qualifiers = frozenset(row["QNAM"] for d in pilot if d.name == "SUPPDM" for row in d.rows)
    assert native_share(trip, "DM", qualifiers) >= 0.80


@pytest.mark.parametrize("release", ["R5", "R4B", "R4"])
def test_every_cell_is_accounted_for(pilot: list[Dataset], release: Release) -> None:
    trip = roundtrip(pilot, fhir_version=release, engine="interpreted")
    for dataset in pilot:
        if dataset.name != "SUPPDM":
            own = {name: t.cells for name, t in trip.tallies[dataset.name].items()}
            for variable in dataset.variables:
                cells = sum(variable.name in row for row in dataset.rows)
                assert own.get(variable.name, 0) == cells, variable.name
