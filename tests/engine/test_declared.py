from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from interchange.engine.declared import TITLE, declare, read_declared
from interchange.sdtm.dataset import Dataset, Variable
from interchange.sdtm.suppqual import VARIABLES, join

DM = Dataset(
    "DM",
    "Demographics",
    [Variable("STUDYID", "Study", length=12), Variable("USUBJID", "Subject"), Variable("AGE", "Age", "Num", 8, "3.")],
    [{"STUDYID": "S1", "USUBJID": "S1-ä", "AGE": "63"}],
    keys=("STUDYID", "USUBJID"),
    study="S1",
)
SUPP = Dataset(
    "SUPPDM",
    "Qualifiers",
    list(VARIABLES),
    [
        {"STUDYID": "S1", "RDOMAIN": "DM", "USUBJID": "nobody", "QNAM": "ITT", "QLABEL": "ITT", "QVAL": "Y"},
        {"STUDYID": "S1", "RDOMAIN": "DM", "USUBJID": "S1-ä", "QNAM": "ITT", "QLABEL": "ITT", "QVAL": "Y"},
    ],
)


def test_a_description_comes_back() -> None:
    found = read_declared([declare([DM], {}, "S1")]).datasets["DM"]
    assert found.rows == []
    assert (found.label, found.keys) == ("Demographics", DM.keys)
    assert found.variables == [
        Variable("STUDYID", "Study", length=12),
        Variable("USUBJID", "Subject", length=5),  # that of the longest value, in bytes
        Variable("AGE", "Age", "Num", 8, "3."),
    ]


def test_no_cell_of_a_subject_is_in_it() -> None:
    library = declare([DM], {"DM": join(DM, replace(SUPP, rows=SUPP.rows[1:]))}, "S1")
    text = "".join(base64.b64decode(c["data"]).decode() for c in library["content"])
    assert "63" not in text
    assert "S1-ä" not in text


def test_qualifiers_come_back_with_those_that_have_no_parent() -> None:
    joined = join(DM, SUPP)
    found = read_declared([declare([DM], {"DM": joined}, "S1")]).joins["DM"]
    assert [v.qnam for v in found.variables] == ["ITT"]
    assert found.leftovers == [SUPP.rows[0]]
    assert found.order == joined.order == (1, 0)
    assert found.supp.label == "Qualifiers"


def test_the_library_is_named_for_the_study() -> None:
    library = declare([DM], {}, "S/1")
    assert library["resourceType"] == "Library"
    assert library["title"] == TITLE
    assert library["id"].startswith("S-1-datasets-")


def attachment(**more: Any) -> dict[str, Any]:
    return {"title": TITLE, "resourceType": "Library", "content": [{"title": "DM", **more}]}


@pytest.mark.parametrize(
    "library",
    [
        {"resourceType": "Library", "title": "Another", "content": [{"title": "DM", "data": "e30="}]},
        {"resourceType": "Library", "title": TITLE},
        {"resourceType": "Library", "title": TITLE, "content": "x"},
        {"resourceType": "Library", "title": TITLE, "content": [3]},
        attachment(),
        attachment(data="no base64"),
        attachment(data=3),
        attachment(data="e30="),
        attachment(data="e30"),
        attachment(title="DM rows", data="e30"),
    ],
)
def test_a_foreign_or_damaged_library_declares_nothing(library: dict[str, Any]) -> None:
    found = read_declared([library])
    assert found.datasets == {}
    assert found.joins == {}
