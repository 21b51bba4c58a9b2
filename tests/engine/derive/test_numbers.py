from __future__ import annotations

from interchange.engine.derive.numbers import level


def test_the_level_of_a_specimen_is_one_below_that_of_its_parent() -> None:
    rows = [
        {"USUBJID": "1", "REFID": "a"},
        {"USUBJID": "1", "REFID": "b", "PARENT": "a"},
        {"USUBJID": "2", "REFID": "c", "PARENT": "b"},
        {"USUBJID": "3", "REFID": "d", "PARENT": "d"},
    ]
    assert level(rows, ["USUBJID", "REFID", "PARENT"], None) == ["1", "2", "2", None]
