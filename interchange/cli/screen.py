"""What commands write on: standard output for data, standard error for messages and progress."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType

WIDTH = 120
EVERY = 200


def console(*, stderr: bool) -> Console:
    """A console without markup, as wide as the terminal; 120 columns in a pipe, where COLUMNS does not say else."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else WIDTH
    return Console(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)


def show(blocks: list[RenderableType], *, stderr: bool) -> None:
    """Print tables and lines, one below the other."""
    screen = console(stderr=stderr)
    for block in blocks:
        screen.print(block)


@contextmanager
def counting(what: str) -> Iterator[Callable[[int], None] | None]:
    """A call that shows how many of something are read, while the block runs; None where nobody looks.

    Progress is for a terminal only, and goes when the block ends.
    """
    if not sys.stderr.isatty():
        yield None
        return
    with console(stderr=True).status(f"reading {what}") as status:
        shown = 0

        def count(number: int) -> None:
            nonlocal shown
            if number >= shown + EVERY:
                shown = number
                status.update(f"{number:,} {what} read")

        yield count
