"""Rows written member by member make what rows written whole make, and no row changes what another one made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interchange.engine.backward import Backward
from interchange.engine.forward import Forward
from interchange.engine.memberwise import MemberWriter, clusters_of
from interchange.fhir.elements import RELEASES, Release, elements
from interchange.fhir.members import MEMBERS
from interchange.fhir.write import ordered

from .shaped import rows_of, seeded
from .test_compile import CALM, SEEDS, engines, misses, some

if TYPE_CHECKING:
    from collections import Counter

    from interchange.engine.plan import Plan


def written(back: Backward, plan: Plan, datasets: dict[str, list[dict[str, str]]]) -> tuple[list[str], Counter[Any]]:
    """The resources of rows, their keys in order, and what code maps did not hold."""
    plan.tools.misses.clear()
    bench, _ = back.written(datasets)
    table = elements(plan.release)
    return [repr(ordered(resource, table)) for resource in bench.resources.values()], misses(plan)


def backs(release: Release) -> tuple[Plan, Backward, Backward]:
    plan, compiled, _ = engines(release)
    members = MemberWriter(plan, compiled.write, compiled.constants)
    fast = Backward(plan, Forward(plan), compiled.write, constants=compiled.constants, members=members)
    return plan, Backward(plan, Forward(plan)), fast


@pytest.mark.parametrize("release", RELEASES)
@settings(CALM, max_examples=12)
@given(seed=SEEDS, most=st.sampled_from([2, 1 << 14]))
def test_rows_are_written_alike(release: Release, most: int, seed: int) -> None:
    plan, whole, fast = backs(release)
    random = seeded(seed)
    own = {p.mapping.domain: rows_of(p, random, 3) for p in some(plan, random)}
    datasets = {domain: [*rows, *(row | {f"{domain}SEQ": "77"} for row in rows)] for domain, rows in own.items()}
    expected = written(whole, plan, datasets)
    MEMBERS.forget()
    before, MEMBERS.most = MEMBERS.most, most
    try:
        assert written(fast, plan, datasets) == expected
        assert written(fast, plan, datasets) == expected  # by what is known now
    finally:
        MEMBERS.most = before


def test_what_refers_to_entities_is_apart() -> None:
    plan, _, _ = engines("R5")
    result = next(s for s in plan.mappings["LB"].sources if s.source.name == "result")
    parted = clusters_of(plan, result)
    referring = [rule.variables for one in parted.referring for rule in one.source.rules]
    assert ("USUBJID",) in referring
    assert any("VISITNUM" in names for names in referring)
    assert parted.whole
    clusters = {names: one for one in parted.clusters for names in [rule.variables for rule in one.source.rules]}
    assert ("LBNRIND",) in clusters
    assert "LBORRES" not in clusters["LBNRIND",].variables
    every = [id(rule) for one in (c.source for c in (*parted.clusters, *parted.referring)) for rule in one.rules]
    assert len(set(every)) == len(every)


def test_a_comment_stays_with_its_record() -> None:
    plan, whole, fast = backs("R5")
    event = {"STUDYID": "S", "DOMAIN": "AE", "USUBJID": "S-1", "AETERM": "Rash", "AESTDTC": "2014"}
    comment = {"STUDYID": "S", "DOMAIN": "CO", "RDOMAIN": "AE", "USUBJID": "S-1", "IDVAR": "AESEQ", "IDVARVAL": "1"}
    datasets = {
        "AE": [event | {"AESEQ": "1"}, event | {"AESEQ": "2"}],
        "CO": [comment | {"COSEQ": "1", "COVAL": "first"}],
    }
    assert written(fast, plan, datasets) == written(whole, plan, datasets)
    assert written(fast, plan, {"AE": datasets["AE"]}) == written(whole, plan, {"AE": datasets["AE"]})
