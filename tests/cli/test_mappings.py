from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Ended

OVERLAY = "extends: dm.yaml\nrules:\n  SEX: subject.resolve(subject).gendr | concept(sex strict)\n"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    folder = tmp_path / "ours"
    folder.mkdir()
    (folder / "dm.yaml").write_text(OVERLAY)
    return folder


def test_list(run: Callable[..., Ended]) -> None:
    ended = run("mappings", "list")
    assert ended.code == 0
    assert "mappings/dm.yaml" in ended.out
    listed = {each["domain"]: each for each in run("mappings", "list", "--json").json["mappings"]}
    assert listed["DM"]["resource_types"] == ["Patient", "ResearchSubject"]
    assert "USUBJID" in listed["DM"]["variables"]
    assert listed["TE"]["row_sources"] == ["used", "unused"]
    assert listed["TE"]["resource_types"] == ["ResearchStudy"]


@pytest.mark.parametrize("kind", ["mapping", "project"])
def test_schema(run: Callable[..., Ended], kind: str) -> None:
    ended = run("mappings", "schema", kind)
    assert ended.code == 0
    assert json.loads(ended.out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_schema_of_an_unknown_kind_is_wrong_usage(run: Callable[..., Ended]) -> None:
    ended = run("mappings", "schema", "dataset")
    assert ended.code == 2
    assert "use mapping, project" in ended.said


def test_explain(run: Callable[..., Ended]) -> None:
    ended = run("explain", "DM.SEX", "--fhir-version", "R5")
    assert ended.code == 0
    assert "subject.resolve(subject).gender" in ended.out


def test_explain_of_an_unknown_variable_fails_with_a_hint(run: Callable[..., Ended]) -> None:
    ended = run("explain", "DM.SEXX")
    assert ended.code == 1
    assert ended.out == ""
    assert "did you mean `SEX`?" in ended.err


def test_lint_says_where_what_and_what_to_do(run: Callable[..., Ended], broken: Path) -> None:
    ended = run("lint", "--mappings", broken)
    assert ended.code == 1
    place = f"{broken / 'dm.yaml'}:3"
    assert f"error    {place}  IX-PATH-002  Patient has no element `gendr`" in ended.out
    assert "did you mean `gender`?" in ended.out
    assert "1 error" in ended.err


def test_lint_of_one_file_as_json(run: Callable[..., Ended], broken: Path) -> None:
    ended = run("lint", broken / "dm.yaml", "--json")
    assert ended.code == 1
    assert ended.json["error"] >= 1
    assert {issue["place"] for issue in ended.json["issues"]} == {f"{broken / 'dm.yaml'}:3"}


def test_lint_runs_the_examples(run: Callable[..., Ended], tmp_path: Path) -> None:
    example = (
        "examples:\n"
        "  - name: a man\n"
        "    fhir:\n"
        "      - {resourceType: Patient, id: p, gender: male}\n"
        "      - {resourceType: ResearchSubject, id: r, status: active, subject: {reference: Patient/p}}\n"
        "    sdtm:\n"
        "      - {USUBJID: p, SEX: F}\n"
    )
    (tmp_path / "dm.yaml").write_text(f"extends: dm.yaml\n{example}")
    ended = run("lint", "--mappings", tmp_path)
    assert ended.code == 1
    assert "example `a man`" in ended.out


def test_the_shipped_mappings_have_no_fault(run: Callable[..., Ended]) -> None:
    ended = run("lint")
    assert (ended.code, "0 errors" in ended.err) == (0, True)
