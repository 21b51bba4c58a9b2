"""Values of datasets that are outside the codelist of their variable, counted by distinct value.

SDTMIG binds a variable to one codelist or several. Values of the terminology's codelists are compared as they stand;
a value outside an extensible codelist may be a term of the sponsor's own, outside another it is a fault. Codelists
that the terminology does not hold cannot be checked: ``unchecked`` says so.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from interchange.issues import Issue, Place
from interchange.mapping.terminology import project_terminology
from interchange.sdtm.blocks import counted
from interchange.sdtm.standard import standard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from interchange.issues import Issues
    from interchange.mapping.terminology import Terminology
    from interchange.sdtm.dataset import Dataset
    from interchange.sdtm.standard import Standard, VariableSpec

SEVERAL = "MULTIPLE"  # SDTMIG 3.4, 4.2.8.3: in place of several values, whatever the codelist
_NUMBER = re.compile(r"(?:<=|>=|<|>)?\s*[+-]?\d+(?:\.\d*)?")


@dataclass(frozen=True, slots=True)
class Outside:
    """A value that the codelists of a variable do not have, and how often it comes."""

    dataset: str
    variable: str
    codelist: str
    extensible: bool
    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Checked:
    """The values outside their codelists, and the variables whose codelists are not known, by codelist code."""

    outside: tuple[Outside, ...] = ()
    unchecked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class CodelistCheck:
    """Compares datasets, also in parts, with the codelists that the guide binds their variables to."""

    def __init__(self, guide: Standard, terminology: Terminology) -> None:
        self.guide = guide
        self.terminology = terminology
        self.names = terminology.names
        self.counts: dict[tuple[str, VariableSpec], Counter[str]] = {}

    def take(self, dataset: Dataset) -> None:
        """Count the values of a dataset, or of a part of one."""
        spec = self.guide.dataset(dataset.name)
        if spec is None:
            return
        bound = [v for variable in dataset.variables if (v := spec.variable(variable.name)) and v.codelist]
        counts = counted(dataset.rows, [v.name for v in bound])
        for v in bound:
            self.counts.setdefault((dataset.name, v), Counter()).update(counts[v.name])

    def checked(self) -> Checked:
        """What was outside, and what could not be checked."""
        outside: list[Outside] = []
        unchecked: dict[str, list[str]] = {}
        for (dataset, variable), counts in self.counts.items():
            codes = variable.codelist.split(";")
            unknown = [code for code in codes if code not in self.names]
            if not unknown:
                lists = [self.names[code] for code in codes]
                outside += _outside(dataset, variable, lists, counts, self.terminology)
            elif counts:
                for code in unknown:
                    unchecked.setdefault(code, []).append(f"{dataset}.{variable.name}")
        return Checked(tuple(outside), {code: tuple(where) for code, where in sorted(unchecked.items())})


def check_codelists(
    datasets: Iterable[Dataset], settings: Mapping[str, str], issues: Issues | None = None
) -> tuple[Outside, ...]:
    """Return the values of datasets that are outside their codelists, by a project's guide and terminology.

    ``issues`` takes what is a fault, and what could not be checked.
    """
    terminology = project_terminology(settings)
    check = CodelistCheck(standard(settings["sdtmig"]), terminology)
    for dataset in datasets:
        check.take(dataset)
    checked = check.checked()
    if issues is not None:
        report_codelists(checked, terminology.version, issues)
    return checked.outside


def _outside(
    dataset: str, variable: VariableSpec, codelists: list[str], counts: Counter[str], terminology: Terminology
) -> Iterator[Outside]:
    terms = [terminology.terms[name] for name in codelists]
    extensible = any(terminology.extensible.get(name, False) for name in codelists)
    numbers = variable.name.endswith("STRESC")  # the codelist is that of results that are text
    for value, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        if value == SEVERAL or any(value in own for own in terms) or (numbers and _NUMBER.fullmatch(value)):
            continue
        yield Outside(dataset, variable.name, " ".join(codelists), extensible, value, count)


def report_codelists(checked: Checked, version: str, issues: Issues) -> None:
    """Add to the issues what is no term of a codelist that cannot be extended, and what could not be checked."""
    found: dict[tuple[str, str, str], list[int]] = {}
    for one in checked.outside:
        if not one.extensible:
            found.setdefault((one.dataset, one.variable, one.codelist), []).append(one.count)
    for (dataset, variable, codelist), counts in found.items():
        message = f"{len(counts)} values in {sum(counts)} rows are no terms of {codelist}, which cannot be extended"
        hint = f"map them (codes.csv lists them), or give a package newer than {version or 'this one'} with --ct"
        issues.add(Issue("IX-CT-011", "warning", Place(record=dataset, field=variable), message, hint))
    if checked.unchecked:
        variables = sorted({name for where in checked.unchecked.values() for name in where})
        message = (
            f"{len(variables)} variables were not compared with their codelists, which the terminology does not hold: "
            f"{', '.join(variables)} ({', '.join(checked.unchecked)})"
        )
        issues.add(Issue("IX-CT-012", "info", Place(), message, "give a whole CDISC CT package with --ct"))
