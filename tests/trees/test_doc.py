"""docs/trees.md has every word of the language of trees, and every issue that a document can raise has a code of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from interchange.trees.build import PART_WORDS, PLACE_WORDS, ROOT_WORDS, RULE_WORDS, WAY_WORDS
from interchange.trees.plan import THROUGH

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "trees.md").read_text(encoding="utf-8")
CODE = set(re.findall(r"`([a-z][\w-]*)", TEXT))
RAISED = re.compile(r'"(IX-TREE-\d{3})"')


@pytest.mark.parametrize("words", [ROOT_WORDS, PART_WORDS, PLACE_WORDS, RULE_WORDS, WAY_WORDS])
def test_every_word_is_told(words: set[str]) -> None:
    assert sorted(words - CODE) == []


def test_every_splitter_is_told() -> None:
    assert all(f"through: {name}" in TEXT for name in THROUGH)


def test_a_code_stands_for_one_thing() -> None:
    files: dict[str, set[str]] = {}
    for file in (ROOT / "interchange").rglob("*.py"):
        for code in RAISED.findall(file.read_text(encoding="utf-8")):
            files.setdefault(code, set()).add(file.name)
    assert {code: sorted(found) for code, found in files.items() if len(found) > 1} == {}
