from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def shared() -> Path:
    """The folder of reference data, or a skip where this machine has none."""
    root = Path(__file__).parents[2]
    folder = Path(os.environ.get("INTERCHANGE_SHARED", root.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("no reference data: set INTERCHANGE_SHARED to the folder that holds data/")
    return folder
