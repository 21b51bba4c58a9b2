from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from interchange.mapping.adapt import Need, adapt, find_need, needs_of
from interchange.mapping.load import load_project

if TYPE_CHECKING:
    from interchange.mapping.model import Project

BASE = {"STUDYID", "DOMAIN", "USUBJID"}


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project()


@pytest.mark.parametrize(
    ("dataset", "variables", "like", "prefix"),
    [
        ("XX", {"XXTESTCD", "XXORRES"}, "findings", "XX"),
        ("XX", {"XXTERM"}, "events", "XX"),
        ("XX", {"XXTRT"}, "interventions", "XX"),
        ("XXCO", {"XXTESTCD"}, "findings", "XX"),
        ("QSCO", {"QSTESTCD"}, "QS", "QS"),
        ("LBCH", {"LBTESTCD"}, "LB", "LB"),
        ("APMH", {"APID", "MHTERM"}, "MH", "MH"),
        ("APYY", {"APID", "YYTESTCD"}, "findings", "YY"),
        ("APMH", {"MHTERM"}, "", ""),  # no associated persons, and no domain AP
        ("POOLDEF", {"POOLID"}, "", ""),
        ("DMX", {"SEX"}, "", ""),  # a domain without marks cannot be split
    ],
)
def test_what_a_dataset_is_like(project: Project, dataset: str, variables: set[str], like: str, prefix: str) -> None:
    need = find_need(project, dataset, BASE | variables, {})
    assert need is not None
    assert (need.like, need.prefix, need.own) == (like, prefix, False)


def test_a_dataset_with_a_mapping_needs_nothing_but_its_qualifiers(project: Project) -> None:
    assert find_need(project, "AE", BASE, {}) is None
    need = find_need(project, "AE", BASE, {"AETRTEM": "Treatment Emergent", "no name": "left to the residual"})
    assert need == Need("AE", own=True, qualifiers=(("AETRTEM", "Treatment Emergent"),))


def test_the_same_needs_give_the_same_project(project: Project) -> None:
    needs = needs_of([find_need(project, "XX", BASE | {"XXTERM"}, {}), None])
    assert adapt(project, needs) is adapt(project, needs)
    assert adapt(project, ()) is project
    assert "XX" in adapt(project, needs).mappings
    assert "XX" not in project.mappings


def test_a_domain_of_a_class_has_its_rules_and_entities(project: Project) -> None:
    made = adapt(project, (Need("XX", "findings", "XX"),))
    owned = {v for source in made.mappings["XX"].sources for rule in source.rules for v in rule.variables}
    assert {"XXTESTCD", "XXORRES", "XXSPEC"} <= owned
    assert "xx-specimen" in made.entities


def marks(project: Project, dataset: str) -> set[str]:
    """The paths that tell the resources of a dataset."""
    return {
        str(path.of("R5"))
        for source in project.mappings[dataset].sources
        for claim in source.claims
        if claim.strength == "mark"
        for path in claim.paths
    }


def test_parts_of_a_domain_have_marks_of_their_own_and_share_its_entities(project: Project) -> None:
    made = adapt(project, (Need("QSCO", "QS", "QS"), Need("QSGI", "QS", "QS")))
    assert marks(made, "QSCO") == {"meta.tag.where(system=%domain and code='QSCO')"}
    assert marks(made, "QSGI") == {"meta.tag.where(system=%domain and code='QSGI')"}
    assert made.entities.keys() == project.entities.keys()
    (const,) = {r.const for _, r in made.mappings["QSCO"].rules_of("DOMAIN")}
    assert const == "QS"


def test_associated_persons_stand_for_subjects(project: Project) -> None:
    made = adapt(project, (Need("APMH", "MH", "MH"),))
    owned = {v for source in made.mappings["APMH"].sources for rule in source.rules for v in rule.variables}
    assert {"APID", "RSUBJID", "SREL", "MHTERM"} <= owned
    assert "USUBJID" not in owned
    assert marks(made, "APMH") == {"meta.tag.where(system=%domain and code='APMH')"}
    (const,) = {r.const for _, r in made.mappings["APMH"].rules_of("DOMAIN")}
    assert const == "APMH"


def test_a_qualifier_without_a_rule_gets_one(project: Project) -> None:
    made = adapt(project, (Need("LB", own=True, qualifiers=(("LBTMSHI", "Upper"), ("LBRPTDTC", "Reported"))),))
    ((source, rule),) = [(s, r) for s, r in made.mappings["LB"].rules_of("LBTMSHI") if s.name == "result"]
    assert "LBTMSHI" in str(rule.alternatives[0].lane.of("R5"))
    assert [str(emit.value.of("R5")) for emit in source.emit][-1] == "Upper"
    assert len([r for s, r in made.mappings["LB"].rules_of("LBRPTDTC") if s.name == "result"]) == 1


def test_a_dataset_of_no_class_has_no_row_source(project: Project) -> None:
    assert adapt(project, (Need("POOLDEF"),)).mappings["POOLDEF"].sources == ()
