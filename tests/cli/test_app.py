from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from interchange import __version__
from interchange.cli import options
from interchange.fhir.elements import RELEASES
from interchange.sdtm.formats import FORMATS
from interchange.sdtm.standard import VERSIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Ended

COMMANDS = [
    "",
    "to-sdtm",
    "to-fhir",
    "roundtrip",
    "lint",
    "explain",
    "trace",
    "mappings",
    "mappings list",
    "mappings schema",
]
HEAVY = {"pandas", "pyarrow", "pyreadstat", "fhir.resources", "fhir", "numpy", "yaml", "msgspec", "jinja2"}


def test_the_names_that_options_take_are_those_of_the_package() -> None:
    assert options.RELEASES == RELEASES
    assert tuple(FORMATS) == options.FORMATS
    assert options.GUIDES == VERSIONS


@pytest.mark.parametrize("command", COMMANDS)
def test_help_imports_nothing_heavy(command: str) -> None:
    words = [*command.split(), "--help"]
    program = (
        "import sys\n"
        f"sys.argv = ['interchange', *{words!r}]\n"
        "from interchange.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as ended:\n    assert not ended.code\n"
        f"print('HEAVY', sorted({HEAVY!r} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
    assert "Usage: interchange" in done.stdout
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_the_module_runs_as_the_command_does() -> None:
    words = [sys.executable, "-m", "interchange", "--version"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == f"interchange {__version__}\n"


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in ("", "mappings")])
def test_the_help_of_a_command_has_an_example(run: Callable[..., Ended], command: str) -> None:
    ended = run(*command.split(), "--help")
    assert ended.code == 0
    assert f"Example: interchange {command}" in ended.said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--format", "sas"], "`sas` is no format: use xpt, dataset-json, dataset-ndjson, csv, parquet"),
        (["--format", "csv,xtp"], "did you mean xpt?"),
        (["--fhir-version", "R6"], "`R6` is no FHIR release: use auto, R4, R4B, R5"),
        (["--sdtmig", "3.1"], "`3.1` is no SDTMIG version: use 3.2, 3.3, 3.4"),
        (["--engine", "fast"], "`fast` is no engine: use compiled, interpreted"),
        (["--encoding", "utf-9"], "`utf-9` is no encoding"),
        (["--mappings", "nowhere"], "'nowhere' does not exist"),
        (["--study", "nowhere.yaml"], "'nowhere.yaml' does not exist"),
        (["nowhere.json"], "there is no file or folder `nowhere.json`"),
    ],
)
def test_wrong_usage_exits_with_2_and_names_what_is_known(
    run: Callable[..., Ended], words: list[str], said: str
) -> None:
    ended = run("to-sdtm", "-", "--out", "out", *words)
    assert ended.code == 2
    assert said in ended.said.replace("│ ", "")
    assert ended.out == ""


def test_names_are_taken_whatever_their_case() -> None:
    assert options.choose("r4b", options.RELEASES, "FHIR release") == "R4B"
    assert options.several_of(options.FORMATS, "format")(["XPT,csv", "csv"]) == ["xpt", "csv"]
