"""Rows in groups: what calls give by group is what they give row by row."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from interchange.engine.derive import DERIVATIONS, derive_rows
from interchange.engine.derive import columns as grouped
from interchange.engine.derive.base import Setting, split_argument
from interchange.engine.derive.columns import OF_CELLS, Columns, reads_of
from interchange.issues import Place
from interchange.mapping.load import load_project, shipped_mappings
from interchange.mapping.model import Call, Rule
from interchange.mapping.tables import read_parameters
from interchange.mapping.terminology import project_terminology

if TYPE_CHECKING:
    import pytest

    from interchange.engine.derive.base import Row

SUBJECT = "USUBJID"
CELLS = ("1", "2", "36.6", "F", "C", "TEMP", "8310-5", "2014-01-02", "2014-01-16T10:00", "2014")
WHOLE = {"armcd", "baseline", "level", "numbered", "ordinal", "seq"}


@cache
def calls() -> list[Call]:
    """The calls of the shipped mappings that say something of a row's own cells, of the domains that have most."""
    mappings = load_project().mappings
    rules = [rule for name in ("DM", "LB", "VS", "AE", "TS", "SV") for s in mappings[name].sources for rule in s.rules]
    every = dict.fromkeys(call for rule in rules for call in rule.derive)
    return [call for call in every if reads_of(call)]


@cache
def setting() -> Setting:
    project, places = load_project(), (str(shipped_mappings()),)
    return Setting(
        {**project.settings, "studyid": "S1"},
        project_terminology(project.settings),
        {"tsparm": read_parameters("tsparm", places)},
        places,
    )


@st.composite
def rows_for(draw: st.DrawFn, names: list[str]) -> list[Row]:
    row = st.dictionaries(st.sampled_from(names), st.sampled_from(CELLS), max_size=len(names))
    return draw(st.lists(row, min_size=1, max_size=8))


def names_in(call: Call) -> list[str]:
    return [SUBJECT, "ARMCD", *(split_argument(arg)[1] for arg in call.args)]


@given(st.data())
def test_what_calls_give_groups_is_what_they_give_rows(data: st.DataObject) -> None:
    call = data.draw(st.sampled_from(calls()))
    rows = data.draw(rows_for(names_in(call)))
    others = {domain: data.draw(rows_for(names_in(call))) for arg in call.args if (domain := split_argument(arg)[0])}
    others.setdefault("DM", data.draw(rows_for(names_in(call))))
    known = replace(setting(), datasets=others)
    expected = DERIVATIONS[call.name](rows, call.args, known)
    assert Columns(rows).derived(call, call.args, known) == expected
    assert Columns(rows).derived(call, call.args, replace(known)) == expected  # as remembered


def test_every_function_is_of_cells_or_of_several_rows() -> None:
    assert OF_CELLS.keys() | WHOLE == DERIVATIONS.keys()
    assert not OF_CELLS.keys() & WHOLE


def test_a_filled_variable_makes_other_groups() -> None:
    columns = Columns([{"A": "1"}, {"A": "1", "B": "2"}])
    assert columns.groups(("A",)).of_row == [0, 0]
    assert columns.groups(("A", "B")).of_row == [0, 1]
    assert columns.fill("B", ["2", "3"]) == [1]
    assert columns.groups(("A", "B")).of_row == [0, 0]
    assert columns.fill("A", [None, None]) == []


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouped, "MOST", 2)
    known = replace(setting(), made={})
    call = Call("testcd", ("N",))
    for names in (["Skin", "Hair"], ["Skin", "Nail"], ["Nail", "Skin", "Hair"]):
        rows = [{"N": name} for name in names]
        assert Columns(rows).derived(call, call.args, known) == [name.upper() for name in names]
    assert known.made[call] == {("Nail",): "NAIL", ("Skin",): "SKIN", ("Hair",): "HAIR"}


def test_what_depends_on_other_datasets_is_not_remembered() -> None:
    known = replace(setting(), made={}, datasets={"DM": [{SUBJECT: "1", "STUDYID": "S"}]})
    call = Call("lookup", ("DM.STUDYID",))
    assert Columns([{SUBJECT: "1"}]).derived(call, call.args, known) == ["S"]
    assert Columns([{SUBJECT: "1"}]).derived(call, call.args, replace(known, datasets={})) == [None]
    assert known.made == {}


def test_rows_of_several_sources_have_the_ways_of_their_own() -> None:
    place = Place("test.yaml", 1)
    one = (Rule(("V",), place, derive=(Call("copy", ("A",)), Call("ifset", ("B", "Y")))),)
    other = (Rule(("V",), place, derive=(Call("ifset", ("B", "N")),)),)
    rows = [{"A": "x"}, {"B": "1"}, {"A": "x", "B": "1"}, {"A": "x", "V": "z"}, {"B": "1", "V": "z"}, {"A": "x"}]
    rules = [one, one, other, one, one, ()]
    assert derive_rows(rows, rules, [frozenset()] * 6) == {"V": 1}
    assert [row.get("V") for row in rows] == ["x", "Y", "N", "z", "z", None]
