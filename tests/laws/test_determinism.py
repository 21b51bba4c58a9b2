"""The same input gives the same bytes, and ids depend on key values alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interchange.fhir.write import write_bundle, write_ndjson
from interchange.issues import TargetError
from interchange.sdtm.formats import FORMATS, write_dataset

from .rows import packages
from .test_rows_come_back import CALM
from .trips import RELEASES, engines, to_fhir, to_sdtm

if TYPE_CHECKING:
    from interchange.fhir.elements import Release
    from interchange.sdtm.dataset import Dataset


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def write_all(package: list[Dataset], release: Release, folder: Path) -> dict[str, bytes]:
    """Everything a trip there and back writes, by file name."""
    own = engines(release)
    resources = to_fhir(package, own)
    write_ndjson(resources, folder)
    write_bundle(resources, folder / "bundle.json")
    for dataset in to_sdtm(resources, own).datasets:
        for name in FORMATS:
            try:
                write_dataset(dataset, folder, name)
            except TargetError:  # a cell that the format has no room for; the other folder has none either
                continue
    return contents(folder)


@pytest.mark.parametrize("release", RELEASES)
@settings(CALM, max_examples=4)
@given(package=packages(3))
def test_the_same_input_gives_the_same_bytes(package: list[Dataset], release: Release) -> None:
    with TemporaryDirectory() as one, TemporaryDirectory() as two:
        first, second = (write_all(package, release, Path(folder)) for folder in (one, two))
    assert list(first) == list(second)
    assert first == second


@pytest.mark.parametrize("release", RELEASES)
@settings(CALM, max_examples=8)
@given(package=packages(4), data=st.data())
def test_ids_do_not_depend_on_the_order_of_rows(package: list[Dataset], release: Release, data: st.DataObject) -> None:
    shuffled = [replace(d, rows=data.draw(st.permutations(d.rows))) for d in package]
    names = [
        {(r["resourceType"], r["id"]) for r in to_fhir(datasets, engines(release)) if r["resourceType"] != "Library"}
        for datasets in (package, shuffled)
    ]
    assert names[0] == names[1]
