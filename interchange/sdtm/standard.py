"""The SDTM Implementation Guide as tables: which datasets there are, their variables, their natural keys.

The tables under ``tables/`` name their source in their first line. Natural keys are not part of the guide's
tables; ``keys.csv`` follows the define.xml examples of the guide and of the Metadata Submission Guidelines.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, cast

from interchange.issues import Issue, Place, SourceError
from interchange.sdtm.dataset import Row, Variable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

VERSIONS = ("3.2", "3.3", "3.4")

# The general observation classes (SDTMIG 2.3) and the findings about events and interventions.
OBSERVATIONS = ("Interventions", "Events", "Findings", "Findings About")

# SDTMIG 4.5.3: text over 200 bytes goes on in numbered variables for these two; elsewhere it goes to SUPP--.
_CONTINUED = {"TSVAL": "Parameter Value", "COVAL": "Comment"}


@dataclass(frozen=True, slots=True)
class VariableSpec:
    """A variable as the guide describes it; ``format`` is its described value domain."""

    name: str
    label: str
    type: Literal["Char", "Num"] = "Char"
    core: Literal["Req", "Exp", "Perm"] = "Perm"
    role: str = ""
    codelist: str = ""
    format: str = ""
    values: str = ""

    @property
    def length(self) -> int:
        """The length in bytes where no data says otherwise: 200 for Char, 8 for Num."""
        return 200 if self.type == "Char" else 8


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    """A dataset as the guide describes it: variables in standard order, ``keys`` the natural sort keys."""

    name: str
    label: str
    class_: str
    structure: str
    variables: tuple[VariableSpec, ...]
    keys: tuple[str, ...]
    relatives: Mapping[str, VariableSpec] = field(default_factory=dict, repr=False, compare=False)

    def variable(self, name: str) -> VariableSpec | None:
        """Return what the guide says of a variable, or None.

        Known are the dataset's own variables, the continuations ``TSVAL1`` and ``COVAL1`` onwards, and
        variables that other datasets of its class have, and identifiers and timing variables of any observation class
        (SDTMIG 2.5 allows them all).
        """
        for spec in self.variables:
            if spec.name == name:
                return spec
        base, number = _continuation(name)
        if base and self.variable(base):
            return VariableSpec(name, f"{_CONTINUED[base]} {number}", role="Result Qualifier")
        if len(self.name) == 2 and name.startswith(self.name):
            relative = self.relatives.get("--" + name[2:])
            return replace(relative, name=name) if relative else None
        return self.relatives.get(name)


@dataclass(frozen=True, slots=True)
class Standard:
    """One version of the guide."""

    version: str
    datasets: tuple[DatasetSpec, ...]

    def dataset(self, name: str) -> DatasetSpec | None:
        """Return the spec of a dataset by its name, or None if the guide has none.

        ``SUPPDM`` is SUPPQUAL under that name; a split dataset such as ``LBCH`` is its domain under that name
        (SDTMIG 4.1.7).
        """
        name = name.upper()
        known = {spec.name: spec for spec in self.datasets}
        if name in known:
            return known[name]
        if name.startswith(("SUPP", "SQ")) and len(name) > 4:
            parent = name.removeprefix("SUPP").removeprefix("SQ")
            return replace(known["SUPPQUAL"], name=name, label=f"Supplemental Qualifiers for {parent}")
        if len(name) in {3, 4} and name[:2] in known:
            return replace(known[name[:2]], name=name)
        return None


@lru_cache
def standard(version: str) -> Standard:
    """Return the guide of a version, ``"3.2"``, ``"3.3"`` or ``"3.4"``; raises SourceError for any other.

    >>> spec = standard("3.4").dataset("DM")
    >>> spec.label, spec.keys, spec.variable("AGE").type
    ('Demographics', ('STUDYID', 'USUBJID'), 'Num')
    """
    if version not in VERSIONS:
        place = Place(field="sdtmig")
        hint = f"use one of {', '.join(VERSIONS)}"
        raise SourceError(Issue("IX-SDTM-001", "error", place, f"SDTMIG {version} is not known here", hint))
    variables: dict[str, list[VariableSpec]] = {}
    for row in _table(f"sdtmig-{version}-variables.csv"):
        variables.setdefault(row["domain"], []).append(_variable_spec(row))
    datasets = list(_table(f"sdtmig-{version}-datasets.csv"))
    relatives = _relatives(datasets, variables)
    keys = {row["dataset"]: row["keys"].split() for row in _table("keys.csv")}
    return Standard(
        version,
        tuple(
            DatasetSpec(
                name=row["domain"],
                label=row["label"],
                class_=row["class"],
                structure=row["structure"],
                variables=tuple(variables[row["domain"]]),
                keys=_keys(row["domain"], row["class"], variables[row["domain"]], keys),
                relatives=relatives.get(row["class"], {}),
            )
            for row in datasets
        ),
    )


def shape(rows: Iterable[Row], spec: DatasetSpec | None, declared: Sequence[Variable] | None = None) -> list[Variable]:
    """Return the variables a dataset gets: the spec's Req and Exp ones, those with data, those declared.

    They stand in standard order, then variables the guide does not know, declared ones first, then as first
    seen, with their name as label. A declared variable keeps its label, type, length and format. A Char
    length of None is that of the longest value.
    """
    wanted = {variable.name: variable for variable in declared or ()}
    present = dict.fromkeys(wanted)
    for row in rows:
        present.update(dict.fromkeys(row))
    if spec is None:
        return [wanted.get(name) or Variable(name, name) for name in present]
    order: dict[str, int] = {}
    for own in spec.variables:
        order[own.name] = len(order)
        if own.core != "Perm":
            present.setdefault(own.name)

    def rank(name: str) -> tuple[int, int]:
        base, number = _continuation(name)
        return (order[base], number) if base in order else (order.get(name, len(order)), 0)

    return [wanted.get(name) or _described(spec, name) for name in sorted(present, key=rank)]


def _described(spec: DatasetSpec, name: str) -> Variable:
    found = spec.variable(name)
    return (
        Variable(name, found.label, found.type, 8 if found.type == "Num" else None) if found else Variable(name, name)
    )


def _continuation(name: str) -> tuple[str, int]:
    """Return base and number of a continuation, ``("TSVAL", 2)`` for ``TSVAL2``, else ``("", 0)``."""
    match = re.fullmatch(r"([A-Z]+)([1-9]\d*)", name)
    return (match[1], int(match[2])) if match and match[1] in _CONTINUED else ("", 0)


def _relatives(
    datasets: list[dict[str, str]], variables: dict[str, list[VariableSpec]]
) -> dict[str, dict[str, VariableSpec]]:
    """Return per class what its datasets say of each ``--`` variable, the label most of them use."""
    labels: dict[str, dict[str, Counter[VariableSpec]]] = {}
    timing: dict[str, Counter[VariableSpec]] = {}
    for row in datasets:
        for spec in variables[row["domain"]]:
            own = len(row["domain"]) == 2 and spec.name.startswith(row["domain"])
            stem = "--" + spec.name[2:] if own else spec.name
            general = VariableSpec(stem, spec.label, spec.type, role=spec.role, format=spec.format)
            if own:
                labels.setdefault(row["class"], {}).setdefault(stem, Counter())[general] += 1
            if row["class"] in OBSERVATIONS and spec.role in ("Identifier", "Timing"):
                timing.setdefault(stem, Counter())[general] += 1
    for class_ in OBSERVATIONS:
        for stem, counts in timing.items():
            labels.setdefault(class_, {}).setdefault(stem, counts)
    for stem, counts in labels.get("Findings", {}).items():  # the model has findings about as findings with an object
        labels["Findings About"].setdefault(stem, counts)
    return {
        class_: {stem: counts.most_common(1)[0][0] for stem, counts in stems.items()}
        for class_, stems in labels.items()
    }


def _keys(
    domain: str, class_: str, variables: list[VariableSpec], table: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    names = {spec.name for spec in variables}
    chosen = (key.replace("--", domain) for key in table.get(domain) or table.get(class_, ()))
    return tuple(key for key in chosen if key in names)


def _variable_spec(row: dict[str, str]) -> VariableSpec:
    return VariableSpec(
        name=row["variable"],
        label=row["label"],
        type=cast("Literal['Char', 'Num']", row["type"]),
        core=cast("Literal['Req', 'Exp', 'Perm']", row["core"]),
        role=row["role"],
        codelist=row["codelist"],
        format=row["format"],
        values=row["values"],
    )


def _table(name: str) -> list[dict[str, str]]:
    text = (files(__package__) / "tables" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
