"""A study of datasets as sponsors have them and worse: domains and variables of no guide, odd texts, impossible dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.sdtm.dataset import Dataset, Variable, is_number
from interchange.sdtm.suppqual import VARIABLES as SUPP

if TYPE_CHECKING:
    from collections.abc import Mapping

STUDY = "DIRTY-01"
DATES = (
    *("2013-13-45", "--12", "2013-02-30T25:61", "2013", "2013-12", "2013---26", "-----T10:15", "2014-01-02T10:15"),
    *("2014-01-02T10:15:30+01:00", "2014-01-02/2014-01-05", "20140102", "UNK", "0000-00-00", "2012-02-29"),
)
TEXTS = (
    *("Ärztin, naïve", "日本語", "🧪 <b>&amp;</b>", "two  blanks", "Null", "MULTIPLE", "5.10", "007", "1e3", "-0"),
    *("'quoted' \"twice\"", "%study $STUDYID", "tab\there", "Y", ".", "x" * 200, "é" * 100, " leading"),
)


def dataset(name: str, rows: list[dict[str, str]], label: str = "", empty: Mapping[str, str] | None = None) -> Dataset:
    """A dataset of rows, with variables that no row has; a variable of numbers alone is Num, as a file would have it."""
    names = dict.fromkeys([*(name for row in rows for name in row), *(empty or {})])
    variables = []
    for each in names:
        texts = [row[each] for row in rows if each in row]
        numeric = each.endswith(("SEQ", "STRESN", "DY", "NUM", "N8")) and all(map(is_number, texts))
        length = 8 if numeric else max((len(text.encode()) for text in texts), default=1)
        type_ = (empty or {}).get(each) or ("Num" if numeric else "Char")
        label_ = f"Label of {each}"
        variables.append(
            Variable(each, label_, "Num" if type_ == "Num" else "Char", length, "DATE9." if numeric else "")
        )
    return Dataset(name, label or f"What {name} holds", variables, rows)


def supp(name: str, rdomain: str, rows: list[tuple[str, str, str, str, str]]) -> Dataset:
    """A supplemental dataset of (USUBJID, IDVAR, IDVARVAL, QNAM, QVAL)."""
    made = []
    for subject, idvar, value, qnam, text in rows:
        cells = {"STUDYID": STUDY, "RDOMAIN": rdomain, "USUBJID": subject, "IDVAR": idvar, "IDVARVAL": value}
        cells |= {"QNAM": qnam, "QLABEL": f"Label of {qnam}", "QVAL": text, "QORIG": "CRF", "QEVAL": "INVESTIGATOR"}
        made.append({key: cell for key, cell in cells.items() if cell})
    widths = {v.name: max((len(row.get(v.name, "").encode()) for row in made), default=1) or 1 for v in SUPP}
    variables = [Variable(v.name, v.label, v.type, widths[v.name]) for v in SUPP]
    return Dataset(name, f"Supplemental Qualifiers for {name[4:]}", variables, made)


def records(name: str, stem: str, count: int, topic: Mapping[str, str], domain: str = "") -> list[dict[str, str]]:
    """Rows of two subjects by turns, with the variables of a topic, dates and texts of every kind."""
    rows = []
    for i in range(count):
        row = {
            "STUDYID": STUDY,
            "DOMAIN": domain or name,
            "USUBJID": f"{STUDY}-00{i % 2 + 1}",
            f"{stem}SEQ": str(i + 1),
        }
        row |= {variable: text.replace("#", str(i)) for variable, text in topic.items()}
        row |= {f"{stem}DTC": DATES[i % len(DATES)], f"{stem}STDTC": DATES[(i + 3) % len(DATES)]}
        row |= {"FOO1": TEXTS[i % len(TEXTS)], "ABCDEFGH": TEXTS[(i + 5) % len(TEXTS)], "X1234567": str(i)}
        row |= {"lower": TEXTS[(i + 7) % len(TEXTS)], "VALN8": f"{i}.5"}
        rows.append({key: text for key, text in row.items() if (i + len(key)) % 5})  # a fifth of the cells is blank
        rows[-1] |= {"STUDYID": STUDY, "DOMAIN": row["DOMAIN"], "USUBJID": row["USUBJID"]}
    return rows


def people() -> list[Dataset]:
    """Demographics, with a second row of the same keys, and others than the subjects."""
    dm = [
        {"STUDYID": STUDY, "DOMAIN": "DM", "USUBJID": f"{STUDY}-001", "SUBJID": "001", "SEX": "M", "AGE": "63"},
        {"STUDYID": STUDY, "DOMAIN": "DM", "USUBJID": f"{STUDY}-002", "SUBJID": "002", "SEX": "?", "BRTHDTC": "--12"},
        {"STUDYID": STUDY, "DOMAIN": "DM", "USUBJID": f"{STUDY}-002", "SUBJID": "002", "SEX": "F", "RACE": "Ä"},
    ]
    mother = {"STUDYID": STUDY, "DOMAIN": "APMH", "RSUBJID": f"{STUDY}-001", "SREL": "MOTHER, BIOLOGICAL"}
    apmh = [
        mother | {"APID": f"{STUDY}-AP{i}", "MHSEQ": str(i), "MHTERM": term, "MHSTDTC": DATES[i]}
        for i, term in enumerate(("DIABETES", "Ätiologie unklar", "DIABETES"), 1)
    ]
    relsub = [
        {"STUDYID": STUDY, "USUBJID": f"{STUDY}-001", "RSUBJID": f"{STUDY}-002", "SREL": "TWIN, MONOZYGOTIC"},
        {"STUDYID": STUDY, "USUBJID": f"{STUDY}-002", "RSUBJID": f"{STUDY}-001", "SREL": "TWIN, MONOZYGOTIC"},
    ]
    pool = [{"STUDYID": STUDY, "POOLID": "POOL1", "USUBJID": f"{STUDY}-00{i}"} for i in (1, 2)]
    return [
        dataset("DM", dm, "Démographie"),
        dataset("APMH", apmh),
        dataset("RELSUB", relsub),
        dataset("POOLDEF", pool),
        supp("SUPPDM", "DM", [(f"{STUDY}-001", "", "", "RACE1", "WHITE"), ("nobody", "", "", "RACE1", "ASIAN")]),
    ]


def sponsors() -> list[Dataset]:
    """Domains that no guide has: one of each observation class, and one of none."""
    findings = {"XXTESTCD": "T#", "XXTEST": "Test #", "XXORRES": "#.10", "XXORRESU": "furlong", "XXSTRESN": "#"}
    none = [{"STUDYID": STUDY, "DOMAIN": "XN", "USUBJID": f"{STUDY}-001", "XNWHAT": text} for text in TEXTS]
    return [
        dataset("XX", records("XX", "XX", 16, findings), empty={"XXNULL": "Char", "XXNULLN": "Num"}),
        dataset("XE", records("XE", "XE", 15, {"XETERM": "Event #", "XEDECOD": "EVENT", "XESEV": "AWFUL"})),
        dataset("XI", records("XI", "XI", 15, {"XITRT": "Drug #", "XIDOSE": "#.0", "XIDOSU": "mg"})),
        dataset("XN", none),
        dataset("XQ", [], empty={"STUDYID": "Char", "XQTESTCD": "Char", "XQSTRESN": "Num"}),
        supp(
            "SUPPXX",
            "XX",
            [
                (f"{STUDY}-001", "XXSEQ", "1", "XXREASON", "Ä"),
                (f"{STUDY}-002", "XXSEQ", "       2", "xxlow", "l"),
                (f"{STUDY}-001", "XXSEQ", "99", "XXREASON", "of no row"),
                (f"{STUDY}-001", "XXSEQ", "1", "XXREASON", "a second time"),
            ],
        ),
        supp("SUPPXN", "XN", [(f"{STUDY}-001", "", "", "FLAG", "Y")]),
    ]


def split() -> list[Dataset]:
    """Domains in several datasets (SDTMIG 4.1.7), with qualifiers of each."""
    made = []
    for name, stem in (("QSCO", "QS"), ("QSGI", "QS"), ("LBCH", "LB")):
        topic = {f"{stem}TESTCD": "T#", f"{stem}TEST": "Test #", f"{stem}CAT": name, f"{stem}ORRES": TEXTS[0]}
        made.append(dataset(name, records(name, stem, 6, topic, domain=stem)))
    made.append(supp("SUPPQSCO", "QS", [(f"{STUDY}-002", "QSSEQ", "2", "QSWHY", "asked twice")]))
    return [*made, supp("SUPPLBCH", "LB", [(f"{STUDY}-002", "LBSEQ", "4", "LBWHY", "x" * 200)])]


def relations() -> list[Dataset]:
    """Comments and relations between records, datasets, specimens, some of things that are not there."""
    base = {"STUDYID": STUDY, "USUBJID": f"{STUDY}-001"}
    relrec = [
        {**base, "RDOMAIN": "XX", "IDVAR": "XXSEQ", "IDVARVAL": "       1", "RELID": "R1"},
        {**base, "RDOMAIN": "XE", "IDVAR": "XESEQ", "IDVARVAL": "       1", "RELID": "R1"},
        {**base, "RDOMAIN": "ZZ", "IDVAR": "ZZSEQ", "IDVARVAL": "     404", "RELID": "R2"},
        {"STUDYID": STUDY, "RDOMAIN": "QS", "IDVAR": "QSLNKID", "RELTYPE": "ONE", "RELID": "D1"},
        {"STUDYID": STUDY, "RDOMAIN": "XX", "IDVAR": "XXLNKID", "RELTYPE": "MANY", "RELID": "D1"},
    ]
    relspec = [
        {**base, "REFID": "SPC-1", "SPEC": "BLOOD", "LEVEL": "1"},
        {**base, "REFID": "SPC-1.1", "SPEC": "PLASMA", "PARENT": "SPC-1", "LEVEL": "2"},
    ]
    co = [
        {**base, "DOMAIN": "CO", "RDOMAIN": "XX", "COSEQ": "1", "IDVAR": "XXSEQ", "IDVARVAL": "1", "COVAL": "wé" * 60},
        {**base, "DOMAIN": "CO", "COSEQ": "2", "COVAL": "x" * 200, "COVAL1": "y" * 200, "CODTC": "2013-13-45"},
        {"STUDYID": STUDY, "DOMAIN": "CO", "COSEQ": "3", "COVAL": "of no subject", "lower": "x"},
    ]
    return [dataset("RELREC", relrec), dataset("RELSPEC", relspec), dataset("CO", co)]


def old_guide() -> list[Dataset]:
    """Variables that SDTMIG 3.2 had, and later guides have not."""
    ae = {"AETERM": "Headache #", "AEDECOD": "HEADACHE", "AEOUT": "gone", "AEREL": "PERHAPS", "AEPATT": "ONCE"}
    mb = {"MBTESTCD": "ORGANISM", "MBTEST": "Organism Present", "MBRESCAT": "INFECTING", "MBLOINC": "1-#"}
    ex = {"EXTRT": "A", "EXDOSE": "#", "EXDOSTOT": "#.0", "EXVAMT": "1", "EXVAMTU": "mL"}
    return [
        dataset("AE", records("AE", "AE", 8, ae)),
        dataset("MB", records("MB", "MB", 4, mb)),
        dataset("EX", records("EX", "EX", 5, ex)),
    ]


def study() -> list[Dataset]:
    """All of it, in order of names."""
    every = [*people(), *sponsors(), *split(), *relations(), *old_guide()]
    return sorted(every, key=lambda each: each.name)
