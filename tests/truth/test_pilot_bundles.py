"""Six subjects of the pilot study as others wrote them in FHIR R4, against the pilot's own datasets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from interchange.api import to_fhir, to_sdtm

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
OVERLAY_FOLDER = ROOT / "examples" / "pilot"

ROWS = {"DM": 6, "VS": 681, "LB": 1329, "AE": 15, "CM": 271, "MH": 97}
SHIPPED = {"VS": 0.99, "LB": 0.97, "CM": 0.99, "AE": 0.99, "MH": 0.99}
OVERLAY = 0.995


@pytest.fixture(scope="module")
def tool() -> Iterator[Any]:
    sys.path.insert(0, str(ROOT / "tools"))
    import pilot

    yield pilot
    sys.path.remove(str(ROOT / "tools"))


@pytest.fixture(scope="module")
def result(shared: Path, tool: Any) -> Any:
    return tool.compare(shared)


def test_every_difference_has_a_cause_and_every_cause_a_difference(result: Any) -> None:
    _, unexplained = result
    assert [dict(counts) for counts in unexplained.values()] == [{}, {}, {}]


@pytest.mark.parametrize("domain", ROWS)
def test_every_row_of_the_pilot_has_a_partner(result: Any, domain: str) -> None:
    found, _ = result
    for one in found:
        if one.domain == domain:
            assert (one.rows, one.matched, one.only_ours, one.only_theirs) == (ROWS[domain], ROWS[domain], 0, 0)


@pytest.mark.parametrize("domain", SHIPPED)
def test_the_shipped_mappings_alone_make_nearly_all(result: Any, domain: str) -> None:
    found, _ = result
    assert [c.share >= SHIPPED[domain] for c in found if (c.domain, c.run) == (domain, "shipped")] == [True]


@pytest.mark.parametrize("domain", [*ROWS, "SV"])
def test_a_study_overlay_makes_the_rest(result: Any, domain: str) -> None:
    found, _ = result
    assert [c.share >= OVERLAY for c in found if (c.domain, c.run) == (domain, "overlay")] == [True]


def test_the_page_is_the_one_that_the_tool_writes(result: Any, tool: Any) -> None:
    assert (ROOT / "docs" / "pilot.md").read_text(encoding="utf-8") == tool.page(result[0])


def test_rows_of_the_overlay_come_back(shared: Path) -> None:
    """A study overlay is two-way as the shipped mappings are."""
    overlay: dict[str, Any] = {"mappings": OVERLAY_FOLDER / "mappings", "study": OVERLAY_FOLDER / "study.yaml"}
    there = to_sdtm(shared / "lzzt" / "fhir_r4_bundles.zip", fhir_version="R4", ledger=False, **overlay)
    made = to_fhir(there.datasets, fhir_version="R4", **overlay)
    again = to_sdtm(made.resources, fhir_version="R4", ledger=False, **overlay)
    assert {d.name: list(d.rows) for d in again.datasets} == {d.name: list(d.rows) for d in there.datasets}
    assert made.check() == []
