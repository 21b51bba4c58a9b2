"""The interventions: awkward rows come back from valid FHIR in every release, and what should be native is."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import pytest

from interchange.engine.backward import Backward
from interchange.engine.forward import Forward
from interchange.engine.planner import plan_project
from interchange.engine.shelf import shelve
from interchange.fhir.validate import check
from interchange.mapping.load import load_project

if TYPE_CHECKING:
    from interchange.engine.plan import Plan
    from interchange.fhir.elements import Release

Row = dict[str, str]
RELEASES: tuple[Release, ...] = ("R4", "R4B", "R5")


@lru_cache(maxsize=3)
def plan(release: Release) -> Plan:
    return plan_project(load_project(), release)


def row(domain: str, number: int, **cells: str) -> Row:
    """A row of a domain; the names of cells lack the domain's letters, unless they end in an underscore."""
    named = {name[:-1] if name.endswith("_") else f"{domain}{name}": text for name, text in cells.items()}
    keys = {"STUDYID": "S1", "DOMAIN": domain, "USUBJID": "S1-1", f"{domain}SEQ": str(number)}
    return keys | named


ROWS = {
    "DM": [{"STUDYID": "S1", "DOMAIN": "DM", "USUBJID": "S1-1", "SUBJID": "1", "RFSTDTC": "2014-01-02"}],
    "CM": [
        row("CM", 1, TRT="ASPIRIN", DOSE="0.50", DOSU="mg", DOSFRQ="BID", ROUTE="ORAL", STDTC="2014", ENDTC="2014-03"),
        row("CM", 2, TRT="ASPIRIN", DOSTXT="200-400", DOSU="mg", DOSFRQ="PRN", DOSFRM="TABLET", ENRTPT="ONGOING"),
        row("CM", 3, TRT="ASPIRIN", DOSTXT="A FEW", DOSFRQ="OTHER", ROUTE="BY HAND", DECOD="ASPIRIN", CLASCD="N02BA01"),
        row("CM", 4, TRT="ASPIRIN", PRESP="Y", OCCUR="N", CAT="ANALGESICS", SCAT="ORAL ONES"),
        row("CM", 5, TRT="ASPIRIN", PRESP="Y", STAT="NOT DONE", REASND="NOT ASKED"),
        row("CM", 6, TRT="ASPIRIN", RSDISC="HEADACHE GONE", DUR="P3D", INDC="HEADACHE", DTC="2014-02-01", DOSU="mg"),
    ],
    "EX": [
        row("EX", 1, TRT="DRUG", DOSE="54", DOSU="mg", DOSFRM="PATCH", LOT="L1", DOSFRQ="QD", STDTC="2014-01-02"),
        row("EX", 2, TRT="DRUG", DOSE="54", DOSU="mg", LOC="ARM", LAT="LEFT", DIR="UPPER", ADJ="ADVERSE EVENT"),
        row("EX", 3, TRT="DRUG", DOSTXT="A FEW", DOSRGM="3 WEEKS ON", STDTC="2014-01-02T10:30", ENDTC="2014-01-02"),
    ],
    "EC": [
        row("EC", 1, TRT="BOTTLE A", MOOD="PERFORMED", OCCUR="Y", DOSE="1", DOSU="TABLET", STDTC="2014-01-02"),
        row("EC", 2, TRT="BOTTLE A", MOOD="PERFORMED", PRESP="Y", OCCUR="N", REASOC="FORGOT", STDTC="2014-01-03"),
        row("EC", 3, TRT="BOTTLE A", MOOD="SCHEDULED", DOSE="2", DOSU="TABLET", DOSFRQ="QD", DOSFRM="TABLET"),
    ],
    "AG": [row("AG", 1, TRT="ALBUTEROL", OCCUR="Y", DOSE="2", DOSU="PUFF", ROUTE="RESPIRATORY (INHALATION)")],
    "PR": [
        row("PR", 1, TRT="Biopsy", DECOD="BIOPSY", STDTC="2014-01-02", LOC="LIVER", LAT="RIGHT", PORTOT="PARTIAL"),
        row("PR", 2, TRT="Bypass", DECOD="Bypass of the heart", STDTC="2014-01-02", ENDTC="2014-01-03"),
        row("PR", 3, TRT="Biopsy", PRESP="Y", PROCCUR_="N"),
        row("PR", 4, TRT="Dialysis", ENRTPT="ONGOING", STDTC="2013"),
    ],
    "SU": [
        row("SU", 1, TRT="CIGARETTES", OCCUR="Y", DOSE="2", DOSU="PACK", DOSFRQ="QD", STDTC="2001"),
        row("SU", 2, TRT="ALCOHOL", STAT="NOT DONE", REASND="NOT ASKED", PRESP="Y"),
    ],
    "ML": [row("ML", 1, TRT="BREAKFAST", DOSE="250", DOSU="g", STDTC="2014-01-02")],
}  # fmt: skip
# What FHIR has no element for: kept beside the row.
BESIDE = {
    "CM": {"CMPRESP", "CMDOSU"},
    "EX": {"EXSTDTC"},
    "PR": set(),
    "SU": {"SUPRESP"},
}


@pytest.mark.parametrize("release", RELEASES)
def test_the_rows_come_back_from_valid_resources(release: Release) -> None:
    forward = Forward(plan(release))
    backward = Backward(plan(release), forward)
    resources = backward.convert(ROWS)
    back = Forward(plan(release)).every(shelve(plan(release), resources))
    for domain, rows in ROWS.items():
        assert [found.row for found in back[domain]] == rows
    assert [issue for resource in resources for issue in check(resource, release)] == []
    for domain, settled in backward.settled.items():
        beside = {name for name, tally in settled.tallies().items() if tally.residual}
        assert beside <= BESIDE.get(domain, set()), domain


@pytest.mark.parametrize("release", RELEASES)
def test_each_resource_is_read_as_rows_of_one_domain(release: Release) -> None:
    resources = Backward(plan(release), Forward(plan(release))).convert(ROWS)
    back = Forward(plan(release)).every(shelve(plan(release), resources))
    assert {domain: len(found) for domain, found in back.items() if domain in ROWS} == {
        domain: len(rows) for domain, rows in ROWS.items()
    }
