"""The derivations by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.engine.derive.cells import armcd, copy, ifset, last_part, paired, setting
from interchange.engine.derive.dates import age, dy
from interchange.engine.derive.findings import baseline, code_of_test, range_indicator
from interchange.engine.derive.numbers import level, numbered, ordinal, seq
from interchange.engine.derive.results import standard_limit, standard_number, standard_unit, standard_value
from interchange.engine.derive.terms import ct_version, decode, lookup, parameter_code, table
from interchange.engine.derive.visits import first, last, planned, within

if TYPE_CHECKING:
    from interchange.engine.derive.base import Derivation

DERIVATIONS: dict[str, Derivation] = {
    "age": age,
    "armcd": armcd,
    "baseline": baseline,
    "copy": copy,
    "ct-version": ct_version,
    "decode": decode,
    "dy": dy,
    "first": first,
    "ifset": ifset,
    "last": last,
    "last-part": last_part,
    "level": level,
    "lookup": lookup,
    "numbered": numbered,
    "ordinal": ordinal,
    "paired": paired,
    "parameter-code": parameter_code,
    "planned": planned,
    "range-indicator": range_indicator,
    "seq": seq,
    "setting": setting,
    "standard-limit": standard_limit,
    "standard-number": standard_number,
    "standard-unit": standard_unit,
    "standard-value": standard_value,
    "table": table,
    "testcd": code_of_test,
    "within": within,
}
