"""Running derivations: over all datasets at once, each variable after those that it is computed from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from interchange.engine.derive.base import split_argument
from interchange.engine.derive.columns import Columns

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
    columns = {domain: Columns(part.rows) for domain, part in parts.items()}
    disagreed: Counter[Target] = Counter()
    for domain, variable in derivation_order({d: list(each.values()) for d, each in calls.items()}):
        disagreed[domain, variable] += _fill(parts[domain], columns[domain], calls[domain], variable, known)
    return +disagreed


def _fill(
    part: Part,
    columns: Columns,
    calls: Mapping[int, Mapping[str, tuple[Call, ...]]],
    target: str,
    known: Setting | None,
) -> int:
    """Fill one variable of a dataset; how many stored values disagree."""
    every = {each.get(target, ()) for each in calls.values()}
    given = {ways: _first(columns, ways, target, known) for ways in every}
    if len(given) == 1:
        values, told = next(iter(given.values()))
    else:
        by_rules = {rules: given[each.get(target, ())] for rules, each in calls.items()}
        chosen = [by_rules[id(rules)] for rules in part.rules]
        values = [column[i] for i, (column, _) in enumerate(chosen)]
        told = [tells[i] for i, (_, tells) in enumerate(chosen)]
    if any(blank is None or blank for blank in part.blanks):
        blanks = zip(values, part.blanks, strict=True)
        values = [None if blank is None or target in blank else value for value, blank in blanks]
    return sum(told[i] for i in columns.fill(target, values))


def _first(columns: Columns, ways: Sequence[Call], target: str, known: Setting | None) -> tuple[Column, list[bool]]:
    """What the first call that gives something gives each row, and whether another stored value disagrees with it."""
    values: Column = [None] * len(columns.rows)
    told = [False] * len(columns.rows)
    for number, call in enumerate(ways):
        args = (target, *call.args) if call.name in NUMBERING else call.args
        tells = call.name not in STAND_INS
        if not number:
            values, told = columns.derived(call, args, known), [tells] * len(told)
        elif None in values:
            for i, value in enumerate(columns.derived(call, args, known)):
                if value is not None and values[i] is None:
                    values[i], told[i] = value, tells
    return values, told


def derive_rows(
    rows: list[Row],
    rules: Sequence[Sequence[Rule]],
    blanks: Sequence[frozenset[str] | None],
    known: Setting | None = None,
) -> Counter[str]:
    """Fill the gaps of one dataset's rows; counts stored values that disagree, by variable."""
    disagreed = derive_parts({"": Part(rows, rules, blanks)}, known)
    return Counter({variable: count for (_, variable), count in disagreed.items()})
