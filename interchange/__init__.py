"""Clinical trial data between HL7 FHIR and CDISC SDTM, both ways, from one set of mapping files.

>>> import interchange
>>> sorted(n for n in interchange.__all__ if n.startswith("to_"))
['to_fhir', 'to_registry', 'to_sdtm', 'to_usdm']
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from interchange.version import __version__

if TYPE_CHECKING:
    from interchange.api import stream_sdtm, to_fhir, to_sdtm, trace
    from interchange.engine.remainder.model import Remainder
    from interchange.engine.traced import Trace
    from interchange.issues import (
        InterchangeError,
        Issue,
        Issues,
        MappingError,
        Place,
        RunnerError,
        SourceError,
        TargetError,
    )
    from interchange.results import Batch, FhirResult, RoundTrip, SdtmResult, TreeResult
    from interchange.sdtm.dataset import Dataset, Variable
    from interchange.studies import to_registry, to_usdm
    from interchange.trips import roundtrip

__all__ = [
    "Batch",
    "Dataset",
    "FhirResult",
    "InterchangeError",
    "Issue",
    "Issues",
    "MappingError",
    "Place",
    "Remainder",
    "RoundTrip",
    "RunnerError",
    "SdtmResult",
    "SourceError",
    "TargetError",
    "Trace",
    "TreeResult",
    "Variable",
    "__version__",
    "roundtrip",
    "stream_sdtm",
    "to_fhir",
    "to_registry",
    "to_sdtm",
    "to_usdm",
    "trace",
]

_HOMES = {
    "interchange.engine.remainder.model": {"Remainder"},
    "interchange.engine.traced": {"Trace"},
    "interchange.sdtm.dataset": {"Dataset", "Variable"},
    "interchange.api": {"stream_sdtm", "to_fhir", "to_sdtm", "trace"},
    "interchange.results": {"Batch", "FhirResult", "RoundTrip", "SdtmResult", "TreeResult"},
}
_HOMES["interchange.studies"] = {"to_registry", "to_usdm"}
_HOMES["interchange.trips"] = {"roundtrip"}
_HOMES["interchange.issues"] = {n for n in __all__ if n.endswith("Error")} | {"Issue", "Issues", "Place"}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for, so that importing the package costs little."""
    from importlib import import_module

    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
