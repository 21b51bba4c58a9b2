from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from interchange.cli import app
from interchange.sdtm.dataset import Dataset, Variable
from interchange.sdtm.formats import write_dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    Resource = dict[str, Any]
    Row = dict[str, str]

NUMBERS = {"AGE", "DMDY", "VISITNUM"}


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said where."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def said(self) -> str:
        """All of it with single blanks, however the lines were broken."""
        return " ".join((self.out + self.err).split())


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """Run the command line as a shell would."""
    monkeypatch.setenv("COLUMNS", "300")

    def call(*words: object) -> Ended:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            app([str(word) for word in words], prog_name="interchange")
        out, err = capsys.readouterr()
        return Ended(int(ended.value.code or 0), out, err)

    return call


@pytest.fixture
def trial() -> list[Resource]:
    """A study, and two subjects in it."""
    study = {
        "resourceType": "ResearchStudy",
        "id": "s",
        "identifier": [{"system": "urn:cdisc:sdtm:STUDYID", "value": "S"}],
        "status": "active",
        "title": "A trial",
    }
    return deepcopy([study, *(each for number in (1, 2) for each in _subject(number))])


def _subject(number: int) -> list[Resource]:
    subject = {
        "resourceType": "ResearchSubject",
        "id": f"rs{number}",
        "status": "active",
        "study": {"reference": "ResearchStudy/s"},
        "subject": {"reference": f"Patient/p{number}"},
        "period": {"start": "2020-01-02"},
    }
    patient = {
        "resourceType": "Patient",
        "id": f"p{number}",
        "identifier": [{"system": "urn:cdisc:sdtm:USUBJID", "value": f"S-00{number}"}],
        "gender": "male",
        "birthDate": "1960-01-01",
    }
    return [subject, patient]


@pytest.fixture
def ndjson(tmp_path: Path) -> Callable[..., Path]:
    """Write resources, or lines as they are, to an NDJSON file."""

    def write(lines: Sequence[Resource | str], name: str = "trial.ndjson") -> Path:
        path = tmp_path / name
        path.write_text("".join(f"{x if isinstance(x, str) else json.dumps(x)}\n" for x in lines))
        return path

    return write


@pytest.fixture
def dm() -> list[Row]:
    """The rows of two subjects."""
    return [
        {"STUDYID": "S", "DOMAIN": "DM", "USUBJID": "S-001", "SUBJID": "001", "AGE": "60", "AGEU": "YEARS", "SEX": "M"},
        {"STUDYID": "S", "DOMAIN": "DM", "USUBJID": "S-002", "SUBJID": "002", "AGE": "61", "AGEU": "YEARS", "SEX": "F"},
    ]  # fmt: skip


@pytest.fixture
def xpt(tmp_path: Path) -> Callable[..., Path]:
    """Write rows to an XPT file."""

    def write(rows: Sequence[Row], name: str = "DM", folder: str = "sdtm") -> Path:
        names = dict.fromkeys(variable for row in rows for variable in row)
        variables = [Variable(v, v, "Num" if v in NUMBERS else "Char") for v in names]
        (tmp_path / folder).mkdir(exist_ok=True)
        path, issues = write_dataset(Dataset(name, name, variables, list(rows)), tmp_path / folder, "xpt")
        assert path is not None, issues
        return path

    return write


@pytest.fixture
def wrong_status(tmp_path: Path) -> Path:
    """An overlay that writes a status which the required value set does not hold."""
    folder = tmp_path / "wrong"
    folder.mkdir()
    (folder / "dm.yaml").write_text("extends: dm.yaml\nrows:\n  subject:\n    emit: {status: nonsense}\n")
    return folder
