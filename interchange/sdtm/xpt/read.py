"""Reading XPORT: every member of a library, its rows as text, and what the file could not tell."""

from __future__ import annotations

import struct
from collections import defaultdict
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interchange.issues import Issue, Place, SourceError
from interchange.sdtm.blocks import Block, Coded, HeldRows, coded
from interchange.sdtm.dataset import Dataset, Variable, number_text
from interchange.sdtm.files import fallback_encoding, read_bytes, wrong_encoding
from interchange.sdtm.xpt.ibm import from_ibm
from interchange.sdtm.xpt.layout import (
    DESCRIPTOR,
    LIBRARY,
    LIBRARY_V8,
    LINE,
    MEMBER,
    NAMES,
    OBSERVATIONS,
    parse_namestr,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

# Rows of a block.
BLOCK = 20_000

_SPECIAL = b"_ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def is_xpt(start: bytes) -> bool:
    """Return whether a file that begins so is XPORT, of version 5 or 8."""
    return start.startswith((LIBRARY, LIBRARY_V8))


def read_xpt(
    source: Path | str | bytes, *, encoding: str | None = None, file: str = ""
) -> tuple[list[Dataset], list[Issue]]:
    """Return the datasets of an XPORT file, or of its bytes under the name ``file``, and what was wrong.

    Without ``encoding`` text is UTF-8, or cp1252 with a warning. A file that ends inside a row gives the rows
    before it and an error; one cut exactly between two rows cannot be told from a whole one.

    Raises SourceError for what is not XPORT version 5, or not in the encoding named.
    """
    data = read_bytes(source)
    file = file or ("" if isinstance(source, bytes) else Path(source).name)
    if not data.startswith(LIBRARY):
        raise SourceError(_not_version_5(data, file))
    datasets: list[Dataset] = []
    issues: list[Issue] = []
    at = 3 * LINE
    while data.startswith(MEMBER, at):
        member = _Member(data, at, file)
        datasets.append(member.dataset(encoding))
        issues.extend(member.issues)
        at = member.end
    if not datasets:
        raise SourceError(_damaged(file))
    return datasets, issues


class _Member:
    """One dataset of a library: where its records lie, and how to read them."""

    def __init__(self, data: bytes, at: int, file: str) -> None:
        self.file = file
        self.issues: list[Issue] = []
        try:
            size = int(data[at + 74 : at + 78])
            if not data.startswith(DESCRIPTOR, at + LINE) or not data.startswith(NAMES, at + 4 * LINE):
                raise SourceError(_damaged(file))
            self.name = data[at + 2 * LINE + 8 : at + 2 * LINE + 16].rstrip(b" \0")
            self.label = data[at + 3 * LINE + 32 : at + 3 * LINE + 72].rstrip(b" \0")
            count = int(data[at + 4 * LINE + 48 : at + 4 * LINE + 58])
            first = at + 5 * LINE
            self.fields = [parse_namestr(data[first + size * n : first + size * (n + 1)]) for n in range(count)]
        except (ValueError, struct.error) as error:
            raise SourceError(_damaged(file)) from error
        head = first + -(-size * count // LINE) * LINE
        if size not in {136, 140} or not data.startswith(OBSERVATIONS, head) or not self.fields:
            raise SourceError(_damaged(file))
        self.start = head + LINE
        self.end = _next_member(data, self.start)
        self.data = data

    def dataset(self, encoding: str | None) -> Dataset:
        """Return the dataset."""
        records = self.records()
        octets = [records[:, field.offset : field.offset + field.width] for field in self.fields]
        used, decode = self.decoder(encoding, octets)
        names = [decode(field.name) for field in self.fields]
        numbers = [
            self.numbers(column, name) if field.numeric else None
            for field, name, column in zip(self.fields, names, octets, strict=True)
        ]
        held = []
        for start in range(0, len(records), BLOCK):
            own = slice(start, start + BLOCK)
            cells = [
                _texts(column[own], decode) if found is None else _numbers(found[0][own], found[1][own])
                for column, found in zip(octets, numbers, strict=True)
            ]
            held.append(Block(len(records[own]), _by_name(names, cells)))
        rows = HeldRows(held)
        variables = [
            Variable(name, decode(field.label), "Num" if field.numeric else "Char", field.width, field.format)
            for field, name in zip(self.fields, names, strict=True)
        ]
        study = held[0].first("STUDYID") if held else ""
        return Dataset(decode(self.name), decode(self.label), variables, rows, study=study, encoding=used)

    def records(self) -> NDArray[np.uint8]:
        """Return the rows as a table of bytes, the blanks that fill the last line left out."""
        import numpy as np

        width = max(field.offset + field.width for field in self.fields)
        size = self.end - self.start
        count, rest = divmod(size, width)
        tail = self.data[self.end - rest : self.end]
        if size % LINE or rest >= LINE or tail.strip(b" "):
            place = Place(self.file, count + 1, self.name.decode("latin-1"))
            message = f"the file ends inside a row; the {count} rows before it were read"
            self.issues.append(Issue("IX-XPT-023", "error", place, message, "get the file again"))
        spare = (LINE - 1 - rest) // width
        while spare > 0 and count and not self.data[self.start + (count - 1) * width :][:width].strip(b" "):
            count, spare = count - 1, spare - 1
        return np.frombuffer(self.data, np.uint8, count * width, self.start).reshape(count, width)

    def decoder(self, encoding: str | None, octets: list[NDArray[np.uint8]]) -> tuple[str, Callable[[bytes], str]]:
        """Return the encoding that fits the whole member, and its decoding."""
        texts = [field.label for field in self.fields] + [field.name for field in self.fields]
        texts += [self.name, self.label]
        for field, column in zip(self.fields, octets, strict=True):
            if not field.numeric and (column > 0x7F).any():
                texts += dict.fromkeys(_cells(column).tolist())
        try:
            for text in texts:
                text.decode(encoding or "utf-8")
        except (UnicodeDecodeError, LookupError) as error:
            if encoding:
                raise SourceError(wrong_encoding(self.file, encoding)) from error
            self.issues.append(fallback_encoding(self.file))
            return "cp1252", lambda text: text.decode("cp1252", errors="replace")
        used = encoding or "utf-8"
        return used, lambda text: text.decode(used)

    def numbers(self, column: NDArray[np.uint8], name: str) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
        """Return the words of a Num column, and where a value is missing; special missing values give a warning."""
        import numpy as np

        words = np.zeros((len(column), 8), dtype=np.uint8)
        words[:, : column.shape[1]] = column[:, :8]
        found = words.view(">u8").reshape(-1).astype(np.uint64)
        first, bare = (found >> np.uint64(56)).astype(np.uint8), found << np.uint64(8) == 0
        special = bare & np.isin(first, np.frombuffer(_SPECIAL, np.uint8))
        missing = special | (bare & (first == 0x2E))
        if special.any():
            kinds = ", ".join(f".{chr(byte)}" for byte in np.unique(first[special]).tolist())
            place = Place(self.file, int(special.argmax()) + 1, self.name.decode("latin-1"), name)
            message = f"{int(special.sum())} special missing values ({kinds}) are read as blank"
            hint = "say the reason in --STAT and --REASND"
            self.issues.append(Issue("IX-XPT-024", "warning", place, message, hint))
        return found, missing


def _by_name(names: Sequence[str], columns: Sequence[Coded]) -> dict[str, Coded]:
    """Return the columns that are not blank; of two with one name, the cells of the second are laid over the first."""
    found: dict[str, Coded] = {}
    for name, column in zip(names, columns, strict=True):
        if name in found:
            pairs = zip(found[name].cells(), column.cells(), strict=True)
            found[name] = coded((above or below for below, above in pairs), len(column.codes))
        elif len(column.texts) > 1:
            found[name] = column
    return found


def _numbers(words: NDArray[np.uint64], missing: NDArray[np.bool_]) -> Coded:
    """Return the cells of some words; the text of each number is made once."""
    import numpy as np

    first, counts = _runs(words)
    present = ~missing[first]
    values, found = np.unique(words[first][present], return_inverse=True)
    places: dict[str | None, int] = {None: 0}
    known = [places.setdefault(number_text(number), len(places)) for number in from_ibm(values).tolist()]
    codes = np.zeros(len(first), np.uint16)
    codes[present] = np.array(known, np.uint16)[found]
    return Coded(list(places), codes.repeat(counts))


def _texts(column: NDArray[np.uint8], decode: Callable[[bytes], str]) -> Coded:
    """Return the cells of some octets; each text is decoded once."""
    import numpy as np

    cells = _cells(column)
    first, counts = _runs(cells)
    raw: dict[bytes, int] = defaultdict(count().__next__)
    codes = np.fromiter(map(raw.__getitem__, cells[first].tolist()), np.uint16, len(first))
    places: dict[str | None, int] = {None: 0}
    known = [places.setdefault(decode(cell.rstrip(b" \0")) or None, len(places)) for cell in raw]
    return Coded(list(places), np.array(known, np.uint16)[codes].repeat(counts))


def _runs(cells: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where cells that are alike begin, and how many there are: datasets are sorted, and much stands still."""
    import numpy as np

    first = np.append(0, (cells[1:] != cells[:-1]).nonzero()[0] + 1)
    return first, np.diff(first, append=len(cells))


def _cells(column: NDArray[np.uint8]) -> NDArray[np.bytes_]:
    """Return octets as one text a row, NULs at its end left out."""
    import numpy as np

    return np.ascontiguousarray(column).view(f"S{column.shape[1]}").reshape(-1)


def _next_member(data: bytes, start: int) -> int:
    found = data.find(MEMBER, start)
    while found >= 0 and found % LINE:
        found = data.find(MEMBER, found + 1)
    return found if found >= 0 else len(data)


def _not_version_5(data: bytes, file: str) -> Issue:
    if data.startswith(LIBRARY_V8):
        hint = "write it with the XPORT engine of version 5, as regulators ask"
        return Issue("IX-XPT-021", "error", Place(file), "is XPORT version 8, not 5", hint)
    if data.startswith(b"**COMPRESSED**"):
        return Issue("IX-XPT-022", "error", Place(file), "is a SAS CPORT file", "write it with the XPORT engine")
    return Issue("IX-XPT-020", "error", Place(file), "is not a SAS XPORT file", "check what the file is")


def _damaged(file: str) -> Issue:
    return Issue("IX-XPT-025", "error", Place(file), "its XPORT header is damaged", "get the file again")
