"""Criteria joined into one text, as the registry has it."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from interchange.mapping.codecs.criteria.headers import break_before_headers, is_apart, is_population, read_header
from interchange.mapping.codecs.criteria.plain import escaped
from interchange.mapping.codecs.criteria.split import Criterion, split_criteria
from interchange.mapping.codecs.criteria.texts import EMBEDDED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HEADERS = {False: "Inclusion Criteria", True: "Exclusion Criteria", None: "Other Criteria"}


def join_criteria(criteria: Sequence[Criterion]) -> str:
    r"""Return criteria as one text in the registry's form, which ``split_criteria`` reads as the same criteria.

    >>> print(join_criteria([Criterion(False, "Age > 18", 1), Criterion(True, "Asthma", 2, "Cohort A")]))
    Inclusion Criteria:
    <BLANKLINE>
    * Age \> 18
    <BLANKLINE>
    Exclusion Criteria:
    <BLANKLINE>
    Cohort A:
    <BLANKLINE>
    * Asthma
    """
    plain = all(criterion.exclude is None for criterion in criteria)
    blocks: list[list[str]] = []
    before: tuple[bool | None, str] | None = None
    counts = Counter[bool | None]()
    for criterion in criteria:
        here = (criterion.exclude, criterion.group)
        if here != before:
            headed = before is not None and here[0] == before[0]
            lines = _sub_headers(criterion.group, before[1] if before and headed else "")
            if criterion.exclude is None and is_apart(criterion.group):
                lines = [criterion.group]
            elif lines is None or not (headed or (plain and before is None)):
                lines = [_HEADERS[criterion.exclude], *(_sub_headers(criterion.group, "") or [])]
            blocks += [*([f"{escaped(line)}:"] for line in lines), []]
            before = here
        counts[criterion.exclude] += 1
        blocks[-1].append(f"* {_item(criterion.text, counts[criterion.exclude])}")
    return "\n\n".join("\n".join(block) for block in blocks)


def join_nodes(nodes: Sequence[Mapping[str, Any]]) -> str:
    r"""Return the JSON objects of criteria as one text; those without a text are not in it.

    >>> join_nodes([{"exclude": False, "text": "Adults"}])
    'Inclusion Criteria:\n\n* Adults'
    """
    return join_criteria(
        [
            Criterion(node.get("exclude"), str(node["text"]), number, str(node.get("group") or ""))
            for number, node in enumerate(nodes, start=1)
            if node.get("text")
        ]
    )


def _item(text: str, number: int) -> str:
    """A text as the list's item of a number among those of its kind, such that it is read as that and no more."""
    item = re.sub(r"^(\(?\d{1,3})(?=[.)])", r"\1\\", escaped(text))
    item = EMBEDDED.sub(lambda found: ("\\" if int(found[1]) == number + 1 else "") + found[0], item)
    if break_before_headers(f"* {item}") != f"* {item}":
        item = re.sub(r"[:\uff1a]", r"\\\g<0>", item)
    return f"{item};" if read_header(item) or is_population(item) else item


def _sub_headers(group: str, before: str) -> list[str] | None:
    """The lines that say a group below those of the group before; nothing where only a new section can say it.

    What would be read as a header of its own is left out.
    """
    if not group:
        return None if before else []
    capitals, sub = _levels(group)
    capitals_before, sub_before = _levels(before)
    if capitals_before and not capitals:
        return None
    lines = [capitals] if capitals and (capitals != capitals_before or (sub_before and not sub)) else []
    lines += [sub] if sub else []
    shown = "\n\n".join(f"{escaped(line)}:" for line in [capitals, sub] if line)
    read = split_criteria(f"Inclusion Criteria:\n\n{shown}\n\n* a")
    return lines if read == [Criterion(False, "a", 1, group)] else []


def _levels(group: str) -> tuple[str, str]:
    """The two levels of a group: a header in capitals, and the one below."""
    above, colon, below = group.partition(": ")
    return (group, "") if group.isupper() else (above, below) if colon and above.isupper() else ("", group)
