"""FHIR goes to SDTM and comes back leaf by leaf, with the remainder; and the remainder is what the ledger lost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interchange.engine.ledger import leaves
from interchange.engine.remainder.lines import encode_remainder
from interchange.fhir.read import CANONICAL, Reader
from interchange.issues import Issues
from interchange.runners.adapted import adapt_to_datasets
from interchange.runners.engines import ready_engines
from interchange.runners.local import datasets_to_resources, resources_to_datasets
from interchange.runners.remainder import merged, settled_datasets

from .resources import Resource, disturbed, foreign
from .test_rows_come_back import CALM
from .trips import RELEASES, project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interchange.fhir.elements import Release
    from interchange.runners.engines import Engines
    from interchange.runners.local import Datasets
    from interchange.sdtm.dataset import Dataset


def back_engines(release: Release, datasets: Sequence[Dataset]) -> Engines:
    """The engines that take datasets back."""
    return ready_engines(adapt_to_datasets(project(), datasets), release)


def there(resources: list[Resource], release: Release) -> tuple[list[Resource], Datasets]:
    """Resources as they were read, and what comes of them, with their remainder."""
    text = b"\n".join(map(CANONICAL, resources))
    records = list(Reader(text, Issues(), release)) if resources else []

    def back(datasets: Sequence[Dataset]) -> Engines:
        return back_engines(release, datasets)

    made = resources_to_datasets(ready_engines(project(), release), records, Issues(), back=back)
    return [record.resource for record in records], made


def again(made: Datasets, release: Release) -> tuple[list[Resource], Issues]:
    """The resources of datasets with their remainder, and what there is to say of them."""
    issues = Issues()
    datasets = settled_datasets([replace(d, rows=[dict(row) for row in d.rows]) for d in made.datasets])
    own = back_engines(release, datasets)
    assert made.remainder is not None
    return merged(own, datasets_to_resources(own, datasets, Issues()), datasets, made.remainder, issues), issues


def canonical(resources: list[Resource]) -> list[bytes]:
    return sorted(map(CANONICAL, resources))


@pytest.mark.parametrize("release", RELEASES)
@settings(CALM, max_examples=25)
@given(data=st.data())
def test_resources_come_back_leaf_by_leaf(release: Release, data: st.DataObject) -> None:
    resources, made = there(data.draw(foreign(release)), release)
    back, issues = again(made, release)
    assert canonical(back) == canonical(resources)
    assert not len(issues)


@settings(CALM, max_examples=25)
@given(data=st.data())
def test_wild_resources_come_back_leaf_by_leaf(data: st.DataObject) -> None:
    """JSON of the wrong kind in places is resources too."""
    release = data.draw(st.sampled_from(RELEASES))
    resources, made = there(data.draw(disturbed(release, wild=True)), release)
    back, _ = again(made, release)
    assert canonical(back) == canonical(resources)


@pytest.mark.parametrize("release", RELEASES)
@settings(CALM, max_examples=15)
@given(data=st.data())
def test_the_remainder_has_what_the_ledger_lost(release: Release, data: st.DataObject) -> None:
    """Two originals that rows make one of stand in the remainder, although each leaf of theirs is made once."""
    resources, made = there(data.draw(foreign(release)), release)
    assert made.remainder is not None
    assert made.ledger is not None
    counts = made.remainder.counts()
    assert sum(count.leaves for count in counts.values()) == made.ledger.leaves
    assert made.ledger.leaves == sum(path != "resourceType" for r in resources for path, _ in leaves(r))
    held = sum(count.remainder for count in counts.values())
    shared = [one for one in made.remainder.originals if one.whole is not None and one.rows]
    assert held == len(made.ledger.losses) or (shared and held > len(made.ledger.losses))


@settings(CALM, max_examples=10)
@given(data=st.data())
def test_the_same_resources_have_the_same_remainder(data: st.DataObject) -> None:
    drawn = data.draw(foreign("R5"))
    lines = [
        list(encode_remainder(made.remainder)) for _, made in (there(drawn, "R5"), there(drawn, "R5")) if made.remainder
    ]
    assert lines[0] == lines[1]


def change(data: st.DataObject, datasets: list[Dataset]) -> None:
    """Change, blank or delete something in the rows of datasets."""
    cells = [
        (dataset, at, name)
        for dataset in datasets
        if not dataset.name.startswith("SUPP") and isinstance(dataset.rows, list)
        for at, row in enumerate(dataset.rows)
        for name in row
        if name not in ("STUDYID", "USUBJID", "DOMAIN")
    ]
    for _ in range(data.draw(st.integers(1, 3)) if cells else 0):
        dataset, at, name = data.draw(st.sampled_from(cells))
        rows = dataset.rows
        if not isinstance(rows, list) or at >= len(rows):
            continue
        kind = data.draw(st.sampled_from(("change", "blank", "delete")))
        if kind == "change":
            rows[at][name] = data.draw(st.sampled_from(("x", "7", "2014-01-02", "Placebo")))
        elif kind == "blank":
            rows[at].pop(name, None)
        else:
            del rows[at]


@settings(CALM, max_examples=25)
@given(data=st.data())
def test_changed_rows_are_merged(data: st.DataObject) -> None:
    """Each resource is there once, and what has no row stays as it was."""
    release = data.draw(st.sampled_from(RELEASES))
    _, made = there(data.draw(foreign(release)), release)
    assert made.remainder is not None
    datasets = settled_datasets([replace(d, rows=[dict(row) for row in d.rows]) for d in made.datasets])
    change(data, datasets)
    own = back_engines(release, datasets)
    back = merged(own, datasets_to_resources(own, datasets, Issues()), datasets, made.remainder, Issues())
    names = [(resource["resourceType"], resource.get("id")) for resource in back]
    assert len(set(names)) == len(names)
    left = {CANONICAL(resource) for resource in back}
    assert all(CANONICAL(one.whole) in left for one in made.remainder.originals if one.whole and not one.rows)
