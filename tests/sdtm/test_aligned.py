from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from interchange.sdtm.aligned import padded, unpadded, widths_of

TEXTS = st.one_of(st.integers(0, 99).map(lambda n: str(n).rjust(4)), st.text(" 1x", min_size=1, max_size=5))
ROWS = st.lists(
    st.fixed_dictionaries({}, optional={"IDVAR": st.sampled_from(["AESEQ", "CMSEQ"]), "IDVARVAL": TEXTS}), max_size=6
)


def row(name: str, text: str) -> dict[str, str]:
    return {"IDVAR": name, "IDVARVAL": text}


def test_numbers_of_one_width_are_aligned() -> None:
    assert widths_of([row("AESEQ", "   2"), row("AESEQ", "  12"), row("CMSEQ", "2")]) == {"AESEQ": 4}


def test_texts_of_several_widths_are_not() -> None:
    assert widths_of([row("AESEQ", "   2"), row("AESEQ", "2")]) == {}
    assert widths_of([row("AESEQ", " 2 ")]) == {}
    assert widths_of([row("AESEQ", "  ")]) == {}
    assert widths_of([{}]) == {}


@given(ROWS)
def test_rows_come_back(rows: list[dict[str, str]]) -> None:
    widths = widths_of(rows)
    assert padded(unpadded(rows, widths), widths) == rows


def test_rows_that_are_no_list_are_gone_through_as_often_as_is_wanted() -> None:
    class Rows:
        def __iter__(self):  # type: ignore[no-untyped-def]
            return iter([row("AESEQ", "2")])

        def __len__(self) -> int:
            return 1

    found = padded(Rows(), {"AESEQ": 3})
    assert len(found) == 1
    assert list(found) == list(found) == [row("AESEQ", "  2")]
