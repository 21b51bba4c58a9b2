"""How a cell is held: by the way that it was written by, as lowered on the release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from interchange.engine.backward import Backward
from interchange.engine.forward import Forward
from interchange.engine.held import extension_rank
from interchange.engine.planner import plan_project
from interchange.engine.settle import Tally
from interchange.fhir.lower import Condition, Filter, Get, Op
from interchange.mapping.load import load_project

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from interchange.engine.plan import Plan

Row = dict[str, str]
KEYS: Row = {"STUDYID": "S1", "USUBJID": "S1-001"}
DM: Row = KEYS | {"DOMAIN": "DM", "SUBJID": "001"}
LB: Row = KEYS | {"DOMAIN": "LB", "LBSEQ": "1", "LBTESTCD": "GLUC", "LBTEST": "Glucose"}
VS: Row = KEYS | {"DOMAIN": "VS", "VSSEQ": "1", "VSTESTCD": "SYSBP", "VSTEST": "Systolic Blood Pressure"}
DS: Row = KEYS | {"DOMAIN": "DS", "DSSEQ": "1", "DSTERM": "COMPLETED", "DSDECOD": "COMPLETED"}
CM: Row = KEYS | {"DOMAIN": "CM", "CMSEQ": "1", "CMTRT": "ASPIRIN"}
PUBLISHED = "http://hl7.org/fhir/StructureDefinition/x"
FOREIGN = "http://interchange.example/fhir/StructureDefinition/x"
NATIVE, EXTENSION, RESIDUAL = Tally(native=1), Tally(extension=1), Tally(residual=1)


def held(plan: Plan, domain: str, row: Row, *others: tuple[str, Row]) -> dict[str, Tally]:
    back = Backward(plan, Forward(plan))
    back.convert({domain: [row], **{name: [other] for name, other in others}})
    assert len(back.issues) == 0
    return back.settled[domain].tallies()


def extension(url: str) -> tuple[Op, ...]:
    return (Get("extension", many=True), Filter((Condition((Get("url", many=False),), url),)))


@pytest.mark.parametrize(
    ("ops", "rank"),
    [
        ((Get("code", many=False),), 0),
        (extension(PUBLISHED), 1),
        (extension(FOREIGN), 2),
        (extension(PUBLISHED) + extension("part"), 1),  # a part of an extension has a name, no URL
        (extension(FOREIGN) + extension("part"), 2),
        (extension(PUBLISHED) + extension(FOREIGN), 2),
        ((Get("coding", many=True), Filter((Condition((Get("system", many=False),), FOREIGN),))), 0),
        ((Get("x", many=True), Filter((Condition((Get("url", many=False),), FOREIGN),))), 0),  # no extension
    ],
)
def test_a_path_ranks_as_its_worst_extension(ops: Sequence[Op], rank: int) -> None:
    assert extension_rank(ops) == rank


@pytest.mark.parametrize(
    ("domain", "row", "variable", "five", "four"),
    [
        ("DM", DM | {"SEX": "F"}, "SEX", NATIVE, NATIVE),
        ("DM", DM | {"RACE": "ASIAN"}, "RACE", EXTENSION, EXTENSION),
        ("DM", DM | {"RFSTDTC": "2014-01-02"}, "RFSTDTC", NATIVE, EXTENSION),  # progress is new in R5
        ("DM", DM | {"RFSTDTC": "2014-01-02T10:00"}, "RFSTDTC", RESIDUAL, RESIDUAL),
        ("DM", DM | {"ARMCD": "Pbo", "ARM": "Placebo"}, "ARM", NATIVE, NATIVE),
        ("DM", DM | {"ARMCD": "Pbo", "ARM": "Placebo"}, "ARMCD", NATIVE, EXTENSION),  # R4B's arm has a name alone
        ("DM", DM | {"SITEID": "701"}, "SITEID", NATIVE, NATIVE),
        ("DS", DS, "DSTERM", NATIVE, EXTENSION),  # the whole level stands in an extension
        ("LB", LB | {"LBORRES": "5", "LBORRESU": "mg/dL", "LBSTRESC": "7", "LBSTRESU": "g/L"}, "LBSTRESC", *[EXTENSION] * 2),
        ("LB", LB | {"LBORRES": "POS", "LBSTRESC": "POSITIVE"}, "LBSTRESC", NATIVE, NATIVE),
        ("LB", LB | {"LBORRES": "many", "LBSTRESC": "3"}, "LBSTRESC", EXTENSION, EXTENSION),  # the weight of a concept
        ("LB", LB | {"LBSPEC": "BLOOD", "LBDTC": "2014-01-02", "LBORRES": "5"}, "LBSPEC", NATIVE, NATIVE),
        ("VS", VS | {"VSORRES": "1", "VSLOC": "ARM"}, "VSLOC", NATIVE, NATIVE),
        ("VS", VS | {"VSORRES": "1", "VSLOC": "ARM", "VSLAT": "LEFT"}, "VSLOC", NATIVE, EXTENSION),  # a BodyStructure
        ("VS", VS | {"VSORRES": "1", "VSTPT": "1 h", "VSTPTNUM": "1"}, "VSTPT", NATIVE, NATIVE),
        ("VS", VS | {"VSORRES": "1", "VSTPT": "1 h", "VSTPTNUM": "1", "VSELTM": "PT1H"}, "VSELTM", *[EXTENSION] * 2),
    ],
)  # fmt: skip
def test_a_cell_is_held_by_the_way_that_it_was_written_by(
    r5: Plan, r4b: Plan, domain: str, row: Row, variable: str, five: Tally, four: Tally
) -> None:
    assert held(r5, domain, row)[variable] == five
    assert held(r4b, domain, row)[variable] == four


def test_extensions_of_this_project_are_residual(tmp_path: Path) -> None:
    path = "subject.resolve(subject).extension(%row).value.ofType(string) | string"
    (tmp_path / "dm.yaml").write_text(f"extends: dm.yaml\nrules:\n  COUNTRY: {path}\n")
    plan = plan_project(load_project(tmp_path, None), "R5")
    assert held(plan, "DM", DM | {"COUNTRY": "USA"})["COUNTRY"] == RESIDUAL


def test_what_names_a_record_is_derived_of_it(r5: Plan) -> None:
    row = KEYS | {"DOMAIN": "CO", "RDOMAIN": "CM", "COSEQ": "1", "IDVAR": "CMSEQ", "IDVARVAL": "1", "COVAL": "a note"}
    tallies = held(r5, "CO", row, ("CM", CM))
    assert tallies["COVAL"] == NATIVE
    assert tallies["IDVAR"] == tallies["IDVARVAL"] == tallies["RDOMAIN"] == Tally(derived=1)
