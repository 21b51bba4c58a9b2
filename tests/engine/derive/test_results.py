from __future__ import annotations

import pytest

from interchange.engine.derive import DERIVATIONS, Setting
from interchange.mapping.load import shipped_mappings
from interchange.mapping.terminology import Terminology

ROWS = [
    {"LBTESTCD": "ALB", "LBORRES": "5.10", "LBORRESU": "g/dL", "LBORNRLO": "3.5", "LBORNRHI": "5"},
    {"LBTESTCD": "CREAT", "LBORRES": "<0.2", "LBORRESU": "mg/dL", "LBSPEC": "SERUM", "LBORNRLO": "NEG"},
    {"LBTESTCD": "CREAT", "LBORRES": "90", "LBORRESU": "mg/dL", "LBSPEC": "URINE"},
    {"LBTESTCD": "KETONES", "LBORRES": "NEGATIVE"},
    {"LBTESTCD": "ALB", "LBORRES": "TRACE", "LBORRESU": "g/dL"},
    {"LBTESTCD": "ALB", "LBSTAT": "NOT DONE"},
]
ARGS = ("standard-units", "LBTESTCD", "LBORRES", "LBORRESU", "LBSPEC")


def known(**settings: str) -> Setting:
    return Setting(settings, Terminology("", {}, {}), {}, [str(shipped_mappings())])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("standard-value", ["51.0", "<17.68", "7.96", "NEGATIVE", "TRACE", None]),
        ("standard-unit", ["g/L", "umol/L", "mmol/L", None, "g/dL", None]),
    ],
)
def test_standard_results(name: str, expected: list[str | None]) -> None:
    assert DERIVATIONS[name](ROWS, ARGS, known()) == expected


def test_the_number_of_a_result() -> None:
    rows = [{"LBSTRESC": text} for text in ("51.0", "<17.68", "NEGATIVE", "036", "-0.5")] + [{}]
    assert DERIVATIONS["standard-number"](rows, ["LBSTRESC"], None) == ["51.0", None, None, "36", "-0.5", None]


def test_limits_of_the_range() -> None:
    args = ("standard-units", "LBTESTCD", "LBORNRLO", "LBORRESU")
    assert DERIVATIONS["standard-limit"](ROWS, args, known()) == ["35", None, None, None, None, None]


def test_the_setting_chooses_the_system() -> None:
    units = [
        DERIVATIONS["standard-unit"](ROWS, ARGS, known(units=name))[0] for name in ("si", "conventional", "collected")
    ]
    assert units == ["g/L", "g/dL", "g/dL"]
    assert DERIVATIONS["standard-value"](ROWS, ARGS, None) == [None] * 6
