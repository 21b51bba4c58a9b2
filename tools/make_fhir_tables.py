"""Writes interchange/fhir/tables/*.json, the element tables of the FHIR releases, from HL7's npm packages.

Run from the root of the repository: ``python tools/make_fhir_tables.py``. It needs ``npm`` and the network;
the packages (about 60 MB) go to a temporary folder. The same packages give the same bytes.

R4 is read from ``hl7.fhir.r4.examples``: npm lists no version of ``hl7.fhir.r4.core``, and the examples
package of 4.0.1 holds the same StructureDefinitions, ValueSets and CodeSystems. Code systems that left the
core for HL7 Terminology (condition-clinical, research-subject-state) come from ``hl7.terminology.r5``. All
are CC0-1.0.

The file of a release, one content (a type or backbone element) a line:
    primitives   type -> pattern of its text, or "" where the definition states none
    resources    concrete resource types;  abstract: Resource, DomainResource, ...
    contents     content -> rows of [name, types by "|", min, max (null = *), required binding,
                 content a contentReference names]
    codes        canonical of a required binding -> its codes, where its packages enumerate them
"""

from __future__ import annotations

import json
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGES = {
    "R4": ("hl7.fhir.r4.examples", "4.0.1"),
    "R4B": ("hl7.fhir.r4b.core", "4.3.0"),
    "R5": ("hl7.fhir.r5.core", "5.0.0"),
}
TERMINOLOGY = ("hl7.terminology.r5", "7.0.1")
TARGET = Path(__file__).parents[1] / "interchange" / "fhir" / "tables"
BASE = "http://hl7.org/fhir/StructureDefinition/"
WANTED = ("StructureDefinition-", "ValueSet-", "CodeSystem-")
Json = dict[str, Any]


def fetch(name: str, version: str, folder: Path) -> list[Json]:
    """The structure definitions, value sets and code systems of one package, by file name."""
    command = ["npm", "pack", f"{name}@{version}", "--pack-destination", str(folder)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    found: dict[str, Json] = {}
    with tarfile.open(folder / f"{name}-{version}.tgz") as archive:
        for member in archive:
            file = Path(member.name)
            if file.suffix == ".json" and file.name.startswith(WANTED) and (body := archive.extractfile(member)):
                found[file.name] = json.load(body)
    return [found[name] for name in sorted(found)]


def type_code(element_type: Json) -> str:
    """The FHIR type of an element; an id has a FHIRPath system type and states its FHIR type beside it."""
    for extension in element_type.get("extension", ()):
        if extension["url"].endswith("structuredefinition-fhir-type"):
            return str(extension.get("valueUrl") or extension.get("valueUri"))
    return str(element_type["code"]).rpartition("/")[2].replace("System.String", "string")


def row(element: Json, name: str) -> list[Any]:
    """One child element as a row of the table."""
    types = dict.fromkeys(type_code(each) for each in element.get("type", ()))
    binding = element.get("binding", {})
    required = binding.get("valueSet", "").partition("|")[0] if binding.get("strength") == "required" else None
    most = None if element["max"] == "*" else int(element["max"])
    reference = element.get("contentReference", "").rpartition("#")[2] or None
    return [name, "|".join(types), element["min"], most, required, reference]


def contents_of(definition: Json) -> dict[str, list[list[Any]]]:
    """The rows of a type and of every backbone element in it, by content."""
    contents: dict[str, list[list[Any]]] = {}
    for element in definition["snapshot"]["element"]:
        parent, _, name = element["path"].rpartition(".")
        if not parent:
            contents[element["path"]] = []
        elif "sliceName" not in element and element["max"] != "0":
            contents.setdefault(parent, []).append(row(element, name))
    for resource_id in contents[definition["type"]]:
        if definition["kind"] == "resource" and resource_id[0] == "id":
            resource_id[1] = "id"
    return contents


def pattern_of(definition: Json) -> str:
    """The regular expression a primitive's definition states for its text, or ""."""
    value = next(e for e in definition["snapshot"]["element"] if e["path"].endswith(".value"))
    for extension in value.get("type", [{}])[0].get("extension", ()):
        if extension["url"].endswith("/regex"):
            return str(extension["valueString"])
    return ""


def concept_codes(concepts: list[Json]) -> set[str]:
    """The codes of concepts and of those nested in them."""
    nested = [concept_codes(concept.get("concept", [])) for concept in concepts]
    return {concept["code"] for concept in concepts}.union(*nested)


def expand(canonical: str, sets: dict[str, Json], systems: dict[str, Json]) -> set[str] | None:
    """The codes of a value set, or None where the packages do not enumerate it."""
    compose = sets.get(canonical.partition("|")[0], {}).get("compose")
    if not compose or not compose.get("include"):
        return None
    included = [part_codes(part, sets, systems) for part in compose["include"]]
    excluded = [part_codes(part, sets, systems) for part in compose.get("exclude", ())]
    if any(codes is None for codes in included + excluded):
        return None
    return set().union(*filter(None, included)) - set().union(*filter(None, excluded))


def part_codes(part: Json, sets: dict[str, Json], systems: dict[str, Json]) -> set[str] | None:
    """The codes one include or exclude of a value set names, or None where it takes more than a list."""
    if "concept" in part:
        return concept_codes(part["concept"])
    if "filter" in part:
        return None
    if "valueSet" in part:
        within = [expand(canonical, sets, systems) for canonical in part["valueSet"]]
        return None if "system" in part or None in within else set.intersection(*(c for c in within if c))
    system = systems.get(part["system"], {})
    return concept_codes(system["concept"]) if system.get("content") == "complete" else None


def table(release: str, definitions: list[Json], terminology: list[Json]) -> str:
    """The text of one release's table."""
    types = {
        d["type"]: d
        for d in definitions
        if d["resourceType"] == "StructureDefinition"
        and d["kind"] != "logical"
        and d.get("derivation") != "constraint"
        and d["url"] == BASE + d["type"]
    }
    sets = {d["url"]: d for d in definitions if d["resourceType"] == "ValueSet" and "url" in d}
    systems = {d["url"]: d for d in terminology + definitions if d["resourceType"] == "CodeSystem" and "url" in d}
    primitives = {name: pattern_of(d) for name, d in sorted(types.items()) if d["kind"] == "primitive-type"}
    contents: dict[str, list[list[Any]]] = {}
    for name, definition in sorted(types.items()):
        if name not in primitives:
            contents.update(contents_of(definition))
    bindings = sorted({each[4] for rows in contents.values() for each in rows if each[4]})
    expanded = {canonical: expand(canonical, sets, systems) for canonical in bindings}
    resources = [n for n, d in types.items() if d["kind"] == "resource"]
    head = {
        "release": release,
        "source": "#".join(PACKAGES[release]) + ", code systems also from " + "#".join(TERMINOLOGY),
        "license": "CC0-1.0",
        "primitives": primitives,
        "resources": sorted(n for n in resources if not types[n]["abstract"]),
        "abstract": sorted(n for n, d in types.items() if d["abstract"]),
    }
    lines = [f'"{key}": {compact(value)},' for key, value in head.items()]
    lines.append(f'"contents": {a_line_each(contents)},')
    lines.append(f'"codes": {a_line_each({c: sorted(codes) for c, codes in expanded.items() if codes})}')
    return "{\n" + "\n".join(lines) + "\n}\n"


def a_line_each(entries: Mapping[str, object]) -> str:
    """A JSON object with one entry a line, so that a change of the tables reads well as a diff."""
    return "{\n" + ",\n".join(f'"{key}": {compact(value)}' for key, value in entries.items()) + "\n}"


def compact(value: object) -> str:
    """JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main() -> None:
    """Write the three tables."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        terminology = fetch(*TERMINOLOGY, Path(folder))
        for release, package in PACKAGES.items():
            text = table(release, fetch(*package, Path(folder)), terminology)
            file = TARGET / f"{release.lower()}.json"
            file.write_text(text, encoding="utf-8")
            print(f"{file.name}: {len(text.encode()):,} bytes")


if __name__ == "__main__":
    main()
