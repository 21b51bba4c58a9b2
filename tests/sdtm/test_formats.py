from __future__ import annotations

import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from interchange.issues import SourceError, TargetError
from interchange.sdtm.dataset import Dataset, Variable
from interchange.sdtm.formats import FORMATS, is_sdtm, read_package, write_dataset

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [{"STUDYID": "P", "USUBJID": "S-é", "AGE": "63"}, {"STUDYID": "P", "USUBJID": "S-2"}]
DM = Dataset(
    "DM",
    "Demographics",
    [
        Variable("STUDYID", "Study Identifier", length=5),
        Variable("USUBJID", "Unique Subject Identifier", length=9),
        Variable("AGE", "Age", "Num", 8),
    ],
    ROWS,
    study="P",
    encoding="utf-8",
)
TE = Dataset("TE", "Trial Elements", [Variable("STUDYID"), Variable("ETCD")], [{"STUDYID": "P", "ETCD": "SCRN"}])


@pytest.mark.parametrize(("format_name", "extension"), FORMATS.items())
def test_every_format_reads_back(tmp_path: Path, format_name: str, extension: str) -> None:
    path, issues = write_dataset(DM, tmp_path, format_name)
    assert (path, issues) == (tmp_path / f"dm{extension}", [])
    (again,), found = read_package(tmp_path)
    assert len(found) == 0
    if format_name == "csv":
        again.variables = DM.variables
    assert again == DM
    assert is_sdtm(tmp_path / f"dm{extension}")


@pytest.mark.parametrize("format_name", FORMATS)
def test_pilot_dataset_in_every_format(pilot: Path, tmp_path: Path, format_name: str) -> None:
    for name in ("dm", "vs", "ts"):
        (dataset,), _ = read_package(pilot / f"{name}.xpt")
        write_dataset(dataset, tmp_path, format_name, encoding=dataset.encoding)
        (again,), _ = read_package(tmp_path / f"{name}{FORMATS[format_name]}")
        assert again.rows == dataset.rows


def test_an_error_writes_no_file(tmp_path: Path) -> None:
    broken = Dataset("DM", "", [Variable("AGE", type="Num")], [{"AGE": "x"}])
    for format_name in ("xpt", "dataset-json", "dataset-ndjson"):
        path, issues = write_dataset(broken, tmp_path, format_name)
        assert path is None
        assert len(issues) == 1
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="no format is called 'sas7bdat'; use one of xpt, dataset-json"):
        write_dataset(DM, tmp_path, "sas7bdat")


def test_a_folder_of_several_formats(tmp_path: Path) -> None:
    write_dataset(TE, tmp_path, "csv")
    write_dataset(DM, tmp_path / "sub", "dataset-ndjson")
    (tmp_path / "define.xml").write_text("<ODM/>")
    (tmp_path / "notes.csv").write_text("a,b\n")
    (tmp_path / "Patient.ndjson").write_text('{"resourceType": "Patient"}\n')
    (tmp_path / "ae.xpt").write_bytes(b"not a transport file")
    datasets, issues = read_package(tmp_path)
    assert [dataset.name for dataset in datasets] == ["DM", "TE"]
    assert [(issue.code, issue.place.file) for issue in issues] == [("IX-XPT-020", "ae.xpt")]


def test_content_is_believed_before_the_extension(tmp_path: Path) -> None:
    path, _ = write_dataset(DM, tmp_path, "xpt")
    assert path is not None
    path.rename(tmp_path / "dm.json")
    assert [dataset.name for dataset in read_package(tmp_path)[0]] == ["DM"]


def test_a_zip(tmp_path: Path) -> None:
    path, _ = write_dataset(DM, tmp_path / "in", "xpt")
    assert path is not None
    with zipfile.ZipFile(tmp_path / "sdtm.zip", "w") as archive:
        archive.write(path, "study/sdtm/dm.xpt")
        archive.writestr("study/sdtm/define.xml", "<ODM/>")
        archive.writestr("__MACOSX/study/._dm.xpt", "x")
    (again,), issues = read_package(tmp_path / "sdtm.zip")
    assert again == DM
    assert len(issues) == 0
    assert is_sdtm(tmp_path / "sdtm.zip")


def test_one_dataset_twice(tmp_path: Path) -> None:
    write_dataset(DM, tmp_path, "csv")
    write_dataset(DM, tmp_path, "xpt")
    datasets, issues = read_package(tmp_path)
    assert len(datasets) == 1
    assert [(issue.code, issue.place.file) for issue in issues] == [("IX-SDTM-021", "dm.xpt")]


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="IX-SDTM-022"):
        read_package(tmp_path)
    with pytest.raises(SourceError, match="IX-SDTM-010"):
        read_package(tmp_path / "none")
    (tmp_path / "dm.xpt").write_bytes(b"")
    with pytest.raises(SourceError, match="IX-XPT-020"):
        read_package(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        '{"resourceType": "Bundle", "entry": []}',
        '{"resourceType": "Patient"}\n{"resourceType": "Patient"}\n',
        "",
    ],
)
def test_fhir_is_not_sdtm(tmp_path: Path, text: str) -> None:
    (tmp_path / "file.json").write_text(text)
    assert not is_sdtm(tmp_path / "file.json")
    assert not is_sdtm(tmp_path)


def test_the_pilot_package(pilot_zip: Path) -> None:
    datasets, issues = read_package(pilot_zip)
    assert len(datasets) == 22
    assert [dataset.name for dataset in datasets] == sorted(dataset.name for dataset in datasets)
    assert [issue.code for issue in issues] == ["IX-SDTM-013"]
    assert is_sdtm(pilot_zip)


def test_importing_formats_is_cheap() -> None:
    heavy = "numpy pandas pyarrow pyreadstat"
    code = f"import sys, interchange.sdtm.formats; print([m for m in {heavy.split()} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"
