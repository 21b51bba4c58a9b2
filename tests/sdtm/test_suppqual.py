from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interchange.sdtm.dataset import Dataset, Row, Variable
from interchange.sdtm.spill import spill
from interchange.sdtm.suppqual import VARIABLES, SuppVariable, join, restore, split
from interchange.sdtm.xpt import read_xpt

if TYPE_CHECKING:
    from pathlib import Path

AE = Dataset(
    "AE",
    "Adverse Events",
    [
        Variable("STUDYID"),
        Variable("DOMAIN"),
        Variable("USUBJID"),
        Variable("AESEQ", type="Num"),
        Variable("AEGRPID"),
    ],
    [
        {"STUDYID": "P", "DOMAIN": "AE", "USUBJID": "1", "AESEQ": "1", "AEGRPID": "G"},
        {"STUDYID": "P", "DOMAIN": "AE", "USUBJID": "1", "AESEQ": "2", "AEGRPID": "G"},
        {"STUDYID": "P", "DOMAIN": "AE", "USUBJID": "2", "AESEQ": "1"},
    ],
    study="P",
)


def supp_row(subject: str, idvar: str, value: str, qnam: str, qval: str, **more: str) -> Row:
    row = {
        "STUDYID": "P",
        "RDOMAIN": "AE",
        "USUBJID": subject,
        "IDVAR": idvar,
        "IDVARVAL": value,
        "QNAM": qnam,
        "QLABEL": "A qualifier",
        "QVAL": qval,
        "QORIG": "CRF",
    } | more
    return {name: text for name, text in row.items() if text}


def suppae(*rows: Row) -> Dataset:
    return Dataset("SUPPAE", "Supplemental Qualifiers for AE", list(VARIABLES), list(rows))


@pytest.mark.parametrize(("domain", "count"), [("dm", 1197), ("ae", 1191), ("ds", 3), ("lb", 64403)])
def test_pilot_rows_come_back(pilot: Path, domain: str, count: int) -> None:
    (parent,), _ = read_xpt(pilot / f"{domain}.xpt")
    (supp,), _ = read_xpt(pilot / f"supp{domain}.xpt")
    joined = join(parent, supp)
    assert len(supp.rows) == count
    assert joined.issues == []
    assert restore(joined) == (parent, supp)


def test_a_qualifier_becomes_a_variable() -> None:
    joined = join(AE, suppae(supp_row("1", "AESEQ", "2", "AETRTEM", "Y")))
    assert joined.dataset.variables[-1] == Variable("AETRTEM", "A qualifier")
    assert [row.get("AETRTEM") for row in joined.dataset.rows] == [None, "Y", None]
    assert joined.variables == (SuppVariable("AETRTEM", "A qualifier", "CRF", "", "AESEQ"),)
    assert "AETRTEM" not in AE.rows[1]


def test_numbers_match_as_numbers_and_the_rewriting_is_told() -> None:
    joined = join(AE, suppae(supp_row("1", "AESEQ", "2.0", "AETRTEM", "Y")))
    assert joined.dataset.rows[1]["AETRTEM"] == "Y"
    assert [issue.code for issue in joined.issues] == ["IX-SUPP-006"]


def test_text_identifiers_match_as_text() -> None:
    parent = Dataset("AE", "", [Variable("USUBJID"), Variable("AESPID")], [{"USUBJID": "1", "AESPID": "01"}])
    joined = join(parent, suppae(supp_row("1", "AESPID", "1", "AETRTEM", "Y")))
    assert len(joined.leftovers) == 1


def test_right_aligned_values_keep_their_width() -> None:
    supp = suppae(supp_row("1", "AESEQ", "       1", "AETRTEM", "Y"))
    joined = join(AE, supp)
    assert joined.variables[0].width == 8
    assert restore(joined)[1] == supp


def test_a_group_qualifier_goes_to_every_row_and_back_to_one() -> None:
    supp = suppae(supp_row("1", "AEGRPID", "G", "AEGROUP", "linked"))
    joined = join(AE, supp)
    assert [row.get("AEGROUP") for row in joined.dataset.rows] == ["linked", "linked", None]
    assert restore(joined) == (AE, supp)


def test_what_cannot_be_placed_stays() -> None:
    good = supp_row("1", "AESEQ", "1", "AETRTEM", "Y")
    rows = [
        supp_row("9", "AESEQ", "1", "AETRTEM", "Y"),
        good,
        supp_row("1", "AESEQ", "1", "AETRTEM", "N"),
        supp_row("2", "AESEQ", "1", "AETRTEM", "Y"),
        supp_row("1", "AESEQ", "2", "AETRTEM", "Y", QORIG="DERIVED"),
        supp_row("1", "AESEQ", "1", "AESEQ", "5"),
        {"USUBJID": "1"},
    ]
    joined = join(AE, suppae(*rows))
    assert [(issue.code, issue.place.line) for issue in joined.issues] == [
        ("IX-SUPP-002", 1),
        ("IX-SUPP-005", 3),
        ("IX-SUPP-004", 5),
        ("IX-SUPP-003", 6),
        ("IX-SUPP-001", 7),
    ]
    assert joined.leftovers == [rows[0], rows[2], rows[4], rows[5], rows[6]]
    assert restore(joined) == (AE, suppae(*rows))


def test_split_of_declared_variables() -> None:
    row = AE.rows[0] | {"AETRTEM": "Y"}
    dataset = Dataset("AE", "", [*AE.variables, Variable("AETRTEM")], [row], study="P")
    parent, supp = split(dataset, [SuppVariable("AETRTEM", "Treatment Emergent", "DERIVED")], "AESEQ")
    assert parent == Dataset("AE", "", AE.variables, [AE.rows[0]], study="P")
    assert (supp.name, supp.label, supp.keys[-1]) == ("SUPPAE", "Supplemental Qualifiers for AE", "QNAM")
    assert supp.rows == [
        {
            "STUDYID": "P",
            "RDOMAIN": "AE",
            "USUBJID": "1",
            "IDVAR": "AESEQ",
            "IDVARVAL": "1",
            "QNAM": "AETRTEM",
            "QLABEL": "Treatment Emergent",
            "QVAL": "Y",
            "QORIG": "DERIVED",
        }
    ]


@given(
    st.lists(
        st.builds(
            supp_row,
            st.sampled_from(["1", "2", "3"]),
            st.sampled_from(["", "AESEQ", "AEGRPID"]),
            st.sampled_from(["1", "2", "G", "X"]),
            st.sampled_from(["QA", "QB", "AESEQ"]),
            st.sampled_from(["Y", "N"]),
            QEVAL=st.sampled_from(["", "INVESTIGATOR"]),
        ).map(lambda row: row if "IDVAR" in row else {k: v for k, v in row.items() if k != "IDVARVAL"})
    )
)
def test_restore_undoes_join_for_any_rows(rows: list[Row]) -> None:
    supp = suppae(*rows)
    assert restore(join(AE, supp)) == (AE, supp)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"STUDYID": st.just("P"), "USUBJID": st.sampled_from(["2", "1", "10"])},
            optional={
                "DOMAIN": st.just("AE"),
                "AESEQ": st.integers(1, 12).map(str),
                "AEGRPID": st.sampled_from(["G", "H"]),
                "QA": st.sampled_from(["Y", "N"]),
                "QB": st.sampled_from(["Y", "N"]),
            },
        ),
        max_size=30,
    ),
    st.integers(1, 4),
)
def test_rows_on_disk_are_split_as_those_in_memory(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], run: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    variables = [*AE.variables, Variable("QA"), Variable("QB")]
    qualifiers = [SuppVariable("QA", "First", "CRF"), SuppVariable("QB", "Second", idvar="AEGRPID", width=8)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("interchange.sdtm.sort.RUN", run)
        on_disk = split(Dataset("AE", "", variables, spill(rows, folder)), qualifiers, "AESEQ")
    kept = split(Dataset("AE", "", variables, rows), qualifiers, "AESEQ")
    assert on_disk == kept
    assert [list(dataset.rows) for dataset in on_disk] == [dataset.rows for dataset in kept]


def test_rows_on_disk_join_and_come_back(tmp_path: Path) -> None:
    supp = suppae(supp_row("9", "AESEQ", "1", "AETRTEM", "Y"), supp_row("1", "AESEQ", "1", "AETRTEM", "Y"))
    parent = Dataset("AE", AE.label, AE.variables, spill(AE.rows, tmp_path), study="P")
    joined = join(parent, Dataset("SUPPAE", supp.label, supp.variables, spill(supp.rows, tmp_path)))
    assert joined == join(AE, supp)
    assert restore(joined) == (AE, supp)


def test_without_qualifiers_rows_on_disk_stay_as_they_are(tmp_path: Path) -> None:
    rows = spill(AE.rows, tmp_path)
    parent, supp = split(Dataset("AE", "", AE.variables, rows), [])
    assert parent.rows is rows
    assert supp.rows == []
