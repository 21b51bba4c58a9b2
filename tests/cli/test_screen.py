from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from interchange.cli.screen import console, counting

if TYPE_CHECKING:
    import pytest


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_for_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with counting("rows") as count:
        assert count is None
    assert sys.stderr.getvalue() == ""


def test_progress_counts_on_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    with counting("rows") as count:
        assert count is not None
        count(306)
        count(1503)
    assert "1,503 rows read" in sys.stderr.getvalue()


def test_a_pipe_has_120_columns_and_columns_can_say_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.delenv("COLUMNS", raising=False)
    assert console(stderr=False).width == 120
    monkeypatch.setenv("COLUMNS", "90")
    assert console(stderr=False).width == 90
