from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from interchange.issues import MappingError
from interchange.mapping.load import shipped_mappings
from interchange.mapping.standard_units import number_in, read_standard_units
from interchange.mapping.tables import read_table
from interchange.mapping.terminology import read_terminology
from interchange.mapping.ucum import conversion

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = str(shipped_mappings())
HEAD = "test,specimen,system,unit,from,factor,decimals,limit_decimals,zeros\n"
# The abridged standard atomic weights of IUPAC 2021.
WEIGHTS = {
    "C": "12.011", "H": "1.008", "N": "14.007", "O": "15.999", "Na": "22.990", "K": "39.098", "Cl": "35.45",
    "Ca": "40.078", "Mg": "24.305", "P": "30.974", "S": "32.06", "Fe": "55.845", "Cu": "63.546", "Zn": "65.38",
    "Pb": "207.2", "Co": "58.933", "I": "126.904", "Li": "6.94",
}  # fmt: skip


def own(tmp_path: Path, rows: str) -> tuple[str, ...]:
    (tmp_path / "terminology").mkdir()
    (tmp_path / "terminology" / "standard-units.csv").write_text(HEAD + rows, encoding="utf-8")
    return (str(tmp_path), SHIPPED)


@pytest.mark.parametrize(
    ("test", "specimen", "unit", "collected", "standard", "value", "number"),
    [
        ("ALB", "", "g/dL", "5.10", "g/L", "51.0", "51.0"),
        ("ALB", "URINE", "g/L", "0.03", "mg/L", "30", "30"),
        ("BILI", "SERUM", "mg/dL", "<0.2", "umol/L", "<3.42", None),
        ("CREAT", "SERUM", "mg/dL", "0.9", "umol/L", "79.56", "79.56"),
        ("CREAT", "URINE", "mg/dL", "90", "mmol/L", "7.96", "7.96"),
        ("CA", "", "mEq/L", "4.5", "mmol/L", "2.25", "2.25"),
        ("CA", "", "mmol/L", "2.20", "mmol/L", "2.20", "2.20"),
        ("HCT", "", "%", "42.0", "fraction of 1", "0.420", "0.420"),
        ("TEMP", "", "F", "97.7", "C", "36.5", "36.5"),
        ("WEIGHT", "", "LB", "119.0", "kg", "53.98", "53.98"),
        ("GLUC", "", "mg/dL", "TRACE", "mmol/L", "TRACE", None),
        # what cannot be computed stays as it is
        ("ALB", "", "mmol/L", "0.6", "mmol/L", "0.6", "0.6"),
        ("ALB", "", "", "5.1", None, "5.1", "5.1"),
        ("NOTEST", "", "g/dL", "5.10", "g/dL", "5.10", "5.10"),
        ("PH", "URINE", "", "5.0", None, "5.0", "5.0"),
    ],
)
def test_results_in_units_of_the_si(
    test: str, specimen: str, unit: str, collected: str, standard: str | None, value: str, number: str | None
) -> None:
    made = read_standard_units("standard-units", (SHIPPED,), "si").standard(test, specimen, unit)
    assert (made.unit, made.value(collected), number_in(made.value(collected))) == (standard, value, number)


def test_other_systems() -> None:
    usual = read_standard_units("standard-units", (SHIPPED,), "conventional").standard("GLUC", "", "mmol/L")
    assert (usual.unit, usual.value("5.0")) == ("mg/dL", "90.078")
    collected = read_standard_units("standard-units", (SHIPPED,), "collected").standard("GLUC", "", "mg/dL")
    assert (collected.unit, collected.value("85")) == ("mg/dL", "85")


def test_a_study_has_units_factors_and_digits_of_its_own(tmp_path: Path) -> None:
    rows = "BILI,,,umol/L,mg/dL,17.1,,0,drop\nRBC,,,TI/L,MILL/uL,1,,,drop\n*,,,,,,,,drop\nX,,,,g,1/3,1,,\nPH,,,none,NO UNITS,1,,,drop\n"
    units = read_standard_units("standard-units", own(tmp_path, rows), "si")
    bilirubin = units.standard("BILI", "SERUM", "mg/dL")
    assert (bilirubin.unit, bilirubin.value("1.0"), bilirubin.value("0.6")) == ("umol/L", "17.1", "10.26")
    assert (bilirubin.limit("0.2"), bilirubin.limit("1.2"), bilirubin.limit("-")) == ("3", "21", None)
    assert (units.standard("RBC", "", "MILL/uL").unit, units.standard("RBC", "", "MILL/uL").value("5.30")) == (
        "TI/L",
        "5.3",
    )
    assert (units.standard("PH", "", "").value("5.0"), units.standard("HEIGHT", "", "cm").value("148.0")) == (
        "5",
        "148",
    )
    assert units.standard("X", "", "g").value("1") == "0.3"
    assert (units.standard("PH", "", "NO UNITS").unit, units.standard("PH", "", "NO UNITS").value("5.0")) == (None, "5")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "A,,,g/L,g/dL,ten,,,\n",
            "IX-TABLE-003  A from g/dL: `ten` is no factor; write a number, such as 88.4, 1/18 or 2",
        ),
        ("A,,,g/L,,10,,,\n", "IX-TABLE-003  A: a factor needs the unit it is `from`, and the other way round"),
        ("A,,,g/L,,,many,,\n", "IX-TABLE-003  A: `many` is no decimals"),
    ],
)
def test_a_table_that_is_broken(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(MappingError, match=re.escape(message)):
        read_standard_units("standard-units", own(tmp_path, rows), "si")


def test_molar_masses_are_those_of_their_formulas() -> None:
    table = read_table("molar-masses", (SHIPPED,))
    assert len(table.rows) > 50
    for test, _, formula, mass, _ in table.rows:
        parts = re.findall(r"([A-Z][a-z]?)(\d*)", formula)
        assert not formula or Decimal(mass) == sum(Decimal(WEIGHTS[e]) * int(n or 1) for e, n in parts), test


def test_shipped_units_are_terms_and_can_be_computed() -> None:
    terms = read_terminology((SHIPPED,)).terms
    units = read_standard_units("standard-units", (SHIPPED,), "si")
    by_test: dict[tuple[str, str], dict[str, str]] = {}
    for test, specimen, system, unit, *_ in read_table("standard-units", (SHIPPED,)).rows:
        assert test in terms["LBTESTCD"] or test in terms["VSTESTCD"] or test == "BUN"
        assert unit in terms["UNIT"] or unit in terms["VSRESU"]
        by_test.setdefault((test, specimen), {})[system] = unit
    for (test, specimen), lines in by_test.items():
        if "conventional" in lines:
            codes = [units.codes[lines[system]] for system in ("conventional", "si")]
            assert conversion(*codes, units.facts.get(test)) is not None, (test, specimen, lines)
