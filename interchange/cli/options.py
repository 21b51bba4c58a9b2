"""The options that commands share: their names, help, and what they accept.

The names of formats and releases stand here again, so that help and usage errors need nothing heavy; a test keeps
them the same as those of the readers and writers.
"""

from __future__ import annotations

import codecs
import re
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

RELEASES = ("R4", "R4B", "R5")
FORMATS = ("xpt", "dataset-json", "dataset-ndjson", "csv", "parquet")
GUIDES = ("3.2", "3.3", "3.4")
ENGINES = ("compiled", "interpreted")
RUNNERS = ("local", "dask")


def choose(given: str, known: tuple[str, ...], what: str) -> str:
    """The known name that a given one means, case aside; typer.BadParameter for none.

    >>> choose("r4b", RELEASES, "FHIR release")
    'R4B'
    """
    for name in known:
        if name.lower() == given.strip().lower():
            return name
    near = get_close_matches(given.strip().lower(), [name.lower() for name in known], 1, 0.5)
    closest = next((f"; did you mean {name}?" for name in known if name.lower() in near), "")
    raise typer.BadParameter(f"`{given}` is no {what}: use {', '.join(known)}{closest}")


def one_of(known: tuple[str, ...], what: str) -> Callable[[str | None], str | None]:
    """A callback for an option that takes one of some names."""

    def check(given: str | None) -> str | None:
        return None if given is None else choose(given, known, what)

    return check


def several_of(known: tuple[str, ...], what: str) -> Callable[[list[str]], list[str]]:
    """A callback for an option that takes names with commas between them, and may be repeated."""

    def check(given: list[str]) -> list[str]:
        names = [choose(name, known, what) for text in given for name in text.split(",")]
        return list(dict.fromkeys(names))

    return check


def _existing(given: list[str]) -> list[str]:
    for source in given:
        if source != "-" and not Path(source).exists():
            raise typer.BadParameter(f"there is no file or folder `{source}`")
    return given


def _encoding(given: str | None) -> str | None:
    try:
        return given and codecs.lookup(given).name
    except LookupError:
        raise typer.BadParameter(f"`{given}` is no encoding: use utf-8, cp1252, latin-1, ...") from None


_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?", re.IGNORECASE)


def bytes_of(size: str) -> int:
    """Return the bytes that a size such as 1GiB, 500MB or 4G says; BadParameter for what is none.

    >>> bytes_of("1GiB"), bytes_of("500MB")
    (1073741824, 500000000)
    """
    match = _SIZE.fullmatch(size.strip())
    if match is None:
        raise typer.BadParameter(f"`{size}` is no size: write 1GiB, 500MB, ...")
    base = 1024 if match[3] else 1000
    return int(float(match[1]) * base ** (" KMGT".index(match[2].upper() or " ")))


def _size(given: str) -> str:
    bytes_of(given)
    return given


def shape(known: tuple[str, ...], says: str) -> Any:
    """The option ``--as``: one of some shapes that a command writes in."""
    return typer.Option("--as", metavar="|".join(known), callback=one_of(known, "shape"), help=says)


def remainder(says: str) -> Any:
    """The option ``--remainder``: a file of what was kept on the way there."""
    return typer.Option("--remainder", metavar="FILE", exists=True, dir_okay=False, show_default=False, help=says)


Memory = Annotated[
    str,
    typer.Option(
        "--memory",
        metavar="SIZE",
        callback=_size,
        help="The budget of memory; what would not fit is converted in parts on disk.",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", "-j", min=1, metavar="N", show_default="all cores", help="Processes for those parts."),
]
Runner = Annotated[
    str,
    typer.Option(
        "--runner",
        metavar="|".join(RUNNERS),
        callback=one_of(RUNNERS, "runner"),
        help="Where those parts are converted: this machine's processes, or a Dask cluster.",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        show_default="--jobs workers of this machine",
        help="The Dask cluster's scheduler, such as tcp://HOST:8786.",
    ),
]
Sources = Annotated[
    list[str],
    typer.Argument(metavar="SOURCE", callback=_existing, show_default=False, help="Files, folders or zips."),
]
FhirSources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE",
        callback=_existing,
        show_default=False,
        help="FHIR JSON: Bundles, resources, NDJSON, gzip, zip, folders, or - for standard input; "
        "ClinicalTrials.gov records; USDM studies.",
    ),
]
SdtmSources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE",
        callback=_existing,
        show_default=False,
        help="Datasets: XPT, Dataset-JSON, CSV, Parquet, folders or zips of them; ClinicalTrials.gov records; "
        "USDM studies.",
    ),
]
StudySources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE",
        callback=_existing,
        show_default=False,
        help="FHIR JSON, SDTM datasets, ClinicalTrials.gov records or USDM studies: files, folders or zips.",
    ),
]
Registry = Annotated[
    list[str],
    typer.Option(
        "--nct",
        metavar="NUMBER",
        show_default=False,
        help="In place of SOURCE: a record of ClinicalTrials.gov, such as NCT05574608, asked of its public API.",
    ),
]
MovedSources = Annotated[
    list[str],
    typer.Option("--source", metavar="SOURCE", show_default=False, help="The source, where it lies elsewhere by now."),
]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", show_default=False, help="The folder to write to.")]
Formats = Annotated[
    list[str],
    typer.Option(
        "--format",
        "-f",
        metavar="NAMES",
        callback=several_of(FORMATS, "format"),
        help=f"Formats, with commas: {', '.join(FORMATS)}.",
    ),
]
AnyRelease = Annotated[
    str,
    typer.Option(
        "--fhir-version",
        metavar="auto|R4|R4B|R5",
        callback=one_of(("auto", *RELEASES), "FHIR release"),
        help="The FHIR release; auto tells it from the content.",
    ),
]
Release = Annotated[
    str,
    typer.Option(
        "--fhir-version",
        metavar="R4|R4B|R5",
        callback=one_of(RELEASES, "FHIR release"),
        help="The FHIR release.",
    ),
]
WantedRelease = Annotated[
    str | None,
    typer.Option(
        "--fhir-version",
        metavar="R4|R4B|R5",
        callback=one_of(RELEASES, "FHIR release"),
        show_default="that of the remainder, else R5",
        help="The FHIR release.",
    ),
]
OneRelease = Annotated[
    str | None,
    typer.Option(
        "--fhir-version",
        metavar="R4|R4B|R5",
        callback=one_of(RELEASES, "FHIR release"),
        show_default=False,
        help="One FHIR release; else all of them.",
    ),
]
Guide = Annotated[
    str | None,
    typer.Option(
        "--sdtmig",
        metavar="|".join(GUIDES),
        callback=one_of(GUIDES, "SDTMIG version"),
        show_default=False,
        help="The version of the SDTM Implementation Guide; else that of the study settings.",
    ),
]
Mappings = Annotated[
    Path | None,
    typer.Option(
        "--mappings",
        metavar="DIR",
        exists=True,
        file_okay=False,
        show_default=False,
        help="Your mapping files, laid over the shipped ones.",
    ),
]
Study = Annotated[
    Path | None,
    typer.Option(
        "--study", metavar="FILE", exists=True, dir_okay=False, show_default=False, help="A study settings file."
    ),
]
Terminology = Annotated[
    list[Path],
    typer.Option(
        "--ct",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        show_default=False,
        help="A CDISC CT package for the shipped codelists: NCI EVS text, ODM XML, Dataset-JSON, CSV.",
    ),
]
InputEncoding = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar="NAME",
        callback=_encoding,
        show_default=False,
        help="What XPT and CSV are read in; else UTF-8, or cp1252 where it is not.",
    ),
]
OutputEncoding = Annotated[
    str, typer.Option("--encoding", metavar="NAME", callback=_encoding, help="What XPT and CSV are written in.")
]
Engine = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="|".join(ENGINES),
        callback=one_of(ENGINES, "engine"),
        help="interpreted is the slow reference.",
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 3 where there are warnings or errors.")]
AsJson = Annotated[bool, typer.Option("--json", help="The summary as JSON on standard output.")]
ShowValues = Annotated[
    bool, typer.Option("--show-values", help="Show values of the data in messages; they may be personal.")
]
