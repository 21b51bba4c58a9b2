"""How much of the FHIR of others reaches SDTM: the page is current, and every leaf is accounted for."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tool() -> Iterator[Any]:
    sys.path.insert(0, str(ROOT / "tools"))
    import fhir_coverage

    yield fhir_coverage
    sys.path.remove(str(ROOT / "tools"))


@pytest.fixture(scope="module")
def synthea(shared: Path, tool: Any) -> Any:
    return tool.convert(shared / "fhir" / "synthea10.zip", "R4")


def test_every_leaf_of_synthea_comes_back_or_is_in_the_ledger(synthea: Any) -> None:
    result, found = synthea
    assert sum(one.leaves for one in found.values()) == result.ledger.leaves > 100_000
    assert sum(one.back for one in found.values()) == result.ledger.kept
    assert all(one.back >= 0 for one in found.values())
    assert all(loss.reason for loss in result.ledger.losses)


def test_persons_events_and_treatments_of_synthea_become_rows(synthea: Any) -> None:
    result, _ = synthea
    assert {"DM", "MH", "CM", "PR"} <= {d.name for d in result.datasets if d.rows}


def test_the_page_is_the_one_that_the_tool_writes(shared: Path, tool: Any) -> None:
    assert (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8") == tool.page(shared)
