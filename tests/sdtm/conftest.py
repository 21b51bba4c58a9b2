"""The pilot study's XPT files, where the shared reference data is at hand."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def pilot_zip() -> Path:
    shared = os.environ.get("INTERCHANGE_SHARED") or Path(__file__).parents[3] / "shared"
    path = Path(shared) / "data" / "lzzt" / "sdtm_xpt.zip"
    if not path.exists():
        pytest.skip("the pilot's SDTM is not here: set INTERCHANGE_SHARED to the shared reference data")
    return path


@pytest.fixture(scope="session")
def pilot(pilot_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pilot")
    with zipfile.ZipFile(pilot_zip) as archive:
        for member in archive.infolist():
            if member.filename.lower().endswith(".xpt"):
                (folder / Path(member.filename).name).write_bytes(archive.read(member))
    return folder
