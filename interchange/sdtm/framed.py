"""Rows of data frames by column: each distinct value becomes a text once a block, not once a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from interchange.sdtm.blocks import MOST, Block, Coded, HeldRows
from interchange.sdtm.dataset import number_text

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    Text = Callable[[Any], str]


def framed(frame: pd.DataFrame) -> tuple[HeldRows, frozenset[str]] | None:
    """Return the rows of a frame and which columns are numbers; nothing where a column is of neither texts nor numbers.

    NA, NaN and ``""`` are blank. A column of numbers that is blank throughout counts as one of texts.

    >>> import pandas as pd
    >>> rows, numeric = framed(pd.DataFrame({"USUBJID": ["S-1", "S-2"], "AGE": [63.0, None]}))
    >>> list(rows), sorted(numeric)
    ([{'USUBJID': 'S-1', 'AGE': '63'}, {'USUBJID': 'S-2'}], ['AGE'])
    """
    names = [str(column) for column in frame.columns]
    texts = [_text_of(frame.iloc[:, at]) for at in range(len(names))]
    if len(set(names)) < len(names) or None in texts:
        return None
    held = []
    for start in range(0, len(frame), MOST):
        part = frame.iloc[start : start + MOST]
        columns = {name: _coded(part.iloc[:, at], texts[at]) for at, name in enumerate(names)}
        held.append(Block(len(part), {name: column for name, column in columns.items() if len(column.texts) > 1}))
    numbers = {name for at, name in enumerate(names) if texts[at] is not str and frame.iloc[:, at].notna().any()}
    return HeldRows(held), frozenset(numbers)


def _text_of(column: pd.Series[Any]) -> Text | None:
    """What makes texts of a column's values; nothing where they are of other kinds, or of several."""
    from pandas.api import types

    if types.is_bool_dtype(column):
        return None
    if types.is_integer_dtype(column):
        return lambda value: str(int(value))
    if types.is_float_dtype(column):
        return lambda value: number_text(float(value))
    return str if types.infer_dtype(column, skipna=True) in ("string", "empty") else None


def _coded(column: pd.Series[Any], text: Text | None) -> Coded:
    import numpy as np

    codes, values = column.factorize()
    places: dict[str | None, int] = {None: 0}
    own = [places.setdefault((text or str)(value) or None, len(places)) for value in values.tolist()]
    return Coded(list(places), np.array([*own, 0], np.uint16)[codes])  # -1, for what is missing, is the last
