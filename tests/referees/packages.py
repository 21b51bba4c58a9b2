"""HL7's packages of FHIR releases, fetched once with the npm client and kept in the user's cache, outside the repository.

A test that wants one where it can neither be found nor fetched is skipped, with npm's reason.
"""

from __future__ import annotations

import os
import subprocess
import tarfile
import tempfile
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from interchange.fhir.elements import Release

VERSIONS = {
    "hl7.fhir.r4.examples": "4.0.1",
    "hl7.fhir.r4b.core": "4.3.0",
    "hl7.fhir.r5.core": "5.0.0",
    "hl7.fhir.r5.examples": "5.0.0",
    "hl7.terminology.r5": "7.0.1",
}
# npm lists no version of hl7.fhir.r4.core; the examples package of 4.0.1 has the same definitions in it
CORE: dict[Release, str] = {"R4": "hl7.fhir.r4.examples", "R4B": "hl7.fhir.r4b.core", "R5": "hl7.fhir.r5.core"}
QUICK = ("--fetch-retries=0", "--fetch-timeout=60000", "--ignore-scripts", "--loglevel=error")
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def cache_folder() -> Path:
    """Where fetched packages are kept: ``interchange-tests`` in $XDG_CACHE_HOME, or in ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "interchange-tests"


@cache
def _fetch(name: str) -> Path | str:
    """The archive of a package, or why there is none; asked once a process."""
    file = f"{name}-{VERSIONS[name]}.tgz"
    kept = cache_folder() / file
    if kept.exists():
        return kept
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:  # processes may fetch at the same time
            command = ["npm", "pack", f"{name}@{VERSIONS[name]}", "--pack-destination", folder, *QUICK]
            subprocess.run(command, check=True, capture_output=True, timeout=180, cwd=folder)  # noqa: S603
            (Path(folder) / file).replace(kept)
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        return lines[0] if lines else "npm pack failed"
    except (OSError, subprocess.TimeoutExpired) as error:
        return type(error).__name__
    return kept


def archive(name: str) -> Path:
    """The .tgz of a package, one of `VERSIONS`; skips the test where it cannot be had."""
    found = _fetch(name)
    if isinstance(found, str):
        pytest.skip(f"{name} {VERSIONS[name]} could not be fetched: {found}")
    return found


def members(name: str, *prefixes: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The JSON files of a package whose names start with a prefix (every one without), with the file's name.

    Numbers with a point are Decimals, as the reader of the package has them. Skips as `archive` does.
    """
    with tarfile.open(archive(name)) as packed:
        for member in packed:
            file = Path(member.name)
            wanted = file.suffix == ".json" and file.name != "package.json" and not file.name.startswith(".")
            if wanted and (not prefixes or file.name.startswith(prefixes)) and (body := packed.extractfile(member)):
                yield file.name, _decode(body.read())
