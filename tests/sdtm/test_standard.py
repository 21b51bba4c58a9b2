from __future__ import annotations

import pytest

from interchange.issues import SourceError
from interchange.sdtm.dataset import Variable
from interchange.sdtm.standard import VERSIONS, shape, standard


@pytest.mark.parametrize(
    ("version", "datasets", "variables"), [("3.2", 46, 1142), ("3.3", 59, 1723), ("3.4", 63, 1917)]
)
def test_every_row_of_the_guide_is_there(version: str, datasets: int, variables: int) -> None:
    guide = standard(version)
    assert len(guide.datasets) == datasets
    assert sum(len(spec.variables) for spec in guide.datasets) == variables
    assert standard(version) is guide


@pytest.mark.parametrize("version", VERSIONS)
def test_specs_fit_transport_files(version: str) -> None:
    for spec in standard(version).datasets:
        assert len(spec.keys) >= 2, spec.name
        assert spec.keys[0] == "STUDYID"
        for variable in spec.variables:
            assert 0 < len(variable.label) <= 40, variable
            assert variable.type in {"Char", "Num"}
            assert variable.core in {"Req", "Exp", "Perm"}


def test_an_unknown_version() -> None:
    with pytest.raises(SourceError, match=r"IX-SDTM-001  SDTMIG 3\.9 is not known here; use one of 3\.2, 3\.3, 3\.4"):
        standard("3.9")


def test_a_spec() -> None:
    spec = standard("3.4").dataset("VS")
    assert spec is not None
    assert (spec.label, spec.class_) == ("Vital Signs", "Findings")
    assert spec.keys == ("STUDYID", "USUBJID", "VSTESTCD", "VISITNUM", "VSDTC", "VSTPTNUM", "VSSEQ")
    result = spec.variable("VSSTRESN")
    assert result is not None
    assert (result.type, result.core, result.role, result.length) == ("Num", "Exp", "Result Qualifier", 8)
    unit = spec.variable("VSORRESU")
    assert unit is not None
    assert (unit.codelist, unit.length) == ("C66770", 200)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("DM", "STUDYID USUBJID"),
        ("TS", "STUDYID TSPARMCD TSSEQ"),
        ("TA", "STUDYID ARMCD TAETORD"),
        ("TE", "STUDYID ETCD"),
        ("TV", "STUDYID ARMCD VISITNUM"),
        ("TI", "STUDYID IETESTCD TIVERS"),
        ("AE", "STUDYID USUBJID AETERM AESTDTC AESEQ"),
        ("CM", "STUDYID USUBJID CMTRT CMSTDTC CMSEQ"),
        ("SUPPAE", "STUDYID RDOMAIN USUBJID IDVAR IDVARVAL QNAM"),
    ],
)
def test_natural_keys(name: str, keys: str) -> None:
    spec = standard("3.3").dataset(name)
    assert spec is not None
    assert " ".join(spec.keys) == keys


def test_supp_split_and_unknown_datasets() -> None:
    guide = standard("3.4")
    supp = guide.dataset("suppdm")
    assert supp is not None
    assert (supp.name, supp.label) == ("SUPPDM", "Supplemental Qualifiers for DM")
    assert [variable.name for variable in supp.variables][-2:] == ["QORIG", "QEVAL"]
    part = guide.dataset("LBCH")
    assert part is not None
    assert (part.name, part.label, part.variables[2].name) == ("LBCH", "Laboratory Test Results", "USUBJID")
    assert guide.dataset("XX") is None
    assert guide.dataset("XXCH") is None


def test_continuations_and_relatives() -> None:
    ts, mh = standard("3.4").dataset("TS"), standard("3.4").dataset("MH")
    assert ts is not None
    assert mh is not None
    second = ts.variable("TSVAL2")
    assert second is not None
    assert second.label == "Parameter Value 2"
    severity = mh.variable("MHSEV")
    assert severity is not None
    assert (severity.label, severity.type) == ("Severity/Intensity", "Char")
    assert mh.variable("MHXYZ") is None
    assert mh.variable("TSVAL1") is None


def test_shape_has_required_expected_and_present_variables_in_order() -> None:
    spec = standard("3.4").dataset("TS")
    rows = [{"TSVAL2": "b", "TSVAL": "a", "ODD": "x", "TSVAL1": "c"}, {"TSGRPID": "g"}]
    assert [variable.name for variable in shape(rows, spec)] == (
        [
            "STUDYID",
            "DOMAIN",
            "TSSEQ",
            "TSGRPID",
            "TSPARMCD",
            "TSPARM",
            "TSVAL",
            "TSVAL1",
            "TSVAL2",
            "TSVALCD",
            "TSVCDREF",
            "TSVCDVER",
            "ODD",
        ]
    )
    described = {variable.name: variable for variable in shape(rows, spec)}
    assert described["ODD"] == Variable("ODD", "ODD")
    assert described["TSSEQ"] == Variable("TSSEQ", "Sequence Number", "Num", 8)


def test_shape_keeps_what_is_declared() -> None:
    spec = standard("3.4").dataset("TE")
    declared = [Variable("ZZ", "Last", "Num"), Variable("ETCD", "Code", "Char", 8)]
    variables = shape([{"AA": "1"}], spec, declared)
    assert [variable.name for variable in variables] == [
        "STUDYID",
        "DOMAIN",
        "ETCD",
        "ELEMENT",
        "TESTRL",
        "ZZ",
        "AA",
    ]
    assert variables[2] == Variable("ETCD", "Code", "Char", 8)
    assert variables[5] == Variable("ZZ", "Last", "Num")


def test_shape_of_a_dataset_the_guide_does_not_have() -> None:
    assert shape([{"B": "1"}, {"A": "2"}], None) == [Variable("B", "B"), Variable("A", "A")]
