"""The remainder of a conversion in memory: kept on the way to SDTM, merged on the way back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from interchange.engine.remainder.build import keep_remainder
from interchange.engine.remainder.lines import FILE
from interchange.engine.remainder.merge import merge_remainder
from interchange.engine.remainder.rows import as_written
from interchange.fhir.elements import elements
from interchange.fhir.write import ordered
from interchange.issues import Issue, Place, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from interchange.engine.forward import Found
    from interchange.engine.ledger import Ledger
    from interchange.engine.ops import Resource
    from interchange.engine.remainder.model import Remainder
    from interchange.engine.shelf import ResourceShelf
    from interchange.fhir.elements import Release
    from interchange.fhir.read import Record
    from interchange.issues import Issues
    from interchange.runners.engines import Engines
    from interchange.runners.local import Resources
    from interchange.sdtm.dataset import Dataset


def settled_datasets(datasets: Sequence[Dataset]) -> list[Dataset]:
    """Return datasets with their rows as any file gives them back, so that a format makes no difference."""
    return [replace(dataset, rows=as_written(dataset)) for dataset in datasets]


def check_remainder(remainder: Remainder, release: Release) -> None:
    """Stop with SourceError IX-REM-003 where a remainder is of another release than is wanted."""
    if remainder.release != release:
        message = f"the remainder is of FHIR {remainder.release}, and so are its originals"
        hint = f"convert to {remainder.release}, or without the remainder"
        raise SourceError(Issue("IX-REM-003", "error", Place(), message, hint))


def beyond_memory() -> Issue:
    """What there is to say where a source is too large for the budget of memory, and its remainder is wanted."""
    message = "the remainder is kept in memory, so that the source is not converted in parts"
    return Issue("IX-REM-007", "info", Place(), message, "without a remainder the budget of memory holds")


def unasked_remainders(paths: Iterable[str]) -> Iterator[Issue]:
    """Yield what there is to say of folders of datasets in which a remainder lies that was not asked for."""
    for path in paths:
        if (Path(path) / FILE).is_file():
            message = f"a {FILE} lies beside the datasets and is not used"
            hint = "give it as the remainder to get the originals back"
            yield Issue("IX-REM-006", "info", Place(path), message, hint)


def remainder_of(
    engines: Engines,
    shelf: ResourceShelf,
    records: Sequence[Record],
    found: Mapping[str, Sequence[Found]],
    back: Resources,
) -> tuple[Remainder, Ledger]:
    """Return what SDTM could not hold of records, and the ledger of it.

    ``found`` are the rows of the records, ``back`` the resources of the datasets that the rows are, as files give them.
    """
    kept = keep_remainder(engines.plan, shelf, records, found, back.written, back.resources)
    return kept.remainder(engines.plan.release), kept.ledger


def merged(
    engines: Engines, made: Resources, datasets: Sequence[Dataset], remainder: Remainder, issues: Issues
) -> list[Resource]:
    """Return the resources of datasets with the remainder of their originals, each with its keys in order."""
    numeric = {d.name: frozenset(v.name for v in d.variables if v.type == "Num") for d in datasets}
    resources = merge_remainder(remainder, engines.forward, made.resources, made.written, numeric, issues)
    table = elements(engines.plan.release)
    return [ordered(resource, table) for resource in resources]
