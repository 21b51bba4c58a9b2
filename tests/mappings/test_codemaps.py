"""The shipped code maps and terminology tables: form, codelists, no ambiguity in either direction."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest

MAPPINGS = Path(__file__).parents[2] / "mappings"
HEADER = ["system", "code", "display", "text", "term", "relation", "prefer", "release"]
RELEASES = ("R4", "R4B", "R5")
RELATIONS = {"equivalent", "related-to", "source-is-narrower-than-target", "source-is-broader-than-target"}
HL7 = "http://hl7.org/fhir/"
THO = "http://terminology.hl7.org/CodeSystem/"
NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"
META = "http://ncimeta.nci.nih.gov"
CTG = "https://clinicaltrials.gov/data-about-studies/study-data-structure#enum-"
OMB = "urn:oid:2.16.840.1.113883.6.238"

Row = dict[str, str]


@dataclass(frozen=True)
class Table:
    """One CSV file: its `# key: value` lines, its column names, its rows."""

    notes: dict[str, str]
    columns: list[str]
    rows: list[Row]


def read_table(path: Path) -> Table:
    lines = path.read_text(encoding="utf-8").splitlines()
    head = [line for line in lines if line.startswith("# ")]
    assert lines[: len(head)] == head, "comment lines come first"
    cells = list(csv.reader(lines[len(head) :]))
    assert {len(row) for row in cells} == {len(cells[0])}, "every row has every column"
    notes = dict(line[2:].split(": ", 1) for line in head if ": " in line)
    return Table(notes, cells[0], [dict(zip(cells[0], row, strict=True)) for row in cells[1:]])


NAMES = sorted(path.stem for path in (MAPPINGS / "codemaps").glob("*.csv"))
MAPS = {name: read_table(MAPPINGS / "codemaps" / f"{name}.csv") for name in NAMES}
CT = read_table(MAPPINGS / "terminology" / "ct.csv")
FIXED = {row["codelist"] for row in CT.rows if row["extensible"] == "No"}
TSPARM = read_table(MAPPINGS / "terminology" / "tsparm.csv")


def terms_of(codelist: str) -> set[str]:
    return {row["term"] for row in CT.rows if row["codelist"] == codelist}


def written(name: str, term: str, release: str) -> list[tuple[str, str]]:
    """The codings of a term in a release, in file order."""
    return [
        (row["system"], row["code"])
        for row in MAPS[name].rows
        if row["term"] == term
        and row["prefer"] != "to-sdtm"
        and (not row["release"] or release in row["release"].split())
    ]


def read(name: str, system: str, code: str) -> set[str]:
    return {
        row["term"]
        for row in MAPS[name].rows
        if (row["system"], row["code"]) == (system, code) and row["prefer"] != "to-fhir"
    }


# The maps of trial design and demographics, which say every term of their codelist.
DESIGN = [
    "age-unit",
    "armnrs",
    "armtype",
    "country",
    "countryname",
    "datareason",
    "epoch",
    "ethnic",
    "intmodel",
    "inttype",
    "milestone",
    "ny",
    "obsmodel",
    "obstimp",
    "obstsmm",
    "ongosind",
    "race",
    "random",
    "registry",
    "sex",
    "sexpop",
    "stype",
    "stype-category",
    "tblind",
    "tcntrl",
    "tindtp",
    "tphase",
]


def test_the_maps_of_trial_design_and_demographics_are_there() -> None:
    assert set(DESIGN) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_form(name: str) -> None:
    table = MAPS[name]
    assert table.columns[: len(HEADER)] == HEADER
    assert set(table.columns[len(HEADER) :]) <= {"since", "until"}
    assert "source" in table.notes
    assert len({tuple(row.values()) for row in table.rows}) == len(table.rows)
    for row in table.rows:
        assert row["term"]
        assert row["system"] or row["code"]
        assert row["relation"] in RELATIONS
        assert row["prefer"] in {"", "to-sdtm", "to-fhir"}
        assert set(row["release"].split()) <= set(RELEASES)
        assert all(value == value.strip() for value in row.values())
        if not row["system"] and any(other["system"] for other in table.rows):  # else a map for elements of type code
            assert row["prefer"] == "to-sdtm", "a coding without system is read, never written"


@pytest.mark.parametrize("name", NAMES)
def test_a_coding_is_read_as_one_term(name: str) -> None:
    read_as = defaultdict(list)
    for row in MAPS[name].rows:
        if row["prefer"] != "to-fhir":
            read_as[row["system"], row["code"]].append(row["term"])
    assert {key: terms for key, terms in read_as.items() if len(terms) > 1} == {}


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"registry", "usdm-system"}))  # these go by the system alone
def test_a_code_alone_is_read_as_one_term(name: str) -> None:
    read_as = defaultdict(set)
    for row in MAPS[name].rows:
        if row["prefer"] != "to-fhir":
            read_as[row["code"]].add(row["term"])
    assert {code: terms for code, terms in read_as.items() if len(terms) > 1} == {}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", NAMES)
def test_a_term_is_written_as_one_coding_a_system_with_one_text(name: str, release: str) -> None:
    systems = defaultdict(list)
    texts = defaultdict(set)
    for row in MAPS[name].rows:
        if row["prefer"] != "to-sdtm" and (not row["release"] or release in row["release"].split()):
            systems[row["term"]].append(row["system"])
            texts[row["term"]].add(row["text"] or row["display"])
    assert {term: found for term, found in systems.items() if len(found) != len(set(found))} == {}
    assert {term: found for term, found in texts.items() if len(found) > 1} == {}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("name", NAMES)
def test_the_first_coding_written_comes_back(name: str, release: str) -> None:
    # for a frequency the codec reads the text beside the repeat; one sex of both is written as both
    lossy = {
        "sex": {"INTERSEX", "UNDIFFERENTIATED"},
        "frequency": {"1 TIME PER WEEK"},
        "usdm-sex-both": {"C16576", "C20197"},
    }.get(name, set())
    for term in {row["term"] for row in MAPS[name].rows} - lossy:
        codings = written(name, term, release)
        if codings:
            assert read(name, *codings[0]) == {term}


@pytest.mark.parametrize("name", [name for name in NAMES if "codelist" in MAPS[name].notes])
def test_terms_are_in_the_codelist(name: str) -> None:
    notes = MAPS[name].notes
    assert notes["ct"] == CT.notes["version"]
    allowed = terms_of(notes["codelist"])
    if name in DESIGN or notes["codelist"] in FIXED:
        assert {row["term"] for row in MAPS[name].rows} - set(notes.get("retired", "").split()) <= allowed


@pytest.mark.parametrize(
    ("name", "one_way"),
    [
        (name, name == "ongosind")
        for name in DESIGN
        if MAPS[name].notes.get("codelist") and name not in {"random", "sex"}
    ],
)
def test_every_term_of_the_codelist_is_written(name: str, one_way: bool) -> None:
    if one_way:
        assert all(row["prefer"] == "to-sdtm" for row in MAPS[name].rows)
        return
    # a study arm of the protocol terminology that no FHIR arm type says
    known = {"armtype": {"Control Arm", "Treatment Arm"}}.get(name, set())
    for release in RELEASES:
        missing = {term for term in terms_of(MAPS[name].notes["codelist"]) if not written(name, term, release)}
        assert missing == known


def test_nci_codes_are_those_of_the_terms() -> None:
    codes = {(row["codelist"], row["term"]): row["code"] for row in CT.rows}
    other = {"random", "milestone"}  # these read the concept of a design or a milestone, not of the answer
    for name in set(NAMES) - other:
        codelist = MAPS[name].notes.get("codelist", "")
        for row in MAPS[name].rows:
            if codelist and row["system"] in {NCIT, META} and row["relation"] == "equivalent":
                assert row["code"] == codes[codelist, row["term"]], (name, row)


def test_countries() -> None:
    coded = MAPS["country"].rows
    alpha3 = [row["code"] for row in coded if not row["prefer"]]
    assert len(alpha3) == len(set(alpha3)) == 249
    assert all(row["code"] == row["term"] for row in coded if not row["prefer"])
    assert len({row["term"] for row in coded if len(row["code"]) == 2 and row["code"].isupper()}) == 249
    assert len({row["term"] for row in coded if len(row["code"]) == 3 and row["code"].isdigit()}) == 249
    assert len(coded) == 3 * 249
    assert {row["system"] for row in coded} == {"urn:iso:std:iso:3166"}
    names = MAPS["countryname"].rows
    assert {row["term"] for row in names} == set(alpha3)
    assert len({row["code"].casefold() for row in names}) == len(names)


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("China", "CHN"),
        ("United States", "USA"),
        ("USA", "USA"),
        ("US", "USA"),
        ("Korea, Republic of", "KOR"),
        ("South Korea", "KOR"),
        ("Turkey (Türkiye)", "TUR"),
        ("Iran, Islamic Republic of", "IRN"),
        ("Taiwan", "TWN"),
        ("Côte D'Ivoire", "CIV"),
    ],
)
def test_country_names(name: str, term: str) -> None:
    folded = {row["code"].casefold(): row["term"] for row in MAPS["countryname"].rows}
    assert folded[name.casefold()] == term


@pytest.mark.parametrize(
    ("name", "term", "release", "codings"),
    [
        ("tphase", "EARLY PHASE I", "R5", [(HL7 + "research-study-phase", "early-phase-1")]),
        ("tphase", "EARLY PHASE I", "R4B", [(THO + "research-study-phase", "early-phase-1")]),
        ("tphase", "PHASE IIA TRIAL", "R5", [(NCIT, "C49686"), (HL7 + "research-study-phase", "phase-2")]),
        (
            "stype",
            "INTERVENTIONAL",
            "R5",
            [(HL7 + "study-design", "SEVCO:01001"), (CTG + "StudyType", "INTERVENTIONAL")],
        ),
        ("stype-category", "INTERVENTIONAL", "R4B", [(CTG + "StudyType", "INTERVENTIONAL")]),
        ("intmodel", "SEQUENTIAL", "R5", [(CTG + "InterventionalAssignment", "SEQUENTIAL")]),
        ("inttype", "BIOLOGIC", "R5", [(CTG + "InterventionType", "BIOLOGICAL")]),
        ("sexpop", "BOTH", "R4B", [(CTG + "Sex", "ALL")]),
        ("armtype", "Experimental Arm", "R4B", [(HL7 + "research-study-arm-type", "experimental")]),
        ("country", "CHN", "R5", [("urn:iso:std:iso:3166", "CHN")]),
        ("registry", "ClinicalTrials.gov", "R5", [("https://clinicaltrials.gov", "")]),
        ("epoch", "TREATMENT", "R5", [(NCIT, "C101526")]),
        ("milestone", "RFSTDTC", "R5", [("urn:cdisc:sdtm:DM", "RFSTDTC")]),
        ("ongosind", "Y", "R5", []),
    ],
)
def test_written_codings(name: str, term: str, release: str, codings: list[tuple[str, str]]) -> None:
    assert written(name, term, release) == codings


@pytest.mark.parametrize(
    ("name", "system", "code", "term"),
    [
        ("tphase", "", "phase-3", "PHASE III TRIAL"),
        ("tphase", THO + "research-study-phase", "phase-1", "PHASE I TRIAL"),
        ("tindtp", "", "treatment", "TREATMENT"),
        ("stype", META, "C98388", "INTERVENTIONAL"),
        ("stype", "", "SEVCO:01001", "INTERVENTIONAL"),
        ("random", META, "C15417", "Y"),
        ("tblind", META, "C15228", "DOUBLE BLIND"),
        ("tcntrl", META, "C49648", "PLACEBO"),
        ("intmodel", META, "C82639", "PARALLEL"),
        ("armtype", META, "C174266", "Experimental Arm"),
        ("race", OMB, "2106-3", "WHITE"),
        ("race", OMB, "2029-7", "ASIAN"),
        ("ethnic", OMB, "2186-5", "NOT HISPANIC OR LATINO"),
        ("ongosind", HL7 + "research-study-status", "recruiting", "Y"),
        ("ongosind", HL7 + "research-study-status", "completed", "N"),
        ("ny", THO + "v3-NullFlavor", "NA", "NA"),
        ("registry", "https://clinicaltrials.gov/show/", "", "ClinicalTrials.gov"),
        ("sex", HL7 + "administrative-gender", "other", "U"),
    ],
)
def test_read_codings(name: str, system: str, code: str, term: str) -> None:
    assert read(name, system, code) == {term}


def test_texts_that_differ_from_the_display() -> None:
    texts = {
        (name, row["term"]): row["text"]
        for name in ("stype", "intmodel", "inttype", "sexpop", "epoch")
        for row in MAPS[name].rows
        if row["prefer"] != "to-sdtm"
    }
    assert texts["stype", "INTERVENTIONAL"] == "Interventional"
    assert texts["intmodel", "SEQUENTIAL"] == "Sequential"
    assert texts["inttype", "BIOLOGIC"] == "BIOLOGICAL"
    assert texts["sexpop", "BOTH"] == "All"
    assert texts["epoch", "FOLLOW-UP"] == "FOLLOW-UP"


def test_terminology() -> None:
    assert CT.columns == ["codelist", "codelist_code", "extensible", "term", "code"]
    assert CT.notes["version"] == "2025-03-28"
    assert len({(row["codelist"], row["term"]) for row in CT.rows}) == len(CT.rows)
    assert all(row["extensible"] in {"Yes", "No"} and all(row.values()) for row in CT.rows)
    assert len({(row["codelist"], row["codelist_code"], row["extensible"]) for row in CT.rows}) == len(
        {row["codelist"] for row in CT.rows}
    )
    assert terms_of("NY") == {"Y", "N", "U", "NA"}
    assert terms_of("SEX") == {"F", "INTERSEX", "M", "U"}
    assert len(terms_of("TSPARMCD")) == 129


def test_trial_summary_parameters() -> None:
    assert TSPARM.columns == ["code", "c_code", "label", "codelist", "fda", "repeats", "format"]
    assert len(TSPARM.rows) == 129
    assert {row["code"] for row in TSPARM.rows} == terms_of("TSPARMCD")
    labels = {row["code"]: row["term"] for row in CT.rows if row["codelist"] == "TSPARM"}
    codes = {row["code"]: row["term"] for row in CT.rows if row["codelist"] == "TSPARMCD"}
    codelists = {row["codelist"] for row in CT.rows}
    for row in TSPARM.rows:
        assert row["label"] == labels[row["c_code"]]
        assert row["code"] == codes[row["c_code"]]
        assert row["codelist"] in codelists | {""}
        assert row["fda"] in {"wanted", "conditional", ""}
        assert row["repeats"] in {"Y", ""}
    formats = {"ISO8601-date", "ISO8601-duration", "ISO3166-alpha3", "integer", "number", "text"}
    assert {row["format"] for row in TSPARM.rows} == formats
    by_code = {row["code"]: row for row in TSPARM.rows}
    assert by_code["TPHASE"] == {
        "code": "TPHASE",
        "c_code": "C48281",
        "label": "Trial Phase Classification",
        "codelist": "TPHASE",
        "fda": "wanted",
        "repeats": "",
        "format": "text",
    }
    assert by_code["AGEMIN"]["format"] == "ISO8601-duration"
    assert by_code["INDIC"]["repeats"] == "Y"
    assert by_code["CURTRT"]["fda"] == "conditional"
    assert by_code["KEYWORD"]["fda"] == ""
