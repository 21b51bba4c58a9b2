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


SYSTEMS = {"SEQ": "urn:seq", "GRPID": "urn:grp"}
SUBJECT = {"resourceType": "ResearchSubject", "id": "s"}
HEAD = {"resourceType": "AdverseEvent", "id": "a1"}
BACK = {"resourceType": "AdverseEvent", "id": "a2"}
MANY = Records(
    {
        "DS": [(SUBJECT, {"USUBJID": "1", "DSSEQ": "1"}), (SUBJECT, {"USUBJID": "1", "DSSEQ": "2"})],
        "AE": [
            (HEAD, {"USUBJID": "1", "AESEQ": "1", "AEGRPID": "g"}),
            (BACK, {"USUBJID": "1", "AESEQ": "2", "AEGRPID": "g"}),
        ],
        "APMH": [(THREE, {"DOMAIN": "APMH", "MHSEQ": "1"})],
    }
)


def record(domain: str, name: str, value: str) -> dict[str, str]:
    return {"RDOMAIN": domain, "USUBJID": "1", "IDVAR": name, "IDVARVAL": value}


def test_a_reference_alone_names_the_one_row_of_a_resource_by_its_number() -> None:
    reference = MANY.refer(SYSTEMS, record("AE", "AESEQ", "2"))
    assert reference == {"reference": "AdverseEvent/a2"}
    assert MANY.cells(SYSTEMS, reference, BACK, "1") == ("AE", "AESEQ", "2")


def test_one_of_several_rows_of_a_resource_is_told_by_an_identifier() -> None:
    reference = MANY.refer(SYSTEMS, record("DS", "DSSEQ", "2"))
    assert reference == {"reference": "ResearchSubject/s", "identifier": {"system": "urn:seq", "value": "2"}}
    assert MANY.cells(SYSTEMS, reference, SUBJECT, "1") == ("DS", "DSSEQ", "2")


def test_records_of_a_group_are_named_together() -> None:
    reference = MANY.refer(SYSTEMS, record("AE", "AEGRPID", "g"))
    assert reference == {"type": "AdverseEvent", "identifier": {"system": "urn:grp", "value": "g"}}
    assert MANY.cells(SYSTEMS, reference, None, "1") == ("AE", "AEGRPID", "g")
    assert MANY.cells(SYSTEMS, reference, None, "2") is None
    assert MANY.resource(record("AE", "AEGRPID", "g")) is None


def test_what_is_no_record_is_not_referred_to() -> None:
    assert MANY.refer(SYSTEMS, record("AE", "AESEQ", "3")) is None
    assert MANY.refer(SYSTEMS, record("AE", "AETERM", "g")) is None
    assert MANY.cells(SYSTEMS, {"reference": "X/1"}, ONE, "1") is None
    assert MANY.cells(SYSTEMS, "X/1", None, "1") is None


def test_a_record_of_an_associated_person_has_the_variables_of_the_domain_within() -> None:
    assert MANY.of(THREE) == {"RDOMAIN": "APMH", "IDVAR": "MHSEQ", "IDVARVAL": "1"}


def test_a_reference_within_a_relationship_is_no_other_relation() -> None:
    own = [record("AE", "AESEQ", "1") | {"RELID": "1"}, record("DS", "DSSEQ", "1") | {"RELID": "1"}]
    MANY.relationships(own)
    assert MANY.relate(HEAD, SUBJECT) is None
    pair = MANY.relate(HEAD, BACK)
    assert pair is not None
    assert {row["RELID"] for row in pair} == {"2"}
