"""The schemas are current, and every shipped file fits them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from interchange.mapping.build import MAPPING_WORDS, PARAM_WORDS, SOURCE_WORDS
from interchange.mapping.load import shipped_mappings
from interchange.mapping.rules import RULE_WORDS
from interchange.mapping.schema import mapping_schema, settings_schema
from interchange.mapping.tree import read_tree

FOLDER = shipped_mappings()
SCHEMAS = {"mapping.schema.json": mapping_schema(), "settings.schema.json": settings_schema()}
FILES = sorted(p.name for p in FOLDER.glob("*.yaml"))


def schema_of(name: str) -> str:
    return "settings.schema.json" if name == "interchange.yaml" else "mapping.schema.json"


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_files_are_current(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert json.loads((FOLDER / name).read_text()) == SCHEMAS[name], "run: python tools/make_schemas.py"


@pytest.mark.parametrize("name", FILES)
def test_the_shipped_files_fit_and_name_their_schema(name: str) -> None:
    errors = Draft202012Validator(SCHEMAS[schema_of(name)]).iter_errors(read_tree(FOLDER / name, name).plain())
    assert [f"{e.json_path}: {e.message[:200]}" for e in errors] == []
    first = (FOLDER / name).read_text(encoding="utf-8").partition("\n")[0]
    assert first == f"# yaml-language-server: $schema={schema_of(name)}"


def test_the_schema_has_the_words_of_the_loader() -> None:
    schema = SCHEMAS["mapping.schema.json"]
    words = schema["properties"]
    assert set(words) == MAPPING_WORDS
    assert set(words["rows"]["additionalProperties"]["properties"]) == SOURCE_WORDS
    assert set(words["params"]["additionalProperties"]["properties"]) == PARAM_WORDS | {"value", "null"}
    assert set(schema["$defs"]["rule"]["oneOf"][1]["properties"]) == RULE_WORDS


@pytest.mark.parametrize(
    "tree",
    [
        {"rules": {"SEX": "gender | string"}},
        {"domain": "dm"},
        {"domain": "DM", "rules": {"SEX": "gender"}},
        {"domain": "DM", "rules": {"sex": "gender | string"}},
        {"domain": "DM", "rules": {"SEX": {"fhir": "gender | string", "oneway": "read"}}},
        {"domain": "DM", "rows": {"r": {"resources": "Patient"}}},
        {"domain": "DM", "examples": [{"sdtm": []}]},
    ],
)
def test_what_does_not_fit(tree: dict) -> None:
    assert not Draft202012Validator(SCHEMAS["mapping.schema.json"]).is_valid(tree)


def test_everything_has_a_description() -> None:
    def lacking(schema: object, at: str) -> list[str]:
        if isinstance(schema, list):
            return [m for i, s in enumerate(schema) for m in lacking(s, f"{at}[{i}]")]
        if not isinstance(schema, dict):
            return []
        own = [
            f"{at}.{name}"
            for name, each in schema.get("properties", {}).items()
            if isinstance(each, dict) and "description" not in each and "$ref" not in each
        ]
        return own + [m for key, each in schema.items() for m in lacking(each, f"{at}.{key}")]

    for name, schema in SCHEMAS.items():
        assert lacking(schema, name) == []


def test_editors_may_see_numbers_and_booleans() -> None:
    tree = {"domain": "DM", "rules": {"X": {"drop": True, "because": "a reason"}, "Y": {"const": 1}}}
    assert Draft202012Validator(SCHEMAS["mapping.schema.json"]).is_valid(tree)
    assert Path(FOLDER / "mapping.schema.json").stat().st_size < 100_000
