from __future__ import annotations

from interchange.engine.codelists import CodelistCheck, Outside, check_codelists
from interchange.issues import Issues
from interchange.mapping.load import shipped_mappings
from interchange.mapping.terminology import read_terminology
from interchange.sdtm.dataset import Dataset, Variable
from interchange.sdtm.standard import standard

SETTINGS = {"sdtmig": "3.4", "folders": str(shipped_mappings())}


def dataset(name: str, rows: list[dict[str, str]]) -> Dataset:
    names = dict.fromkeys(key for row in rows for key in row)
    return Dataset(name, name, [Variable(n) for n in names], rows)


def test_values_are_counted_by_variable() -> None:
    rows = [
        {"SEX": "F", "RACE": "WHITE"},
        {"SEX": "female", "RACE": "MULTIPLE"},
        {"SEX": "female"},
        {"RACE": "Martian"},
    ]
    assert check_codelists([dataset("DM", rows)], SETTINGS) == (
        Outside("DM", "SEX", "SEX", False, "female", 2),
        Outside("DM", "RACE", "RACE", False, "Martian", 1),
    )


def test_a_variable_with_several_codelists_may_have_a_term_of_any() -> None:
    rows = [{"DSDECOD": d} for d in ("COMPLETED", "RANDOMIZED", "SITE TRANSFER", "Gone")]
    (one,) = check_codelists([dataset("DS", rows)], SETTINGS)
    assert (one.codelist, one.extensible, one.value) == ("NCOMPLT PROTMLST OTHEVENT", True, "Gone")


def test_results_that_are_numbers_are_no_terms() -> None:
    rows = [{"LBSTRESC": value} for value in ("5.1", "<0.2", "-1", "POSITIVE", "YELLOW")]
    assert [one.value for one in check_codelists([dataset("LB", rows)], SETTINGS)] == ["YELLOW"]


def test_faults_and_what_is_not_checked_are_issues_without_values() -> None:
    issues = Issues()
    rows = [{"AEOUT": "dead", "AELOC": "knee"}, {"AEOUT": "dying"}, {"AEOUT": "dead"}]
    check_codelists([dataset("AE", rows), dataset("RS", [{"RSTESTCD": "X"}])], SETTINGS, issues)
    assert [str(issue) for issue in issues] == [
        (
            "AE AEOUT  IX-CT-011  2 values in 3 rows are no terms of OUT, which cannot be extended; map them (codes.csv "
            "lists them), or give a package newer than 2025-03-28 with --ct"
        ),
        (
            "IX-CT-012  1 variables were not compared with their codelists, which the terminology does not hold: "
            "RS.RSTESTCD (C96782); give a whole CDISC CT package with --ct"
        ),
    ]


def test_datasets_in_parts_are_added_up() -> None:
    check = CodelistCheck(standard("3.4"), read_terminology([SETTINGS["folders"]]))
    for value in ("x", "F", "x"):
        check.take(dataset("DM", [{"SEX": value}]))
    check.take(dataset("XX", [{"XXTEST": "y"}]))
    assert check.checked().outside == (Outside("DM", "SEX", "SEX", False, "x", 2),)
