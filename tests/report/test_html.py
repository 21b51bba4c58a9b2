"""The page of a round trip: one file, the same bytes, nothing from elsewhere, no values of the data."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from interchange.engine.leafwise import LeafTally
from interchange.engine.ledger import Ledger
from interchange.engine.losses import Loss
from interchange.engine.settle import Tally
from interchange.issues import Issue, Issues, Place, TargetError
from interchange.report.html import check_page, page_of, page_text, write_page
from interchange.results import RoundTrip

if TYPE_CHECKING:
    from pathlib import Path

    from interchange.report.trip import TripSummary

VOID = {"meta", "br", "link", "input", "img"}


class Checked(HTMLParser):
    """Fails where elements are not closed as they were opened; collects texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and self.open[-1] != "style":
            self.texts.append(" ".join(data.split()))


def sdtm(*, values: bool = False, different: int = 0) -> TripSummary:
    wrong = Issue(
        "IX-VALID-007", "error", Place(record="Patient/S1-001", field="gender"), "no such code", "mend it", "fem"
    )
    issues = Issues()
    issues.add(
        Issue("IX-KEY-003", "warning", Place("dm.xpt", 3, "DM row 3"), "blank, so <nothing> takes it", value="x&y")
    )
    trip = RoundTrip(
        "SDTM",
        "R5",
        issues,
        {"DM": {"SEX": Tally(native=2), "RACE": Tally(extension=1, residual=1)}, "AE": {"AETERM": Tally(native=6)}},
        resources=Counter({"Patient": 2}),
        invalid=[wrong],
        different=Counter({"DM.SEX": different} if different else {}),
        versions={"interchange": "1.2.3", "FHIR": "R5"},
    )  # fmt: skip
    return trip.summary(values=values)


def fhir() -> TripSummary:
    ledger = Ledger(4, [Loss("Patient/S1-001", "gender", "no rule reads this element")])
    leaves = {"Patient": LeafTally(1, 3, 2, 1, 0), "Group": LeafTally(1, 1, 1, 0, 0)}
    return RoundTrip("FHIR", "R4B", Issues(), ledger=ledger, leaves=leaves, remainder=True).summary()


@pytest.mark.parametrize("trip", [sdtm(), fhir()])
def test_the_page_is_well_formed_and_needs_nothing_else(trip: TripSummary) -> None:
    text = page_text(trip)
    found = Checked(text)
    assert found.tags["script"] == found.tags["link"] == found.tags["img"] == 0
    assert "://" not in text
    assert "url(" not in text
    assert "@media (prefers-color-scheme: dark)" in text
    assert "@media print" in text
    assert page_text(trip) == text
    assert not re.search(r"\b20\d\d-\d\d-\d\d", text)


def test_the_page_of_sdtm_has_the_numbers() -> None:
    texts = Checked(page_text(sdtm())).texts
    assert "NOT" not in texts[0]
    for said in ("AE", "DM", "total", "SEX", "RACE", "IX-VALID-007", "IX-KEY-003", "1.2.3"):
        assert any(said in text for text in texts), said
    page = page_of(sdtm())
    assert page.way == ("SDTM", "FHIR R5", "SDTM")
    assert [(band.name, band.numbers) for band in page.bands] == [
        ("DM", ("4", "2", "1", "0", "0", "1", "0", "25.0 %")),
        ("AE", ("6", "6", "0", "0", "0", "0", "0", "0 %")),
    ]
    assert [(s.kind, s.count, s.percent) for s in page.bands[0].segments] == [
        ("native", 2, 50.0),
        ("extension", 1, 25.0),
        ("residual", 1, 25.0),
    ]
    assert page.total is not None
    assert page.total.numbers == ("10", "8", "1", "0", "0", "1", "0", "10.0 %")
    assert [band.name for band in page.bands[0].inner] == ["SEX", "RACE"]


def test_cells_that_are_different_stand_out() -> None:
    text = page_text(sdtm(different=3))
    assert 'class="verdict bad"' in text
    assert '<td class="wrong">3</td>' in text
    assert "3 different" in text


def test_the_page_of_fhir_has_the_numbers_and_the_reasons() -> None:
    page = page_of(fhir())
    assert page.good
    assert page.way == ("FHIR R4B", "SDTM", "FHIR R4B")
    assert [(band.name, band.numbers) for band in page.bands] == [
        ("Patient", ("1", "3", "2", "1", "0", "0", "66.7 %")),
        ("Group", ("1", "1", "1", "0", "0", "0", "100 %")),
    ]
    assert page.bands[0].reasons == (("no rule reads this element", 1),)
    assert "no rule reads this element" in Checked(page_text(fhir())).texts


def test_values_and_ids_are_on_the_page_only_where_they_are_asked_for() -> None:
    text = page_text(sdtm())
    assert "S1-001" not in text
    assert ">fem<" not in text
    asked = page_text(sdtm(values=True), values=True)
    assert "Patient/S1-001" in asked
    assert "<code>fem</code>" in asked
    assert "<code>x&amp;y</code>" in asked


def test_texts_are_escaped() -> None:
    text = page_text(sdtm())
    assert "blank, so &lt;nothing&gt; takes it" in text
    assert "<nothing>" not in text


def test_nothing_to_compare_is_a_page_too() -> None:
    text = page_text(RoundTrip("SDTM", "R5", Issues()).summary())
    assert "There is nothing to compare." in Checked(text).texts


def test_it_is_written_whole(tmp_path: Path) -> None:
    path = write_page(sdtm(), tmp_path / "trip.html")
    assert path.read_text(encoding="utf-8") == page_text(sdtm())
    assert [p.name for p in tmp_path.iterdir()] == ["trip.html"]


def test_a_page_that_cannot_be_written_is_said_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TargetError, match=r"IX-OUT-003  cannot be written: there is no folder .*; make the folder"):
        check_page(tmp_path / "none" / "trip.html")
    with pytest.raises(TargetError, match="IX-OUT-003  is a folder; name a file in it"):
        check_page(tmp_path)
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(TargetError, match="is not yours to write to; choose another file"):
        check_page(tmp_path / "trip.html")
    assert list(tmp_path.iterdir()) == []
