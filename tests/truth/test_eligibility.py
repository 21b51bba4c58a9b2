"""Eligibility text of registry records against criteria read by eye, one file a record in ``eligibility/``."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from interchange.mapping.codecs.criteria import Criterion, join_criteria, left_out, split_criteria
from interchange.mapping.codecs.text import cut_at_clause

KINDS = {"inclusion": False, "exclusion": True, "neither": None}
FOLDER = Path(__file__).parent / "eligibility"
RECORDS = sorted(path.stem for path in FOLDER.glob("NCT*.yaml"))


def expected(record: str) -> list[Criterion]:
    """The criteria of a record as they were read by eye."""
    blocks: list[dict[str, Any]] = yaml.safe_load((FOLDER / f"{record}.yaml").read_text(encoding="utf-8"))
    found = [
        (KINDS[kind], text, block.get("group", ""))
        for block in blocks
        for kind in block.keys() & KINDS
        for text in block[kind]
    ]
    return [Criterion(exclude, text, number, group) for number, (exclude, text, group) in enumerate(found, start=1)]


def text_of(shared: Path, record: str) -> str:
    """The eligibility text of a record, or a skip where the reference folder does not have it."""
    places = ("ctgov", "ctgov/reshaped_from_v1")
    paths = [shared / place / f"{record}.json" for place in places] + [shared / record.lower() / "ctgov.json"]
    for path in paths:
        if path.is_file():
            module = json.loads(path.read_text(encoding="utf-8"))["protocolSection"]["eligibilityModule"]
            return str(module["eligibilityCriteria"])
    pytest.skip(f"the reference folder has no record {record}")


def characters(*texts: str) -> Counter[str]:
    return Counter(c for text in texts for c in re.findall(r"[^\W_]", text))


def test_the_criteria_of_29_records_are_read_by_eye() -> None:
    assert len(RECORDS) == 29
    assert sum(len(expected(record)) for record in RECORDS) == 353


@pytest.mark.parametrize("record", RECORDS)
def test_the_criteria_are_those_read_by_eye(shared: Path, record: str) -> None:
    assert split_criteria(text_of(shared, record)) == expected(record)


@pytest.mark.parametrize("record", RECORDS)
def test_every_word_is_in_a_criterion_or_stands_around_them(shared: Path, record: str) -> None:
    text = text_of(shared, record)
    texts = [criterion.text for criterion in split_criteria(text)]
    assert characters(*texts, *left_out(text)) == characters(text)


@pytest.mark.parametrize("record", RECORDS)
def test_the_criteria_come_back_from_their_text(record: str) -> None:
    assert split_criteria(join_criteria(expected(record))) == expected(record)


def test_what_is_in_no_criterion_is_headers_numbers_and_absences(shared: Path) -> None:
    groups = {part for record in RECORDS for c in expected(record) for part in c.group.split(": ")}
    around = {piece for record in RECORDS for piece in left_out(text_of(shared, record))}
    other = {p for p in around if not re.fullmatch(r"(S[IE])?\d+[.:]? ?", p) and p.rstrip(":") not in groups}
    assert other == {
        *("Inclusion Criteria", "Exclusion Criteria", "Exclusion criteria", "Eligibility criteria"),
        *("Not provided", "Not applicable", "Not specified", "none, for study CHCs"),
        *("Age:", "Life expectancy:", "Endocrine therapy:"),
        "Subjects must meet all the following inclusion criteria to be eligible for participation in this study",
        "Subjects will be excluded if they meet any of the following criteria:",
        "Subjects with any of the following will NOT be eligible for study:",
    }


def test_the_seed_gives_the_rows_of_its_truth(shared: Path) -> None:
    folder = shared / "nct05574608"
    with (folder / "ti.csv").open(encoding="utf-8", newline="") as file:
        rows = [row["IETEST"] for row in csv.DictReader(file)]
    with (folder / "ti_fulltext.csv").open(encoding="utf-8", newline="") as file:
        whole = {int(row["IETESTCD"][-2:]): row["FULLTEXT"] for row in csv.DictReader(file)}
    found = split_criteria(text_of(shared, "NCT05574608"))
    assert [criterion.exclude for criterion in found] == [True] * 11
    assert [criterion.text for criterion in found] == [whole.get(n, row) for n, row in enumerate(rows, start=1)]
    assert [cut_at_clause(criterion.text, 200) for criterion in found] == rows


def test_a_criterion_that_is_cut_ends_with_a_word_outside_brackets() -> None:
    for record in RECORDS:
        for criterion in expected(record):
            cut = cut_at_clause(criterion.text, 200)
            assert len(cut.encode()) <= 200
            assert re.fullmatch(r"(?s)(\W.*|$)", criterion.text[len(cut) :]), cut
            if len(cut) < len(criterion.text):
                assert cut.count("(") <= cut.count(")"), cut
