"""Traces of cells: native ones down to the leaf, derived ones to the cells they need, and what was kept."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import interchange
from interchange import Dataset, SourceError, Variable
from interchange.engine.trace import Tracer
from interchange.engine.uses import Cell, Uses, uses_of
from interchange.fhir.read import Reader
from interchange.issues import Issues
from interchange.mapping.load import load_project
from interchange.mapping.model import Call
from interchange.runners.again import tracer_of
from interchange.runners.engines import Engines, build_engines
from interchange.runners.local import datasets_to_resources

if TYPE_CHECKING:
    from interchange.engine.traced import CellTrace
    from interchange.results import SdtmResult

Json = dict[str, Any]
DEMO = Path(__file__).parents[2] / "examples" / "nct05574608" / "bundle.json"
STUDY: Json = {
    "resourceType": "ResearchStudy",
    "id": "s",
    "identifier": [{"system": "urn:cdisc:sdtm:STUDYID", "value": "S"}],
    "status": "active",
    "title": "word " * 60 + "end",
    "comparisonGroup": [{"linkId": "x", "name": "Other"}, {"linkId": "ARMCD.Pbo", "name": "Placebo"}],
}
PATIENT: Json = {
    "resourceType": "Patient",
    "id": "p",
    "identifier": [{"value": "other"}, {"system": "urn:cdisc:sdtm:USUBJID", "value": "S-001"}],
    "gender": "male",
    "birthDate": "1960-01-01",
    "extension": [
        {
            "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race",
            "extension": [
                {"url": "ombCategory", "valueCoding": {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2028-9"}},
                {"url": "ombCategory", "valueCoding": {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3"}},
            ],
        }
    ],
}
SUBJECT: Json = {
    "resourceType": "ResearchSubject",
    "id": "rs",
    "status": "active",
    "study": {"reference": "ResearchStudy/s"},
    "subject": {"reference": "Patient/p"},
    "period": {"start": "2020-01-02"},
    "assignedComparisonGroup": "ARMCD.Pbo",
}


@cache
def engines() -> Engines:
    return build_engines(load_project(), "R5", "interpreted")


def convert(*resources: Json) -> Tracer:
    return tracer_of(engines(), list(Reader(list(resources), Issues())))


@cache
def trial() -> Tracer:
    return convert(STUDY, PATIENT, SUBJECT)


@cache
def demo() -> SdtmResult:
    return interchange.to_sdtm(DEMO, ledger=False)


def rows_of(dataset: str) -> list[dict[str, str]]:
    return list(trial().datasets[dataset].rows)


def cell(variable: str, dataset: str = "DM", row: int = 1, result: Tracer | None = None) -> CellTrace:
    return (result or trial()).trace(dataset, row, variable)[variable]


def paths(traced: CellTrace) -> list[str]:
    return [element.path for element in traced.elements]


def stands_at(resource: Json, path: str) -> Any:
    value: Any = resource
    for step in re.findall(r"[^.\[\]]+", path)[1:]:
        value = value[int(step) if step.isdigit() else step]
    return value


def put(resource: Json, path: str, value: object) -> None:
    *way, last = re.findall(r"[^.\[\]]+", path)[1:]
    node: Any = resource
    for step in way:
        node = node[int(step) if step.isdigit() else step]
    node[int(last) if last.isdigit() else last] = value


def test_every_cell_of_the_demo_is_traced_to_what_stands_in_the_source() -> None:
    bundle = json.loads(DEMO.read_text(encoding="utf-8"), parse_float=Decimal)
    result = demo()
    seen = set()
    for dataset in result.datasets:
        for number, row in enumerate(dataset.rows, start=1):
            trace = result.trace(dataset.name, number)
            assert {c.variable: c.value for c in trace.cells} == row
            for traced in trace.cells:
                seen.add(traced.kind)
                assert traced.rules
                assert traced.rules[0].line
                assert bool(traced.elements) == (traced.kind == "native")
                for element in traced.elements:
                    resource = bundle["entry"][element.entry]["resource"]
                    assert element.resource == f"{resource['resourceType']}/{resource['id']}"
                    assert stands_at(resource, element.path) == element.value
                    assert (element.file, element.line) == (str(DEMO), None)
    assert seen >= {"native", "derived", "constant", "null flavor"}
    assert "unexplained" not in seen
    assert "blank" not in seen


def test_the_leaves_of_a_native_cell_of_the_demo_decode_to_it_again() -> None:
    from interchange.engine.witness import prune

    demo().trace("DM", 1)
    assert demo().run is not None
    tracer = demo().run.tracer
    assert isinstance(tracer, Tracer)
    checked = 0
    for found in tracer.found.values():
        for one in (each for each in found if not each.filled):
            for variable, witness in tracer.reading.witnesses(one).items():
                leaves = witness.leaves()
                alone = [
                    spot and prune(spot.value, [x.path[len(spot.path) :] for x in leaves if _within(x.path, spot.path)])
                    for spot in witness.inputs
                ]
                again = witness.decoded(alone)
                if again is not None and variable in one.row:  # not one that is dropped
                    assert again.startswith(one.row[variable])  # all of it, or the first piece of a long text
                    checked += 1
    assert checked > 100


def _within(path: tuple[Any, ...], above: tuple[Any, ...]) -> bool:
    return path[: len(above)] == above


def test_another_value_at_the_element_makes_another_cell() -> None:
    resources = deepcopy([STUDY, PATIENT, SUBJECT])
    other = {"male": "female", "1960-01-01": "1970", "2020-01-02": "2021-03-04", "Placebo": "Sham", "S-001": "S-2"}
    traced = [cell(variable) for variable in ("USUBJID", "SEX", "BRTHDTC", "RFSTDTC", "ARM")]
    for each in traced:
        (element,) = each.elements
        own = next(r for r in resources if element.resource == f"{r['resourceType']}/{r['id']}")
        put(own, element.path, other[element.value])
    (row,) = convert(*resources).datasets["DM"].rows
    assert [row[each.variable] for each in traced] == ["S-2", "F", "1970", "2021-03-04", "Sham"]


def test_a_reference_leads_to_the_entity_with_both_rules() -> None:
    traced = cell("USUBJID")
    assert (traced.value, traced.kind) == ("S-001", "native")
    assert paths(traced) == ["Patient.identifier[1].value"]
    assert [element.path for element in traced.through] == ["ResearchSubject.subject"]
    assert [rule.file for rule in traced.rules] == ["mappings/dm.yaml", "mappings/interchange.yaml"]
    assert traced.rules[0].text == "USUBJID: subject | entity(subject)"


def test_a_link_leads_to_the_element_that_has_it() -> None:
    traced = cell("ARM")
    assert paths(traced) == ["ResearchStudy.comparisonGroup[1].name"]
    assert [element.path for element in traced.through] == ["ResearchSubject.assignedComparisonGroup"]


def test_a_code_names_the_line_of_its_code_map() -> None:
    traced = cell("SEX")
    assert paths(traced) == ["Patient.gender"]
    assert traced.elements[0].value == "male"
    assert traced.rules[1].file == "codemaps/sex.csv"
    assert traced.rules[1].text == "male is M"


def test_of_several_values_each_cell_has_its_own() -> None:
    coding = "Patient.extension[0].extension[{}].valueCoding.{}"
    assert paths(cell("RACE2")) == [coding.format(1, "system"), coding.format(1, "code")]
    assert {path[:32] for path in paths(cell("RACE"))} == {
        "Patient.extension[0].extension[0",
        "Patient.extension[0].extension[1",
    }


def test_a_derived_cell_has_the_cells_that_it_needs() -> None:
    traced = cell("AGE")
    assert (traced.kind, traced.value) == ("derived", "60")
    assert traced.derivation == "age(BRTHDTC RFSTDTC)"
    assert [(used.dataset, used.row, used.variable) for used in traced.uses] == [
        ("DM", 1, "BRTHDTC"),
        ("DM", 1, "RFSTDTC"),
    ]
    assert paths(traced.uses[1]) == ["ResearchSubject.period.start"]
    assert [used.variable for used in cell("AGEU").uses] == ["AGE"]


def test_a_variable_of_an_entity_that_is_derived_there() -> None:
    study = {**STUDY, "comparisonGroup": [{"linkId": "one", "name": "Experimental: Placebo"}]}
    traced = cell("ARMCD", result=convert(study, PATIENT, {**SUBJECT, "assignedComparisonGroup": "one"}))
    assert (traced.value, traced.kind, traced.derivation) == ("Placebo", "derived", "armcd(ARM)")
    assert paths(traced.uses[0]) == ["ResearchStudy.comparisonGroup[0].name"]


def test_a_constant() -> None:
    traced = cell("DOMAIN")
    assert (traced.kind, traced.elements) == ("constant", ())
    assert traced.rules[0].text == "DOMAIN: const DM"


def test_a_blank_cell_says_which_rules_gave_nothing() -> None:
    traced = cell("DTHDTC")
    assert (traced.kind, traced.value) == ("blank", None)
    assert [rule.file for rule in traced.rules] == ["mappings/dm.yaml"]


def test_a_long_text_goes_on_from_the_same_element() -> None:
    rows = rows_of("TS")
    at = next(i for i, row in enumerate(rows, start=1) if row["TSPARMCD"] == "TITLE")
    for variable in ("TSVAL", "TSVAL1"):
        traced = cell(variable, "TS", at)
        assert paths(traced) == ["ResearchStudy.title"]
        assert traced.value == rows[at - 1][variable]
    assert "piece 2" in cell("TSVAL1", "TS", at).says


def test_a_null_flavor_says_its_line() -> None:
    rows = rows_of("TS")
    at = next(i for i, row in enumerate(rows, start=1) if row.get("TSVALNF"))
    for variable in ("TSVALNF", "TSPARMCD", "TSPARM"):
        traced = cell(variable, "TS", at)
        assert traced.kind == "null flavor"
        assert (traced.rules[0].file, bool(traced.rules[0].line)) == ("mappings/ts.yaml", True)
    assert cell("STUDYID", "TS", at).kind == "native"


def test_a_supplemental_row_leads_to_the_variable_of_its_parent() -> None:
    rows = rows_of("SUPPDM")
    at = next(i for i, row in enumerate(rows, start=1) if row["QNAM"] == "RACE2")
    traced = cell("QVAL", "SUPPDM", at)
    assert (traced.value, traced.kind) == ("WHITE", "supplemental")
    assert [(used.dataset, used.row, used.variable) for used in traced.uses] == [("DM", 1, "RACE2")]
    assert paths(traced.uses[0])[0].startswith("Patient.extension[0].extension[1]")
    label = cell("QLABEL", "SUPPDM", at)
    assert (label.kind, label.rules[0].text) == ("constant", "supp: RACE2: Race 2")


def test_a_logical_reference_has_its_own_identifier() -> None:
    identifier = {"system": "urn:cdisc:sdtm:USUBJID", "value": "S-009"}
    traced = cell("USUBJID", result=convert(STUDY, {**SUBJECT, "subject": {"identifier": identifier}}))
    assert (traced.value, traced.elements[0].resource) == ("S-009", "ResearchSubject/rs")
    assert paths(traced) == ["ResearchSubject.subject.identifier.value"]


def test_a_contained_resource_stands_in_the_one_that_contains_it() -> None:
    person = {k: v for k, v in PATIENT.items() if k != "extension"} | {"id": "in"}
    subject = {**SUBJECT, "contained": [person], "subject": {"reference": "#in"}}
    traced = cell("SEX", result=convert(STUDY, subject))
    assert (traced.value, paths(traced)) == ("M", ["ResearchSubject.contained[0].gender"])
    assert traced.elements[0].resource == "ResearchSubject/rs"


@cache
def kept() -> Tracer:
    names = ["STUDYID", "DOMAIN", "USUBJID", "SUBJID", "BRTHDTC", "SEX", "SHOE"]
    dm = Dataset(
        "DM",
        "Demographics",
        [Variable(n, n) for n in names],
        [dict(zip(names, ["S", "DM", "S-1", "1", "1960-01-01", "M", "44"], strict=True))],
    )
    ts_names = ["STUDYID", "DOMAIN", "TSSEQ", "TSPARM", "TSVAL"]
    odd = [dict(zip(ts_names, ["S", "TS", n, "Oddity", text], strict=True)) for n, text in (("1", "a"), ("2", "b"))]
    ts = Dataset("TS", "Trial Summary", [Variable(n, n) for n in ts_names], odd)
    supp_names = ["STUDYID", "RDOMAIN", "USUBJID", "QNAM", "QLABEL", "QVAL"]
    rows = [["S", "DM", "S-1", "HAIR", "Hair", "red"], ["S", "DM", "S-9", "EYES", "Eyes", "blue"]]
    supp = Dataset(
        "SUPPDM", "", [Variable(n, n) for n in supp_names], [dict(zip(supp_names, r, strict=True)) for r in rows]
    )
    return convert(*datasets_to_resources(engines(), [dm, ts, supp], Issues()).resources)


def test_what_fhir_cannot_hold_is_traced_to_where_it_was_kept() -> None:
    result = kept()
    shoe = cell("SHOE", result=result)
    assert (shoe.kind, shoe.value, shoe.elements[0].value) == ("kept", "44", "44")
    assert re.fullmatch(r"ResearchSubject\.extension\[\d+\]\.extension\[\d+\]\.valueString", paths(shoe)[0])
    for row, text in ((1, "a"), (2, "b")):
        whole = cell("TSVAL", "TS", row, result=result)
        assert (whole.kind, whole.elements[0].value, whole.elements[0].resource) == ("kept", text, "ResearchStudy/S")


def test_qualifiers_that_were_kept() -> None:
    result = kept()
    hair, eyes = ([row["QNAM"] for row in result.datasets["SUPPDM"].rows].index(name) + 1 for name in ("HAIR", "EYES"))
    assert cell("QVAL", "SUPPDM", hair, result=result).uses[0].kind == "kept"
    label = cell("QLABEL", "SUPPDM", hair, result=result)
    assert (label.kind, label.elements[0].resource) == ("kept", "Library/S-datasets")
    whole = cell("QVAL", "SUPPDM", eyes, result=result)
    assert (whole.kind, whole.elements[0].resource) == ("kept", "Library/S-datasets")
    assert "no row of its parent" in whole.says


EVENT: Json = {
    "resourceType": "AdverseEvent",
    "id": "a",
    "actuality": "actual",
    "status": "completed",
    "code": {"text": "HEADACHE"},
    "subject": {"reference": "Patient/p"},
    "occurrenceDateTime": "2020-01-04",
    "note": [{"text": "a remark"}],
}
MEDICINE: Json = {
    "resourceType": "MedicationStatement",
    "id": "m",
    "status": "recorded",
    "medication": {"concept": {"text": "PARACETAMOL"}},
    "subject": {"reference": "Patient/p"},
    "reason": [{"reference": {"reference": "AdverseEvent/a"}}],
}


@cache
def subject_data() -> Tracer:
    return convert(STUDY, PATIENT, SUBJECT, EVENT, MEDICINE)


def test_a_derivation_from_another_dataset_and_a_rule_of_a_class_file() -> None:
    day = cell("AESTDY", "AE", result=subject_data())
    assert (day.value, day.derivation) == ("3", "dy(AESTDTC DM.RFSTDTC)")
    assert [(used.dataset, used.row, used.variable) for used in day.uses] == [
        ("AE", 1, "AESTDTC"),
        ("DM", 1, "RFSTDTC"),
    ]
    assert day.rules[0].file == "mappings/classes/events.yaml"


def test_a_comment_and_a_relation_lead_to_the_rows_that_they_name() -> None:
    traced = cell("IDVARVAL", "CO", result=subject_data())
    assert [(used.dataset, used.row, used.variable) for used in traced.uses] == [("AE", 1, "AESEQ")]
    assert paths(cell("COVAL", "CO", result=subject_data())) == ["AdverseEvent.note[0].text"]
    one, two = (cell("RDOMAIN", "RELREC", row, result=subject_data()) for row in (1, 2))
    assert {one.uses[0].dataset, two.uses[0].dataset} == {"AE", "CM"}
    assert one.through[0].path == "MedicationStatement.reason[0].reference"


def test_every_cell_of_subject_data_is_explained() -> None:
    for dataset in subject_data().datasets.values():
        for number, row in enumerate(dataset.rows, start=1):
            trace = subject_data().trace(dataset.name, number)
            assert {c.variable: c.value for c in trace.cells} == row
            assert not [c for c in trace.cells if c.kind in ("unexplained", "blank")]


def test_without_values_there_are_none() -> None:
    traced = trial().trace("DM", 1, "AGE").without_values()
    assert "1960" not in repr(traced)
    assert "'60'" not in repr(traced)
    assert traced["AGE"].uses[0].elements[0].path == "Patient.birthDate"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("DN", 1), "did you mean DM?"),
        (("DM", 2), "its rows are 1 to 1"),
        (("DM", 0), "its rows are 1 to 1"),
        (("DM", 1, "SEXX"), "did you mean SEX?"),
    ],
)
def test_what_there_is_not(words: tuple[Any, ...], said: str) -> None:
    with pytest.raises(SourceError, match=re.escape(said)) as raised:
        trial().trace(*words)
    assert raised.value.issue.code == "IX-TRACE-001"


def test_cells_of_other_rows_and_datasets_are_found_by_leaving_out() -> None:
    rows = [{"USUBJID": "a", "D": "2020-01-03"}, {"USUBJID": "b", "D": "2020-01-09"}]
    dm = [{"USUBJID": "b", "R": "2020-01-08"}, {"USUBJID": "a", "R": "2020-01-01"}]
    from interchange.engine.derive import Setting
    from interchange.mapping.terminology import Terminology

    known = Setting({}, Terminology("", {}, {}), {})
    dy = uses_of(Call("dy", ("D", "DM.R")), "DY", rows, 1, known, {"DM": dm}, "2")
    assert dy == Uses([Cell("", 1, "D"), Cell("DM", 0, "R")])
    three = [{"G": "x"}, {"G": "y"}, {"G": "x"}]
    assert uses_of(Call("ordinal", ("G",)), "N", three, 2, None, {}, "2") == Uses([Cell("", 2, "G"), Cell("", 0, "G")])
    assert uses_of(Call("ordinal", ("G",)), "N", three, 2, None, {}, "7") is None


def test_where_many_rows_are_needed_they_are_not_listed() -> None:
    many = [{"G": "x"}] * 300
    assert uses_of(Call("ordinal", ("G",)), "N", many, 299, None, {}, "300") == Uses(
        [Cell("", 299, "G")], complete=False
    )
