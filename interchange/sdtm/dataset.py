"""The dataset: a table of text cells with the variables that describe it.

A cell is text, also in a Num variable, where it is the text of a decimal (``"5.10"`` stays ``"5.10"``).
A blank cell is a key that is absent from its row. Nothing here knows a file format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sized
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import repeat
from math import isfinite
from operator import eq
from typing import TYPE_CHECKING, Any, Literal, Protocol

from interchange.issues import Issue, Place, SourceError, TargetError
from interchange.sdtm.chunks import chunks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    import pyarrow as pa

Row = dict[str, str]

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class Rows(Protocol):
    """Rows that can be gone through any number of times: a list, or such as are not all in memory."""

    def __iter__(self) -> Iterator[Row]: ...

    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Variable:
    """One column: ``length`` in bytes, None for that of the longest value; ``format`` as SAS displays it."""

    name: str
    label: str = ""
    type: Literal["Char", "Num"] = "Char"
    length: int | None = None
    format: str = ""


@dataclass(slots=True)
class Dataset:
    """A named table; ``encoding`` is what it was read in, blank for a dataset that was never a file."""

    name: str
    label: str = ""
    variables: list[Variable] = field(default_factory=list)
    rows: Rows = field(default_factory=list)
    keys: tuple[str, ...] = ()
    study: str = ""
    encoding: str = ""

    def to_pandas(self) -> pd.DataFrame:
        """Return a frame: Char as the ``string`` type with NA for blank, Num as float64 with NaN for blank.

        Raises TargetError where a Num cell is not the text of a number.
        """
        import pandas as pd

        texts = self._texts()
        columns: dict[str, Any] = {}
        for variable in self.variables:
            column = texts[variable.name]
            if variable.type == "Num":
                columns[variable.name] = pd.Series(self._numbers(variable.name, column), dtype="float64")
            else:
                columns[variable.name] = pd.array(column, dtype="string")
        return pd.DataFrame(columns, index=range(len(self.rows)))

    def to_arrow(self) -> pa.Table:
        """Return a table: Char as string, Num as float64, null for blank; raises as `to_pandas` does."""
        import pyarrow as pa

        texts = self._texts()
        columns = {
            variable.name: pa.array(self._numbers(variable.name, texts[variable.name]), pa.float64())
            if variable.type == "Num"
            else pa.array(texts[variable.name], pa.string())
            for variable in self.variables
        }
        return pa.table(columns)

    @classmethod
    def from_pandas(
        cls, name: str, frame: pd.DataFrame, label: str = "", variables: Sequence[Variable] | None = None
    ) -> Dataset:
        """Return the dataset a frame holds: NA, NaN and ``""`` are blank; types as in `from_columns`.

        Where all columns are of texts or of numbers, as in frames they mostly are, the rows stay by column.
        """
        from interchange.sdtm.framed import framed  # of datasets as well

        if (held := framed(frame)) is not None:
            rows, numeric = held
            given = {variable.name: variable for variable in variables or ()}
            types: dict[str, Literal["Char", "Num"]] = {n: "Num" if n in numeric else "Char" for n in map(str, frame)}
            described = [given.get(column) or Variable(column, type=type_) for column, type_ in types.items()]
            return cls(name, label, described, rows)
        columns = {}
        for column in frame.columns:
            present = frame[column].notna().tolist()
            values = zip(frame[column].tolist(), present, strict=True)
            columns[str(column)] = [value if known else None for value, known in values]
        return cls.from_columns(name, columns, len(frame), label, variables)

    @classmethod
    def from_arrow(
        cls, name: str, table: pa.Table, label: str = "", variables: Sequence[Variable] | None = None
    ) -> Dataset:
        """Return the dataset an Arrow table holds: null, NaN and ``""`` are blank; see `from_columns`."""
        columns = {column: table.column(column).to_pylist() for column in table.column_names}
        return cls.from_columns(name, columns, table.num_rows, label, variables)

    @classmethod
    def from_columns(
        cls,
        name: str,
        columns: dict[str, list[Any]],
        count: int,
        label: str = "",
        variables: Sequence[Variable] | None = None,
    ) -> Dataset:
        """Return a dataset of ``count`` rows; a column of numbers is Num unless ``variables`` says otherwise.

        >>> Dataset.from_columns("DM", {"USUBJID": ["S-1", "S-2"], "AGE": [63.0, None]}, 2).rows
        [{'USUBJID': 'S-1', 'AGE': '63'}, {'USUBJID': 'S-2'}]

        Raises SourceError for a value that is neither text nor a number: a date goes in as its ISO 8601 text.
        """
        given = {variable.name: variable for variable in variables or ()}
        rows: list[Row] = [{} for _ in range(count)]
        described = []
        for column, values in columns.items():
            numeric = bool(values) and any(value is not None for value in values)
            for position, (row, value) in enumerate(zip(rows, values, strict=True), 1):
                text = _cell_text(name, column, position, value)
                if text:
                    row[column] = text
                if value is not None and not isinstance(value, int | float | Decimal):
                    numeric = False
            described.append(given.get(column) or Variable(column, type="Num" if numeric else "Char"))
        return cls(name, label, described, rows)

    def _texts(self) -> dict[str, list[str | None]]:
        from interchange.sdtm.blocks import blocks  # which are made of rows

        texts: dict[str, list[str | None]] = {variable.name: [] for variable in self.variables}
        for block in blocks(self.rows, texts):
            for name, column in texts.items():
                own = block.columns.get(name)
                column.extend(repeat(None, block.size) if own is None else own.cells())
        return texts

    def _numbers(self, name: str, texts: list[str | None]) -> list[float | None]:
        known: dict[str | None, float | None] = {None: None}
        for position, text in enumerate(texts, 1):
            if text is None or text in known:
                continue
            if not is_number(text):
                place = Place(line=position, record=self.name, field=name)
                hint = "make the variable Char, or mend the value"
                raise TargetError(Issue("IX-SDTM-002", "error", place, "not a number in a Num variable", hint, text))
            known[text] = float(text)
        return [known[text] for text in texts]


def _cell_text(name: str, column: str, position: int, value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, float):
        return number_text(value) if value == value else ""  # noqa: PLR0124 - NaN is blank
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    place = Place(line=position, record=name, field=column)
    kind = type(value).__name__
    raise SourceError(
        Issue(
            "IX-SDTM-003",
            "error",
            place,
            f"a cell is {kind}, neither text nor number",
            "give its ISO 8601 text",
        )
    )


def number_text(number: float) -> str:
    """Return the shortest plain decimal that reads back as the same float; raises ValueError if not finite.

    >>> [number_text(n) for n in (63.0, 5.1, -0.0, 1e-9, 1e22)]
    ['63', '5.1', '0', '0.000000001', '10000000000000000000000']
    """
    if not isfinite(number):
        raise ValueError(f"{number} has no decimal text")
    text = repr(number)
    if "e" in text:
        text = format(Decimal(text), "f")
    elif text.endswith(".0"):
        text = text[:-2]
    return "0" if text == "-0" else text


def is_number(text: str) -> bool:
    """Return whether a cell is the text of a decimal number, which ``float`` alone does not tell.

    >>> [is_number(text) for text in ("5.10", "-.5", "1e-3", "1_000", "nan", " 5", "<5")]
    [True, True, True, False, False, False, False]
    """
    return _NUMBER.fullmatch(text) is not None


def holds(number: float, text: str) -> bool:
    """Return whether a float's shortest text has the very value of a decimal, so nothing is lost by it.

    >>> holds(5.1, "5.10"), holds(0.1234567890123456789, "0.1234567890123456789")
    (True, False)
    """
    return len(text) <= 15 or Decimal(text) == Decimal(repr(number))


def is_exact(text: str) -> bool:
    """Return whether a float gives the very text of a cell back.

    >>> [is_exact(text) for text in ("63", "5.1", "5.10", "1e3", "1e999", "<5")]
    [True, True, False, False, False, False]
    """
    return is_number(text) and isfinite(number := float(text)) and number_text(number) == text


def listed(rows: Rows) -> list[Row]:
    """Return rows as a list, the very one if they are one: for what has to find a row by its place."""
    return rows if isinstance(rows, list) else list(rows)


def same_rows(rows: Rows, other: object) -> bool:
    """Return whether another object has the same rows in the same order, in whatever way it keeps them.

    >>> same_rows([{"AGE": "63"}], ({"AGE": "63"},)), same_rows([{"AGE": "63"}], "63")
    (True, False)
    """
    if not isinstance(other, Iterable) or not isinstance(other, Sized) or len(rows) != len(other):
        return False
    return all(map(eq, rows, other))


def check_columns(dataset: Dataset) -> list[Issue]:
    """Return what would lose cells in any file: a variable listed twice, a cell that no variable lists."""
    found: set[str] = set()
    for chunk in chunks(dataset.rows):
        found.update(*chunk)
    return column_issues(dataset, found)


def column_issues(dataset: Dataset, found: set[str]) -> list[Issue]:
    """Return what `check_columns` does of a dataset in whose rows are cells of the variables ``found``."""
    issues = []
    names = [variable.name for variable in dataset.variables]
    for name in sorted({name for name in names if names.count(name) > 1}):
        place = Place(record=dataset.name, field=name)
        issues.append(Issue("IX-SDTM-004", "error", place, "the variable is listed twice", "list it once"))
    for name in sorted(found - set(names)):
        place = Place(record=dataset.name, field=name)
        hint = "list the variable, or take it out of the rows"
        issues.append(Issue("IX-SDTM-005", "error", place, "rows have a variable the dataset does not list", hint))
    return issues
