"""Writes docs/joint-ig.md: each element of the FHIR to CDISC joint mapping guide, the rule that runs it, and its probe.

``python tools/joint_ig.py``. Elements are in tests/joint_ig/elements.csv, probes in the YAML files beside it:

    base: study patient subject event      # resources of base.yaml that every probe of the file has
    releases: R4 R5                        # what its probes run in, but for those that name one; R4 without it
    probes:
      AE.190:                              # element ids, then words that tell probes apart; R4 or R5 is the release
        event: {seriousness: {...}}        # a patch of a base resource, or a resource of its own
        expect: {AE: {AESER: Y}}           # a row of the subject (or study) that holds these cells, or several

``@`` is the probe, so that each has a subject of its own and all are converted in one go; what has no ``@`` in its id
they share. An element without a value is taken out; of an expected row, a cell without a value is blank.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interchange.engine.examples import typed
from interchange.engine.forward import Forward, Found
from interchange.engine.interpret import guard_holds, read_way
from interchange.engine.planner import plan_project
from interchange.engine.shelf import shelve
from interchange.mapping.load import load_project
from interchange.mapping.tree import read_tree

if TYPE_CHECKING:
    from interchange.engine.plan import PlannedSource
    from interchange.engine.shelf import ResourceShelf
    from interchange.fhir.elements import Release
    from interchange.issues import Place
    from interchange.mapping.tree import Node

Json = dict[str, Any]
Row = dict[str, str]
ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "tests" / "joint_ig"
DOC = ROOT / "docs" / "joint-ig.md"
RELEASES: dict[Release, tuple[Release, ...]] = {"R4": ("R4",), "R5": ("R4", "R5")}  # R5 is patches of R4
HEAD = """\
# The FHIR to CDISC joint mapping guide, run

HL7 and CDISC publish how data that is collected for SDTM stands in FHIR R4: the
[FHIR to CDISC Joint Mapping Implementation Guide 1.0.0](https://hl7.org/fhir/uv/cdisc-mapping/STU1/), with {total}
elements of CDASH and of the CDISC LAB model. It maps {mapped} of them by paths for people to read, and declares
{gaps} to be gaps. Here each element is proved by a probe: resources that carry it, converted, and the cell that they
give.

| | elements | proved |
|---|---|---|
| mapped by the guide | {mapped} | **{run}** |
| gaps of the guide | {gaps} | **{closed}** |

Where a path of the guide cannot be (an element that FHIR does not have, a choice that reads the wrong one), the probe
holds the information where a FHIR server would. The guide is written for R4; the {probes} probes run in R4 and in R5.
A line says which variable has the element, what it was read from by which line of the mappings, and the probe; or, in
place of a probe, why SDTM has no home for it.

This page is made by `tools/joint_ig.py` from `tests/joint_ig/`, and the tests run every probe.

## Where this differs from the guide

- A date alone of a statement or procedure is its start. The guide makes it the end too (CM.279, CM.280, PR.313); an
  end is what a period says. For CM.279 it names CMSTDTC; the end of a medication is CMENDTC.
- Criteria of seriousness (AE.193 to AE.200) are read from the extension of HL7's adverse event guide, one each. The
  joint guide reads all of them from one outcome or seriousness, which holds a single code.
- The levels of MedDRA are told by HL7's extension coding-purpose on the coding. The guide has a system for each level,
  and MedDRA has one for all.
- The time of birth is `patient-birthTime` of `birthDate`, a dateTime (DM.350); the guide has a time on the patient.
- The date of collection (DM.353) is an event of the subject's progress. `meta.lastUpdated` is when a server wrote.
- The duration of a collection (LB.108) is `Specimen.collection.duration`; SDTM asks for it where no end is known.
- A side, direction or part of a body site (AE.182 to AE.184, MH.242 to MH.244, PR.322 to PR.324, VS.163, VS.164) is
  that of a BodyStructure. Codes of a site that say a side too are read where they are known.
- Names that R4 does not have (`ResearchSubject.subject`, `principleInvestigator`, `Condition.bodysite`, a frequency
  outside of `repeat`) are read as those that it has.
- Relationships to other records (CM.268, CM.269, PR.315, PR.316) are rows of RELREC.
"""
COLUMNS = """\
| element | collected | guide | here | read from | probe |
|---|---|---|---|---|---|"""


@dataclass(frozen=True, slots=True)
class Element:
    """An element of the guide: what is collected, the guide's SDTM variable, and the variable that has it here."""

    id: str
    label: str
    collected: str
    guide: str
    mapped: bool
    home: str
    why: str


@dataclass(frozen=True, slots=True)
class Probe:
    """Resources that carry some elements, and the rows by dataset that they must give."""

    name: str
    release: Release
    resources: tuple[Json, ...]
    expect: dict[str, tuple[Row, ...]]
    note: str
    place: Place

    @property
    def slug(self) -> str:
        """What stands for ``@``: a legal id, and the identifier of the probe's subject."""
        return slug(self.name, self.release)

    @property
    def elements(self) -> tuple[str, ...]:
        """The ids of the elements that the probe proves."""
        return tuple(word for word in self.name.split() if "." in word)


def slug(name: str, release: str) -> str:
    """A probe as an id: its first element, the words that tell probes apart, the release.

    >>> slug("AE.190 AE.191 again", "R4"), slug("AE.190 R5", "R5")
    ('AE.190-again-R4', 'AE.190-R5')
    """
    first, *others = name.split()
    return "-".join(dict.fromkeys((first, *(word for word in others if "." not in word), release)))


def read_elements() -> list[Element]:
    """The elements of the guide, in its order."""
    with (FOLDER / "elements.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return [
            Element(r["element"], r["label"], r["collected"], r["guide"], r["status"] == "mapped", r["home"], r["why"])
            for r in rows
        ]


@cache
def read_probes() -> tuple[Probe, ...]:
    """The probes of all files."""
    base = read_tree(FOLDER / "base.yaml", "base.yaml")
    bases: dict[str, Any] = {release: node.plain() for release, node in base.items()}
    return tuple(probe for path in sorted(FOLDER.glob("*.yaml")) if path.stem != "base" for probe in _read(path, bases))


def resources_of(release: Release) -> list[Json]:
    """The resources of all probes of a release; what probes share stands there once."""
    every = (each for probe in read_probes() if probe.release == release for each in probe.resources)
    return list({(each["resourceType"], each["id"]): each for each in every}.values())


def _read(path: Path, bases: dict[str, Any]) -> list[Probe]:
    tree = read_tree(path, f"tests/joint_ig/{path.name}")
    probes = tree.get("probes")
    shared: Json = {key: {} for key in tree.words("base")}
    usual = tree.words("releases") or ("R4",)
    return [
        _probe(name, release, node, bases, shared)
        for name, node in (probes.items() if probes else ())
        for release in RELEASES
        if release in (set(RELEASES) & set(name.split()) or usual)
    ]


def _probe(name: str, release: Release, node: Node, bases: Json, shared: Json) -> Probe:
    told: Any = node.plain()
    expect, note = told.pop("expect"), told.pop("note", "")
    resources = []
    for key, patch in {**shared, **told}.items():
        resource: Any = {}
        for each in RELEASES[release]:
            resource = patched(resource, bases[each].get(key, {}))
        if patch != "":
            resources.append(typed(_named(patched(resource, patch), slug(name, release)), release))
    rows = {dataset: tuple(_named(each, slug(name, release)) for each in _list(row)) for dataset, row in expect.items()}
    return Probe(name, release, tuple(resources), rows, note, node.place)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def patched(base: Any, patch: Any) -> Any:
    """A resource with a patch laid over it: objects are merged, an empty text takes an element out.

    >>> patched({"code": {"text": "a"}, "note": "b"}, {"code": {"id": "c"}, "note": ""})
    {'code': {'text': 'a', 'id': 'c'}}
    """
    if not isinstance(base, dict) or not isinstance(patch, dict):
        return patch
    merged = {key: patched(base.get(key), patch[key]) if key in patch else base[key] for key in {**base, **patch}}
    return {key: value for key, value in merged.items() if value != ""}


def _named(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _named(item, name) for key, item in value.items()}
    if isinstance(value, list):
        return [_named(item, name) for item in value]
    return value.replace("@", name)


def holds(row: Row, wanted: Row) -> bool:
    """Whether a row has the cells that are wanted; an empty text stands for a blank cell."""
    return all(row.get(variable, "") == text for variable, text in wanted.items())


def belongs(row: Row, probe: Probe) -> bool:
    """Whether a row is of the probe's subject; rows of the study belong to every probe."""
    return row.get("USUBJID", probe.slug) == probe.slug


@dataclass(frozen=True, slots=True)
class Proof:
    """A probe that gives what it must: the variable that has an element, what was read for it, by which line."""

    probe: Probe
    home: str
    reads: str = ""
    rule: str = ""


def proofs() -> dict[str, list[Proof]]:
    """The probes of each element that give all that they must."""
    project = load_project()
    made: dict[str, list[Proof]] = {}
    homes = {element.id: element.home for element in read_elements()}
    for release in RELEASES:
        probes = [probe for probe in read_probes() if probe.release == release]
        plan = plan_project(project, release)
        shelf = shelve(plan, resources_of(release))
        found = Forward(plan).every(shelf)
        for probe in probes:
            rows = [row for name, expected in probe.expect.items() if (row := _rows(found, name, probe, expected))]
            if len(rows) == len(probe.expect):
                for element in probe.elements:
                    proof = _proof(probe, homes[element], [one for some in rows for one in some], shelf)
                    made.setdefault(element, []).append(proof)
    return made


def _rows(found: dict[str, list[Found]], dataset: str, probe: Probe, expected: tuple[Row, ...]) -> list[Found]:
    """The rows that a probe expects of a dataset; nothing where one of them is missing."""
    domain = dataset.removeprefix("SUPP")
    rows = [each for each in found.get(domain, ()) if belongs(each.row, probe)]
    wanted = [{row["QNAM"]: row["QVAL"]} if dataset != domain else row for row in expected]
    matching = [[each for each in rows if holds(each.row, row)] for row in wanted]
    return [each for some in matching for each in some] if all(matching) else []


def _proof(probe: Probe, home: str, rows: list[Found], shelf: ResourceShelf) -> Proof:
    """What gave the cell of a variable, or of a parameter of TS, in the first of the rows that has it."""
    domain, _, variable = home.partition(".")
    supp = variable in shelf.plan.project.mappings[domain].supp
    for one in rows:
        source = one.source
        if source is None or source.domain != domain:
            continue
        params = shelf.plan.project.mappings[domain].params
        name = params.value if params and source.source.name == variable else variable
        if name in one.row:
            return Proof(probe, f"SUPP{home}" if supp else home, *_reading(source, name, one, shelf))
    return Proof(probe, home)


def _reading(source: PlannedSource, variable: str, one: Found, shelf: ResourceShelf) -> tuple[str, str]:
    """What a row's cell was read from, and the line of the mapping file that says so."""
    rule = next((rule for rule in source.rules if variable in rule.variables), None)
    if rule is None:
        return source.source.note, str(source.source.place)
    for way in rule.ways:
        row = {name: text for name, text in one.row.items() if name not in way.variables}
        if way.reads and variable in way.variables and (way.writes or guard_holds(way.guard, row)):
            read_way(way, one.levels, shelf, row)
            if row.get(variable) == one.row[variable]:
                return way.text.rpartition(" | ")[0], str(way.place)
    derived = " or ".join(map(str, rule.rule.derive))
    named = next((way.text.rpartition(" | ")[0] for way in rule.ways), "")
    return f"derived: {derived}" if derived else named, str(rule.rule.place)


def doc() -> str:
    """The text of docs/joint-ig.md."""
    elements, proved = read_elements(), proofs()
    sizes = {
        "total": len(elements),
        "mapped": sum(e.mapped for e in elements),
        "gaps": sum(not e.mapped for e in elements),
        "run": sum(e.mapped and e.id in proved for e in elements),
        "closed": sum(not e.mapped and e.id in proved for e in elements),
        "probes": len(read_probes()),
    }
    parts = [HEAD.format(**sizes)]
    for domain in dict.fromkeys(element.id.partition(".")[0] for element in elements):
        lines = [_line(e, proved.get(e.id, [])) for e in elements if e.id.partition(".")[0] == domain]
        parts.append("\n".join([f"## {domain}", "", COLUMNS, *lines, ""]))
    return "\n".join(parts)


def _line(element: Element, proved: list[Proof]) -> str:
    collected = "/".join(element.collected.split("/")[-2:])  # a path of the LAB model is long, and its end tells
    rules = dict.fromkeys((p.rule, p.reads) for p in proved if p.rule)
    probes = dict.fromkeys(f"[{_short(p.probe.place)}](../{p.probe.place.file}#L{p.probe.place.line})" for p in proved)
    notes = "".join(f"<br>{note}" for note in dict.fromkeys(p.probe.note for p in proved) if note)
    cells = (
        element.id,
        f"{element.label} `{collected}`" if collected not in ("", "None") else element.label,
        (element.guide or "-") if element.mapped else "gap",
        " ".join(dict.fromkeys(p.home for p in proved)),
        "<br>".join(f"`{reads}` {rule}" if reads else rule for rule, reads in rules),
        " ".join([*probes, *dict.fromkeys(p.probe.release for p in proved)]) + notes if proved else element.why,
    )
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _short(place: Place) -> str:
    return f"{Path(place.file).stem}:{place.line}"


if __name__ == "__main__":
    DOC.write_text(doc(), encoding="utf-8")
