"""Both directions of the shipped mappings, built once a release and engine, through JSON bytes each way."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from interchange.fhir.read import Reader
from interchange.issues import Issues
from interchange.mapping.load import load_project
from interchange.runners.engines import Engine, Engines, build_engines
from interchange.runners.local import Datasets, Resources, datasets_to_resources, resources_to_datasets

if TYPE_CHECKING:
    from interchange.fhir.elements import Release
    from interchange.mapping.model import Project
    from interchange.sdtm.dataset import Dataset

RELEASES: tuple[Release, ...] = ("R5", "R4B", "R4")
ENGINES: tuple[Engine, ...] = ("interpreted", "compiled")
# the engines are held to each other elsewhere, so the interpreter runs on one release
BOTH: tuple[tuple[Release, Engine], ...] = (
    ("R5", "compiled"),
    ("R4B", "compiled"),
    ("R4", "compiled"),
    ("R5", "interpreted"),
)
DOMAINS = ("TS", "TA", "TE", "TV", "TI", "DM")
Resource = dict[str, Any]

_ENCODE = msgspec.json.Encoder(decimal_format="number").encode


@cache
def project() -> Project:
    """The shipped mappings."""
    return load_project(None, None)


@cache
def engines(release: Release, engine: Engine = "interpreted") -> Engines:
    """Both directions on a release."""
    return build_engines(project(), release, engine)


def convert(datasets: list[Dataset], own: Engines, issues: Issues | None = None) -> Resources:
    """What comes of datasets; they stay as they are."""
    copies = [replace(d, rows=[dict(row) for row in d.rows]) for d in datasets]
    return datasets_to_resources(own, copies, Issues() if issues is None else issues)


def to_fhir(datasets: list[Dataset], own: Engines) -> list[Resource]:
    """The resources of datasets."""
    return convert(datasets, own).resources


def to_sdtm(resources: list[Resource], own: Engines, *, ledger: bool = False) -> Datasets:
    """The datasets of resources, as if read from a file."""
    issues = Issues()
    text = b"\n".join(map(_ENCODE, resources))
    records = list(Reader(text, issues, own.plan.release)) if resources else []
    return resources_to_datasets(own, records, issues, ledger=ledger)


def canonical(resources: list[Resource]) -> list[bytes]:
    """Resources as bytes, in an order of their own."""
    return sorted(map(_ENCODE, resources))
