"""Writes mappings/terminology/ct.csv and loinc-lb.csv and mappings/codemaps/unit.csv from tables of the standards.

``python tools/make_terminology.py FOLDER``; the folder holds cdisc_ct_codelists.csv (NCI EVS), loinc_to_lb.csv (CDISC
LOINC to LB mapping) and unit_ucum_preferred.csv (CDISC Unit-UCUM codetable). Codelists that are in ct.csv already and
not in the folder stay.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TERMINOLOGY = ROOT / "mappings" / "terminology"
VERSION = "2025-03-28"
UCUM = "http://unitsofmeasure.org"
SNOMED = "http://snomed.info/sct"
DRUG_FORM = "http://terminology.hl7.org/CodeSystem/v3-orderableDrugForm"
Row = dict[str, str]

CT_HEAD = f"""\
# CDISC controlled terminology: codelists of subject data and trial design that mappings, derivations and checks need.
# version: {VERSION}
# source: CDISC SDTM CT and Protocol CT, NCI Enterprise Vocabulary Services
# The term NA of NY is a text, not a missing value. A package given with --ct stands in for its codelists.
"""
LOINC_HEAD = """\
# LOINC to LB: columns are named as the variables they give; blank where CDISC says several or none are right.
# SPECIMEN is the one specimen term of a LOINC: SERUM OR PLASMA where a line each has SERUM, PLASMA and both.
# LBORRESU is an example. Several lines of one LOINC: look up by more variables than LBLOINC.
# source: CDISC LOINC to LB mapping; test codes and names as in CDISC SDTM CT of ct.csv, by their C-code
# notice: This material contains content from LOINC (http://loinc.org). LOINC is copyright (c) Regenstrief Institute, \
Inc. and the Logical Observation Identifiers Names and Codes (LOINC) Committee and is available at no cost under the \
license at http://loinc.org/license. LOINC is a registered United States trademark of Regenstrief Institute, Inc.
"""
UNIT_HEAD = f"""\
# Units (UCUM; units of presentation also as SNOMED CT) <-> UNIT.
# source: CDISC Unit-UCUM codetable 2022-03-25, checked against UCUM 2.2; CDISC SDTM CT; SNOMED CT
# ct: {VERSION}
# codelist: UNIT
# UCUM reads from left to right, so that g/24.h is (g/24) times h: g/d is written, g/24.h read as what was meant.
# U and [IU] have no case in free text: only codes are listed here. Small letter l is the litre, as L is.
"""

# Columns of the LOINC to LB table, by the variable that each gives.
LB = {
    "LBLOINC": "loinc", "LBTESTCD": "lbtestcd", "LBTEST": "lbtest", "LBSPEC": "lbspec", "LBMETHOD": "lbmethod",
    "LBORRESU": "example_lborresu", "LBTPT": "lbtpt", "LBPTFL": "lbptfl", "LBPDUR": "lbpdur", "LBANMETH": "lbanmeth",
    "LBPOS": "lbpos", "LBLOC": "lbloc", "LBFAST": "lbfast", "LBRESTYP": "lbrestyp", "LBRESSCL": "lbrslscl",
    "LBTSTOPO": "lbtstopo", "LBLLOD": "lbllod", "LBTSTCND": "lbtstcnd", "LBTMTHSN": "lbmthsen",
}  # fmt: skip
SPECIMENS = {"MULTIPLE": ""}
SPELLED = {"sec": "s", "mg/dl": "mg/dL", "mL/min/1.73m2": "mL/min/1.73 m2"}

# UCUM codes of the codetable that are worth something else than the term, found by computing both.
WRONG = {("dram", "[fdr_us]"), ("Mrad", "Mrad"), ("Rad", "rad")}
INSTEAD = {
    "Mrad": "MRAD",
    "mL/min/1.73 m2": "mL/min/{1.73_m2}",
    "mL/s/1.73 m2": "mL/s/{1.73_m2}",
    "mL/(min*100mL)": "mL/(min.10*2.mL)",
}
# Units of product usage, and bare texts without a system.
MORE = [
    (SNOMED, "428673006", "Tablet", "TABLET"),
    (SNOMED, "428641000", "Capsule", "CAPSULE"),
    (SNOMED, "415818006", "Vial", "VIAL"),
    *((DRUG_FORM, code, name, name.upper()) for code, name in (
        ("TAB", "Tablet"), ("CAP", "Capsule"), ("PATCH", "Patch"), ("PUFF", "Puff"), ("SUPP", "Suppository"),
    )),
    (UCUM, "%{vol/vol}", "", "%(v/v)"),
    *(("", code, "", term) for code, term in (
        ("s", "s"), ("min", "min"), ("h", "HOURS"), ("d", "DAYS"), ("wk", "WEEKS"), ("mo", "MONTHS"), ("a", "YEARS"),
        ("day", "DAYS"), ("days", "DAYS"), ("hour", "HOURS"), ("hours", "HOURS"), ("week", "WEEKS"),
        ("weeks", "WEEKS"), ("month", "MONTHS"), ("months", "MONTHS"), ("year", "YEARS"), ("years", "YEARS"),
        ("mm Hg", "mmHg"), ("mm[Hg]", "mmHg"), ("bpm", "beats/min"), ("beats/minute", "beats/min"),
        ("{beats}/min", "beats/min"), ("breaths/minute", "breaths/min"), ("{breaths}/min", "breaths/min"),
        ("Cel", "C"), ("[degF]", "F"), ("[in_i]", "in"), ("[lb_av]", "LB"),
        ("10*3/uL", "10^9/L"), ("10*6/uL", "10^12/L"), ("10*9/L", "10^9/L"), ("10*12/L", "10^12/L"),
        ("mmol/l", "mmol/L"), ("umol/l", "umol/L"), ("nmol/l", "nmol/L"), ("pmol/l", "pmol/L"), ("mg/dl", "mg/dL"),
        ("g/dl", "g/dL"), ("g/l", "g/L"), ("mg/l", "mg/L"), ("ug/l", "ug/L"), ("U/l", "U/L"), ("ml", "mL"),
        ("m[IU]/L", "mIU/L"), ("[IU]/L", "IU/L"), ("meq/L", "mEq/L"), ("meq/l", "mEq/L"), ("mEq/l", "mEq/L"),
    )),
]  # fmt: skip
_PER = re.compile(r"/((?:\d+|10\*\d+|\(\d+/\d+\))\.[^/.]+)")
_LITRE = re.compile(r"(?<![A-Za-z\[{])([dcmunpfk]?)L(?![A-Za-z\]}])")


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def _write(path: Path, head: str, columns: list[str], rows: list[tuple[str, ...]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    path.write_text(head + text.getvalue(), encoding="utf-8")


def codelists(folder: Path) -> list[tuple[str, ...]]:
    """The terms of the codelists, by name of the codelist."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for row in _read(folder / "cdisc_ct_codelists.csv"):
        line = (row["codelist"], row["codelist_code"], row["extensible"], row["submission_value"], row["concept_code"])
        found.setdefault(row["codelist"], []).append(line)
    given = set(found)
    for row in _read(TERMINOLOGY / "ct.csv"):
        if row["codelist"] not in given:
            line = (row["codelist"], row["codelist_code"], row["extensible"], row["term"], row["code"])
            found.setdefault(row["codelist"], []).append(line)
    return [line for name in sorted(found) for line in found[name]]


def loinc(folder: Path, terms: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The lines of LOINC to LB, tests by their C-code as the terminology has them."""
    by_code = {name: {t[4]: t[3] for t in terms if t[0] == name} for name in ("LBTESTCD", "LBTEST")}
    codes = {t[3]: t[4] for t in terms if t[0] == "LBTESTCD"}
    rows = _read(folder / "loinc_to_lb.csv")
    specimens: dict[str, set[str]] = {}
    for row in rows:
        specimens.setdefault(row["loinc"], set()).add(_plain(row["lbspec"]))
    made = []
    for row in rows:
        code = row["lbtestcd_ncit"]
        if code not in by_code["LBTESTCD"] and row["lbtestcd"] in codes:
            code = codes[row["lbtestcd"]]
        values = {variable: _plain(row[column]) for variable, column in LB.items()}
        values["LBTESTCD"] = by_code["LBTESTCD"].get(code, values["LBTESTCD"])
        values["LBTEST"] = by_code["LBTEST"].get(code, " ".join(values["LBTEST"].split()))
        values["LBSPEC"] = SPECIMENS.get(values["LBSPEC"], values["LBSPEC"])
        among = specimens[row["loinc"]] - {""}
        one = "SERUM OR PLASMA" if among == {"SERUM", "PLASMA", "SERUM OR PLASMA"} else ""
        made.append((*values.values(), one or (min(among) if len(among) == 1 and among != {"MULTIPLE"} else "")))
    return sorted(set(made))


def _plain(cell: str) -> str:
    """A cell, blank where it says in brackets that there are several values or none."""
    return "" if cell.startswith("(") else SPELLED.get(cell, cell)


def _meant(code: str) -> str:
    """A code as its author meant it: per 24 hours is per day, and what is per 200 fields has both in brackets."""
    return _PER.sub(r"/(\1)", code.replace("/24.h", "/d"))


def units(folder: Path, terms: list[str]) -> list[tuple[str, ...]]:
    """The lines of the code map of units: one code each way, others, and terms without a code, to SDTM only."""
    taken: dict[tuple[str, str], str] = {}
    lines: list[tuple[str, ...]] = []

    def add(system: str, code: str, display: str, term: str, prefer: str) -> None:
        if taken.setdefault((system, code), term) == term and (system, code, term) not in seen:
            seen.add((system, code, term))
            lines.append((system, code, display, "", term, "equivalent", prefer, ""))

    seen: set[tuple[str, str, str]] = set()
    rows = [row for row in _read(folder / "unit_ucum_preferred.csv") if row["ucum_preferred"]]
    both = []
    for row in rows:
        term = row["cdisc_unit"]
        given = [row["ucum_preferred"], *(a.strip() for a in row["ucum_also"].split(";"))]
        good = [*filter(None, (INSTEAD.get(term),)), *(c for c in given if c and (term, c) not in WRONG)]
        if (meant := _meant(good[0])) != good[0]:
            good.insert(0, meant)
        both.append((term, good))
        add(UCUM, next(code for code in good if (UCUM, code) not in taken), "", term, "")
    for term, good in both:
        for code in good[1:]:
            add(UCUM, code, "", term, "to-sdtm")
    for term, good in both:
        for code in good:
            if (small := _LITRE.sub(r"\1l", code)) != code:
                add(UCUM, small, "", term, "to-sdtm")
    for system, code, display, term in MORE:
        add(system, code, display, term, "to-sdtm")
    held = {term for term, _ in both}
    for term in terms:
        if term not in held:
            add("", term, "", term, "to-sdtm")
    return lines


def main(folder: Path) -> None:
    """Write the three tables."""
    terms = codelists(folder)
    _write(TERMINOLOGY / "ct.csv", CT_HEAD, ["codelist", "codelist_code", "extensible", "term", "code"], terms)
    _write(TERMINOLOGY / "loinc-lb.csv", LOINC_HEAD, [*LB, "SPECIMEN"], loinc(folder, terms))
    columns = ["system", "code", "display", "text", "term", "relation", "prefer", "release"]
    _write(
        ROOT / "mappings" / "codemaps" / "unit.csv",
        UNIT_HEAD,
        columns,
        units(folder, [t[3] for t in terms if t[0] == "UNIT"]),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
