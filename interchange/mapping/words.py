"""Small texts inside a mapping file: guards, calls and ``PATH | CODEC`` lanes, from text to values."""

from __future__ import annotations

import re
import shlex
from functools import lru_cache

from interchange.fhir.path import PathError, parse_path
from interchange.mapping.model import Call, Guard, Lane, Test

_CALL = re.compile(r"^([a-z][\w-]*)(?:\((.*)\))?$", re.DOTALL)
_QUOTE = re.compile(r"['\"\\]")
_VARIABLE = r"[A-Z][A-Za-z0-9]*"
_TEST = re.compile(
    rf"^(?P<not>not )?(?:(?P<call>numeric|padded)\((?P<argument>{_VARIABLE})\)|(?P<variable>{_VARIABLE})"
    rf"(?:\s*=\s*(?:'(?P<equal>[^']*)'|(?P<same>{_VARIABLE}))| in (?P<among>.+))?)$"
)


class WordError(ValueError):
    """A text that cannot be read; the message says why."""


@lru_cache(maxsize=1 << 12)  # the domains of a class say the same
def parse_call(text: str) -> Call:
    """Return the call that a text spells.

    >>> parse_call("concept(sex)"), parse_call("dtc"), parse_call("ifset(AGE 'years old')").args
    (Call(name='concept', args=('sex',)), Call(name='dtc', args=()), ('AGE', 'years old'))
    """
    match = _CALL.match(text.strip())
    if match is None:
        raise WordError(f"`{text.strip()}` is no call such as `string` or `concept(sex)`")
    return Call(match[1], _texts(match[2].replace(",", " ")) if match[2] else ())


def _texts(text: str) -> tuple[str, ...]:
    """Texts with spaces between them, each of which may stand in quotes; shlex is slow to find that there are none."""
    return tuple(shlex.split(text) if _QUOTE.search(text) else text.split())


@lru_cache(maxsize=1 << 13)
def parse_lane(text: str) -> Lane:
    """Return the paths and codec of ``PATH [+ PATH] | CODEC``.

    >>> str(parse_lane("gender | concept(sex)"))
    'gender | concept(sex)'
    """
    path, bar, codec = text.rpartition(" | ")
    if not bar:
        raise WordError(f"`{text.strip()}` has no codec: write `PATH | CODEC`, such as `{text.strip()} | string`")
    try:
        return Lane(tuple(parse_path(part.strip()) for part in path.split(" + ")), parse_call(codec))
    except PathError as error:
        raise WordError(f"path `{path.strip()}`, column {error.column + 1}: {error}") from error


@lru_cache(maxsize=1 << 12)
def parse_guard(text: str) -> Guard:
    """Return the conditions of a guard, all of which must hold.

    >>> [str(t) for t in parse_guard("AEENDTC and not ARMCD in SCRNFAIL NOTASSGN and TSVALNF='NI'")]
    ['AEENDTC', 'not ARMCD in SCRNFAIL NOTASSGN', 'TSVALNF in NI']
    """
    tests = []
    for part in text.split(" and "):
        match = _TEST.match(part.strip())
        if match is None:
            raise WordError(
                f"`{part.strip()}` is no condition: write VAR, VAR='text', VAR=VAR, VAR in A B, numeric(VAR), "
                "padded(VAR), or `not`"
            )
        negated = bool(match["not"])
        if match["call"] == "numeric":
            tests.append(Test(match["argument"], "numeric", (), negated))
        elif match["call"]:
            tests.append(Test(match["argument"], "padded", (), negated))
        elif match["equal"] is not None:
            tests.append(Test(match["variable"], "in", (match["equal"],), negated))
        elif match["same"] is not None:
            tests.append(Test(match["variable"], "same", (match["same"],), negated))
        elif match["among"] is not None:
            tests.append(Test(match["variable"], "in", _texts(match["among"]), negated))
        else:
            tests.append(Test(match["variable"], "set", (), negated))
    return tuple(tests)
