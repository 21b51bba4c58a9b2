"""Controlled terminology: codelists and their terms, shipped with the mappings or given as a package."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from interchange.mapping.tables import find_table, head_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Terms = Mapping[str, str]
COLUMNS = ("codelist", "codelist_code", "extensible", "term", "code")
YES = frozenset({"yes", "y", "true", "1"})


@dataclass(frozen=True, slots=True)
class Terminology:
    """Codelists by their short name: terms with their C-codes, whether it may be extended, its own C-code.

    ``version`` is the package's date, blank where it does not say one.
    """

    version: str
    terms: Mapping[str, Terms]
    extensible: Mapping[str, bool]
    codes: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> dict[str, str]:
        """The short name of each codelist by its C-code."""
        return {code: name for name, code in self.codes.items()}

    def laid_over(self, base: Terminology) -> Terminology:
        """This terminology, with the codelists of another that it does not have; a codelist is known by its C-code.

        >>> old = Terminology("1", {"NY": {"Y": "C1"}, "SEX": {"F": "C2"}}, {}, {"NY": "C9", "SEX": "C8"})
        >>> new = Terminology("2", {"NY": {"N": "C3"}}, {}, {"NY": "C9"}).laid_over(old)
        >>> new.version, dict(new.terms)
        ('2', {'NY': {'N': 'C3'}, 'SEX': {'F': 'C2'}})
        """
        own = set(self.codes.values()) - {""}
        kept = [name for name in base.terms if name not in self.terms and base.codes.get(name) not in own]
        terms = dict(self.terms) | {name: base.terms[name] for name in kept}
        extensible = dict(self.extensible) | {n: base.extensible[n] for n in kept if n in base.extensible}
        codes = dict(self.codes) | {name: base.codes[name] for name in kept if name in base.codes}
        return Terminology(self.version or base.version, terms, extensible, codes)


class _Lazy(Mapping[str, Terms]):
    """Codelists as lines of CSV, each taken apart when it is first asked for: there are 12,000 terms."""

    def __init__(self, lines: dict[str, list[str]]) -> None:
        self._lines = lines
        self._read: dict[str, Terms] = {}

    def __getitem__(self, name: str) -> Terms:
        if name not in self._read:
            self._read[name] = {row[3]: row[4] for row in csv.reader(self._lines[name])}
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


@lru_cache(maxsize=16)
def _shipped(path: Path) -> Terminology:
    """The terminology of a ``ct.csv``."""
    head, at, text = head_of(path, COLUMNS)
    groups: dict[str, list[str]] = {}
    for name, own in groupby(filter(None, text.split("\n")[at:]), lambda line: line[: line.find(",")]):
        groups.setdefault(name, []).extend(own)
    first = {name: next(csv.reader(own[:1])) for name, own in groups.items()}
    return Terminology(
        head.get("version", ""),
        _Lazy({first[name][0]: own for name, own in groups.items()}),
        {row[0]: row[2].lower() in YES for row in first.values()},
        {row[0]: row[1] for row in first.values()},
    )


def read_terminology(places: Iterable[str], packages: Sequence[str] = ()) -> Terminology:
    """Return the terminology of the first folder that has one, with packages laid over it, the first on top.

    SourceError for a package that cannot be read.
    """
    made = _shipped(find_table("ct", "terminology", places))
    if packages:
        from interchange.mapping.ct_package import read_ct_package

        for package in reversed(packages):
            made = read_ct_package(Path(package)).laid_over(made)
    return made


def project_terminology(settings: Mapping[str, str]) -> Terminology:
    """Return the terminology that the settings of a project name: its folders, and the packages under ``ct``."""
    return read_terminology(settings["folders"].split("\n"), [p for p in settings.get("ct", "").split("\n") if p])
