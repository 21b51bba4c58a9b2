"""The laws of rows on every shipped mapping: L1, L2, L3, L6, and resources that are valid and have ids of their own."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interchange.fhir.validate import check, dangling
from interchange.issues import Issues

from .studies import study
from .test_additions import explained, leaves, looked_up
from .test_rows_come_back import CALM, without
from .trips import ENGINES, RELEASES, canonical, convert, engines, project, to_sdtm

if TYPE_CHECKING:
    from interchange.engine.settle import Tally
    from interchange.fhir.elements import Release
    from interchange.runners.engines import Engine, Engines
    from interchange.runners.local import Datasets, Resources
    from interchange.sdtm.dataset import Dataset

    from .trips import Resource

DOMAINS = sorted(project().mappings)
GROUPS = [DOMAINS[start::11] for start in range(11)]  # neighbours in the alphabet apart, so that classes mix
SEEDS = st.integers(0, 2**32)


def assert_rows_come_back(before: list[Dataset], made: Resources, after: Datasets, issues: Issues) -> None:
    """L1: every dataset comes back as it was, but for rows without STUDYID, each of which is told of."""
    assert issues.counts["IX-LAW-001"] == 0, list(issues)
    assert issues.counts["IX-KEY-001"] == len(made.lost)
    assert all("STUDYID" not in row for _, row in made.lost)
    again = {d.name: d for d in after.datasets}
    for dataset in before:
        lost = [row for name, row in made.lost if name == dataset.name.removeprefix("SUPP")]
        if not dataset.name.startswith("SUPP"):
            assert again[dataset.name].rows == without(dataset.rows, lost), dataset.name
        elif not lost and not issues.counts["IX-SUPP-006"]:
            assert again[dataset.name].rows == dataset.rows, dataset.name


def assert_cells_are_counted(before: list[Dataset], made: Resources) -> None:
    """L6: every cell is somewhere: in FHIR itself, derived, a constant, or kept beside."""
    for dataset in before:
        if dataset.name in made.tallies and not dataset.name.startswith("SUPP"):
            counted: dict[str, Tally] = made.tallies[dataset.name]
            left = without(dataset.rows, [row for name, row in made.lost if name == dataset.name])
            for variable in {name for row in left for name in row}:
                assert counted[variable].cells == sum(variable in row for row in left), (dataset.name, variable)


def assert_second_trip(made: Resources, after: Datasets, own: Engines) -> None:
    """L2: the resources of the rows that came back are the same again."""
    assert canonical(convert(after.datasets, own).resources) == canonical(made.resources)


def assert_valid(resources: list[Resource], release: Release) -> None:
    """Resources are valid in their release, refer to what is there, and have ids of their own."""
    assert [issue for resource in resources for issue in check(resource, release)] == []
    assert dangling(resources) == []
    ids = [(resource["resourceType"], resource["id"]) for resource in resources]
    assert all(re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", id_) for _, id_ in ids)
    assert len(set(ids)) == len(ids)


def assert_every_leaf_has_a_reason(before: list[Dataset], resources: list[Resource], release: Release) -> None:
    """L3: what stands in FHIR and not in the rows is a constant, an id or what a code map or lookup has for a row."""
    cells = {text for dataset in before for row in dataset.rows for text in row.values()}
    codes = looked_up(before, release)
    for resource in resources:
        if resource["resourceType"] != "Library":
            for key, value in leaves(resource):
                assert explained(key, value, cells, release, codes), (resource["resourceType"], key, value)


def assert_laws(before: list[Dataset], release: Release, engine: Engine) -> None:
    own, issues = engines(release, engine), Issues()
    made = convert(before, own, issues)
    after = to_sdtm(made.resources, own)
    assert_rows_come_back(before, made, after, issues)
    assert_cells_are_counted(before, made)
    assert_valid(made.resources, release)
    assert_every_leaf_has_a_reason(before, made.resources, release)
    assert_second_trip(made, after, own)


@pytest.mark.parametrize("release", ["R5", "R4B"])
@pytest.mark.parametrize("domains", GROUPS, ids="-".join)
@settings(CALM, max_examples=4)
@given(seed=SEEDS)
def test_the_laws_hold_on_every_domain(domains: list[str], release: Release, seed: int) -> None:
    assert_laws(study(seed, domains), release, "compiled")


@pytest.mark.parametrize(("release", "engine"), [("R4", "compiled"), ("R5", "interpreted"), ("R4B", "interpreted")])
@settings(CALM, max_examples=11)
@given(seed=SEEDS, domains=st.sampled_from(GROUPS))
def test_the_laws_hold_on_r4_and_the_interpreter(
    domains: list[str], release: Release, engine: Engine, seed: int
) -> None:
    assert_laws(study(seed, domains, most=2), release, engine)


@settings(CALM, max_examples=10)
@given(seed=SEEDS, domains=st.sampled_from(GROUPS), release=st.sampled_from(RELEASES), data=st.data())
def test_conversions_are_the_same_by_both_engines_and_in_any_order(
    domains: list[str], release: Release, seed: int, data: st.DataObject
) -> None:
    before = study(seed, domains)
    one, two = (canonical(convert(before, engines(release, engine)).resources) for engine in ENGINES)
    assert one == two
    shuffled = [replace(d, rows=data.draw(st.permutations(d.rows))) for d in before]
    again = convert(shuffled, engines(release, "compiled")).resources
    assert names(again) == names(convert(before, engines(release, "compiled")).resources)


def names(resources: list[Resource]) -> set[tuple[str, str]]:
    return {(r["resourceType"], r["id"]) for r in resources if r["resourceType"] != "Library"}


def test_the_groups_have_every_domain() -> None:
    assert sorted(domain for group in GROUPS for domain in group) == DOMAINS
    assert {"CO", "RELREC", "AE", "CM", "LB", "DM", "TS"} <= set(DOMAINS)
