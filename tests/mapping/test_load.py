from __future__ import annotations

import pytest

from interchange.issues import MappingError
from interchange.mapping.load import load_project, read_trees
from interchange.mapping.model import Versioned


def overlay(tmp_path, **files: str):
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def test_the_shipped_mappings() -> None:
    project = load_project()
    assert {"DM", "TA", "TE", "TI", "TS", "TV"} <= set(project.mappings)
    subject, person = project.mappings["DM"].sources
    assert (person.entity, person.oneway) == ("subject", "to-sdtm")
    assert (subject.resource, subject.id) == ("ResearchSubject", "$USUBJID")
    sex = next(r for r in subject.rules if r.variables == ("SEX",))
    assert [a.oneway for a in sex.alternatives] == ["to-sdtm", ""]
    names = [m.domain for m in project.ordered()]
    assert names.index("TA") < names.index("TE") < names.index("DM")


def test_a_source_for_each_parameter_with_a_value() -> None:
    project = load_project()
    mapping = project.mappings["TS"]
    title = next(s for s in mapping.sources if s.name == "TITLE")
    consts = {r.variables[0]: r.const for r in title.rules if r.const}
    assert consts == {"TSPARMCD": "TITLE", "TSPARM": "Trial Title", "DOMAIN": "TS"}
    assert "ADAPT" not in {s.name for s in mapping.sources}
    assert [n.flavor for n in mapping.params.nulls["SENDTC"]] == ["NAV", "NAV", "NI"]


def test_a_source_rule_wins_over_a_shared_one() -> None:
    mapping = load_project().mappings["TS"]
    indic = next(s for s in mapping.sources if s.name == "INDIC")
    (own,) = [r for r in indic.rules if r.variables == ("TSVALCD",)]
    assert not own.derive
    assert own.alternatives


def test_versions_fall_back() -> None:
    value = Versioned({"default": "five", "R4B": "four b"})
    assert [value.of(r) for r in ("R5", "R4B", "R4")] == ["five", "four b", "four b"]
    assert Versioned({"R5": "x"}).of("R4") is None


def test_none_says_that_a_release_has_no_such_element() -> None:
    project = load_project()
    style = next(s for s in project.mappings["TS"].sources if s.name == "STYPE")
    value = next(r for r in style.rules if r.variables == ("TSVAL",))
    assert value.alternatives[0].lane.of("R5") is None
    assert str(value.alternatives[0].lane.of("R4")) == "category | concept(stype-category strict)"


def test_an_overlay_and_study_settings(tmp_path) -> None:
    folder = overlay(
        tmp_path,
        dm="extends: dm.yaml\nrules:\n  SEX: subject.resolve(subject).gender | code\n",
        xx="domain: XX\nrows: {r: {resource: Observation, id: $USUBJID}}\nrules: {XXTEST: code.text | string}\n",
    )
    study = tmp_path / "study.yml"
    study.write_text("studyid: S9\nsystems: {usubjid: 'urn:my:subjects'}\n", encoding="utf-8")
    project = load_project(folder, study)
    (rule,) = [r for s, r in project.mappings["DM"].rules_of("SEX") if s.name == "subject"]
    assert rule.place.file == str(folder / "dm.yaml")
    assert len(rule.alternatives) == 1
    assert project.mappings["XX"].sources[0].name == "r"
    assert project.settings["studyid"] == "S9"
    assert project.systems["usubjid"] == "urn:my:subjects"
    assert project.systems["siteid"] == "urn:cdisc:sdtm:SITEID"
    assert project.settings["folders"].split("\n")[0] == str(folder)


def test_the_faults_of_all_files_come_at_once(tmp_path) -> None:
    folder = overlay(
        tmp_path, dm="extends: dm.yaml\nrules: {SEX: gender}\n", ta="extends: ta.yaml\nafter: [TS]\nord: X\n"
    )
    with pytest.raises(MappingError) as raised:
        load_project(folder)
    assert sorted(i.code for i in raised.value.issues) == ["IX-MAP-006", "IX-WORD-001"]


def test_files_that_cannot_be_read_are_all_told(tmp_path) -> None:
    folder = overlay(tmp_path, a="[", b="extends: nothing.yaml\n")
    trees = read_trees(folder)
    assert [i.code for i in trees.faults] == ["IX-YAML-001", "IX-MAP-002"]
    assert "dm.yaml" in trees.mappings
    with pytest.raises(MappingError):
        load_project(folder)


def test_no_such_folder() -> None:
    with pytest.raises(MappingError, match="IX-MAP-001"):
        load_project("nowhere")
