"""Rows into datasets: variables in the guide's order, supplemental qualifiers split off."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from interchange.sdtm.aligned import padded
from interchange.sdtm.dataset import Dataset
from interchange.sdtm.spill import SpilledRows
from interchange.sdtm.standard import shape, standard
from interchange.sdtm.suppqual import Joined, SuppVariable, split

if TYPE_CHECKING:
    from collections.abc import Iterator

    from interchange.engine.declared import Declared
    from interchange.engine.plan import Plan
    from interchange.mapping.model import Mapping
    from interchange.sdtm.dataset import Rows


def to_datasets(plan: Plan, mapping: Mapping, rows: Rows, declared: Declared) -> Iterator[Dataset]:
    """Yield the dataset of a domain's rows and, where it has any, that of its supplemental qualifiers."""
    domain = mapping.domain
    before = declared.datasets.get(domain)
    if not len(rows) and before is None:
        return
    rows = padded(rows, declared.widths.get(domain, {}))
    spec = standard(plan.project.settings["sdtmig"]).dataset(domain)
    joined = declared.joins.get(domain)
    used = names_of(rows)
    qualifiers = qualifiers_of(mapping, joined, set(used) - {v.name for v in before.variables} if before else set(used))
    names = {v.qnam for v in qualifiers}
    if before is not None:
        known = {v.name for v in before.variables}
        extra = [v for v in shape([used], spec, before.variables) if v.name in used]
        added = [v for v in extra if v.name not in known and v.name not in names]
        own = replace(before, variables=[*before.variables, *added], rows=rows)
    else:
        plain = {name: "" for name in used if name not in names}
        own = Dataset(domain, spec.label if spec else domain, shape([plain], spec), rows)
    own = described(own, plan)
    idvar = "" if spec is None or f"{domain}SEQ" not in {v.name for v in own.variables} else f"{domain}SEQ"
    parent, supp = split(own, qualifiers, idvar, described=joined.supp if joined else None)
    yield parent
    if joined is not None:
        supp_rows = [*supp.rows, *joined.leftovers]
        if len(joined.order) == len(supp_rows):
            supp_rows = [row for _, row in sorted(zip(joined.order, supp_rows, strict=True), key=lambda pair: pair[0])]
        yield replace(supp, rows=supp_rows)
    elif len(supp.rows):
        yield supp


def names_of(rows: Rows) -> dict[str, str]:
    """Return the variables that rows have, in the order in which they come up, each with a blank."""
    return dict.fromkeys(rows.names if isinstance(rows, SpilledRows) else chain.from_iterable(rows), "")


def described(dataset: Dataset, plan: Plan) -> Dataset:
    """Return a dataset with the keys that the guide gives it, where it has none of its own, and its rows' study."""
    spec = standard(plan.project.settings["sdtmig"]).dataset(dataset.name)
    study = next((row["STUDYID"] for row in dataset.rows if "STUDYID" in row), dataset.study)
    return replace(dataset, keys=dataset.keys or (spec.keys if spec else ()), study=study)


def qualifiers_of(mapping: Mapping, joined: Joined | None, used: set[str]) -> list[SuppVariable]:
    """Return the variables of a domain that go into its supplemental dataset: declared ones, then the mapping's own.

    ``used`` are the variables of the rows, but for those that the dataset declared as its own.
    """
    found = {v.qnam: v for v in joined.variables} if joined else {}
    for qnam, supp in mapping.supp.items():
        if qnam in used:
            found.setdefault(qnam, SuppVariable(qnam, supp.label, supp.orig, supp.eval))
    return list(found.values())
