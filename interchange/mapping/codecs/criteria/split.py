"""Eligibility text split into criteria."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from interchange.mapping.codecs.criteria.headers import is_absent
from interchange.mapping.codecs.criteria.plain import cleaned
from interchange.mapping.codecs.criteria.sections import read_sections
from interchange.mapping.codecs.criteria.texts import items_of, texts_of

_WORD = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True)
class Criterion:
    """A criterion: whether it excludes (``None`` where no header says which), its text, its place from 1, its group."""

    exclude: bool | None
    text: str
    number: int
    group: str = ""


def split_criteria(text: str) -> list[Criterion]:
    """Return the criteria of an eligibility text, in its order; nested lists are a part of the text of their item.

    >>> for found in split_criteria("Inclusion Criteria: Not provided. Exclusion Criteria: 1. Pregnancy; 2 Asthma"):
    ...     print(found.exclude, found.text)
    True Pregnancy
    True Asthma
    """
    return _read(text)[0]


def left_out(text: str) -> list[str]:
    r"""Return what of an eligibility text is in the text of no criterion, in its order within each section.

    >>> left_out("Inclusion Criteria:\n\n1. Age 18 or older")
    ['Inclusion Criteria', '1.']
    """
    return _read(text)[1]


def split_nodes(text: str) -> list[dict[str, Any]]:
    """Return the criteria of an eligibility text as JSON objects: exclude, text, number, group, where there is one.

    >>> split_nodes("Exclusion Criteria: Asthma")
    [{'exclude': True, 'text': 'Asthma', 'number': 1}]
    """
    return [
        ({} if found.exclude is None else {"exclude": found.exclude})
        | {"text": found.text, "number": found.number}
        | ({"group": found.group} if found.group else {})
        for found in split_criteria(text)
    ]


def _read(text: str) -> tuple[list[Criterion], list[str]]:
    """The criteria of a text, and what is left of it."""
    sections, left = read_sections(text)
    found: list[Criterion] = []
    counts = Counter[bool | None]()
    for section in sections:
        alone = len(section.items) == 1
        for exclude, group, item in items_of(section, left):
            for raw in texts_of(item, alone, counts[exclude] + 1, left):
                plain = cleaned(raw)
                if not _WORD.search(plain) or is_absent(plain, alone=alone):
                    left.append(plain)
                    continue
                counts[exclude] += 1
                found.append(Criterion(exclude, plain, len(found) + 1, group))
    return found, [piece for piece in left if _WORD.search(piece)]
