"""The example trial with three made-up subjects: its bundle, the SDTM made of it, and where each endpoint is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from interchange.api import to_fhir, to_sdtm
from interchange.engine.ledger import leaves
from interchange.fhir.validate import check, dangling

if TYPE_CHECKING:
    from interchange.fhir.elements import Release
    from interchange.results import SdtmResult
    from interchange.runners.engines import Engine

BUNDLE = Path(__file__).parents[2] / "examples" / "nct05574608" / "bundle.json"
ROWS = {
    "AE": 6, "SUPPAE": 5, "CM": 9, "CO": 2, "CP": 9, "DD": 1, "DM": 3, "DS": 11, "EC": 20, "EG": 9, "EX": 8, "FA": 4,
    "GF": 6, "IE": 1, "IS": 3, "LB": 76, "MH": 7, "MI": 8, "PC": 9, "PP": 6, "PR": 5, "RELREC": 96, "RS": 14, "SE": 9,
    "SS": 4, "SV": 14, "TA": 4, "TE": 4, "TI": 11, "TS": 54, "TV": 7, "VS": 32,
}  # fmt: skip
ENDPOINTS = {  # a dataset, and cells that one of its rows has
    "dose-limiting toxicity": ("SUPPAE", {"IDVARVAL": "2", "QNAM": "AEDLT", "QVAL": "Y"}),
    "its assessment": ("FA", {"FATESTCD": "DLTIND", "FAOBJ": "Cytokine release syndrome", "FAORRES": "Y"}),
    "ASTCT grade": ("FA", {"FATESTCD": "ASTCTGR", "FAORRES": "2", "FASTRESN": "2", "FAEVAL": "INVESTIGATOR"}),
    "treatment-emergent": ("AE", {"AEDECOD": "Cytokine release syndrome", "AESTDY": "10", "EPOCH": "FOLLOW-UP"}),
    "treatment-related": ("AE", {"AETERM": "Anaemia", "AEREL": "POSSIBLY RELATED", "AETOXGR": "3"}),
    "progression": ("RS", {"RSTESTCD": "OVRLRESP", "RSSTRESC": "RELAPSED DISEASE", "RSDY": "71", "VISITNUM": "5.1"}),
    "complete response": ("RS", {"RSTESTCD": "OVRLRESP", "RSSTRESC": "CR", "RSCAT": "ELN DOHNER AML 2022"}),
    "overall survival": ("DM", {"SUBJID": "002", "DTHDTC": "2023-02-14", "DTHFL": "Y"}),
    "cause of death": ("DD", {"DDTESTCD": "PRCDTH", "DDDY": "92"}),
    "survival status": ("SS", {"SSTESTCD": "SURVSTAT", "SSORRES": "DEAD", "SSDTC": "2023-02-14"}),
    "MRD": ("CP", {"CPTESTCD": "MRDLE", "CPORRES": "<0.01", "CPORRESU": "%", "CPSPEC": "BONE MARROW"}),
    "MRD negative": ("RS", {"RSTESTCD": "MRDIND", "RSSTRESC": "NEGATIVE"}),
    "concentration": ("PC", {"PCORRES": "15300", "PCORRESU": "DNA copies/ug", "PCTPT": "DAY 7", "PCELTM": "PT168H"}),
    "AUC": ("PP", {"PPTESTCD": "AUCINT", "PPORRES": "5618280", "PPORRESU": "h*DNA copies/ug"}),
    "Cmax": ("PP", {"PPTESTCD": "CMAX", "PPSTRESN": "24800", "PPCAT": "CD123-CAR-NK"}),
    "cells": ("EX", {"EXDOSE": "560", "EXDOSU": "10^6 Therapeutic Cells", "EXLOT": "A01", "EPOCH": "TREATMENT"}),
    "chemotherapy": ("EX", {"EXTRT": "Cyclophosphamide", "EXDOSE": "800", "EXDOSFRQ": "QD", "EXENDY": "3"}),
    "a bag": ("EC", {"ECDOSE": "50", "ECDOSU": "mL", "ECENDTC": "2022-11-01T10:18:00+08:00"}),
    "treatment of CRS": ("CM", {"CMTRT": "Dexamethasone", "CMINDC": "Cytokine release syndrome", "CMDOSFRQ": "QID"}),
    "prior therapy": ("CM", {"CMTRT": "Gilteritinib", "CMCAT": "PRIOR AML THERAPY", "CMSTDTC": "2022-05"}),
    "transplant": ("PR", {"PRDECOD": "ALLOGENEIC STEM CELL TRANSPLANT", "PRSTDTC": "2021-02-11"}),
    "diagnosis": ("MH", {"MHTERM": "Acute myeloid leukaemia", "MHEVDTYP": "DIAGNOSIS", "MHSTDTC": "2021-03-15"}),
    "screen failure": ("IE", {"IETESTCD": "EXCL04", "IECAT": "EXCLUSION", "IEORRES": "Y"}),
    "why": ("DS", {"DSTERM": "Active infection", "DSDECOD": "SCREEN FAILURE", "DSCAT": "DISPOSITION EVENT"}),
    "consent": ("DS", {"DSDECOD": "INFORMED CONSENT OBTAINED", "DSCAT": "PROTOCOL MILESTONE", "DSSTDY": "-7"}),
    "interleukin": ("LB", {"LBTESTCD": "INTLK6", "LBSTRESC": "1480", "LBSTRESU": "ng/L", "LBNRIND": "HIGH"}),
    "blood count": ("LB", {"LBTESTCD": "HGB", "LBORRES": "8.1", "LBSTRESN": "81", "LBSTRESU": "g/L", "LBLOBXFL": "Y"}),
    "gene": ("GF", {"GFTESTCD": "SHRTVAR", "GFSYM": "FLT3", "GFSTRESC": "PRESENT", "GFLOBXFL": "Y"}),
    "antibodies": ("IS", {"ISTESTCD": "ADA_BAB", "ISSTRESC": "NEGATIVE", "ISMETHOD": "ELISA"}),
    "performance": ("RS", {"RSTESTCD": "ECOG101", "RSORRES": "0", "VISIT": "MONTH 3"}),
}


def resources() -> list[dict[str, Any]]:
    return [entry["resource"] for entry in json.loads(BUNDLE.read_text(encoding="utf-8"))["entry"]]


@pytest.fixture(scope="module", params=("interpreted", "compiled"))
def engine(request: pytest.FixtureRequest) -> Engine:
    return request.param  # type: ignore[no-any-return]  # one of the two above


@pytest.fixture(scope="module")
def result(engine: Engine) -> SdtmResult:
    return to_sdtm(BUNDLE, engine=engine)


def test_the_bundle_is_valid_and_whole() -> None:
    assert [str(issue) for resource in resources() for issue in check(resource, "R5")] == []
    assert dangling(resources()) == []


def test_no_domain_is_told_by_a_mark_of_the_project() -> None:
    assert not any("tag" in resource.get("meta", {}) for resource in resources())


def test_each_domain_has_its_rows(result: SdtmResult) -> None:
    assert {d.name: len(d.rows) for d in result.datasets if d.rows} == ROWS
    assert {issue.severity for issue in result.issues} == {"info"}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_each_endpoint_is_where_it_belongs(result: SdtmResult, endpoint: str) -> None:
    dataset, cells = ENDPOINTS[endpoint]
    assert any(cells.items() <= row.items() for row in result.dataset(dataset).rows)


def test_an_event_is_related_to_its_treatment_and_a_parameter_to_its_concentrations(result: SdtmResult) -> None:
    related: dict[tuple[str, str], list[str]] = {}
    for row in result.dataset("RELREC").rows:
        related.setdefault((row["USUBJID"], row["RELID"]), []).append(f"{row['RDOMAIN']} {row['IDVARVAL']}")
    pairs = {tuple(sorted(records)) for records in related.values()}
    assert {("AE 2", "CM 4"), ("PC 3", "PP 2"), ("EC 7", "EX 3"), ("AE 2", "FA 1"), ("CP 5", "RS 4")} <= pairs


def test_every_leaf_is_counted(result: SdtmResult) -> None:
    assert result.ledger is not None
    assert result.ledger.leaves == sum(path != "resourceType" for r in resources() for path, _ in leaves(r))
    assert all(loss.reason for loss in result.ledger.losses)


@pytest.mark.parametrize("release", ["R5", "R4B", "R4"])
def test_rows_come_back_from_their_own_fhir(result: SdtmResult, release: Release, engine: Engine) -> None:
    made = to_fhir(result.datasets, fhir_version=release, engine=engine)
    again = to_sdtm(made.resources, fhir_version=release, engine=engine, ledger=False)
    rows = {d.name: d.rows for d in again.datasets if d.rows}
    assert rows == {d.name: d.rows for d in result.datasets if d.rows}
    assert made.check() == []
