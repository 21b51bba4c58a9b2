from __future__ import annotations

from typing import TYPE_CHECKING, Any

from interchange.engine.forward import Forward, Found, fill_name, in_order
from interchange.engine.residual import Kept, keep_cells, keep_rows
from interchange.engine.shelf import shelve

if TYPE_CHECKING:
    from interchange.engine.plan import Plan

Json = dict[str, Any]
CELLS = "http://interchange.example/fhir/StructureDefinition/sdtm-cells"
ROW = "http://interchange.example/fhir/StructureDefinition/sdtm-row"


def study(**more: Any) -> Json:
    identifier = [{"system": "urn:cdisc:sdtm:STUDYID", "value": "S1"}]
    return {"resourceType": "ResearchStudy", "id": "s", "identifier": identifier, **more}


def rows(plan: Plan, domain: str, *resources: Json) -> list[dict[str, str]]:
    return [f.row for f in Forward(plan).rows(plan.mappings[domain], shelve(plan, resources))]


def of(code: str, found: list[dict[str, str]]) -> list[dict[str, str]]:
    return [row for row in found if row["TSPARMCD"] == code]


def test_a_parameter_is_a_row(r5: Plan) -> None:
    assert of("TITLE", rows(r5, "TS", study(title="A trial"))) == [
        {
            "STUDYID": "S1",
            "DOMAIN": "TS",
            "TSSEQ": "1",
            "TSPARMCD": "TITLE",
            "TSPARM": "Trial Title",
            "TSVAL": "A trial",
        }
    ]


def test_values_of_a_parameter_are_numbered(r5: Plan) -> None:
    found = of("INDIC", rows(r5, "TS", study(condition=[{"text": "B"}, {"text": "A"}])))
    assert [(row["TSSEQ"], row["TSVAL"]) for row in found] == [("1", "B"), ("2", "A")]


def test_a_wanted_parameter_without_a_value_has_a_null_flavor(r5: Plan) -> None:
    found = rows(r5, "TS", study())
    assert of("TBLIND", found)[0]["TSVALNF"] == "NI"
    assert "TSVAL" not in of("TBLIND", found)[0]
    assert of("TITLE", found) == []


def test_a_null_flavor_may_depend_on_another_parameter(r5: Plan) -> None:
    recruiting = study(progressStatus=[{"state": {"coding": [{"code": "recruiting"}]}}])
    assert of("SENDTC", rows(r5, "TS", recruiting))[0]["TSVALNF"] == "NAV"
    assert of("SENDTC", rows(r5, "TS", study()))[0]["TSVALNF"] == "NI"


def test_null_flavors_that_were_not_in_the_dataset_stay_away(r5: Plan) -> None:
    own = study()
    keep_cells(own, CELLS, fill_name(r5.mappings["TS"].mapping), Kept(absent=True))
    assert [row["TSPARMCD"] for row in rows(r5, "TS", own)] == ["SDTIGVER", "SDTMVER"]


def test_a_long_value_is_spread_over_variables(r5: Plan) -> None:
    found = of("TITLE", rows(r5, "TS", study(title="x" * 150 + " " + "y" * 150)))[0]
    assert (found["TSVAL"], found["TSVAL1"]) == ("x" * 150, " " + "y" * 150)


def test_what_is_kept_beside_a_row_wins(r5: Plan) -> None:
    own = study(title="A trial")
    keep_cells(own, CELLS, "TS/TITLE", Kept({"TSVAL": "another", "TSGRPID": "g"}, {"TSPARM"}))
    found = of("TITLE", rows(r5, "TS", own))[0]
    assert (found["TSVAL"], found["TSGRPID"]) == ("another", "g")
    assert "TSPARM" not in found


def test_pieces_that_are_kept_are_not_cut_again(r5: Plan) -> None:
    own = study(title="x" * 300)
    keep_cells(own, CELLS, "TS/TITLE", Kept({"TSVAL": "x" * 300}, {"TSVAL1"}))
    found = of("TITLE", rows(r5, "TS", own))[0]
    assert found["TSVAL"] == "x" * 300
    assert "TSVAL1" not in found


def test_an_absent_row_is_not_read(r5: Plan) -> None:
    own = study(title="A trial")
    keep_cells(own, CELLS, "TS/TITLE", Kept(absent=True))
    assert of("TITLE", rows(r5, "TS", own)) == []


def test_a_row_that_was_kept_whole_comes_as_it_is(r5: Plan) -> None:
    own = study()
    keep_rows(own, ROW, "TI", [Kept({"STUDYID": "S1", "TIVERS": "2"})])
    assert rows(r5, "TI", own) == [{"STUDYID": "S1", "TIVERS": "2"}]


def test_a_whole_row_may_lack_its_parameter(r5: Plan) -> None:
    own = study()
    keep_rows(own, ROW, "TS", [Kept({"STUDYID": "S1"})])
    assert {"STUDYID": "S1"} in rows(r5, "TS", own)


def test_an_element_used_twice_is_one_row(r5: Plan) -> None:
    action = {"id": "SCRN", "title": "Screen"}
    plans = [
        {
            "resourceType": "PlanDefinition",
            "id": i,
            "type": {"coding": [{"code": "clinical-protocol"}]},
            "action": [{"action": [dict(action)]}],
        }
        for i in "ab"
    ]
    own = study(protocol=[{"reference": "PlanDefinition/a"}, {"reference": "PlanDefinition/b"}])
    assert [row["ETCD"] for row in rows(r5, "TE", own, *plans)] == ["SCRN"]


def test_disagreement_with_a_derivation_is_counted(r5: Plan) -> None:
    subject = {
        "resourceType": "ResearchSubject",
        "id": "r",
        "study": {"reference": "ResearchStudy/s"},
        "subject": {"reference": "Patient/p"},
        "identifier": [{"system": "urn:cdisc:sdtm:SUBJID", "value": "7"}],
    }
    patient = {"resourceType": "Patient", "id": "p", "identifier": [{"value": "S1-001"}]}
    forward = Forward(r5)
    found = forward.rows(r5.mappings["DM"], shelve(r5, [study(), subject, patient]))
    assert found[0].row["SUBJID"] == "7"
    assert forward.disagreements == {"DM.SUBJID": 1}


def test_order_is_by_number_then_text() -> None:
    found = [Found({"N": n} if n else {}, {}) for n in ("10", "9", "x", "", "9.5")]
    assert [f.row.get("N") for f in in_order(found, ("N",))] == [None, "9", "9.5", "10", "x"]


def test_the_order_that_was_kept_wins() -> None:
    found = [Found({"N": "1"}, {}, order=2), Found({"N": "2"}, {}, order=0), Found({"N": "3"}, {})]
    assert [f.row["N"] for f in in_order(found, ("N",))] == ["2", "1", "3"]
    assert [f.row["N"] for f in in_order(found[2:] + found[:2], ())] == ["2", "1", "3"]
