"""Writing XPORT: limits are counted in bytes, and a file that would lose something is not written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from interchange.issues import Issue, Place, Severity
from interchange.sdtm.dataset import check_columns, holds, is_number
from interchange.sdtm.files import stamp, write_bytes
from interchange.sdtm.xpt.ibm import in_range, to_ibm
from interchange.sdtm.xpt.layout import Field, library_header, member_header, padded, parse_format

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from interchange.sdtm.dataset import Dataset, Variable

_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,7}", re.ASCII)
_MISSING = 0x2E << 56

_Problem = tuple[str, Severity, str, str]  # code, severity, message, hint


def write_xpt(dataset: Dataset, path: Path, *, encoding: str = "utf-8") -> list[Issue]:
    """Return what is wrong with writing a dataset; with an error among it, no file is written.

    Limits of SAS technical note TS-140: names 8, labels 40, text 200 bytes; numbers 5.4e-79 to 7.2e75. A Char
    variable is stored in its length where that is long enough, else in that of its longest value. The same
    dataset gives the same bytes: the time stamps are SOURCE_DATE_EPOCH, else 1960-01-01. ``encoding`` is one
    that has ASCII as it is, such as utf-8, cp1252 or latin-1; the file itself does not say which.
    """
    writer = _Writer(dataset, encoding)
    data = writer.file()
    if not any(issue.severity == "error" for issue in writer.issues):
        write_bytes(path, data)
    return writer.issues


class _Writer:
    def __init__(self, dataset: Dataset, encoding: str) -> None:
        self.dataset = dataset
        self.encoding = encoding
        self.issues = check_columns(dataset)

    def file(self) -> bytes:
        """Return the bytes of the file; they are of use only if no issue is an error."""
        name, label = self.name(self.dataset.name, ""), self.label(self.dataset.label, "")
        fields: list[Field] = []
        columns: list[NDArray[np.uint8]] = []
        offset = 0
        for variable in self.dataset.variables:
            column = self.numbers(variable) if variable.type == "Num" else self.texts(variable)
            width = column.shape[1]
            fields.append(
                Field(
                    self.name(variable.name, variable.name),
                    self.label(variable.label, variable.name),
                    variable.type == "Num",
                    width,
                    offset,
                    self.format(variable),
                )
            )
            columns.append(column)
            offset += width
        if len(fields) > 9999:
            self.add(("IX-XPT-003", "error", "more than 9999 variables", "split the dataset"), "")
        if any(issue.severity == "error" for issue in self.issues):
            return b""
        when = stamp()
        return library_header(when) + member_header(name, label, when, fields) + padded(self.records(columns))

    def records(self, columns: list[NDArray[np.uint8]]) -> bytes:
        """Return the rows as fixed-length records."""
        import numpy as np

        if not columns or not self.dataset.rows:
            return b""
        records = np.concatenate(columns, axis=1)
        # A reader counts rows by the file's size, and its last line is filled with blanks.
        if records.shape[1] < 80 and (records[-1] == 0x20).all():
            message = "the last row is blank; readers drop it"
            self.add(("IX-XPT-012", "warning", message, "drop the row"), "", len(records))
        return records.tobytes()

    def texts(self, variable: Variable) -> NDArray[np.uint8]:
        """Return a Char column as one row of bytes a value, blank-filled."""
        import numpy as np

        values = [row.get(variable.name, "") for row in self.dataset.rows]
        bad: dict[str, list[_Problem]] = {}
        stored = {text: self.text(text, bad) for text in dict.fromkeys(values)}
        self.report(values, variable.name, bad)
        longest = max(map(len, stored.values()), default=0)
        width = max(longest, min(variable.length or 0, 200), 1)
        filled = {text: data.ljust(width) for text, data in stored.items()}
        joined = b"".join([filled[text] for text in values])
        return np.frombuffer(joined, dtype=np.uint8).reshape(len(values), width)

    def text(self, text: str, bad: dict[str, list[_Problem]]) -> bytes:
        """Return a value's bytes; what cannot be stored goes to ``bad``."""
        try:
            data = text.encode(self.encoding)
        except UnicodeEncodeError:
            message = f"the value has a character {self.encoding} does not have"
            bad[text] = [("IX-XPT-006", "error", message, "write as utf-8")]
            return b""
        problems: list[_Problem] = []
        if len(data) > 200:
            message = f"the value has {len(data)} bytes, XPORT holds 200"
            hint = "shorten it, or carry the rest in SUPP-- or TSVAL1 and on"
            problems.append(("IX-XPT-005", "error", message, hint))
        if "\0" in text:
            problems.append(("IX-XPT-014", "error", "the value has a NUL, where readers stop", "take it out"))
        if data.endswith(b" "):
            message = "trailing blanks cannot be held; the value reads back without them"
            problems.append(("IX-XPT-009", "warning", message, "trim the value"))
        if problems:
            bad[text] = problems
        return data

    def numbers(self, variable: Variable) -> NDArray[np.uint8]:
        """Return a Num column as one row of 8 bytes a value, or of its length where that loses nothing."""
        import numpy as np

        values = [row.get(variable.name, "") for row in self.dataset.rows]
        bad: dict[str, list[_Problem]] = {}
        numbers = {text: _number(text, bad) for text in dict.fromkeys(values) if text}
        self.report(values, variable.name, bad)
        words = to_ibm(np.array(list(numbers.values()), dtype=np.float64)).tolist()
        stored = dict(zip(numbers, words, strict=True)) | {"": _MISSING}
        column = np.array([stored[text] for text in values], dtype=">u8")
        octets = column.view(np.uint8).reshape(len(values), 8)
        short = variable.length if variable.length and 2 <= variable.length < 8 else 8
        return octets if octets[:, short:].any() else octets[:, :short]

    def report(self, values: list[str], name: str, bad: dict[str, list[_Problem]]) -> None:
        """Add an issue for each row that has a bad value."""
        if not bad:
            return
        for number, value in enumerate(values, 1):
            for code, severity, message, hint in bad.get(value, ()):
                self.add((code, severity, message, hint), name, number, value)

    def name(self, name: str, field: str) -> bytes:
        """Return a dataset's or variable's name."""
        if not _NAME.fullmatch(name):
            message = "the name is not 1 to 8 of A-Z, 0-9 and _, with no digit first"
            self.add(("IX-XPT-002" if field else "IX-XPT-001", "error", message, "rename it"), field)
        return name.encode("ascii", "replace")

    def label(self, label: str, field: str) -> bytes:
        """Return a dataset's or variable's label."""
        try:
            data = label.encode(self.encoding)
        except UnicodeEncodeError:
            message = f"the label has a character {self.encoding} does not have"
            self.add(("IX-XPT-006", "error", message, "write as utf-8"), field)
            return b""
        if len(data) > 40:
            message = f"the label has {len(data)} bytes, XPORT holds 40"
            self.add(("IX-XPT-004", "error", message, "shorten it"), field)
        if data.endswith(b" "):
            message = "trailing blanks of a label cannot be held; it reads back without them"
            self.add(("IX-XPT-009", "warning", message, "trim the label"), field)
        return data

    def format(self, variable: Variable) -> str:
        """Return a variable's display format, "" with an issue where it is none."""
        if parse_format(variable.format) is not None:
            return variable.format
        message = "its display format is not a SAS format and is left out"
        self.add(("IX-XPT-011", "warning", message, "give one such as DATE9."), variable.name)
        return ""

    def add(self, problem: _Problem, field: str, row: int | None = None, value: str | None = None) -> None:
        """Add an issue of this dataset; an error says that the file is not written."""
        code, severity, message, hint = problem
        if severity == "error":
            message += "; the dataset is not written"
        place = Place(f"{self.dataset.name.lower()}.xpt", row, self.dataset.name, field)
        self.issues.append(Issue(code, severity, place, message, hint, value))


def _number(text: str, bad: dict[str, list[_Problem]]) -> float:
    """Return the float of a number that XPORT can hold; any other goes to ``bad`` and gives 0."""
    if not is_number(text):
        hint = "mend it, or make the variable Char"
        bad[text] = [("IX-XPT-007", "error", "not a number in a Num variable", hint)]
        return 0.0
    number = float(text)
    if not in_range(number) or (number == 0 and text.lower().partition("e")[0].strip("+-0.")):
        message = "the number is outside XPORT's 5.4e-79 to 7.2e75"
        bad[text] = [("IX-XPT-008", "error", message, "change its unit")]
        return 0.0
    if not holds(number, text):
        message = "the number has more digits than XPORT holds; it reads back rounded"
        bad[text] = [("IX-XPT-010", "warning", message, "keep the text in a Char variable")]
    return number
