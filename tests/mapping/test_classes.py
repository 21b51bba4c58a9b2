from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from interchange.issues import MappingError, Place
from interchange.mapping.classes import in_domain, lay_over_class, spell_class
from interchange.mapping.tree import Node, read_tree

if TYPE_CHECKING:
    from pathlib import Path

HERE = Place("test.yaml", 1)


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("--TESTCD --TEST", "LBTESTCD LBTEST"),
        ("$USUBJID-$DOMAIN-$--SEQ", "$USUBJID-$DOMAIN-$LBSEQ"),
        ("meta.tag.where(system=%domain and code='--')", "meta.tag.where(system=%domain and code='LB')"),
        (
            "specimen.resolve(--specimen).type | concept(--spec)",
            "specimen.resolve(lb-specimen).type | concept(lb-spec)",
        ),
        ("--", "LB"),
        ("a -- b, x--Y", "a -- b, x--Y"),
    ],
)
def test_two_hyphens_stand_for_the_domain(text: str, spelled: str) -> None:
    assert in_domain(text, "LB") == spelled


def tree(path: Path, text: str) -> Node:
    path.write_text(text, encoding="utf-8")
    return read_tree(path, path.name)


def test_a_domain_lies_over_its_class(tmp_path: Path) -> None:
    findings = tree(
        tmp_path / "findings.yaml",
        """
rows:
  result: {resource: Observation, id: $--SEQ}
  component: {resource: Observation}
rules:
  --TESTCD: code.coding.code | code
  --LOC: bodySite.text | string
""",
    )
    vs = tree(
        tmp_path / "vs.yaml",
        """
domain: VS
class: findings
rows:
  component: {drop: true}
rules:
  VSTESTCD: code | concept(vs-test)
""",
    )
    merged = lay_over_class(vs, {"findings": findings})
    assert merged.plain() == {
        "domain": "VS",
        "rows": {"result": {"resource": "Observation", "id": "$VSSEQ"}},
        "rules": {"VSTESTCD": "code | concept(vs-test)", "VSLOC": "bodySite.text | string"},
    }
    loc = merged.get("rules").get("VSLOC")  # type: ignore[union-attr]
    assert loc is not None
    assert str(loc.place) == "findings.yaml:7"


def test_a_file_without_a_class_is_itself() -> None:
    own = Node({"domain": Node("DM", HERE)}, HERE)
    assert lay_over_class(own, {}) is own


def test_a_class_that_is_not_there_is_a_fault_with_those_that_are() -> None:
    own = Node({"domain": Node("XX", HERE), "class": Node("finding", HERE)}, HERE)
    with pytest.raises(MappingError, match="findings"):
        lay_over_class(own, {"findings": Node({}, HERE)})


def test_lists_are_spelled_too() -> None:
    assert spell_class(Node([Node("--SEQ", HERE)], HERE), "AE").plain() == ["AESEQ"]
