"""FHIR of many others: whatever it is, it converts, or is refused with a reason."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from interchange.api import to_sdtm
from interchange.intake import read_resources
from interchange.issues import Issues, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


def _examples() -> list[Path]:
    folder = Path(os.environ.get("INTERCHANGE_SHARED", ROOT.parent / "shared")) / "data" / "fhir" / "examples"
    return sorted(p for p in folder.glob("*.json") if p.name != "MANIFEST.json")


EXAMPLES = pytest.mark.parametrize("path", _examples() or [None], ids=lambda p: p.stem if p else "none")


@pytest.fixture(scope="module")
def tool() -> Iterator[Any]:
    sys.path.insert(0, str(ROOT / "tools"))
    import fhir_coverage

    yield fhir_coverage
    sys.path.remove(str(ROOT / "tools"))


@EXAMPLES
def test_an_example_converts(path: Path | None, tool: Any) -> None:
    if path is None:
        pytest.skip("no reference data: set INTERCHANGE_SHARED to the folder that holds data/")
    result, found = tool.convert(path, tool.release_of(path))
    assert result.ledger.leaves == sum(one.leaves for one in found.values()) > 0


@EXAMPLES
def test_the_release_of_an_example_is_found_or_asked_for(path: Path | None, tool: Any) -> None:
    if path is None:
        pytest.skip("no reference data: set INTERCHANGE_SHARED to the folder that holds data/")
    try:
        _, _, release = read_resources(path, Issues())
    except SourceError as refused:
        assert refused.issue.code == "IX-FHIR-022"
        assert refused.issue.hint
        return
    assert release in ("R4", "R4B", "R5")


def test_manifest_is_no_fhir(shared: Path) -> None:
    with pytest.raises(SourceError):
        to_sdtm(shared / "fhir" / "examples" / "MANIFEST.json", engine="interpreted")
