"""Runs the command line: ``python -m interchange``."""

from __future__ import annotations

from interchange.cli import main

main()
