"""The command line: one file a command. Data and ``--json`` go to standard output, all else to standard error.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done with issues under ``--strict``.
"""

from __future__ import annotations

from interchange.cli.app import app, main

__all__ = ["app", "main"]
