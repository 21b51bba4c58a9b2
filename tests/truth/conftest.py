"""Real data, where the shared reference folder is at hand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from interchange.intake import read_datasets
from interchange.issues import Issues

if TYPE_CHECKING:
    from interchange.sdtm.dataset import Dataset

TRIAL = ("TS", "TA", "TE", "TI", "TV", "DM", "SUPPDM")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference data, or a skip where this machine has none."""
    root = Path(__file__).parents[2]
    folder = Path(os.environ.get("INTERCHANGE_SHARED", root.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("no reference data: set INTERCHANGE_SHARED to the folder that holds data/")
    return folder


@pytest.fixture(scope="session")
def pilot(shared: Path) -> list[Dataset]:
    """The trial definition and the demographics of the CDISC pilot study, as its XPT files have them."""
    return [d for d in read_datasets(shared / "lzzt" / "sdtm_xpt.zip", Issues()) if d.name in TRIAL]
