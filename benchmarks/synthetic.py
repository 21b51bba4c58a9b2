"""Synthetic datasets, the same for the same seed: studies with arms, elements, visits, criteria and subjects."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

Row = dict[str, str]
WORDS = [
    "acute",
    "adult",
    "blood",
    "chronic",
    "consent",
    "disease",
    "dose",
    "drug",
    "history",
    "known",
    "organ",
    "prior",
    "renal",
    "stable",
    "therapy",
    "within",
]
SUBJECTS_A_STUDY = 250


def datasets(subjects: int, rows: int, seed: int = 1) -> dict[str, list[Row]]:
    """Return the rows of each shipped domain: ``subjects`` of DM, and studies enough for ``rows`` of each other one."""
    random = Random(seed)  # noqa: S311  # test data, not secrets
    makers = {"TS": _ts, "TA": _ta, "TE": _te, "TV": _tv, "TI": _ti}
    made: dict[str, list[Row]] = {name: [] for name in (*makers, "DM")}
    for name, maker in makers.items():
        number = 0
        while len(made[name]) < rows:
            number += 1
            study = {"STUDYID": f"STUDY{number:04d}", "DOMAIN": name}
            made[name] += [study | row for row in maker(random)]
    made["DM"] = [_dm(random, n) for n in range(subjects)]
    return made


def _text(random: Random, words: int) -> str:
    return " ".join(random.choice(WORDS) for _ in range(words)).capitalize()


def _ts(random: Random) -> list[Row]:
    cells = [
        ("TITLE", "Trial Title", _text(random, 12)),
        ("INDIC", "Trial Disease/Condition Indication", _text(random, 3)),
        ("SPONSOR", "Clinical Study Sponsor", _text(random, 2)),
        ("PLANSUB", "Planned Number of Subjects", str(random.randint(20, 900))),
        ("SEXPOP", "Sex of Participants", random.choice(("BOTH", "M", "F"))),
        ("AGEMIN", "Planned Minimum Age of Subjects", "P18Y"),
        ("AGEMAX", "Planned Maximum Age of Subjects", "P75Y"),
        ("SSTDTC", "Study Start Date", "2013-03-01"),
        ("SENDTC", "Study End Date", "2015-06"),
        ("RANDOM", "Trial is Randomized", "Y"),
        ("TBLIND", "Trial Blinding Schema", "DOUBLE BLIND"),
        ("INTMODEL", "Intervention Model", "PARALLEL"),
        ("STOPRULE", "Study Stop Rules", "NONE"),
    ]
    rows = [{"TSSEQ": "1", "TSPARMCD": code, "TSPARM": label, "TSVAL": value} for code, label, value in cells]
    for code, label, count in (
        ("OBJPRIM", "Trial Primary Objective", 1),
        ("OBJSEC", "Trial Secondary Objective", 4),
        ("OUTMSSEC", "Secondary Outcome Measure", 6),
    ):
        rows += [
            {"TSSEQ": str(n + 1), "TSPARMCD": code, "TSPARM": label, "TSVAL": _text(random, 9)} for n in range(count)
        ]
    return rows


ARMS = (("PBO", "Placebo"), ("LOW", "Low Dose"), ("HIGH", "High Dose"))
ELEMENTS = (("SCR", "Screen", "SCREENING"), ("TRT", "Treatment", "TREATMENT"), ("FU", "Follow-up", "FOLLOW-UP"))


def _ta(_: Random) -> list[Row]:
    return [
        {
            "ARMCD": armcd,
            "ARM": arm,
            "TAETORD": str(order + 1),
            "ETCD": etcd if etcd != "TRT" else armcd,
            "ELEMENT": element if etcd != "TRT" else arm,
            "EPOCH": epoch,
            **({"TABRANCH": f"Randomized to {arm}"} if etcd == "SCR" else {}),
        }
        for armcd, arm in ARMS
        for order, (etcd, element, epoch) in enumerate(ELEMENTS)
    ]


def _te(random: Random) -> list[Row]:
    names = [("SCR", "Screen"), *ARMS, ("FU", "Follow-up")]
    return [
        {
            "ETCD": c,
            "ELEMENT": n,
            "TESTRL": _text(random, 5),
            "TEENRL": _text(random, 6),
            "TEDUR": f"P{random.randint(1, 26)}W",
        }
        for c, n in names
    ]


def _tv(random: Random) -> list[Row]:
    days = (-7, 1, 14, 28, 42, 56, 84, 112)
    return [
        {"VISITNUM": str(n + 1), "VISIT": f"WEEK {day // 7}", "VISITDY": str(day), "TVSTRL": _text(random, 5)}
        for n, day in enumerate(days)
    ]


def _ti(random: Random) -> list[Row]:
    kinds = [("INCL", "INCLUSION")] * 8 + [("EXCL", "EXCLUSION")] * 12
    return [
        {"IETESTCD": f"{code}{n + 1:02d}", "IETEST": _text(random, 14), "IECAT": kind}
        for n, (code, kind) in enumerate(kinds)
    ]


def _dm(random: Random, number: int) -> Row:
    study, site = f"STUDY{number // SUBJECTS_A_STUDY:04d}", str(701 + number % 17)
    subject = str(1001 + number)
    start = date(2013, 1, 1) + timedelta(days=random.randrange(500))
    end = start + timedelta(days=random.randrange(20, 190))
    armcd, arm = random.choice(ARMS)
    row = {
        "STUDYID": study,
        "DOMAIN": "DM",
        "USUBJID": f"{study}-{site}-{subject}",
        "SUBJID": subject,
        "RFSTDTC": start.isoformat(),
        "RFENDTC": end.isoformat(),
        "RFXSTDTC": start.isoformat(),
        "RFXENDTC": end.isoformat(),
        "RFICDTC": (start - timedelta(days=random.randrange(1, 20))).isoformat(),
        "RFPENDTC": f"{end.isoformat()}T11:45" if random.random() < 0.5 else end.isoformat(),
        "SITEID": site,
        "AGE": str(random.randint(18, 89)),
        "AGEU": "YEARS",
        "SEX": random.choice("MF"),
        "RACE": random.choice(("WHITE", "BLACK OR AFRICAN AMERICAN", "ASIAN")),
        "ETHNIC": random.choice(("HISPANIC OR LATINO", "NOT HISPANIC OR LATINO")),
        "ARMCD": armcd,
        "ARM": arm,
        "ACTARMCD": armcd,
        "ACTARM": arm,
        "COUNTRY": random.choice(("USA", "DEU", "JPN")),
        "DMDTC": (start - timedelta(days=8)).isoformat(),
        "DMDY": "-8",
    }
    if random.random() < 0.03:
        row |= {"DTHDTC": end.isoformat(), "DTHFL": "Y"}
    return row
