"""Lint: every check finds its fault and nothing else, and the shipped mappings have none."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from interchange.engine.lint import CHECKS, lint_files, lint_project
from interchange.mapping.load import load_project

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DOC = tool("make_lint_doc")
CASES = DOC.read_cases()


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("case", CASES, ids=[case.code for case in CASES])
def test_a_check_finds_its_fault_and_no_other(case) -> None:
    issues = [i for i in DOC.lint_case(case) if i.severity != "info" or i.code == case.code]
    assert {i.code for i in issues} == {case.code, *case.also}
    for issue in issues:
        assert issue.hint
        assert issue.place.file
        assert CHECKS[issue.code].severity == issue.severity
        assert issue.place.line is not None or case.code == "IX-MAP-001"


def test_every_check_has_an_example() -> None:
    assert sorted(case.code for case in CASES) == sorted(CHECKS)


def test_the_doc_is_current() -> None:
    assert DOC.DOC.read_text(encoding="utf-8") == DOC.doc(), "run: python tools/make_lint_doc.py"


def test_the_shipped_mappings_have_no_fault() -> None:
    assert [str(i) for i in lint_project(load_project()) if i.severity != "info"] == []
    assert lint_files() == lint_project(load_project())


def test_the_version_of_the_guide_can_be_chosen() -> None:
    older = lint_project(load_project(), standard_version="3.2")
    assert "SDTMIG 3.2 has no ARMNRS in DM" in [i.message for i in older]


def test_releases_can_be_chosen_and_are_named_where_not_all_have_the_fault(tmp_path) -> None:
    path = "recruitment.eligibility.resolve(eligibility).characteristics"
    own = write(tmp_path, ti=f"extends: ti.yaml\nrows:\n  criterion:\n    each: {path}\n")
    project = load_project(own)
    five = [i for i in lint_project(project, releases=["R5"]) if i.code == "IX-PATH-002"]
    assert five[0].message == "Group has no element `characteristics`"
    dm = write(tmp_path, dm="extends: dm.yaml\nrules:\n  ACTARMUD: assignedComparisonGroups | string\n")
    assert {i.message for i in lint_files(mappings_folder=dm) if "Groups" in i.message} == {
        "ResearchSubject has no element `assignedComparisonGroups` (`assignedComparisonGroups | string`)"
    }
    write(tmp_path, dm="extends: dm.yaml\nrules:\n  ACTARMUD: {fhir: {default: reason.text | string, R4B: none}}\n")
    found = [i.message for i in lint_files(mappings_folder=tmp_path) if "`reason`" in i.message]
    assert found == ["ResearchSubject has no element `reason` (`reason.text | string`) (in R5)"]


def test_the_faults_of_loading_planning_and_checking_come_together_in_order(tmp_path) -> None:
    text = (
        "extends: dm.yaml\n"
        "rules:\n"
        "  SEX: subject.resolve(subject).gendr | concept(sex strict)\n"
        "  ETHNIC: {alt: [{when: AGE}]}\n"
        "  AGEU: string\n"
        "  INVNAM: {drop: true}\n"
    )
    issues = lint_files([write(tmp_path, dm=text) / "dm.yaml"])
    assert [(i.place.line, i.code) for i in issues] == [
        (3, "IX-PATH-002"),
        (4, "IX-MAP-004"),
        (5, "IX-WORD-001"),
        (6, "IX-LINT-008"),
    ]


def test_two_rules_may_add_to_one_list_where_their_code_maps_share_no_code(tmp_path) -> None:
    folder = tmp_path / "codemaps"
    folder.mkdir()
    head = "system,code,display,text,term,relation,prefer,release\n"
    (folder / "one.csv").write_text(f"{head}urn:x,a,,,A,equivalent,,\n")
    (folder / "two.csv").write_text(f"{head}urn:x,b,,,B,equivalent,,\n")
    text = "extends: ts.yaml\nparams:\n  ADAPT: {value: studyDesign | concept(one strict)}\n"
    text += "  ADDON: {value: studyDesign | concept(two strict)}\n"
    assert lint_files([write(tmp_path, ts=text) / "ts.yaml"]) == []
    (folder / "two.csv").write_text(f"{head}urn:x,b,,,B,equivalent,,\nurn:x,a,,,A,equivalent,to-sdtm,\n")
    assert {i.code for i in lint_files([tmp_path / "ts.yaml"])} == {"IX-LINT-020"}


def test_one_leaf_is_not_written_from_two_domains(tmp_path) -> None:
    text = "extends: ti.yaml\nrules:\n  TIVERS: ResearchStudy.title | string\n"
    issues = lint_files([write(tmp_path, ti=text) / "ti.yaml"])
    assert [i.code for i in issues if i.severity == "error"] == ["IX-LINT-020"]
    assert "`study.title`" in issues[0].message


def test_a_guard_tells_two_types_of_one_element_apart(tmp_path) -> None:
    rule = "extends: dm.yaml\nrules:\n  DTHFL: {fhir: subject.resolve(subject).deceased.ofType(boolean) | flag(Y)%s}\n"
    assert lint_files([write(tmp_path, dm=rule % ", when: not DTHDTC") / "dm.yaml"]) == []
    assert [i.code for i in lint_files([write(tmp_path, dm=rule % "") / "dm.yaml"])] == ["IX-LINT-021"]


def test_rows_need_elements_of_their_own(tmp_path) -> None:
    text = "extends: ts.yaml\nparams:\n  LENGTH:\n    each: period\n    value: start | dtc\n"
    issues = lint_files([write(tmp_path, ts=text) / "ts.yaml"])
    assert "every row of TS/LENGTH goes into one `period`" in [i.message for i in issues]


def test_a_circle_of_domains_ends(tmp_path) -> None:
    write(tmp_path, te="extends: te.yaml\nafter: DM\n", dm="extends: dm.yaml\nafter: TE\n")
    assert {i.code for i in lint_files(mappings_folder=tmp_path)} == {"IX-LINT-003"}


def test_an_overlay_keeps_the_order_of_rules(tmp_path) -> None:
    text = "extends: dm.yaml\nrules:\n  SITEID: subject.resolve(subject).managingOrganization | entity(site)\n"
    assert lint_files([write(tmp_path, dm=text) / "dm.yaml"]) == []
