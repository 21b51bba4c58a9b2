"""Whole studies: random rows of any of the shipped domains, the same for a seed, whose datasets speak of each other.

A domain's variables are those of the guide and those of its mapping; values are what its codecs and code maps know, and
what nobody would wish for. Randomness comes of a seed and not of draws: rows have hundreds of cells.
"""

from __future__ import annotations

from functools import cache
from random import Random
from typing import TYPE_CHECKING

from interchange.engine.plan import EntityRef
from interchange.mapping.codecs.coded import ConceptCodec, MultiCodec
from interchange.sdtm.dataset import Dataset
from interchange.sdtm.suppqual import VARIABLES

from .rows import DATES, NUMBERS, ODD, described, variables_of
from .trips import engines, project

if TYPE_CHECKING:
    from collections.abc import Sequence


Row = dict[str, str]

STUDIES = {"CDISCPILOT01": ("S1-001", "S1-002", "S1/1"), "S 2/ä": ("S2-001",)}
VISITS = (("1", "SCREENING 1"), ("2", "BASELINE"), ("2.1", "UNSCHEDULED 2.1"), ("3", "WEEK 2"))
DURATIONS = ("P26W", "PT12H", "P1Y6M", "P1.50D", "P07D", "P3D", "2 weeks")
LONG = ("Overall survival " * 20 + "end.", "ß" * 230, "x" * 201 + " y")
PLAIN = ("HEADACHE", "Aspirin 100 mg", "Study drug: first dose", "LEFT ARM", "NEGATIVE", "12", "5.10", "<0.2", "Y", "N")
ENDS = {
    "DTC": (*DATES, *DATES[:6] * 2),
    "DY": ("1", "-3", "15"),
    "SEQ": ("1", "2", "3", "4", "007", "1.5"),
    "DUR": DURATIONS,
    "ELTM": DURATIONS,
    "EVLINT": DURATIONS,
    "INT": DURATIONS,
    "GRPID": ("1", "A"),
    "LNKID": ("1", "A"),
    "SPID": ("1", "AE-7"),
}
WITH_SUBJECT = ("DM", "SV", "SE", "EX", "VS", "AE")  # what derivations and references of other domains look at


@cache
def known(domain: str) -> dict[str, tuple[str, ...]]:
    """What the mapping of a domain knows of each variable: samples of its codecs, terms of its code maps."""
    found: dict[str, dict[str, None]] = {}
    for source in engines("R5").plan.mappings[domain].sources:
        for rule in source.rules:
            for variable in rule.variables:
                found.setdefault(variable, {})
            for way in rule.ways:
                codec = way.codec
                if isinstance(codec, EntityRef):
                    continue
                samples = [s if isinstance(s, tuple) else (s,) for s in codec.samples]
                concept = codec.one if isinstance(codec, MultiCodec) else codec
                if isinstance(concept, ConceptCodec):
                    terms = sorted(concept.write)
                    samples += [(term,) for term in terms[:: max(1, len(terms) // 12)]]
                for sample in samples:
                    for variable, text in zip(way.variables, sample, strict=False):
                        if text:
                            found[variable][text] = None
    return {variable: tuple(texts) for variable, texts in found.items()}


@cache
def variables(domain: str) -> tuple[str, ...]:
    """The variables of a domain in the guide, those that its mapping has besides, and two of neither."""
    spec = described(domain)
    names = dict.fromkeys([*(v.name for v in spec.variables), *known(domain), "ZZTOP", f"{domain[:2]}ZZ"])
    return tuple(name for name in names if name not in project().mappings[domain].dropped)


def _text(domain: str, variable: str, random: Random, odd: float) -> str:
    """A cell: what the mapping knows, what the guide means, or an odd text."""
    if random.random() < odd:
        return random.choice(random.choice((ODD, LONG)) if random.random() < 0.9 else DATES)
    texts = known(domain).get(variable, ())
    if texts and random.random() < 0.7:
        return random.choice(texts)
    for end, usual in ENDS.items():
        if variable.endswith(end):
            return random.choice(usual)
    spec = described(domain)
    found = spec.variable(variable)
    return random.choice(NUMBERS if found and found.type == "Num" else PLAIN)


def _row(domain: str, random: Random, rare: float, odd: float) -> Row:
    row = {name: _text(domain, name, random, odd) for name in variables(domain) if random.random() >= rare}
    study_id = random.choices(list(STUDIES), (19, 1))[0]
    row |= {"STUDYID": study_id, "DOMAIN": domain, "USUBJID": random.choice(STUDIES[study_id])}
    number, visit = random.choice(VISITS)
    row |= {"VISITNUM": number, "VISIT": visit} if "VISITNUM" in row else {}
    row |= {f"{domain}SEQ": random.choice(ENDS["SEQ"][:4])} if random.random() >= rare else {}
    planned = engines("R5").plan.mappings[domain]
    if planned.mapping.params is not None:
        row[planned.mapping.params.code] = random.choice(planned.sources).source.name
    for variable in random.choice(planned.sources).source.require:
        row.setdefault(variable, _text(domain, variable, random, 0))
    for variable in list(row):
        if random.random() < odd / 4:
            del row[variable]
    return {k: v for k, v in row.items() if k in variables(domain)}


def _rows(domain: str, random: Random, count: int) -> list[Row]:
    rare, odd = random.choice((0.3, 0.5, 0.8)), random.choice((0.0, 0.05, 0.3))
    rows = [_row(domain, random, rare, odd) for _ in range(random.randint(1, count))]
    if random.random() < 0.2:
        rows.append(dict(random.choice(rows)))
    return rows


def _about(row: Row, random: Random, rows: Sequence[tuple[str, Row]]) -> Row:
    """A row of CO or RELREC, mostly about a record that there is."""
    if rows and random.random() < 0.8:
        domain, other = random.choice(rows)
        name = f"{domain}{random.choice(('SEQ', 'SEQ', 'GRPID', 'LNKID', 'SPID'))}"
        width = random.choice((0, 0, 8))
        row |= {"RDOMAIN": domain, "IDVAR": name, "IDVARVAL": other.get(name, "1").rjust(width)}
        row |= {name: other[name] for name in ("STUDYID", "USUBJID") if name in other}
    return row


def _qualifiers(domain: str, random: Random, rows: list[Row]) -> Dataset:
    """A supplemental dataset: qualifiers of the mapping and others, of rows that there are, and of none."""
    names = (*project().mappings[domain].supp, "ZZQUAL", "OTHER")
    own = []
    for _ in range(random.randint(1, 3)):
        parent = random.choice(rows)
        row = {"STUDYID": parent.get("STUDYID", "CDISCPILOT01"), "RDOMAIN": domain, "QNAM": random.choice(names)}
        row |= {"USUBJID": parent.get("USUBJID", "nobody"), "QLABEL": "A qualifier", "QORIG": "CRF"}
        row["QVAL"] = _text(domain, row["QNAM"], random, 0.2)
        if f"{domain}SEQ" in parent:
            row |= {"IDVAR": f"{domain}SEQ", "IDVARVAL": parent[f"{domain}SEQ"]}
        own.append(row)
    return Dataset(f"SUPP{domain}", f"Supplemental Qualifiers for {domain}", list(VARIABLES), own)


def study(seed: int, domains: Sequence[str], most: int = 3) -> list[Dataset]:
    """Datasets of some domains, with others that they look at now and then."""
    random = Random(seed)  # noqa: S311  # test data, not secrets
    chosen = dict.fromkeys([*domains, *(d for d in WITH_SUBJECT if random.random() < 0.25)])
    found: list[Dataset] = []
    rows: dict[str, list[Row]] = {}
    for domain in sorted(chosen, key=lambda d: project().mappings[d].about_records):
        rows[domain] = _rows(domain, random, most)
        if project().mappings[domain].about_records:
            others = [(d, row) for d, own in rows.items() if d != domain for row in own]
            rows[domain] = [_about(row, random, others) for row in rows[domain]]
        spec = described(domain)
        found.append(Dataset(domain, spec.label, variables_of(domain, rows[domain], []), rows[domain]))
        if random.random() < 0.2 and not project().mappings[domain].about_records:
            found.append(_qualifiers(domain, random, rows[domain]))
    return found
