"""Values that terminology and tables know: decodes, codes of parameters, rows of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.engine.derive.base import column, rows_of, split_argument

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interchange.engine.derive.base import Column, Row, Setting


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


def decode(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """The term of the second codelist that has the C-code of a value in the first: LBTEST of LBTESTCD, and back."""
    one, two, variable = args
    terms = known.terminology.terms if known else {}
    codes = terms.get(one, {})
    names = {code: term for term, code in reversed(list(terms.get(two, {}).items()))}
    return [None if value is None else names.get(codes.get(value, "")) for value in column(rows, variable, known)]


def table(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """The value of a column of a table, in its rows that have the values of other variables; nothing where they differ.

    ``args`` are the table, the wanted column, and the variables that are looked for, whose names are columns too.
    """
    name, wanted, *keys = args
    if known is None:
        return [None] * len(rows)
    found = known.table(name).lookup(wanted, tuple(split_argument(key)[1] for key in keys))
    columns = [column(rows, key, known) for key in keys]
    return [found.get(tuple(v or "" for v in values)) for values in zip(*columns, strict=True)]


def lookup(rows: Sequence[Row], args: Sequence[str], known: Setting | None) -> Column:
    """The value of another dataset's variable, in its first row with the same values of variables: by USUBJID alone.

    ``lookup(SV.VISIT USUBJID VISITNUM)`` is the name of the subject's visit of that number.
    """
    wanted, *keys = args
    domain, variable = split_argument(wanted)
    if not keys:
        return column(rows, wanted, known)
    found: dict[tuple[str, ...], str] = {}
    for other in rows_of(known, domain):
        if variable in other and all(key in other for key in keys):
            found.setdefault(tuple(other[key] for key in keys), other[variable])
    return [found.get(tuple(row.get(key, "") for key in keys)) for row in rows]
