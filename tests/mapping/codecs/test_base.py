"""Every codec keeps the law of its class on its own samples."""

from __future__ import annotations

import pytest

from interchange.mapping.codecs import CODECS

from .shaped import bind, there_and_back

ARGUMENTS = {
    "concept": "sex",
    "multi": "race",
    "quantity": "age-unit",
    "range": "age-unit",
    "timing": "frequency",
    "unit": "age-unit",
    "study-day": "day-one",
    "sized": "5",
    "known": "sex",
    "named": "route",
    "counted": "INCL",
    "joined": "/",
    "prefixed": "'Start of '",
    "products": "' + '",
}


@pytest.mark.parametrize("name", sorted(CODECS))
def test_the_samples_of_a_codec_come_back(name: str) -> None:
    codec = CODECS[name]
    call = f"{name}({ARGUMENTS[name]})" if name in ARGUMENTS else name
    for type_ in sorted(codec.types - {"*", "id", "uri", "url", "canonical", "date", "instant"}):
        bound = bind(call, type_)
        for sample in codec.samples:
            assert there_and_back(bound, sample) == sample


@pytest.mark.parametrize("name", sorted(CODECS))
def test_a_codec_says_what_it_is(name: str) -> None:
    codec = CODECS[name]
    assert codec.name == name
    assert (codec.__doc__ or "").startswith(f"``{name}")
    assert codec.law in ("iso", "lens", "lossy")
    assert codec.samples or codec.law == "lossy" or name in ("concept", "multi")
