"""Law L1: rows that go to FHIR come back as they were, odd ones too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interchange.issues import Issues

from .rows import Row, datasets, packages
from .trips import BOTH, DOMAINS, convert, engines, to_sdtm

if TYPE_CHECKING:
    from interchange.fhir.elements import Release
    from interchange.runners.engines import Engine
    from interchange.sdtm.dataset import Dataset

CALM = settings(deadline=None, suppress_health_check=list(HealthCheck))


def assert_come_back(before: list[Dataset], release: Release, engine: Engine) -> None:
    """Every dataset comes back as it was; only rows without STUDYID may be lost, each with an issue."""
    own, issues = engines(release, engine), Issues()
    made = convert(before, own, issues)
    after = {d.name: d for d in to_sdtm(made.resources, own).datasets}
    assert issues.counts["IX-LAW-001"] == 0, list(issues)
    assert issues.counts["IX-KEY-001"] == len(made.lost)
    assert all("STUDYID" not in row for _, row in made.lost)
    for dataset in before:
        again = after[dataset.name]
        if dataset.name == "SUPPDM":
            assert_qualifiers(dataset.rows, again.rows, [row for name, row in made.lost if name == "DM"], issues)
        else:
            assert again.rows == without(dataset.rows, [row for name, row in made.lost if name == dataset.name])
        assert again.label == dataset.label
        assert [replace(v, length=None) for v in again.variables] == [
            replace(v, length=None) for v in dataset.variables
        ]
        for one, two in zip(dataset.variables, again.variables, strict=True):
            assert two.length == one.length if one.length else two.length


def without(rows: list[Row], lost: list[Row]) -> list[Row]:
    """Rows without those that were lost; a lost row has its qualifiers joined."""
    left = list(lost)
    kept = []
    for row in rows:
        own = next((other for other in left if row.items() <= other.items()), None)
        if own is None or "STUDYID" in row:
            kept.append(row)
        else:
            left.remove(own)
    assert not left
    return kept


def qualifiers_without(rows: list[Row], lost: list[Row]) -> list[Row]:
    """Qualifiers without those of lost rows, which have them joined."""
    own = {(row.get("USUBJID"), name, text) for row in lost for name, text in row.items()}
    return [r for r in rows if "STUDYID" in r or (r.get("USUBJID"), r["QNAM"], r["QVAL"]) not in own]


def assert_qualifiers(before: list[Row], after: list[Row], lost: list[Row], issues: Issues) -> None:
    """All qualifiers come back; a lost row takes its own along, and IX-SUPP-006 counts those written as the parent has it."""
    plain = [bare(row) for row in after]
    for row in before:
        assert bare(row) in plain or any(other.get(row["QNAM"]) == row["QVAL"] for other in lost)
    assert all(row in [bare(one) for one in before] for row in plain)
    if not lost:
        assert len(after) == len(before)
        assert issues.counts["IX-SUPP-006"] or after == before


def bare(row: Row) -> Row:
    """A qualifier without what IX-SUPP-006 speaks of."""
    return {name: text for name, text in row.items() if name not in ("RDOMAIN", "IDVARVAL")}


@pytest.mark.parametrize(("release", "engine"), BOTH)
@pytest.mark.parametrize("domain", DOMAINS)
@settings(CALM, max_examples=10)
@given(data=st.data())
def test_every_row_of_a_dataset_comes_back(domain: str, release: Release, engine: Engine, data: st.DataObject) -> None:
    assert_come_back([data.draw(datasets(domain))], release, engine)


@pytest.mark.parametrize(("release", "engine"), BOTH)
@settings(CALM, max_examples=15)
@given(package=packages())
def test_every_row_of_a_package_comes_back(package: list[Dataset], release: Release, engine: Engine) -> None:
    assert_come_back(package, release, engine)
