"""Writes interchange/trees/tables/*.json, the element tables of registry records and USDM, from their schemas.

Run from the root of the repository; either may be left out. The same schemas give the same bytes:

    python tools/make_tree_tables.py --ctgov study_v2.schema.json enums.json --usdm USDM_API.json

``--ctgov`` takes the JSON Schema of ``Study`` of the ClinicalTrials.gov API 2 (the ``$defs`` of its OpenAPI file,
https://clinicaltrials.gov/data-api/api) and its list of enums, an object of names with their values. ``--usdm`` takes
the OpenAPI file of USDM 4.0, ``Deliverables/API/USDM_API.json`` of https://github.com/cdisc-org/DDF-RA. Names,
types, cardinalities and codes are taken, no definitions.

The tables have the format of those of FHIR (`tools/make_fhir_tables.py`). A content is named by its type, a leaf has a
FHIR primitive type. Beside what the schemas state:

- texts of the registry that hold paragraphs are markdown, and its split eligibility text is the content Criterion;
- where USDM allows several classes, their content is the union of theirs, under the name of their base class;
- ``instanceType`` of USDM is bound to the names of the classes that a content can be.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from make_fhir_tables import a_line_each, compact

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, Any]
Row = list[Any]

TARGET = Path(__file__).parents[1] / "interchange" / "trees" / "tables"
PRIMITIVES = {
    "boolean": "true|false",
    "code": "[^\\s]+( [^\\s]+)*",
    "date": "([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)(-(0[1-9]|1[0-2])(-(0[1-9]|[1-2][0-9]|3[0-1]))?)?",
    "decimal": "-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?",
    "integer": "-?([0]|([1-9][0-9]*))",
    "markdown": "^[\\s\\S]+$",
    "string": "^[\\s\\S]+$",
}
CTGOV_SOURCE = "ClinicalTrials.gov API 2.0.5 data model (https://clinicaltrials.gov/data-api/api)"
USDM_SOURCE = "CDISC DDF-RA, Deliverables/API/USDM_API.json of USDM 4.0.0 (https://github.com/cdisc-org/DDF-RA)"
PARAGRAPHS = frozenset({"briefSummary", "detailedDescription", "eligibilityCriteria", "studyPopulation"})
BOUND = {"BioSpec.retention": "BioSpecRetention"}  # the schema has a string where the registry has an enum
WHOLE = frozenset({"DesignModule.nPtrsToThisExpAccNctId"})  # a number of records
CRITERION = [
    ["exclude", "boolean", 1, 1, None, None],
    ["text", "string", 1, 1, None, None],
    ["number", "integer", 0, 1, None, None],
    ["group", "string", 0, 1, None, None],
]
BASES = {
    frozenset({"InterventionalStudyDesign", "ObservationalStudyDesign"}): "StudyDesign",
    frozenset({"ScheduledActivityInstance", "ScheduledDecisionInstance"}): "ScheduledInstance",
    frozenset({"Quantity", "Range"}): "QuantityRange",
}


def name_of(reference: str) -> str:
    """The name of the type that a ``$ref`` points to, without what OpenAPI tells requests by."""
    return reference.rpartition("/")[2].removesuffix("-Input")


def ctgov(schema: Json, enums: dict[str, list[str]]) -> str:
    """The text of the registry's table."""
    types: dict[str, Json] = schema["$defs"]
    codes = {name: each["enum"] for name, each in types.items() if "enum" in each} | enums

    def leaf(owner: str, name: str, stated: Json) -> tuple[str, str | None]:
        """The type of an element, and what it is bound to."""
        if (bound := BOUND.get(f"{owner}.{name}")) is not None:
            return "code", bound
        if f"{owner}.{name}" in WHOLE:
            return "integer", None
        if (type_ := name_of(stated.get("$ref", ""))) in codes:
            return "code", type_
        if type_ and types[type_]["type"] == "object":
            return type_, None
        if stated.get("format") == "date" or type_ == "PartialDate":
            return "date", None
        if name in PARAGRAPHS or name.lower().endswith("description"):
            return "markdown", None
        return {"number": "decimal"}.get(stated.get("type", "string"), stated.get("type", "string")), None

    contents: dict[str, list[Row]] = {}
    for owner, definition in types.items():
        if definition["type"] != "object":
            continue
        contents[owner] = []
        for name, stated in definition["properties"].items():
            type_, bound = leaf(owner, name, stated.get("items", stated))
            least = int(name in definition.get("required", ()))
            contents[owner].append([name, type_, least, None if stated.get("type") == "array" else 1, bound, None])
    contents["Criterion"] = CRITERION
    return table("CTGOV", CTGOV_SOURCE, "public domain (U.S. National Library of Medicine)", ["Study"], contents, codes)


def usdm(api: Json) -> str:
    """The text of USDM's table."""
    schemas: dict[str, Json] = api["components"]["schemas"]
    classes = {
        name_of(name): each
        for name, each in schemas.items()
        if not name.endswith("-Output") and not name.endswith("Error")
    }
    unions: dict[str, list[str]] = {}

    def leaf(stated: Json) -> str:
        """The type of an element: a primitive, a class, or the base of those it may be."""
        several = [each for each in stated.get("anyOf", [stated]) if each.get("type") != "null"]
        named = [name_of(each["$ref"]) for each in several if "$ref" in each]
        if len(named) > 1:
            base = BASES[frozenset(named)]
            unions[base] = sorted(named)
            return base
        if named:
            return named[0]
        form = several[0].get("format", several[0]["type"])
        return {"number": "decimal", "uuid": "string"}.get(form, form)

    contents: dict[str, list[Row]] = {}
    for owner, definition in classes.items():
        contents[owner] = []
        for name, stated in definition["properties"].items():
            least = int(name in definition.get("required", ()))
            type_ = "code" if name == "instanceType" else leaf(stated.get("items", stated))
            bound = owner if name == "instanceType" else None
            contents[owner].append([name, type_, least, None if stated.get("type") == "array" else 1, bound, None])
    codes = {owner: [owner] for owner, rows in contents.items() if any(row[0] == "instanceType" for row in rows)}
    for base, members in unions.items():
        contents[base] = union(base, [contents[each] for each in members])
        codes[base] = members
    license_ = "MIT for code, CC-BY-4.0 for content (CDISC DDF-RA)"
    return table("USDM", USDM_SOURCE, license_, ["Wrapper"], contents, codes, sorted(unions))


def union(base: str, members: list[list[Row]]) -> list[Row]:
    """The rows of several contents, each name once: required where all require it, a list where any has a list."""
    rows: dict[str, Row] = {}
    for name in dict.fromkeys(row[0] for member in members for row in member):
        same = [row for member in members for row in member if row[0] == name]
        if len({row[1] for row in same}) > 1:
            raise ValueError(f"{base}.{name} has several types: {same}")
        least = min(row[2] for row in same) if len(same) == len(members) else 0
        most = None if any(row[3] is None for row in same) else 1
        rows[name] = [name, same[0][1], least, most, base if name == "instanceType" else None, None]
    last = rows.pop("instanceType")
    return [*rows.values(), last]


def table(
    tree: str,
    source: str,
    license_: str,
    roots: list[str],
    contents: dict[str, list[Row]],
    codes: dict[str, list[str]],
    abstract: Iterable[str] = (),
) -> str:
    """The text of one table."""
    bound = {row[4] for rows in contents.values() for row in rows}
    used = {row[1] for rows in contents.values() for row in rows}
    head = {
        "release": tree,
        "source": source,
        "license": license_,
        "primitives": {name: pattern for name, pattern in PRIMITIVES.items() if name in used},
        "resources": roots,
        "abstract": list(abstract),
    }
    if unknown := used - contents.keys() - PRIMITIVES.keys():
        raise ValueError(f"{tree} has types without a content: {sorted(unknown)}")
    lines = [f'"{key}": {compact(value)},' for key, value in head.items()]
    lines.append(f'"contents": {a_line_each(dict(sorted(contents.items())))},')
    lines.append(f'"codes": {a_line_each({name: codes[name] for name in sorted(codes) if name in bound})}')
    return "{\n" + "\n".join(lines) + "\n}\n"


def main() -> None:
    """Write the tables whose schemas are given."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--ctgov", nargs=2, type=Path, metavar=("SCHEMA", "ENUMS"))
    parser.add_argument("--usdm", type=Path, metavar="API")
    given = parser.parse_args()
    TARGET.mkdir(parents=True, exist_ok=True)
    if given.ctgov:
        schema, enums = (json.loads(path.read_text(encoding="utf-8")) for path in given.ctgov)
        written(TARGET / "ctgov.json", ctgov(schema, enums))
    if given.usdm:
        written(TARGET / "usdm.json", usdm(json.loads(given.usdm.read_text(encoding="utf-8"))))


def written(file: Path, text: str) -> None:
    """Write a table and say how long it is."""
    file.write_text(text, encoding="utf-8")
    print(f"{file.name}: {len(text.encode()):,} bytes")


if __name__ == "__main__":
    main()
