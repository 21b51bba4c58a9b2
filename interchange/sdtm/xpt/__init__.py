"""SAS XPORT version 5, read and written record by record (SAS technical note TS-140)."""

from interchange.sdtm.xpt.read import is_xpt, read_xpt
from interchange.sdtm.xpt.write import write_xpt

__all__ = ["is_xpt", "read_xpt", "write_xpt"]
