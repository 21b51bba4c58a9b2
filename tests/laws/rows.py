"""Random SDTM datasets of the shipped domains: plain rows, and rows as nobody would wish for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from interchange.mapping.tables import read_code_map
from interchange.sdtm.dataset import Dataset, Variable, is_number
from interchange.sdtm.standard import standard
from interchange.sdtm.suppqual import VARIABLES

from .trips import project

if TYPE_CHECKING:
    from interchange.sdtm.standard import DatasetSpec

Row = dict[str, str]
Cells = st.SearchStrategy[str]

DATES = (
    *("2013-12-26", "2014-01-02", "2013-12", "2013", "2014-01-02T10:15", "2014-01-02T10:15:30", "2014-01-02T10:15:30Z"),
    *("2014-01-16T13:17:00+01:00", "2014-01-02T10", "2013---15", "--12-15", "2013-02-30", "2013-13-01", "-----T10:15"),
    *(
        "2012-02-29",
        "2013-12-26/2014-01-02",
        "2013-12-26/P3D",
        "20131226",
        "0000-01-01",
        "UNK",
        "2014-1-2",
        " 2014-01-02",
    ),
    *("2014-01-02T24:00:00Z", "2014-01-02T10:15:30.5-05:00", "9999-12-31", "2013-00", "٢٠١٣-01-02"),
)
NUMBERS = (
    "1",
    "2",
    "3",
    "3.1",
    "5.10",
    "63",
    "-7",
    "0",
    "007",
    "1e3",
    "1.",
    "-0",
    ".5",
    "1,5",
    "NaN",
    "12345678901234567890",
)
ODD = (
    *(
        "Ärztin",
        "βeta-blocker",
        "日本",
        " leading",
        "trailing ",
        "two  blanks",
        "tab\there",
        "line\nbreak",
        "MULTIPLE",
        "Y",
    ),
    *(
        "y",
        "Null",
        "NULL",
        "OTHER",
        "N/A",
        "<b>",
        "'quoted'",
        '"',
        "%study",
        "$STUDYID",
        "a/b",
        "é" * 3,
        "🧪",
        "-",
        ".",
        "1",
    ),
)


def _odd_text(size: int = 12) -> Cells:
    letters = st.characters(exclude_categories=("Cs", "Cc"))
    return st.one_of(st.sampled_from(ODD), st.text(letters, min_size=1, max_size=size))


LONG = st.builds(
    lambda words, times, tail: (" ".join(words) + " ") * times + tail,
    st.lists(
        st.sampled_from(("Overall", "survival", "naïve", "x" * 60, "ß" * 110, "", "y" * 201)), min_size=1, max_size=5
    ),
    st.integers(5, 30),
    st.sampled_from(("end", " ", "end.")),
)


def mostly(*usual: str) -> Cells:
    """One of the usual texts, sometimes an odd one."""
    return st.one_of(*[st.sampled_from(usual)] * 4, _odd_text())


def term(*code_maps: str) -> Cells:
    """A term of code maps, in upper case, in lower case, or none of them."""
    places = project().settings["folders"].split("\n")
    terms = sorted({e.term for name in code_maps for e in read_code_map(name, places).entries})
    known = st.sampled_from(terms)
    return st.one_of(known, known, known, known.map(str.lower), known.map(str.title), _odd_text())


dtc: Cells = st.one_of(st.sampled_from(DATES), st.sampled_from(DATES[:8]), st.dates().map(str), _odd_text(6))
number: Cells = st.one_of(st.sampled_from(NUMBERS), st.integers(-30, 400).map(str), _odd_text(4))
words: Cells = st.one_of(mostly("Screening visit", "First dose of study drug", "Placebo"), LONG)
study: Cells = st.one_of(*[st.just("CDISCPILOT01")] * 8, st.sampled_from(("S1", "S 2/ä", "s" * 70)))
unknown: dict[str, Cells] = {"ZZTOP": mostly("1", "x"), "XYZ": words}


def _rows(needed: dict[str, Cells], optional: dict[str, Cells]) -> st.SearchStrategy[Row]:
    """Rows that mostly have the needed variables, and any of the optional ones."""
    every = optional | unknown
    whole = st.fixed_dictionaries(needed, optional=every)
    partial = st.fixed_dictionaries({}, optional=needed | every)
    return st.one_of(whole, whole, whole, partial)


arm_code: Cells = mostly("Pbo", "Xan_Hi", "Xan_Lo", "A", "B", "SCRNFAIL", "Scrnfail", "NOTASSGN", "NOTTRT", "UNPLAN")
arm: Cells = mostly("Placebo", "Xanomeline High Dose", "Experimental: A.", "Screen Failure", "Arm")
element_code: Cells = mostly("SCRN", "PBO", "FU", "TOOLONGCODE", "A-B")

PARAMETERS = tuple(s.name for s in project().mappings["TS"].sources)
VALUES: dict[str, Cells] = {
    "STYPE": term("stype"),
    "TPHASE": term("tphase"),
    "TINDTP": term("tindtp"),
    "INTMODEL": term("intmodel"),
    "RANDOM": term("random"),
    "TBLIND": term("tblind"),
    "OBSMODEL": term("obsmodel"),
    "OBSTIMP": term("obstimp"),
    "TCNTRL": term("tcntrl"),
    "INTTYPE": term("inttype"),
    "SEXPOP": term("sexpop"),
    "ONGOSIND": term("ongosind"),
    "HLTSUBJI": mostly("Y", "N"),
    "FCNTRY": term("country"),
    "PLANSUB": number,
    "ACTSUB": number,
    "NARMS": number,
    "NCOHORT": number,
    "AGEMIN": mostly("P18Y", "P6M", "PT12H", "P1Y6M", "P1.5D", "P050Y", "No minimum"),
    "AGEMAX": mostly("P65Y", "PINF", "No maximum"),
    "SSTDTC": dtc,
    "SENDTC": dtc,
    "DCUTDTC": dtc,
    "REGID": mostly("NCT05574608", "2020-001234-11", "EUCTR 1"),
    "OUTMSPRI": st.one_of(
        mostly("Survival [Time Frame: 12 months]", "Survival", "A [Time Frame: B] [Time Frame: C]"), LONG
    ),
    "URLSTDY": mostly("https://example.org/a", "https://example.org/a b"),
}


def _parameter(code: str) -> st.SearchStrategy[Row]:
    """Rows of one parameter; those without TSPARMCD are rows of none."""
    value = VALUES.get(code, words)
    optional: dict[str, Cells] = {
        "TSGRPID": words,
        "TSPARM": mostly("Trial Title"),
        "TSVALNF": mostly("NI", "NAV", "PINF", "UNK"),
        "TSVALCD": mostly("C49636", "362969004", "NCT05574608"),
        "TSVCDREF": st.one_of(mostly("CDISC CT", "SNOMED", "UNII", "ISO 3166-1 alpha-3"), term("registry")),
        "TSVCDVER": mostly("2025-03-28", "2016-03-25"),
        "TSVAL1": words,
        "TSVAL2": words,
        "TSVAL01": mostly("x"),
    }
    needed = {"STUDYID": study, "TSPARMCD": st.just(code), "DOMAIN": mostly("TS"), "TSSEQ": number, "TSVAL": value}
    return _rows(needed, optional)


_KNOWN = {code: _parameter(code) for code in PARAMETERS}
_OTHERS = {code: _parameter(code) for code in ("ZZPARM", "THERAREA", "random", "DOSE", "Ä B")}
parameter = st.one_of(*[st.sampled_from(list(_KNOWN))] * 6, st.sampled_from(list(_OTHERS))).flatmap(
    lambda code: (_KNOWN | _OTHERS)[code]
)

ROWS: dict[str, st.SearchStrategy[Row]] = {
    "TS": parameter,
    "TA": _rows(
        {"STUDYID": study, "DOMAIN": st.just("TA"), "ARMCD": arm_code, "ARM": arm, "ETCD": element_code},
        {
            "TAETORD": number,
            "ELEMENT": words,
            "TABRANCH": words,
            "TATRANS": words,
            "EPOCH": st.one_of(term("epoch"), mostly("Treatment", "TREATMENT 1")),
        },
    ),
    "TE": _rows(
        {"STUDYID": study, "DOMAIN": st.just("TE"), "ETCD": element_code},
        {
            "ELEMENT": words,
            "TESTRL": words,
            "TEENRL": words,
            "TEDUR": mostly("P2W", "PT12H", "P1Y6M", "P1.50D", "P07D"),
        },
    ),
    "TV": _rows(
        {"STUDYID": study, "DOMAIN": st.just("TV"), "VISITNUM": number, "VISIT": words},
        {"VISITDY": number, "ARMCD": arm_code, "ARM": arm, "TVSTRL": words, "TVENRL": words},
    ),
    "TI": _rows(
        {
            "STUDYID": study,
            "DOMAIN": st.just("TI"),
            "IETESTCD": mostly("INCL01", "EXCL01", "INCL02", "I-1"),
            "IETEST": words,
        },
        {
            "IECAT": mostly("INCLUSION", "EXCLUSION", "Inclusion"),
            "IESCAT": words,
            "TIRL": words,
            "TIVERS": mostly("1", "2.10"),
        },
    ),
    "DM": _rows(
        {
            "STUDYID": study,
            "DOMAIN": st.just("DM"),
            "USUBJID": mostly("S1-001", "S1-002", "S1-701-1015", "S1/1", "z" * 70),
        },
        {
            "SUBJID": mostly("001", "1015", "15"),
            **dict.fromkeys(("RFSTDTC", "RFENDTC", "RFXSTDTC", "RFXENDTC", "RFCSTDTC", "RFCENDTC", "RFICDTC"), dtc),
            **dict.fromkeys(("RFPENDTC", "DTHDTC", "BRTHDTC", "DMDTC"), dtc),
            "DTHFL": mostly("Y", "N"),
            "SITEID": mostly("701", "702"),
            "INVID": mostly("I1", "I2"),
            "INVNAM": mostly("Dr. Müller", "Dr. Who"),
            "AGE": number,
            "AGEU": st.one_of(term("age-unit"), mostly("YEARS", "HOURS")),
            "SEX": term("sex"),
            "RACE": st.one_of(term("race"), mostly("MULTIPLE", "OTHER")),
            **{f"RACE{i}": term("race") for i in range(1, 7)},
            "ETHNIC": term("ethnic"),
            "ARMCD": arm_code,
            "ARM": arm,
            "ACTARMCD": arm_code,
            "ACTARM": arm,
            "ARMNRS": term("armnrs"),
            "ACTARMUD": words,
            "COUNTRY": st.one_of(term("country"), mostly("USA", "Germany", "UK")),
            "DMDY": number,
        },
    ),
}


@st.composite
def datasets(draw: st.DrawFn, domain: str, most: int = 5) -> Dataset:
    """A dataset of a domain: rows in any order, some twice, with null columns and variables of no guide."""
    rows = draw(st.lists(ROWS[domain], max_size=most))
    if rows and draw(st.integers(0, 4)) == 0:
        rows.append(dict(draw(st.sampled_from(rows))))
    rows = draw(st.permutations(rows))
    spec = standard("3.4").dataset(domain)
    assert spec is not None
    empty = draw(st.lists(st.sampled_from([v.name for v in spec.variables]), max_size=3))
    label = draw(st.sampled_from((spec.label, "", "Étiquette", "x" * 40)))
    return Dataset(domain, label, variables_of(domain, rows, empty), rows)


def described(domain: str) -> DatasetSpec:
    """A domain as the newest guide has it that has it."""
    return next(spec for version in ("3.4", "3.3") if (spec := standard(version).dataset(domain)) is not None)


def variables_of(domain: str, rows: list[Row], empty: list[str]) -> list[Variable]:
    spec = described(domain)
    made = []
    for name in dict.fromkeys([*empty, *(name for row in rows for name in row)]):
        found = spec.variable(name)
        numeric = found is not None and found.type == "Num" and all(is_number(r[name]) for r in rows if name in r)
        made.append(
            Variable(name, found.label if found else name, "Num" if numeric else "Char", 8 if numeric else None)
        )
    return made


@st.composite
def qualifiers(draw: st.DrawFn, parent: Dataset) -> Dataset:
    """A SUPPDM for a DM: races, populations, and rows that have no parent."""
    subjects = [row.get("USUBJID", "nobody") for row in parent.rows] + ["nobody"]
    row = st.fixed_dictionaries(
        {
            "STUDYID": study,
            "RDOMAIN": st.just("DM"),
            "USUBJID": st.sampled_from(subjects),
            "QNAM": mostly("RACE1", "RACE2", "SAFETY", "ITT", "AGE"),
            "QLABEL": st.just("A qualifier"),
            "QVAL": st.one_of(term("race"), mostly("Y", "N"), LONG),
        },
        optional={
            "QORIG": mostly("CRF", "DERIVED"),
            "QEVAL": mostly("INVESTIGATOR"),
            "IDVAR": mostly("USUBJID"),
            "IDVARVAL": mostly("1"),
        },
    )
    rows: list[dict[str, Any]] = draw(st.lists(row, max_size=5))
    return Dataset("SUPPDM", "Supplemental Qualifiers for DM", list(VARIABLES), rows)


@st.composite
def packages(draw: st.DrawFn, most: int = 4) -> list[Dataset]:
    """Some datasets of a study, at least one; DM now and then with its qualifiers."""
    domains = draw(st.lists(st.sampled_from(list(ROWS)), min_size=1, unique=True))
    found = [draw(datasets(domain, most)) for domain in domains]
    parent = next((d for d in found if d.name == "DM"), None)
    if parent is not None and draw(st.booleans()):
        found.append(draw(qualifiers(parent)))
    return found
