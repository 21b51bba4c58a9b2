"""docs/mapping_language.md has every word, codec and derivation, and its YAML is YAML that loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from interchange.engine.derive import DERIVATIONS
from interchange.mapping.build import MAPPING_WORDS, PARAM_WORDS, SOURCE_WORDS
from interchange.mapping.codecs import CODECS, ENTITY, RECORD
from interchange.mapping.lookups import LOOKUPS
from interchange.mapping.rules import RULE_WORDS
from interchange.mapping.schema import settings_schema
from interchange.mapping.tree import read_tree

TEXT = (Path(__file__).parents[2] / "docs" / "mapping_language.md").read_text(encoding="utf-8")
CODE = set(re.findall(r"`([a-z][\w-]*)(?:\([^`]*\))?`", TEXT))
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
SETTINGS = settings_schema()["properties"]


@pytest.mark.parametrize(
    "words",
    [
        MAPPING_WORDS,
        RULE_WORDS | {"vars"},
        SOURCE_WORDS,
        PARAM_WORDS | {"null", "flavor"},
        set(SETTINGS),
        set(SETTINGS["entities"]["additionalProperties"]["properties"]),
        {"path", "by", "index"},
        {"table", "entity", "code", "label", "value", "ordinal", "null"},
        {*CODECS, ENTITY, RECORD},
        set(DERIVATIONS),
        set(LOOKUPS),
        {"value", "when", "lookup"},
        {"where", "ofType", "extension", "first", "resolve", "join", "referrer", "numeric"},
        {"system", "code", "display", "text", "term", "relation", "prefer", "release"},
    ],
)
def test_every_word_is_told(words: set[str]) -> None:
    assert words - CODE == set()


@pytest.mark.parametrize("block", BLOCKS)
def test_the_yaml_is_yaml(block: str, tmp_path: Path) -> None:
    path = tmp_path / "block.yaml"
    path.write_text(block, encoding="utf-8")
    assert read_tree(path, "block.yaml").plain()


def test_law_classes_are_those_of_the_codecs() -> None:
    for name, codec in CODECS.items():
        row = next(line for line in TEXT.splitlines() if line.startswith(f"| `{name}") and line.count(" | ") >= 3)
        if name != "entity":
            assert re.search(rf"\| {codec.law}", row), name
