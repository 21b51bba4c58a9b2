"""Running derivations: over all datasets at once, each variable after those that it is computed from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from interchange.engine.derive.base import split_argument
from interchange.engine.derive.registry import DERIVATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from interchange.engine.derive.base import Column, Row, Setting
    from interchange.mapping.model import Call, Rule

    Target = tuple[str, str]  # dataset, variable

# Functions that look at the stored values of the variable that they compute: it is their first argument.
NUMBERING = frozenset({"seq"})
# Functions that stand in where nothing is known: that a stored value is another says nothing.
STAND_INS = frozenset({"copy", "setting", "testcd"})
# Functions whose first arguments are names of codelists, tables and columns, and how many: they are no variables.
NAMES = {"decode": 2, "table": 2}


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one dataset with the rules of each; ``blanks`` are variables known to be empty, a row each.

    ``None`` in place of blanks leaves the row as it is. ``ordered`` are the rows as other datasets look them up, where
    that is not their order: of several rows of a subject the first counts.
    """

    rows: list[Row]
    rules: Sequence[Sequence[Rule]]
    blanks: Sequence[frozenset[str] | None]
    ordered: list[Row] | None = None

    def calls(self) -> dict[int, dict[str, tuple[Call, ...]]]:
        """The derivations by variable, for each list of rules by its identity."""
        found: dict[int, dict[str, tuple[Call, ...]]] = {}
        for each in self.rules:
            if id(each) not in found:
                found[id(each)] = {rule.variables[0]: rule.derive for rule in each if rule.derive}
        return found


def needs_of(call: Call, own: str) -> set[Target]:
    """What a call may be computed from: its arguments, in its own dataset and in those that it names."""
    named = [split_argument(arg) for arg in call.args[NAMES.get(call.name, 0) :]]
    domains = {own} | {domain for domain, _ in named if domain}
    return {(domain, variable) for _, variable in named for domain in domains}


def derivation_order(calls: Mapping[str, Sequence[Mapping[str, tuple[Call, ...]]]]) -> list[Target]:
    """Return the derived variables of all datasets, each after those that it is computed from."""
    needs: dict[Target, set[Target]] = {}
    for domain, each in calls.items():
        for own in each:
            for target, ways in own.items():
                wanted = needs.setdefault((domain, target), set())
                for call in ways:
                    wanted |= needs_of(call, domain)
    done: dict[Target, None] = {}

    def visit(target: Target, above: frozenset[Target]) -> None:
        for need in sorted((needs[target] & needs.keys()) - above - done.keys()):
            visit(need, above | {need})
        done.setdefault(target)

    for first in needs:
        visit(first, frozenset({first}))
    return list(done)


def derive_parts(parts: Mapping[str, Part], known: Setting | None = None) -> Counter[Target]:
    """Fill the gaps of datasets by the derivations of each row's rules; counts stored values that disagree."""
    calls = {domain: part.calls() for domain, part in parts.items()}
    if known is not None:
        own = {
            name: [*known.datasets.get(name, ()), *(part.rows if part.ordered is None else part.ordered)]
            for name, part in parts.items()
        }
        known = replace(known, datasets={**known.datasets, **own})
    disagreed: Counter[Target] = Counter()
    for domain, variable in derivation_order({d: list(each.values()) for d, each in calls.items()}):
        disagreed[domain, variable] += _fill(parts[domain], calls[domain], variable, known)
    return +disagreed


def _fill(part: Part, calls: Mapping[int, Mapping[str, tuple[Call, ...]]], target: str, known: Setting | None) -> int:
    """Fill one variable of a dataset; how many stored values disagree."""
    every = {each.get(target, ()) for each in calls.values()}
    if len(every) == 1:
        return _fill_alike(part, every.pop(), target, known)
    columns: dict[Call, Column] = {}
    disagreed = 0
    for i, (row, rules, blank) in enumerate(zip(part.rows, part.rules, part.blanks, strict=True)):
        ways = calls[id(rules)].get(target, ())
        if not ways or blank is None or target in blank:
            continue
        value, told = None, False
        for call in ways:
            if call not in columns:
                columns[call] = _column(call, target, part.rows, known)
            value, told = columns[call][i], call.name not in STAND_INS
            if value is not None:
                break
        if value is not None and row.setdefault(target, value) != value and told:
            disagreed += 1
    return disagreed


def _fill_alike(part: Part, ways: Sequence[Call], target: str, known: Setting | None) -> int:
    """Fill one variable of rows that all have the same ways to it: column by column."""
    values: Column = [None] * len(part.rows)
    told = [False] * len(part.rows)
    for call in ways:
        column, tells = _column(call, target, part.rows, known), call.name not in STAND_INS
        told = [old if value is not None else tells for old, value in zip(told, values, strict=True)]
        values = [new if value is None else value for value, new in zip(values, column, strict=True)]
        if None not in values:
            break
    disagreed = 0
    for row, value, blank, tells in zip(part.rows, values, part.blanks, told, strict=True):
        if value is None or blank is None or target in blank:
            continue
        if row.setdefault(target, value) != value and tells:
            disagreed += 1
    return disagreed


def _column(call: Call, target: str, rows: list[Row], known: Setting | None) -> Column:
    args = (target, *call.args) if call.name in NUMBERING else call.args
    return list(DERIVATIONS[call.name](rows, args, known))


def derive_rows(
    rows: list[Row],
    rules: Sequence[Sequence[Rule]],
    blanks: Sequence[frozenset[str] | None],
    known: Setting | None = None,
) -> Counter[str]:
    """Fill the gaps of one dataset's rows; counts stored values that disagree, by variable."""
    disagreed = derive_parts({"": Part(rows, rules, blanks)}, known)
    return Counter({variable: count for (_, variable), count in disagreed.items()})
