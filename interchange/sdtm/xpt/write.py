"""Writing XPORT: limits are counted in bytes, and a file that would lose something is not written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO

from interchange.issues import Issue, Place
from interchange.sdtm.blocks import blocks
from interchange.sdtm.dataset import column_issues
from interchange.sdtm.files import stamp, whole_file
from interchange.sdtm.xpt.columns import CharColumn, Column, NumColumn
from interchange.sdtm.xpt.layout import LINE, Field, header_size, library_header, member_header, parse_format
from interchange.sdtm.xpt.widen import Records

if TYPE_CHECKING:
    from pathlib import Path

    from interchange.sdtm.dataset import Dataset, Variable
    from interchange.sdtm.xpt.columns import Problem

_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,7}", re.ASCII)


def write_xpt(dataset: Dataset, path: Path, *, encoding: str = "utf-8") -> list[Issue]:
    """Return what is wrong with writing a dataset; with an error among it, no file is written.

    Limits of SAS technical note TS-140: names 8, labels 40, text 200 bytes; numbers 5.4e-79 to 7.2e75. A Char
    variable is stored in its length where that is long enough, else in that of its longest value. The same
    dataset gives the same bytes: the time stamps are SOURCE_DATE_EPOCH, else 1960-01-01. ``encoding`` is one
    that has ASCII as it is, such as utf-8, cp1252 or latin-1; the file itself does not say which.
    """
    writer = _Writer(dataset, encoding)
    with whole_file(path) as file:
        writer.write(file)
        if any(issue.severity == "error" for issue in writer.issues):
            file.close()
    return writer.issues


class _Writer:
    def __init__(self, dataset: Dataset, encoding: str) -> None:
        self.dataset = dataset
        self.encoding = encoding
        self.columns: list[Column] = [
            NumColumn(variable) if variable.type == "Num" else CharColumn(variable, encoding)
            for variable in dataset.variables
        ]
        self.issues: list[Issue] = []

    def write(self, file: BinaryIO) -> None:
        """Write the rows, then before them the header, which knows their widths; unless an issue is an error."""
        found: set[str] = set()
        records = Records(file, header_size(len(self.columns)), self.columns)
        first = 1
        for block in blocks(self.dataset.rows, (variable.name for variable in self.dataset.variables)):
            found.update(block.columns)
            if self.columns:
                records.add(block, first)
            first += block.size
        self.issues = column_issues(self.dataset, found)
        name, label = self.name(self.dataset.name, ""), self.label(self.dataset.label, "")
        fields = self.fields()
        if any(issue.severity == "error" for issue in self.issues):
            return
        records.widen()
        # A reader counts rows by the file's size, and its last line is filled with blanks.
        if records.width < LINE and records.ends_blank:
            message = "the last row is blank; readers drop it"
            self.add(("IX-XPT-012", "warning", message, "drop the row"), "", first - 1)
        file.seek(0)
        when = stamp()
        file.write(library_header(when) + member_header(name, label, when, fields))

    def fields(self) -> list[Field]:
        """Return the variables as the header has them; the issues of their cells come before their own."""
        fields: list[Field] = []
        offset = 0
        for variable, column in zip(self.dataset.variables, self.columns, strict=True):
            for row, text, problem in column.found:
                self.add(problem, variable.name, row, text)
            fields.append(
                Field(
                    self.name(variable.name, variable.name),
                    self.label(variable.label, variable.name),
                    variable.type == "Num",
                    column.width,
                    offset,
                    self.format(variable),
                )
            )
            offset += column.width
        if len(fields) > 9999:
            self.add(("IX-XPT-003", "error", "more than 9999 variables", "split the dataset"), "")
        return fields

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

    def add(self, problem: Problem, field: str, row: int | None = None, value: str | None = None) -> None:
        """Add an issue of this dataset; an error says that the file is not written."""
        code, severity, message, hint = problem
        if severity == "error":
            message += "; the dataset is not written"
        place = Place(f"{self.dataset.name.lower()}.xpt", row, self.dataset.name, field)
        self.issues.append(Issue(code, severity, place, message, hint, value))
