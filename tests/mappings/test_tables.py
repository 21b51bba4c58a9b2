"""The shipped tables of LOINC and units: what they promise to derivations and codecs."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from interchange.mapping.codecs import bind_codec
from interchange.mapping.codecs.base import Miss, Tools
from interchange.mapping.load import shipped_mappings
from interchange.mapping.model import Call
from interchange.mapping.tables import read_code_map, read_table
from interchange.mapping.terminology import read_terminology
from interchange.mapping.ucum import unit
from interchange.sdtm.standard import standard

PLACES = (str(shipped_mappings()),)
LB = read_table("loinc-lb", PLACES)
CT = read_terminology(PLACES)


def test_loinc_columns_are_variables_of_lb() -> None:
    spec = standard("3.4").dataset("LB")
    assert spec is not None
    assert [c for c in LB.columns if spec.variable(c) is None] == ["SPECIMEN"]
    assert len(set(LB.rows)) == len(LB.rows) == 2302


def test_loinc_codes_give_tests_and_specimens() -> None:
    tests = LB.lookup("LBTESTCD", ("LBLOINC",))
    assert (tests["2345-7",], tests["2160-0",], tests["718-7",]) == ("GLUC", "CREAT", "HGB")
    assert len({row[0] for row in LB.rows}) - len(tests) < 10
    assert LB.lookup("SPECIMEN", ("LBLOINC",))["2345-7",] == "SERUM OR PLASMA"
    assert ("2345-7",) not in LB.lookup("LBSPEC", ("LBLOINC",))
    assert LB.lookup("LBSPEC", ("LBLOINC",))["718-7",] == "BLOOD"


def test_loinc_words_are_terms() -> None:
    at = LB.columns.index
    for variable, codelist in (
        ("LBSPEC", "SPECTYPE"),
        ("LBMETHOD", "METHOD"),
        ("LBORRESU", "UNIT"),
        ("LBPOS", "POSITION"),
    ):
        assert {row[at(variable)] for row in LB.rows} - {""} <= set(CT.terms[codelist]), variable
    named = {row[at("LBTESTCD")]: row[at("LBTEST")] for row in LB.rows}
    names = {code: term for term, code in CT.terms["LBTEST"].items()}
    for code, name in named.items():
        if code in CT.terms["LBTESTCD"]:
            assert names[CT.terms["LBTESTCD"][code]] == name


def test_codes_of_tests_and_their_names_share_c_codes() -> None:
    for stem in ("LBTEST", "VSTEST", "EGTEST", "SCTEST"):
        assert sorted(CT.terms[stem].values()) == sorted(CT.terms[f"{stem}CD"].values())


def test_a_unit_that_is_read_as_another_is_worth_the_same() -> None:
    entries = read_code_map("unit", PLACES).entries
    written = {e.term: e.code for e in entries if e.prefer != "to-sdtm"}
    # read as what the codetable meant, and not as UCUM reads them; arbitrary units beside enzyme units
    meant = {"24.h", "(173/100)", "173/100", "{U}", "{Unit}", "{PFU}", ".[HPF]", ".mL", ".ml", ".s", "10*2.", "/2.h"}
    for entry in entries:
        if (
            entry.prefer == "to-sdtm"
            and entry.system == "http://unitsofmeasure.org"
            and not any(m in entry.code for m in meant)
        ):
            assert unit(entry.code) == unit(written[entry.term]), entry


def test_units_are_written_in_one_way_and_come_back() -> None:
    tools = Tools("R5", {}, PLACES)
    codec = bind_codec(Call("quantity", ("unit",)), "Quantity", tools)
    for term in CT.terms["UNIT"]:
        assert codec.decode(codec.encode(("5.10", term))) == ("5.10", term)
    assert codec.encode(("1", "10^9/L"))["code"] == "10*9/L"
    assert codec.decode({"value": 1, "system": "http://snomed.info/sct", "code": "428673006"}) == ("1", "TABLET")
    assert codec.decode({"value": 1, "unit": "mmol/l"}) == ("1", "mmol/L")
    assert not tools.misses
    odd = {"value": 1, "unit": "uIU/mL", "system": "http://unitsofmeasure.org", "code": "u[UI]/ml"}
    assert codec.decode(odd) == ("1", "uIU/mL")
    assert tools.misses == {Miss("unit", "uIU/mL", "http://unitsofmeasure.org", "u[UI]/ml"): 1}


def test_the_notices_that_licences_ask_for_are_there() -> None:
    folder = Path(PLACES[0]) / "terminology"
    assert "LOINC is copyright" in (folder / "loinc-lb.csv").read_text(encoding="utf-8")
    with (folder / "molar-masses.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file))[0].startswith("# What a mole")


@pytest.mark.parametrize(
    ("ct", "term", "null"), [("2024-09-27", "OTHER", None), ("2025-03-28", None, "OTH"), ("", "OTHER", "OTH")]
)
def test_a_line_of_a_code_map_may_hold_with_some_versions_of_ct_alone(
    ct: str, term: str | None, null: str | None
) -> None:
    system = "https://clinicaltrials.gov/data-about-studies/study-data-structure#enum-InterventionType"
    other = {"coding": [{"system": system, "code": "OTHER"}]}
    tools = Tools("R5", {}, PLACES, ct)
    assert bind_codec(Call("concept", ("inttype", "strict")), "CodeableConcept", tools).decode(other) == term
    assert bind_codec(Call("concept", ("inttype-null", "strict")), "CodeableConcept", tools).decode(other) == null
