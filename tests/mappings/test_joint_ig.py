"""The FHIR to CDISC joint mapping guide, run: every probe gives the cells that it must.

Probes and elements lie in tests/joint_ig; docs/joint-ig.md, made by tools/joint_ig.py, shows them.
"""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from interchange.api import to_sdtm

ROOT = Path(__file__).parents[2]
Row = dict[str, str]


def _tool() -> Any:
    spec = importlib.util.spec_from_file_location("joint_ig", ROOT / "tools" / "joint_ig.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["joint_ig"] = module
    spec.loader.exec_module(module)
    return module


GUIDE = _tool()


@cache
def datasets(release: str) -> dict[str, list[Row]]:
    """The datasets of all probes of a release, converted in one go."""
    made = to_sdtm(GUIDE.resources_of(release), fhir_version=release, engine="interpreted", ledger=False)  # type: ignore[arg-type]
    return {dataset.name: dataset.rows for dataset in made.datasets}


@pytest.mark.parametrize("probe", GUIDE.read_probes(), ids=lambda probe: probe.slug)
def test_a_probe_gives_its_cells(probe: Any) -> None:
    for name, expected in probe.expect.items():
        rows = [row for row in datasets(probe.release).get(name, []) if GUIDE.belongs(row, probe)]
        for wanted in expected:
            assert any(GUIDE.holds(row, wanted) for row in rows), f"{probe.place}: no {name} {wanted} in {rows}"


def test_every_probe_has_a_subject_of_its_own() -> None:
    slugs = [probe.slug for probe in GUIDE.read_probes()]
    assert len(set(slugs)) == len(slugs)


def test_every_element_has_a_probe_or_a_reason() -> None:
    elements = {element.id: element for element in GUIDE.read_elements()}
    probed = {id_ for probe in GUIDE.read_probes() for id_ in probe.elements}
    assert probed == {id_ for id_, element in elements.items() if not element.why}
    assert all(bool(element.home) != bool(element.why) for element in elements.values())


def test_a_probe_expects_the_variable_of_its_elements() -> None:
    homes = {element.id: element.home for element in GUIDE.read_elements()}
    for probe in GUIDE.read_probes():
        names = {f"{name.removeprefix('SUPP')}.{v}" for name, rows in probe.expect.items() for row in rows for v in row}
        names |= {
            f"{n.removeprefix('SUPP')}.{r['QNAM']}" for n, rows in probe.expect.items() for r in rows if "QNAM" in r
        }
        names |= {f"TS.{row['TSPARMCD']}" for row in probe.expect.get("TS", ())}
        if len(probe.elements) == 1:
            assert homes[probe.elements[0]] in names, probe.place


def test_the_page_is_up_to_date() -> None:
    assert GUIDE.DOC.read_text(encoding="utf-8") == GUIDE.doc(), "run: python tools/joint_ig.py"
