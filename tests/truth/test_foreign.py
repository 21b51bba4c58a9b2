"""FHIR of many others: whatever it is, it converts, or is refused with a reason."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from interchange.api import to_sdtm
from interchange.issues import SourceError

if TYPE_CHECKING:
    from interchange.intake import FhirVersion


def _examples() -> list[Path]:
    root = Path(__file__).parents[2]
    folder = Path(os.environ.get("INTERCHANGE_SHARED", root.parent / "shared")) / "data" / "fhir" / "examples"
    return sorted(p for p in folder.glob("*.json") if p.name != "MANIFEST.json")


def release_of(path: Path) -> FhirVersion:
    """The release that the name of an example tells: ae5, r5spec, soa5 and ebm6 are R5."""
    return "R5" if path.name.split("-")[0] in ("ae5", "r5spec", "soa5", "ebm6") else "R4"


@pytest.mark.parametrize("path", _examples() or [None], ids=lambda p: p.stem if p else "none")
@pytest.mark.parametrize("told", [True, False], ids=["told", "found"])
def test_an_example_converts_or_is_refused_with_a_reason(path: Path | None, told: bool) -> None:
    if path is None:
        pytest.skip("no reference data: set INTERCHANGE_SHARED to the folder that holds data/")
    try:
        result = to_sdtm(path, fhir_version=release_of(path) if told else "auto", engine="interpreted")
    except SourceError as refused:
        assert refused.issue.code.startswith("IX-")
        assert refused.issue.hint
        assert not told, f"{path.name}: {refused}"
        return
    assert result.ledger is not None
    assert result.ledger.leaves > 0


def test_bulk_data_of_ten_patients(shared: Path) -> None:
    """Synthea knows no study: nothing becomes a row of DM, and the ledger says so of each leaf."""
    result = to_sdtm(shared / "fhir" / "synthea10.zip", fhir_version="R4", engine="compiled")
    assert result.datasets == []
    assert result.ledger is not None
    assert len(result.ledger.losses) == result.ledger.leaves > 10_000


def test_manifest_is_no_fhir(shared: Path) -> None:
    with pytest.raises(SourceError):
        to_sdtm(shared / "fhir" / "examples" / "MANIFEST.json", engine="interpreted")
