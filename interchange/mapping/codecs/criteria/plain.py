# ruff: noqa: RUF001 - full-width signs are meant
"""The plain text of a criterion, and the same as the registry's markdown."""

from __future__ import annotations

import re

_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~；。：])")
_BOLD = re.compile(r"(?<!\\)(\*\*|__)(?=\S)(.+?)(?<=[^\s\\])\1")
_TO_ESCAPE = re.compile(r"[\\*^<>\[\]~]|_(?=_)|(?<=_)_")


def cleaned(raw: str) -> str:
    r"""Return a text without markdown's escapes and bold signs, with single blanks, without the semicolon at its end.

    >>> cleaned("**Dose**  of 1x10\^9;")
    'Dose of 1x10^9'
    """
    text = _ESCAPED.sub(r"\1", _BOLD.sub(r"\2", " ".join(raw.split())))
    return text.rstrip(" ;；")


def escaped(text: str) -> str:
    r"""Return a text with markdown's escapes, as the registry writes them, and with single blanks.

    >>> print(escaped("1x10^9 [IU]"))
    1x10\^9 \[IU\]
    """
    return _TO_ESCAPE.sub(r"\\\g<0>", " ".join(text.split()))
