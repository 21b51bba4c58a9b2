from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from interchange.issues import MappingError, SourceError
from interchange.mapping.ct_package import read_ct_package
from interchange.mapping.load import shipped_mappings
from interchange.mapping.terminology import project_terminology, read_terminology

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = str(shipped_mappings())
EVS = (
    "Code\tCodelist Code\tCodelist Extensible (Yes/No)\tCodelist Name\tCDISC Submission Value\tCDISC Synonym(s)\t"
    "CDISC Definition\tNCI Preferred Term\n"
    'C66742\t\tNo\tNo Yes Response\tNY\tNo Yes Response\tA "term" used\tCDISC No Yes Response\n'
    "C49487\tC66742\t\tNo Yes Response\tN\tNo\tThe non-affirmative\tNo\n"
    "C17998\tC66742\t\tNo Yes Response\tU\tUnknown\tNot known\tUnknown\n"
    "C78734\t\tYes\tSpecimen Type\tSPECTYPE\tSpecimen Type\tThe type\tSpecimen Type\n"
    "C12434\tC78734\t\tSpecimen Type\tBLOOD\t\tA fluid\tBlood\n"
)
ODM = """\
<?xml version="1.0" encoding="UTF-8"?>
<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:nciodm="http://ncicb.nci.nih.gov/xml/odm/EVS/CDISC"
     FileOID="CDISC_CT.SDTM.2026-03-27" ODMVersion="1.3.2">
 <Study OID="CDISC_CT.SDTM.2026-03-27"><MetaDataVersion OID="CDISC_CT_MetaDataVersion.SDTM.2026-03-27" Name="CT">
  <CodeList OID="CL.C66742.NY" Name="No Yes Response" DataType="text" nciodm:ExtCodeID="C66742"
            nciodm:CodeListExtensible="No">
   <Description><TranslatedText xml:lang="en">A term</TranslatedText></Description>
   <EnumeratedItem CodedValue="N" nciodm:ExtCodeID="C49487"><nciodm:CDISCSynonym>No</nciodm:CDISCSynonym>
    <nciodm:PreferredTerm>No</nciodm:PreferredTerm></EnumeratedItem>
   <EnumeratedItem CodedValue="U" nciodm:ExtCodeID="C17998"/>
   <nciodm:CDISCSubmissionValue>NY</nciodm:CDISCSubmissionValue>
  </CodeList>
  <CodeList OID="CL.C78734.SPECTYPE" Name="Specimen Type" DataType="text" nciodm:ExtCodeID="C78734"
            nciodm:CodeListExtensible="Yes">
   <EnumeratedItem CodedValue="BLOOD" nciodm:ExtCodeID="C12434"/>
  </CodeList>
 </MetaDataVersion></Study>
</ODM>
"""
SHARED = (
    "codelist_code,codelist,codelist_name,extensible,concept_code,submission_value,preferred_term,synonyms\n"
    'C66742,NY,No Yes Response,No,C49487,N,No,"No; no, thanks"\n'
    "C66742,NY,No Yes Response,No,C17998,U,Unknown,\n"
    "C78734,SPECTYPE,Specimen Type,Yes,C12434,BLOOD,Blood,\n"
)
OWN = "# version: 2026-03-27\ncodelist,codelist_code,extensible,term,code\nNY,C66742,No,N,C49487\nNY,C66742,No,U,C17998\nSPECTYPE,C78734,Yes,BLOOD,C12434\n"
JSON = (
    '{"datasetJSONVersion":"1.1.0","itemGroupOID":"CT","name":"CT","label":"CT","records":3,"columns":['
    '{"itemOID":"a","name":"codelist_code","label":"a","dataType":"string"},'
    '{"itemOID":"b","name":"codelist","label":"b","dataType":"string"},'
    '{"itemOID":"c","name":"extensible","label":"c","dataType":"string"},'
    '{"itemOID":"d","name":"concept_code","label":"d","dataType":"string"},'
    '{"itemOID":"e","name":"submission_value","label":"e","dataType":"string"}],'
    '"rows":[["C66742","NY","No","C49487","N"],["C66742","NY","No","C17998","U"],["C78734","SPECTYPE","Yes","C12434","BLOOD"]]}'
)


def package(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SDTM Terminology 2026-03-27.txt", EVS),
        ("SDTM Terminology.odm.xml", ODM),
        ("ct-2026-03-27.csv", SHARED),
        ("ct.csv", OWN),
        ("ct-2026-03-27.json", JSON),
    ],
)
def test_the_same_package_in_every_format(tmp_path: Path, name: str, text: str) -> None:
    made = read_ct_package(package(tmp_path, name, text))
    assert made.version == "2026-03-27"
    assert made.terms == {"NY": {"N": "C49487", "U": "C17998"}, "SPECTYPE": {"BLOOD": "C12434"}}
    assert made.extensible == {"NY": False, "SPECTYPE": True}
    assert made.codes == {"NY": "C66742", "SPECTYPE": "C78734"}


def test_a_version_in_a_column_of_the_package(tmp_path: Path) -> None:
    head, *lines = EVS.splitlines()
    text = "\n".join([f"{head}\tStandard and Date", *(f"{line}\tSDTM CT 2025-09-26" for line in lines)])
    assert read_ct_package(package(tmp_path, "SDTM Terminology.txt", text)).version == "2025-09-26"
    assert read_ct_package(package(tmp_path, "other.txt", EVS)).version == ""


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", "Code\tTerm\nC1\tx\n", r"a\.txt:1  IX-CT-002  has no column `codelist code`, .*; give NCI EVS text"),
        ("b.txt", EVS + "C1\tC2\t\n", r"b\.txt:7  IX-CT-003  has 3 cells where 5 are needed; the file is cut off"),
        ("c.txt", EVS + "C1\tC2\t\tName\tX\n", r"c\.txt:7  IX-CT-003  a term of codelist C2, which has no line above"),
        ("d.xml", ODM[:900], r"d\.xml:\d+  IX-CT-003  is no XML from here on"),
        ("e.xml", "<ODM/>", r"e\.xml  IX-CT-004  has no codelist with terms"),
        ("f.xlsx", "PK\x03\x04", r"f\.xlsx  IX-CT-001  is no package of NCI EVS text .*; export it as one of these"),
        ("g.json", "{}", r"g\.json  IX-CT-001"),
        ("h.csv", "", r"h\.csv:1  IX-CT-002"),
    ],
)
def test_what_is_no_package(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read_ct_package(package(tmp_path, name, text))


def test_entities_and_files_outside_are_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    bomb = f'<!DOCTYPE ODM [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "{tmp_path}/secret.txt">]>'
    path = package(tmp_path, "bomb.xml", ODM.replace("?>\n", f"?>\n{bomb}\n", 1))
    with pytest.raises(SourceError, match=r"bomb\.xml:2  IX-CT-005  has a document type declaration"):
        read_ct_package(path)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="IX-CT-001  cannot be read: FileNotFoundError; check --ct"):
        read_ct_package(tmp_path / "none.txt")


def test_a_package_stands_in_for_its_codelists_and_no_others(tmp_path: Path) -> None:
    path = package(tmp_path, "SDTM Terminology 2026-03-27.txt", EVS)
    made = read_terminology([SHIPPED], [str(path)])
    assert (made.version, dict(made.terms["NY"])) == ("2026-03-27", {"N": "C49487", "U": "C17998"})
    assert made.terms["SEX"]["F"] == "C16576"
    assert made.names["C78734"] == "SPECTYPE"
    assert project_terminology({"folders": SHIPPED, "ct": str(path)}).version == "2026-03-27"
    assert project_terminology({"folders": SHIPPED}).version == "2025-03-28"


def test_the_first_of_several_packages_wins(tmp_path: Path) -> None:
    one = package(tmp_path, "one-2026-03-27.csv", SHARED)
    two = package(tmp_path, "two-2020-01-01.csv", SHARED.replace("BLOOD", "SERUM").replace("C66742", "C1"))
    made = read_terminology([SHIPPED], [str(one), str(two)])
    assert (made.version, list(made.terms["SPECTYPE"])) == ("2026-03-27", ["BLOOD"])


def test_shipped_codelists_are_read_one_by_one() -> None:
    made = read_terminology([SHIPPED])
    assert len(made.terms) == 83
    assert len(made.terms["LBTESTCD"]) == 2438
    assert made.terms["LBTESTCD"]["GLUC"] == "C105585"
    assert made.terms["LBTEST"]["Antiglobulin Test, Direct"] == "C81974"
    assert "NOLIST" not in made.terms
    with pytest.raises(KeyError):
        made.terms["NOLIST"]


def test_a_folder_without_its_own_is_passed_over(tmp_path: Path) -> None:
    assert read_terminology([str(tmp_path), SHIPPED]).version == "2025-03-28"
    with pytest.raises(MappingError, match="IX-TABLE-001"):
        read_terminology([str(tmp_path)])
