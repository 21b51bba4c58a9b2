"""The codecs by name, and how one is bound to an element type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.mapping.codecs.base import Codec, CodecError, Json, Tools
from interchange.mapping.codecs.coded import ConceptCodec, KnownCodec, MultiCodec, NamedCodec
from interchange.mapping.codecs.html import HtmlCodec
from interchange.mapping.codecs.number import (
    CountCodec,
    DecimalCodec,
    FlagCodec,
    IntCodec,
    LastNumberCodec,
    NumberCodec,
    PresentCodec,
    QuantityCodec,
    UnitCodec,
    WholeCodec,
)
from interchange.mapping.codecs.registry import (
    CountedCodec,
    JoinedCodec,
    PrefixedCodec,
    ProductCodec,
    ProductsCodec,
    TimeFrameCodec,
    TimeWordsCodec,
)
from interchange.mapping.codecs.template import NarrativeCodec, TemplateCodec
from interchange.mapping.codecs.text import (
    ClauseCodec,
    CodeCodec,
    ExpressionCodec,
    MeasureCodec,
    ShortCodeCodec,
    ShortNameCodec,
    SizedCodec,
    SlugCodec,
    StringCodec,
    UpperCodec,
)
from interchange.mapping.codecs.time import DtcCodec, IsoDurationCodec, PeriodCodec, StudyDayCodec
from interchange.mapping.codecs.timing import RangeCodec, TimingCodec

if TYPE_CHECKING:
    from interchange.mapping.model import Call

CODECS: dict[str, type[Codec]] = {
    codec.name: codec
    for codec in (
        ClauseCodec,
        CodeCodec,
        ConceptCodec,
        CountCodec,
        CountedCodec,
        DecimalCodec,
        DtcCodec,
        ExpressionCodec,
        FlagCodec,
        HtmlCodec,
        IntCodec,
        IsoDurationCodec,
        JoinedCodec,
        KnownCodec,
        LastNumberCodec,
        MeasureCodec,
        MultiCodec,
        NamedCodec,
        NarrativeCodec,
        NumberCodec,
        PeriodCodec,
        PrefixedCodec,
        PresentCodec,
        ProductCodec,
        ProductsCodec,
        QuantityCodec,
        RangeCodec,
        ShortCodeCodec,
        ShortNameCodec,
        SizedCodec,
        SlugCodec,
        StringCodec,
        StudyDayCodec,
        TimeFrameCodec,
        TimeWordsCodec,
        TemplateCodec,
        TimingCodec,
        UnitCodec,
        UpperCodec,
        WholeCodec,
    )
}

ANY = "*"
ENTITY = "entity"  # entity(name) needs the side tables, so the engine binds it
RECORD = "record"  # record(NAMES) needs the rows of other datasets, so the engine binds it


def bind_codec(call: Call, type_: str, tools: Tools) -> Codec:
    """Return the codec that a call names, bound to an element type; CodecError where it does not fit."""
    codec = CODECS.get(call.name)
    if codec is None:
        raise CodecError(f"no codec `{call.name}`; there are {', '.join([*CODECS, ENTITY, RECORD])}")
    if type_ not in codec.types and ANY not in codec.types:
        raise CodecError(f"`{call.name}` reads {', '.join(sorted(codec.types))}, and this element is a {type_}")
    return codec(call.args, type_, tools)


__all__ = ["CODECS", "ENTITY", "RECORD", "Codec", "CodecError", "Json", "Tools", "bind_codec"]
