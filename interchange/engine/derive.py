"""Derivations: cells that SDTM computes from other cells. A stored value wins; a derivation fills gaps.

Each takes the rows of one dataset (or side table), in order, and the arguments of its call in the mapping file, and
gives one text or nothing a row. SDTMIG sections are named at each.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from interchange.mapping.model import Call, Rule
    from interchange.mapping.tables import Parameter, Terminology

Row = dict[str, str]
Column = list[str | None]


class Setting(NamedTuple):
    """What derivations may ask for beside the rows: settings, terminology and parameter tables."""

    settings: Mapping[str, str]
    terminology: Terminology
    parameters: Mapping[str, Mapping[str, Parameter]]


def ordinal(rows: Sequence[Row], args: Sequence[str], _: Setting | None) -> Column:
    """The number of each row within rows of the same variables: TAETORD, TSSEQ (SDTMIG 7.2.1, 7.4.2).

    >>> ordinal([{"A": "x"}, {"A": "y"}, {"A": "x"}], ["A"], None)
    ['1', '1', '2']
    """
    seen: Counter[tuple[str | None, ...]] = Counter()
    numbers: Column = []
    for row in rows:
        key = tuple(row.get(a) for a in args)
        seen[key] += 1
        numbers.append(str(seen[key]))
    return numbers


def numbered(rows: Sequence[Row], args: Sequence[str], _: Setting | None) -> Column:
    """A code with a number of two digits a row, the prefix chosen by a variable: INCL01, EXCL01 (SDTMIG 7.4.1).

    >>> numbered([{"C": "INCLUSION"}, {"C": "EXCLUSION"}], ["C", "INCLUSION=INCL", "EXCLUSION=EXCL"], None)
    ['INCL01', 'EXCL01']
    """
    variable, *pairs = args
    prefixes = dict(pair.split("=") for pair in pairs)
    numbers = ordinal(rows, [variable], None)
    return [
        f"{prefixes[row[variable]]}{int(number or 0):02d}" if row.get(variable) in prefixes else None
        for row, number in zip(rows, numbers, strict=True)
    ]


_ARM_TYPE = re.compile(
    r"^(?:experimental|(?:active|placebo|sham) comparator|no intervention|other)\s*:\s*", re.IGNORECASE
)
ARMCD_LENGTH = 20


def armcd(rows: Sequence[Row], args: Sequence[str], _: Setting | None) -> Column:
    """A short arm code of an arm's name: its type and last dot left out, at most 20 characters, unique (SDTMIG 7.2.1).

    >>> armcd([{"ARM": "Experimental: CD123-CAR-NK."}, {"ARM": "Placebo"}], ["ARM"], None)
    ['CD123-CAR-NK', 'Placebo']
    """
    codes: Column = []
    stored = args[1] if len(args) > 1 else "ARMCD"
    owners: dict[str, str] = {row[stored]: row.get(args[0], "") for row in rows if stored in row}
    for row in rows:
        name = row.get(args[0])
        if name is None:
            codes.append(None)
            continue
        base = _ARM_TYPE.sub("", name).rstrip(". ")[:ARMCD_LENGTH].strip() or name[:ARMCD_LENGTH].strip()
        code, number = base, 1
        while owners.setdefault(code, name) != name:
            number += 1
            code = f"{base[: ARMCD_LENGTH - len(str(number)) - 1]}-{number}"
        codes.append(code)
    return codes


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def dy(rows: Sequence[Row], args: Sequence[str], _: Setting | None) -> Column:
    """The study day of a date against the reference start date; there is no day 0 (SDTMIG 4.4.4).

    >>> dy([{"D": "2013-12-26", "R": "2014-01-02"}, {"D": "2014-01-02", "R": "2014-01-02"}], ["D", "R"], None)
    ['-7', '1']
    """
    days: Column = []
    for row in rows:
        when, start = (_day(row.get(a)) for a in args[:2])
        if when is None or start is None:
            days.append(None)
        else:
            apart = (when - start).days
            days.append(str(apart + 1 if apart >= 0 else apart))
    return days


def age(rows: Sequence[Row], args: Sequence[str], _: Setting | None) -> Column:
    """The age in whole years at a date, of two full dates (SDTMIG 5.2, AGE).

    >>> age([{"B": "1950-08-30", "R": "2014-01-02"}], ["B", "R"], None)
    ['63']
    """
    ages: Column = []
    for row in rows:
        born, when = (_day(row.get(a)) for a in args[:2])
        if born is None or when is None or when < born:
            ages.append(None)
        else:
            ages.append(str(when.year - born.year - ((when.month, when.day) < (born.month, born.day))))
    return ages


def ifset(rows: Sequence[Row], args: Sequence[str], _: Setting | None) -> Column:
    """A constant where a variable has a value.

    >>> ifset([{"AGE": "63"}, {}], ["AGE", "YEARS"], None)
    ['YEARS', None]
    """
    return [args[1] if args[0] in row else None for row in rows]


def copy(rows: Sequence[Row], args: Sequence[str], _: Setting | None) -> Column:
    """The value of the first of several variables that has one.

    >>> copy([{"B": "x"}], ["A", "B"], None)
    ['x']
    """
    return [next((row[a] for a in args if a in row), None) for row in rows]


def last_part(rows: Sequence[Row], args: Sequence[str], _: Setting | None) -> Column:
    """What follows the last hyphen of an identifier: the subject's number in STUDY-SITE-SUBJECT (SDTMIG 5.2, USUBJID).

    >>> last_part([{"USUBJID": "01-701-1015"}], ["USUBJID"], None)
    ['1015']
    """
    return [row[args[0]].rpartition("-")[2] or None if args[0] in row else None for row in rows]


def setting(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """A value of the settings, such as ``studyid`` or ``sdtmig``."""
    value = known.settings.get(args[0]) if known else None
    return [value] * len(rows)


def parameter_code(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """The C-code of a parameter's value in the codelist of that parameter: TSVALCD (SDTMIG 7.4.2)."""
    table, code, value = args
    codes: Column = []
    for row in rows:
        parameter = known.parameters.get(table, {}).get(row.get(code, "")) if known else None
        terms = known.terminology.terms.get(parameter.codelist, {}) if known and parameter else {}
        codes.append(terms.get(row.get(value, "")))
    return codes


def ct_version(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """The version of the controlled terminology, where a variable names it (``CDISC CT``)."""
    variable, name = args
    return [known.terminology.version if known and row.get(variable) == name else None for row in rows]


DERIVATIONS: dict[str, Callable[[Sequence[Row], Sequence[str], Setting | None], Column]] = {
    "age": age,
    "armcd": armcd,
    "copy": copy,
    "ct-version": ct_version,
    "dy": dy,
    "ifset": ifset,
    "last-part": last_part,
    "numbered": numbered,
    "ordinal": ordinal,
    "parameter-code": parameter_code,
    "setting": setting,
}


def derivation_order(calls: Sequence[Mapping[str, Call]]) -> list[str]:
    """Return the derived variables, each after those that it is computed from."""
    needs: dict[str, set[str]] = {}
    for own in calls:
        for target, call in own.items():
            needs.setdefault(target, set()).update(call.args)
    done: dict[str, None] = {}

    def visit(target: str, above: frozenset[str]) -> None:
        for need in sorted((needs[target] & needs.keys()) - above - done.keys()):
            visit(need, above | {need})
        done.setdefault(target)

    for target in needs:
        visit(target, frozenset({target}))
    return list(done)


def derive_rows(
    rows: list[Row],
    rules: Sequence[Sequence[Rule]],
    blanks: Sequence[frozenset[str] | None],
    known: Setting | None = None,
) -> Counter[str]:
    """Fill the gaps of rows by the derivations of each row's rules, in rule order; counts stored values that disagree.

    ``blanks`` names, a row each, variables that are known to be empty; ``None`` leaves the row as it is.
    """
    by_rules: dict[int, dict[str, Call]] = {}
    for each in rules:
        if id(each) not in by_rules:
            by_rules[id(each)] = {rule.variables[0]: rule.derive for rule in each if rule.derive is not None}
    calls = [by_rules[id(each)] for each in rules]
    disagreed: Counter[str] = Counter()
    for target in derivation_order(list(by_rules.values())):
        columns: dict[int, Column] = {}
        for i, (row, own, blank) in enumerate(zip(rows, calls, blanks, strict=True)):
            call = own.get(target)
            if call is None or blank is None or target in blank:
                continue
            if id(call) not in columns:
                columns[id(call)] = DERIVATIONS[call.name](rows, call.args, known)
            value = columns[id(call)][i]
            if value is not None and row.setdefault(target, value) != value:
                disagreed[target] += 1
    return disagreed
