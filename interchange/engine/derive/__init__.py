"""Derivations: cells that SDTM computes from other cells. A stored value wins; a derivation fills gaps.

Each takes the rows of one dataset (or side table), in order, and the arguments of its call in the mapping file, and
gives one text or nothing a row. SDTMIG sections are named at each.
"""

from interchange.engine.derive.base import Column, Row, Setting
from interchange.engine.derive.registry import DERIVATIONS
from interchange.engine.derive.run import Part, derive_parts, derive_rows

__all__ = ["DERIVATIONS", "Column", "Part", "Row", "Setting", "derive_parts", "derive_rows"]
