"""Lookups: codes beside the dataset's own, none where two fit."""

from __future__ import annotations

import pytest

from interchange.engine.bench import ResourceBench
from interchange.engine.planner import plan_project
from interchange.issues import MappingError
from interchange.mapping.codecs.base import CodecError, Tools
from interchange.mapping.load import load_project, shipped_mappings
from interchange.mapping.lookups import Ground, Lookup, bind_lookup
from interchange.mapping.terminology import read_terminology
from interchange.mapping.words import parse_call

PLACES = [str(shipped_mappings())]
SYSTEMS = {"loinc": "http://loinc.org"}


def bound(text: str, domain: str = "") -> Lookup:
    return bind_lookup(parse_call(text), Ground(Tools("R5", SYSTEMS, PLACES), read_terminology(PLACES), domain=domain))


LOINC = bound(
    "fit(loinc-lb LBLOINC LBRESSCL=QUANTITATIVE LBTESTCD LBSPEC LBORRESU~ LBMETHOD? LBANMETH? LBPOS? LBLOC? LBFAST? "
    "LBTPT? LBPDUR? LBLLOD? LBTSTCND? LBTMTHSN? LBTSTOPO?)"
)


def serum(test: str, unit: str, **more: str) -> dict[str, str]:
    return {"LBTESTCD": test, "LBSPEC": "SERUM", "LBORRESU": unit, **more}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (serum("GLUC", "mg/dL"), "2345-7"),  # Glucose [Mass/volume] in Serum or Plasma
        (serum("GLUC", "g/L"), "2345-7"),  # of a kind with mg/dL
        (serum("GLUC", "mmol/L"), "14749-6"),  # Glucose [Moles/volume] in Serum or Plasma
        (serum("GLUC", "mg/dL", LBFAST="Y"), "1558-6"),  # Fasting glucose: it says more than 2345-7
        (serum("SODIUM", "mEq/L"), "2951-2"),  # LOINC counts equivalents as substance
        (serum("ALB", "g/dL"), "1751-7"),
        (serum("GLUC", "%"), None),  # no LOINC of that kind of unit
        (serum("GLUC", ""), None),
        ({"LBTESTCD": "GLUC", "LBORRESU": "mg/dL"}, None),  # of which specimen?
        (serum("NOTEST", "mg/dL"), None),
        ({}, None),
    ],
)
def test_a_loinc_is_added_where_one_fits(row: dict[str, str], code: str | None) -> None:
    assert LOINC(row) == code
    assert LOINC(row) == code  # from memory


def test_of_two_that_fit_none_is_taken(tmp_path) -> None:
    folder = tmp_path / "terminology"
    folder.mkdir()
    (folder / "t.csv").write_text("OUT,A,B,C\n1,x,,\n2,y,p,\n3,y,,q\n4,y,,\n5,z,p,\n6,z,p,\n", encoding="utf-8")
    fit = bind_lookup(
        parse_call("fit(t OUT A B? C?)"), Ground(Tools("R5", {}, [str(tmp_path)]), read_terminology(PLACES))
    )
    assert fit({"A": "x", "B": "p", "C": "q"}) == "1"
    assert fit({"A": "y", "B": "p"}) == "2"
    assert fit({"A": "y", "C": "q"}) == "3"
    assert fit({"A": "y"}) == "4"
    assert fit({"A": "y", "B": "p", "C": "q"}) is None  # one says B, the other C
    assert fit({"A": "z", "B": "p"}) is None  # two say the same


def test_a_term_has_the_code_of_the_codelist_that_the_guide_binds() -> None:
    assert bound("term(PPTESTCD)", "PP")({"PPTESTCD": "CMAX"}) == "C70918"
    assert bound("term(PPTESTCD PKPARMCD)")({"PPTESTCD": "CMAX"}) == "C70918"
    assert bound("term(VSTESTCD)", "VS")({"VSTESTCD": "sysbp"}) is None
    assert bound("term(QSTESTCD)", "QS")({"QSTESTCD": "SYSBP"}) is None  # the guide binds none


def test_a_coding_is_the_one_that_the_map_writes() -> None:
    systolic = bound("coding(vs-test %loinc VSTESTCD)")
    assert systolic({"VSTESTCD": "SYSBP"}) == "8480-6"
    assert systolic({"VSTESTCD": "PULSE"}) is None  # by palpation, or by oximetry
    assert systolic({}) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("guess(VSTESTCD)", "no lookup `guess`"),
        ("term()", "takes a variable"),
        ("coding(vs-test VSTESTCD)", "takes a code map, a system and a variable"),
        ("coding(vs-test %nowhere VSTESTCD)", "no system"),
        ("fit(loinc-lb LBLOINC)", "takes a table"),
        ("fit(loinc-lb LBLOINC lbtestcd)", "goes by VAR"),
        ("fit(loinc-lb LBLOINC LBUNIT~)", "no column LBUNIT"),
    ],
)
def test_a_lookup_that_cannot_be_bound_says_why(text: str, said: str) -> None:
    with pytest.raises(CodecError, match=said):
        bound(text)


def test_a_lookup_gives_a_text(tmp_path) -> None:
    rows = "rows:\n  result:\n    emit:\n      value.ofType(integer): {lookup: term(VSTESTCD)}\n"
    (tmp_path / "vs.yaml").write_text(f"extends: vs.yaml\n{rows}", encoding="utf-8")
    with pytest.raises(MappingError, match="IX-LOOKUP-001"):
        plan_project(load_project(tmp_path), "R5")


def test_of_constants_at_one_path_the_first_that_holds_is_written(tmp_path) -> None:
    rows = """
rows:
  result:
    emit:
      Observation.language:
        - {lookup: term(VSTESTCD), when: VSORRES}
        - {value: de, when: VSLOC}
        - en
"""
    (tmp_path / "vs.yaml").write_text(f"extends: vs.yaml\n{rows}", encoding="utf-8")
    project = load_project(tmp_path)
    plan = plan_project(project, "R5")
    bench = ResourceBench(plan)
    source = plan.mappings["VS"].sources[0]
    emits = [emit for emit in source.emit if str(emit.path.ops[-1]).find("language") >= 0]

    def written(row: dict[str, str]) -> dict[str, str]:
        resource: dict[str, str] = {}
        bench.emit(emits, [resource], row)
        return resource

    assert written({"VSTESTCD": "TEMP", "VSORRES": "37", "VSLOC": "EAR"}) == {"language": "C174446"}
    assert written({"VSTESTCD": "WARMTH", "VSORRES": "37", "VSLOC": "EAR"}) == {"language": "de"}
    assert written({"VSTESTCD": "TEMP"}) == {"language": "en"}
