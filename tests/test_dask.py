"""FHIR to SDTM on Dask's collections: the rows of the local runner, whatever the partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dask
import dask.bag as db
import dask.dataframe as dd
import pandas as pd
import pytest

from interchange import api
from interchange.dask import to_sdtm_frames
from interchange.issues import SourceError

if TYPE_CHECKING:
    from pathlib import Path

    from interchange.results import SdtmResult

WANTED = ("DM", "VS", "AE", "TS")


@pytest.fixture(scope="module")
def lines(export: Path) -> list[str]:
    return export.read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def local(export: Path) -> SdtmResult:
    return api.to_sdtm(export, fhir_version="R4")


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The cells of rows that are not blank, in an order of their own: partitions have none among them."""
    made = [{k: v for k, v in row.items() if not pd.isna(v)} for row in frame.to_dict("records")]
    return sorted(made, key=lambda row: (row.get("USUBJID", ""), row.get("VSSEQ", 0), row.get("TSPARMCD", "")))


def expected(local: SdtmResult, name: str) -> list[dict[str, Any]]:
    frame = local[name]
    long = [column for column in frame.columns if column.startswith("TSVAL") and column[5:].isdigit()]
    for column in long:  # a frame has long texts whole
        frame["TSVAL"] = frame["TSVAL"] + frame[column].fillna("")
    return rows(frame.drop(columns=long))


@pytest.mark.parametrize("npartitions", [1, 7])
def test_a_bag_of_lines_gives_the_rows_of_the_local_runner(
    npartitions: int, lines: list[str], local: SdtmResult
) -> None:
    """The record that names its Patient by identifier is in another partition than the Patient, and finds it."""
    frames = to_sdtm_frames(db.from_sequence(lines, npartitions=5), fhir_version="R4", npartitions=npartitions)
    made = dict(zip(WANTED, dask.compute(*(frames[name] for name in WANTED), scheduler="threads"), strict=True))
    for name in WANTED:
        assert rows(made[name]) == expected(local, name), name
    assert frames["VS"].npartitions == npartitions + 1  # the first is for rows of no subject


def test_a_frame_of_texts_does_as_well(lines: list[str], local: SdtmResult) -> None:
    pandas = pd.DataFrame({"line": range(len(lines)), "resource": lines})
    frames = to_sdtm_frames(dd.from_pandas(pandas, npartitions=3), fhir_version="R4")
    vs = frames["VS"].compute(scheduler="threads")
    assert rows(vs) == expected(local, "VS")
    assert [str(vs[name].dtype) for name in ("VSSTRESN", "USUBJID")] == ["float64", "string"]
    assert list(vs.dtypes) == list(frames["VS"].dtypes)


def test_issues_are_a_frame(lines: list[str]) -> None:
    frames = to_sdtm_frames(db.from_sequence(lines, npartitions=2), fhir_version="R4")
    issues = frames.issues.compute(scheduler="threads")
    assert list(issues.columns) == ["severity", "code", "place", "message", "hint"]
    assert issues["code"].tolist().count("IX-FHIR-001") == 1
    assert "IX-READ-004" in set(issues["code"])


def test_all_that_may_come_is_there(lines: list[str]) -> None:
    frames = to_sdtm_frames(db.from_sequence(lines[:2], npartitions=1), fhir_version="R4")
    assert {"DM", "SUPPDM", "LB", "RELREC"} <= set(frames)
    assert len(frames["LB"].compute(scheduler="threads")) == 0
    with pytest.raises(KeyError):
        frames["XX"]
    with pytest.raises(SourceError, match="IX-FHIR-023"):
        to_sdtm_frames(db.from_sequence(lines), fhir_version="R3")  # type: ignore[arg-type]
