"""Static checks of mapping files: what is wrong is said before any data is seen, with file, line and a hint."""

from __future__ import annotations

from interchange.engine.lint.catalogue import CHECKS, Check
from interchange.engine.lint.files import lint_files
from interchange.engine.lint.project import lint_project

__all__ = ["CHECKS", "Check", "lint_files", "lint_project"]
