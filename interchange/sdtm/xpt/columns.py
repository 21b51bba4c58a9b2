"""The cells of a variable as an XPORT record holds them, and what cannot be held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.issues import Severity
from interchange.sdtm.chunks import REMEMBERED
from interchange.sdtm.dataset import holds, is_number
from interchange.sdtm.xpt.ibm import in_range, to_ibm

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from interchange.sdtm.blocks import Coded
    from interchange.sdtm.dataset import Variable

Problem = tuple[str, Severity, str, str]  # code, severity, message, hint

# A period and seven NUL: the number that is missing.
_MISSING = b".".ljust(8, b"\0")


class Column(dict[str | None, bytes]):
    """The bytes of each text, filled to one width, which grows as longer ones come.

    ``found`` lists row, text and problem of what cannot be held, by row.
    """

    fill = b" "

    def __init__(self, name: str, width: int, blank: bytes = b"") -> None:
        super().__init__()
        self.name = name
        self.width = width
        self.blank = blank
        self.bad: dict[str, list[Problem]] = {}
        self.found: list[tuple[int, str, Problem]] = []
        self.forget()

    def __missing__(self, text: str) -> bytes:
        data = self.stored(text)
        if len(data) > self.width:  # noqa: PLR1730 - max() takes longer, and this runs for every text
            self.width = len(data)
        self[text] = data = data.ljust(self.width, self.fill)
        return data

    def stored(self, text: str) -> bytes:
        """Return the bytes of a text; what cannot be held goes to ``bad``."""
        raise NotImplementedError

    def octets(self, cells: Coded, first: int) -> NDArray[np.void]:
        """Return the bytes of the cells of some rows, the first of which has the number ``first``."""
        import numpy as np

        if len(self) > REMEMBERED:
            self.forget()
        width = 0
        while width != self.width:
            width = self.width
            data = b"".join(map(self.__getitem__, cells.texts))
            if width != self.width:
                self.update({text: known.ljust(self.width, self.fill) for text, known in self.items()})
        if self.bad:
            self.found += self._found(cells, first)
        return np.frombuffer(data, f"V{width}").take(cells.codes)

    def _found(self, cells: Coded, first: int) -> Iterator[tuple[int, str, Problem]]:
        """Yield the cells of some rows that cannot be held, each with its problems."""
        import numpy as np

        bad = np.fromiter(map(self.bad.__contains__, cells.texts), bool, len(cells.texts))
        for place in bad[cells.codes].nonzero()[0].tolist():
            text = cells.texts[cells.codes[place]] or ""
            for problem in self.bad[text]:
                yield first + place, text, problem

    def forget(self) -> None:
        """Forget all texts but the blank ones."""
        self.clear()
        self.bad.clear()
        self[None] = self[""] = self.blank.ljust(self.width, self.fill)


class CharColumn(Column):
    """Text in the encoding of the file, filled with blanks."""

    def __init__(self, variable: Variable, encoding: str) -> None:
        super().__init__(variable.name, max(min(variable.length or 0, 200), 1))
        self.encoding = encoding

    def stored(self, text: str) -> bytes:
        """Return the encoded text."""
        try:
            data = text.encode(self.encoding)
        except UnicodeEncodeError:
            message = f"the value has a character {self.encoding} does not have"
            self.bad[text] = [("IX-XPT-006", "error", message, "write as utf-8")]
            return b""
        if len(data) > 200 or "\0" in text or data.endswith(b" "):
            self.bad[text] = _problems(text, data)
        return data[:200]


def _problems(text: str, data: bytes) -> list[Problem]:
    problems: list[Problem] = []
    if len(data) > 200:
        message = f"the value has {len(data)} bytes, XPORT holds 200"
        hint = "shorten it, or carry the rest in SUPP-- or TSVAL1 and on"
        problems.append(("IX-XPT-005", "error", message, hint))
    if "\0" in text:
        problems.append(("IX-XPT-014", "error", "the value has a NUL, where readers stop", "take it out"))
    if data.endswith(b" "):
        message = "trailing blanks cannot be held; the value reads back without them"
        problems.append(("IX-XPT-009", "warning", message, "trim the value"))
    return problems


class NumColumn(Column):
    """Numbers of 8 bytes, or of the variable's length where that loses nothing."""

    fill = b"\0"

    def __init__(self, variable: Variable) -> None:
        short = variable.length if variable.length and 2 <= variable.length < 8 else 8
        self.short = short
        super().__init__(variable.name, short, _MISSING[:short])

    def stored(self, text: str) -> bytes:
        """Return the number as an IBM double."""
        data = to_ibm(self.number(text))
        return data if any(data[self.short :]) else data[: self.short]

    def number(self, text: str) -> float:
        """Return the float of a number that XPORT can hold, 0 for any other."""
        if not is_number(text):
            hint = "mend it, or make the variable Char"
            self.bad[text] = [("IX-XPT-007", "error", "not a number in a Num variable", hint)]
            return 0.0
        number = float(text)
        if not in_range(number) or (number == 0 and text.lower().partition("e")[0].strip("+-0.")):
            message = "the number is outside XPORT's 5.4e-79 to 7.2e75"
            self.bad[text] = [("IX-XPT-008", "error", message, "change its unit")]
            return 0.0
        if not holds(number, text):
            message = "the number has more digits than XPORT holds; it reads back rounded"
            self.bad[text] = [("IX-XPT-010", "warning", message, "keep the text in a Char variable")]
        return number
