"""A small mapping of registry records, for what the language of trees does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from interchange.mapping.load import load_project
from interchange.mapping.tree import read_tree
from interchange.trees.build import build_tree
from interchange.trees.plan import plan_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from interchange.fhir.elements import Release
    from interchange.trees.plan import PlannedTree

HEAD = """
tree: CTGOV
word: ctgov
root: Study
resource: ResearchStudy
key: STUDYID
emit: {fhir: {status: active}}
entities:
  place: {resource: Location, key: STUDYID Number, id: $STUDYID-place-$Number}
"""
KEY = """
rules:
  STUDYID: {ctgov: protocolSection.identificationModule.nctId | string, fhir: identifier.value | string}
"""


@pytest.fixture
def planned(tmp_path: Path) -> Callable[..., PlannedTree]:
    """Plan the text of a mapping, laid below a head that names the tree, and a rule for the key."""

    def plan(text: str, release: Release = "R5", rules: str = KEY) -> PlannedTree:
        path = Path(tmp_path) / "small.yaml"
        path.write_text(HEAD + rules + text, encoding="utf-8")
        return plan_tree(load_project(), build_tree(read_tree(path, "small.yaml")), release)

    return plan
