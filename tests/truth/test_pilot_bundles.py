"""Six subjects of the pilot study as others wrote them in FHIR R4, against the pilot's own DM."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]

# variable: cells over six subjects that are equal, different, only in dm.xpt, only from the bundles
TABLE = {
    "STUDYID": (0, 6, 0, 0),
    "DOMAIN": (6, 0, 0, 0),
    "USUBJID": (6, 0, 0, 0),
    "SUBJID": (6, 0, 0, 0),
    "RFSTDTC": (6, 0, 0, 0),
    "RFENDTC": (0, 0, 6, 0),
    "RFXSTDTC": (0, 0, 6, 0),
    "RFXENDTC": (0, 0, 6, 0),
    "RFPENDTC": (0, 0, 6, 0),
    "SITEID": (0, 6, 0, 0),
    "BRTHDTC": (0, 0, 0, 6),
    "AGE": (6, 0, 0, 0),
    "AGEU": (6, 0, 0, 0),
    "SEX": (6, 0, 0, 0),
    "RACE": (6, 0, 0, 0),
    "ETHNIC": (6, 0, 0, 0),
    "ARMCD": (0, 6, 0, 0),
    "ARM": (6, 0, 0, 0),
    "ACTARMCD": (0, 6, 0, 0),
    "ACTARM": (6, 0, 0, 0),
    "COUNTRY": (0, 0, 6, 0),
    "DMDTC": (0, 0, 6, 0),
    "DMDY": (0, 0, 6, 0),
}


@pytest.fixture(scope="module")
def tool() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(ROOT / "tools" / "pilot_dm.py"), run_name="pilot_dm"))


def test_dm_of_the_bundles_against_dm_of_the_study(shared: Path, tool: SimpleNamespace) -> None:
    found = tool.compare(shared)
    assert {v.name: (v.equal, v.different, v.only_study, v.only_bundles) for v in found} == TABLE


def test_every_difference_has_a_cause(shared: Path, tool: SimpleNamespace) -> None:
    for variable in tool.compare(shared):
        assert (variable.equal == 6) == (variable.name not in tool.CAUSES), variable.name


def test_the_page_is_the_one_that_the_tool_writes(shared: Path, tool: SimpleNamespace) -> None:
    assert (ROOT / "docs" / "pilot-dm.md").read_text(encoding="utf-8") == tool.page(shared)
