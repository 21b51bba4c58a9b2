"""run.json beside the datasets: what made them, with digests, so that a trace can make them again.

There are no times and no machine in it: the same input gives the same bytes.

    IX-TRACE-002  no run.json, or none that can be read
    IX-TRACE-003  the datasets were made of data in memory or of standard input
    IX-TRACE-004  a source, a mapping or interchange itself is another than it was
    IX-TRACE-005  made again, a dataset is another than it was
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from interchange.fhir.sources import files_under
from interchange.issues import Issue, Place, SourceError
from interchange.mapping.load import shipped_mappings
from interchange.sdtm.files import write_bytes
from interchange.sdtm.json_rows import json_lines
from interchange.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from interchange.sdtm.dataset import Dataset, Rows

NAME = "run.json"
SHIPPED = "shipped"
TABLES = {".yaml", ".csv"}


@dataclass(frozen=True, slots=True)
class Input:
    """A file or folder that the conversion read: its path as given, its size in bytes, its digest.

    The digest of a folder is that of the list of its files as ``sha256sum`` prints it.
    """

    path: str
    bytes: int = 0
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A dataset that was made: how many rows, and the digest of their cells."""

    name: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What made the datasets of a folder. ``options`` are those of the call that are not their defaults."""

    interchange: str
    fhir_version: str
    options: dict[str, str] = field(default_factory=dict)
    sources: list[Input] = field(default_factory=list)
    mappings: list[Input] = field(default_factory=list)
    datasets: list[Made] = field(default_factory=list)


def describe_run(
    sources: Iterable[str], fhir_version: str, options: dict[str, str | None], datasets: Iterable[Dataset]
) -> Manifest:
    """Return the manifest of a conversion; ``sources`` are paths as they were given, none for data in memory."""
    given = {name: value for name, value in options.items() if value is not None}
    return Manifest(
        __version__,
        fhir_version,
        given,
        [Input(path) if path == "-" else _input(path, files_under(path)) for path in sources],
        _mappings(given),
        [Made(d.name, len(d.rows), digest_rows(d.rows)) for d in datasets],
    )


def digest_rows(rows: Rows) -> str:
    """Return the digest of the cells of rows, each as a line of JSON."""
    digest = sha256()
    for lines in json_lines(rows):
        digest.update(lines)
    return digest.hexdigest()


def _mappings(options: dict[str, str]) -> list[Input]:
    """The shipped mapping files as one, and those of the caller."""
    shipped = shipped_mappings()
    found = [_input(SHIPPED, _tables(shipped))]
    if "mappings" in options:
        found.append(_input(options["mappings"], _tables(Path(options["mappings"]))))
    for name in ("study", "ct"):
        found += [_input(path, files_under(path)) for path in options.get(name, "").splitlines()]
    return found


def _tables(folder: Path) -> list[tuple[str, Path]]:
    return [(p.relative_to(folder).as_posix(), p) for p in sorted(folder.rglob("*")) if p.suffix in TABLES]


def _input(path: str, files: Sequence[tuple[str, Path]]) -> Input:
    """A file, or the files of a folder, with size and digest."""
    sums = [(name, *_sum(file)) for name, file in files]
    size = sum(number for _, number, _ in sums)
    if len(sums) == 1 and sums[0][0] in ("", path):
        return Input(path, size, sums[0][2])
    listed = "".join(f"{digest}  {name}\n" for name, _, digest in sums)
    return Input(path, size, sha256(listed.encode()).hexdigest())


def _sum(file: Path) -> tuple[int, str]:
    digest, size = sha256(), 0
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def write_manifest(manifest: Manifest, folder: Path) -> Path:
    """Write run.json."""
    data = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    write_bytes(folder / NAME, data + b"\n")
    return folder / NAME


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a folder; SourceError where there is none."""
    path = folder / NAME
    hint = "name the folder that `interchange to-sdtm` wrote with --out"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        raise SourceError(Issue("IX-TRACE-002", "error", Place(str(path)), "there is no such file", hint)) from error
    except msgspec.DecodeError as error:
        raise SourceError(Issue("IX-TRACE-002", "error", Place(str(path)), "cannot be read", hint)) from error


def check_inputs(before: Manifest, after: Manifest) -> list[Issue]:
    """Return a warning for every input of a conversion that is another one now."""
    found = []
    if before.interchange != after.interchange:
        message = f"the datasets were made by version {before.interchange}, and this is {after.interchange}"
        found.append(_changed(Place("interchange"), message))
    for old, new in (
        *zip(before.sources, after.sources, strict=False),
        *zip(before.mappings, after.mappings, strict=False),
    ):
        if old.sha256 != new.sha256:
            what = "the mapping files that are shipped have" if old.path == SHIPPED else "it has"
            found.append(_changed(Place(new.path), f"{what} changed since the datasets were made"))
    return found


def _changed(place: Place, message: str) -> Issue:
    return Issue("IX-TRACE-004", "warning", place, message, "convert again where rows may be others")


def check_dataset(before: Manifest, after: Manifest, name: str) -> None:
    """Stop with SourceError where a dataset that was made again is another than it was."""
    old = {made.name: made for made in before.datasets}.get(name)
    new = {made.name: made for made in after.datasets}.get(name)
    if old is not None and old != new:
        message = f"made again, {name} is not what it was: {old.rows} rows then, {new.rows if new else 0} now"
        if new is not None and old.rows == new.rows:
            message = f"made again, {name} has other cells than it had"
        hint = "its source or its mapping changed: convert again with to-sdtm"
        raise SourceError(Issue("IX-TRACE-005", "error", Place(record=name), message, hint))
