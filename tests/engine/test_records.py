from __future__ import annotations

from interchange.engine.records import Records, named

ONE, TWO, THREE = {"resourceType": "A"}, {"resourceType": "B"}, {"resourceType": "C"}
ROW = {"STUDYID": "S", "USUBJID": "1", "CMSEQ": "4"}
EVENT = {"STUDYID": "S", "USUBJID": "1", "AESEQ": "2"}
RECORDS = Records({"CM": [(ONE, ROW)], "AE": [(TWO, EVENT)]})


def test_a_record_is_named_by_its_sequence_number() -> None:
    assert RECORDS.of(ONE) == {"STUDYID": "S", "USUBJID": "1", "RDOMAIN": "CM", "IDVAR": "CMSEQ", "IDVARVAL": "4"}
    assert RECORDS.of(THREE) is None


def test_rows_of_one_group_are_named_by_it() -> None:
    rows = [("VS", {"USUBJID": "1", "VSSEQ": str(i), "VSGRPID": "bp"}) for i in (1, 2)]
    assert named(rows) == {"USUBJID": "1", "RDOMAIN": "VS", "IDVAR": "VSGRPID", "IDVARVAL": "bp"}
    rows[1][1]["VSGRPID"] = "other"
    assert named(rows)["IDVAR"] == "VSSEQ"


def test_a_row_without_a_number_is_named_by_its_subject() -> None:
    assert named([("DM", {"USUBJID": "1"})]) == {"USUBJID": "1", "RDOMAIN": "DM"}


def test_the_resource_of_a_comment_is_found_again() -> None:
    assert RECORDS.resource({"RDOMAIN": "AE", "USUBJID": "1", "IDVAR": "AESEQ", "IDVARVAL": "       2"}) is TWO
    assert RECORDS.resource({"RDOMAIN": "AE", "USUBJID": "2", "IDVAR": "AESEQ", "IDVARVAL": "2"}) is None


def test_a_relation_is_two_rows_with_one_number() -> None:
    pair = RECORDS.relate(ONE, TWO)
    assert pair is not None
    assert [row["RDOMAIN"] for row in pair] == ["CM", "AE"]
    assert {row["RELID"] for row in pair} == {"1"}
    assert RECORDS.relate(ONE, THREE) is None
    assert RECORDS.relate(ONE, ONE) is None
