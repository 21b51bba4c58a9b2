"""Explain: what a rule says, release by release, for variables, parameters and entities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from interchange.engine.explain import explain
from interchange.issues import MappingError
from interchange.mapping.load import load_project

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = load_project()


def test_a_variable_with_two_ways() -> None:
    found = explain(PROJECT, "DM.SEX")
    assert (found.name, found.label) == ("DM.SEX", "Sex")
    rule = found.rules[0]
    birth, gender = rule.ways
    assert (birth.reads, birth.writes, birth.because) == (True, False, "SEX goes back to gender")
    assert (gender.reads, gender.writes, gender.codec) == (True, True, "concept(sex)")
    assert gender.paths == {
        "R4": "individual.resolve(subject).gender",
        "R4B": "individual.resolve(subject).gender",
        "R5": "subject.resolve(subject).gender",
    }
    assert gender.code_map is not None
    assert (gender.code_map.name, gender.code_map.codelist) == ("sex", "SEX")
    assert gender.code_map.pairs[:2] == (("male", "M"), ("female", "F"))
    assert rule.place.file == "mappings/dm.yaml"
    assert rule.place.line is not None


def test_the_text_of_a_variable() -> None:
    lines = explain(PROJECT, "dm.sex").text().splitlines()
    assert lines[0] == "DM.SEX  Sex"
    assert "SEX  (mappings/dm.yaml:" in lines[2]
    assert "     to SDTM only: SEX goes back to gender" in lines
    assert "     in R5: subject.resolve(subject).gender" in lines
    assert any("code map sex (codelist SEX)" in line and "male <-> M" in line for line in lines)


def test_one_release() -> None:
    rule = explain(PROJECT, "DM.SITEID", "R4B").rules[0]
    assert rule.ways[0].paths == {"R4B": "individual.resolve(subject).managingOrganization"}


def test_a_parameter_in_a_cross_version_extension() -> None:
    found = explain(PROJECT, "TS.PLANSUB")
    assert found.label == "Planned Number of Subjects"
    way = found.rules[0].ways[0]
    assert way.via == {"R4", "R4B"}
    assert way.paths["R5"] == "recruitment.targetNumber"
    assert way.paths["R4B"].endswith(".extension('targetNumber').valueUnsignedInt")
    assert "     in R4, R4B: HL7 cross-version extension extension(" in found.text()


def test_a_parameter_says_its_null_flavors_and_own_rules() -> None:
    text = explain(PROJECT, "TS.SENDTC").text()
    assert "  where nothing is known of it: TSVALNF NAV, when ONGOSIND in Y" in text
    assert [r.variables for r in explain(PROJECT, "TS.INDIC").rules] == [("TSVAL",), ("TSVALCD",), ("TSVCDREF",)]
    assert "kept whole at the study" in explain(PROJECT, "TS.ADAPT").text()


def test_a_source_that_goes_one_way() -> None:
    way = explain(PROJECT, "TS.INTTYPE").rules[0].ways[0]
    assert (way.reads, way.writes) == (True, False)
    assert way.because == "SDTM does not say which intervention has which type"


def test_the_value_of_parameters_has_no_rule_of_its_own() -> None:
    found = explain(PROJECT, "TS.TSVAL")
    assert found.rules == ()
    assert "ask for TS.TITLE" in found.text()


def test_derived_constant_and_supplemental() -> None:
    assert "  derived: dy(DMDTC RFSTDTC)  The study day of a date" in explain(PROJECT, "DM.DMDY").text()
    assert "  always `DM`" in explain(PROJECT, "DM.DOMAIN").text()
    assert "  kept in SUPPDM: Race 1" in explain(PROJECT, "DM.RACE1").text()


def test_a_guard() -> None:
    way = explain(PROJECT, "DM.DTHFL").rules[0].ways[0]
    assert way.guard == "not DTHDTC"


def test_entities() -> None:
    found = explain(PROJECT, "subject.USUBJID")
    assert found.rules[0].entity
    assert len(found.rules[0].ways) == 5
    assert "entity: one Patient for each USUBJID; id $USUBJID" in found.text()
    whole = explain(PROJECT, "arm")
    assert [r.variables for r in whole.rules] == [("ARM",), ("ARMCD",)]
    assert "(inside entity `study`)" in whole.text()


def test_a_key_variable_of_the_entity_that_rows_hang_on() -> None:
    (rule,) = explain(PROJECT, "TA.STUDYID").rules
    assert rule.place.file == "mappings/interchange.yaml"


def test_a_rule_of_a_class_file_says_its_line_there_and_the_row_sources_that_share_it() -> None:
    found = explain(PROJECT, "LB.LBORRES")
    rule = next(r for r in found.rules if "LBORRES" in r.variables)
    assert rule.place.file == "mappings/classes/findings.yaml"
    assert rule.also == ("LB rows from `component`: one row for each `component` of Observation",)
    assert "  the same for LB rows from `component`" in found.text()


def test_several_derivations_each_with_what_it_gives(tmp_path: Path) -> None:
    (tmp_path / "dm.yaml").write_text("extends: dm.yaml\nrules:\n  DMDY: {derive: [dy(DMDTC RFSTDTC), copy(DMDTC)]}\n")
    lines = explain(load_project(tmp_path), "DM.DMDY").text().splitlines()
    assert lines[-3:-1] == [
        "  derived, by the first that yields:",
        "    dy(DMDTC RFSTDTC)  The study day of a date against the reference start date; there is no day 0 (SDTMIG 4.4.4).",
    ]
    assert lines[-1].startswith("    copy(DMDTC)  The value of the first")


def test_a_domain_says_which_resources_become_its_rows() -> None:
    found = explain(PROJECT, "LB")
    result = next(source for source in found.sources if source.name == "result")
    assert (result.rows, result.place.file) == ("one row for each Observation", "mappings/classes/findings.yaml")
    takes = dict(result.takes)
    assert takes["takes it by mark, where"] == "meta.tag.where(system=%domain and code='LB')"
    assert "category.coding" in takes["takes it by category, where"]
    text = explain(PROJECT, "TI").text()
    assert "  rows from `criterion` (mappings/ti.yaml:" in text
    assert "    no row without: IETEST" in text
    assert "parameters with a rule of their own: TITLE" in explain(PROJECT, "TS").text()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("DM.SEXX", "did you mean `SEX`?"),
        ("TS.TITEL", "did you mean `TITLE`?"),
        ("DMX.SEX", "did you mean `DM`?"),
        ("subjct.USUBJID", "did you mean `subject`?"),
        ("subject.USUBJD", "did you mean `USUBJID`?"),
        ("ZZZZZZ.X", "there are"),
    ],
)
def test_an_unknown_name_has_a_hint(name: str, hint: str) -> None:
    with pytest.raises(MappingError) as raised:
        explain(PROJECT, name)
    assert hint in raised.value.issues[0].hint
