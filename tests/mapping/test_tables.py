from __future__ import annotations

import pytest

from interchange.issues import MappingError
from interchange.mapping.load import shipped_mappings
from interchange.mapping.tables import read_code_map, read_parameters
from interchange.mapping.terminology import read_terminology

HEAD = "system,code,display,text,term,relation,prefer,release\n"


def folder(tmp_path, text: str):
    (tmp_path / "codemaps").mkdir()
    (tmp_path / "codemaps" / "x.csv").write_text(text, encoding="utf-8")
    return [str(tmp_path), str(shipped_mappings())]


def test_a_code_map_with_its_head(tmp_path) -> None:
    rows = "urn:s,m,Male,,M,equivalent,,R5\n,f,,,F,equivalent,to-sdtm,\n"
    text = f"# What it is.\n# codelist: SEX\n# retired: OLD\n{HEAD}{rows}"
    table = read_code_map("x", folder(tmp_path, text))
    assert (table.codelist, table.retired) == ("SEX", ("OLD",))
    male, female = table.entries
    assert (male.system, male.code, male.term, str(male.place)) == ("urn:s", "m", "M", "codemaps/x.csv:5")
    assert [male.written_in(r) for r in ("R4", "R5")] == [False, True]
    assert not female.written_in("R5")


def test_the_first_folder_that_has_a_map_wins(tmp_path) -> None:
    places = folder(tmp_path, HEAD)
    (tmp_path / "codemaps" / "sex.csv").write_text(f"{HEAD}urn:s,x,,,X,equivalent,,\n", encoding="utf-8")
    assert [e.term for e in read_code_map("sex", places).entries] == ["X"]
    assert len(read_code_map("race", places).entries) > 5


def test_a_map_that_is_not_there_or_lacks_a_column(tmp_path) -> None:
    places = folder(tmp_path, "# head\nsystem,code,term\n")
    with pytest.raises(MappingError, match=r"codemaps/y\.csv  IX-TABLE-001"):
        read_code_map("y", places)
    with pytest.raises(MappingError, match=r"codemaps/x\.csv:2  IX-TABLE-002  no column display"):
        read_code_map("x", places)


def test_parameters_and_terminology() -> None:
    places = [str(shipped_mappings())]
    assert read_parameters("tsparm", places)["TITLE"].label == "Trial Title"
    terms = read_terminology(places)
    assert terms.terms["SEX"]["F"] == "C16576"
    assert (terms.extensible["SEX"], terms.extensible["UNIT"]) == (False, True)
    assert terms.codes["SEX"] == "C66731"
