"""Codecs of registry records."""

from __future__ import annotations

import pytest

from interchange.mapping.codecs import CodecError

from .shaped import bind


@pytest.mark.parametrize(
    ("words", "duration"),
    [("18 Years", "P18Y"), ("1 Year", "P1Y"), ("6 Months", "P6M"), ("2 Weeks", "P2W"), ("30 Days", "P30D"),
     ("12 Hours", "PT12H"), ("1 Minute", "PT1M")],
)  # fmt: skip
def test_a_length_of_time_in_words(words: str, duration: str) -> None:
    codec = bind("time-words", "string")
    assert codec.decode(words) == duration
    assert codec.encode(duration) == words


@pytest.mark.parametrize("words", ["N/A", "", "18", "18 years", "1.5 Years", "0 Days", None])
def test_what_is_no_length_of_time(words: str | None) -> None:
    assert bind("time-words", "string").decode(words) is None


@pytest.mark.parametrize("duration", ["P1Y6M", "PT30S", "P1.5Y", "P0D", ""])
def test_what_has_no_words(duration: str) -> None:
    assert bind("time-words", "string").encode(duration) is None


@pytest.mark.parametrize(
    ("frame", "rest", "text"),
    [
        ("Day 1", None, "Time Frame: Day 1"),
        (None, "By telephone", "By telephone"),
        ("Day 1", "By\n\ntelephone", "Time Frame: Day 1\n\nBy\n\ntelephone"),
    ],
)
def test_time_frame_and_description(frame: str | None, rest: str | None, text: str) -> None:
    codec = bind("time-frame", "string")
    assert codec.decode(frame, rest) == text
    assert codec.encode(text) == (frame, rest)


def test_nothing_has_no_time_frame() -> None:
    codec = bind("time-frame", "string")
    assert codec.decode(None, " ") is None
    assert codec.encode(" ") is None


def test_texts_are_joined() -> None:
    codec = bind("joined(/)", "code")
    assert codec.decode(["PHASE1", "PHASE2"]) == "PHASE1/PHASE2"
    assert codec.decode([]) is None
    assert codec.encode("PHASE1/PHASE2") == ["PHASE1", "PHASE2"]
    assert codec.encode("PHASE1/") is None
    with pytest.raises(CodecError, match="text between two"):
        bind("joined", "code")


def test_a_label_is_read_without_its_type() -> None:
    codec = bind("product", "string")
    assert [codec.decode(x) for x in ("Drug: X", "Dietary Supplement: Y: Z", "Sugar: brown", " ")] == [
        "X",
        "Y: Z",
        "Sugar: brown",
        None,
    ]
    assert codec.encode("X") is None


def test_labels_in_one_text_each_once_and_no_longer_than_sdtm_has_room() -> None:
    codec = bind("products(' + ')", "string")
    assert codec.decode(["Drug: X", "Other: Y", "Device: X"]) == "X + Y"
    assert codec.decode([]) is None
    long = codec.decode([f"Drug: a rather long name of number {i}" for i in range(20)])
    assert long.startswith("a rather long name of number 0 + ")
    assert len(long) <= 180


def test_what_follows_a_text() -> None:
    codec = bind("prefixed('Start of ')", "string")
    assert codec.decode("Start of X") == "X"
    assert codec.decode("End of X") is None
    assert codec.decode("Start of ") is None
    assert codec.encode("X") == "Start of X"
    assert codec.encode(" ") is None


def test_a_number_behind_a_prefix() -> None:
    codec = bind("counted(INCL)", "string")
    assert [codec.decode(x) for x in ("INCL03", "INCL12", "INCL3", "EXCL03", "INCL00", None)] == [
        "3",
        "12",
        None,
        None,
        None,
        None,
    ]
    assert [codec.encode(x) for x in ("3", "120", "0", "x")] == ["INCL03", "INCL120", None, None]
