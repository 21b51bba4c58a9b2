"""Files of tree mappings: what cannot be read is said with its line."""

from __future__ import annotations

import pytest

from interchange.issues import MappingError
from interchange.mapping.load import load_project, shipped_mappings
from interchange.trees.build import load_trees, trees_of


def faults(planned, text: str, **options) -> list[str]:
    with pytest.raises(MappingError) as caught:
        planned(text, **options)
    return [f"{issue.code} {issue.place}" for issue in caught.value.issues]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("parts: {a: {ctgov: hasResults, what: x}}", "IX-MAP-006"),
        ("parts: {a: {shape: none}}", "IX-TREE-022"),
        ("parts: {a: {oneway: to-sdtm}}", "IX-TREE-023"),
        (
            "parts: {a: {rules: {B: {ctgov: {lane: hasResults | flag, only: both}, fhir: title | string}}}}",
            "IX-TREE-024",
        ),
        ("parts: {a: {ctgov: {path: hasResults, through: nothing}}}", "IX-TREE-025"),
        ("parts: {a: {number: {A: B, C: D}}}", "IX-TREE-027"),
        ("parts: {a: {number: {A: {over: study}}}}", "IX-TREE-028"),
        ("parts: {a: {ctgov: protocolSection.nothing}}", "IX-PATH-002"),
        ("parts: {a: {rules: {B: {ctgov: hasResults | dtc, fhir: title | string}}}}", "IX-CODEC-001"),
        ("parts: {a: {rules: {B: {ctgov: hasResults, fhir: title | string}}}}", "IX-WORD-001"),
        ("parts: {a: {fhir: nothing}}", "IX-PATH-002"),
        ("note: x\nextra: y", "IX-MAP-006"),
    ],
)
def test_a_fault_has_its_code_and_line(planned, text: str, code: str) -> None:
    found = faults(planned, text)
    assert [each.partition(" ")[0] for each in found] == [code]
    assert all(" small.yaml:" in each for each in found)


@pytest.mark.parametrize(
    ("line", "code"),
    [("tree: OTHER", "IX-TREE-020"), ("tree: CTGOV\nword: x", "IX-TREE-021")],
)
def test_a_file_names_its_tree_and_its_roots(tmp_path, line: str, code: str) -> None:
    folder = tmp_path / "trees"
    folder.mkdir()
    (folder / "other.yaml").write_text(line, encoding="utf-8")
    with pytest.raises(MappingError) as caught:
        load_trees(tmp_path)
    assert [issue.code for issue in caught.value.issues] == [code]


def test_the_shipped_trees_are_those_of_a_project() -> None:
    assert trees_of(load_project()) is load_trees(shipped_mappings())
    assert sorted(load_trees(shipped_mappings())) == ["CTGOV", "USDM"]


def test_an_overlay_lies_over_the_shipped_file(tmp_path) -> None:
    folder = tmp_path / "trees"
    folder.mkdir()
    (folder / "ctgov.yaml").write_text('systems: {nct: "urn:our:registry"}', encoding="utf-8")
    trees = trees_of(load_project(tmp_path))
    assert trees["CTGOV"].systems["nct"] == "urn:our:registry"
    assert trees["CTGOV"].part.parts
