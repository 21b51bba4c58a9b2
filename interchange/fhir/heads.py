"""Heads of resources: what is asked of a record before it is known where it is to be converted.

A record of a large source is read by one process and converted by another: the first decodes no more of it than this.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypedDict, cast

import msgspec

from interchange.fhir.members import BAD_JSON

LONGEST = 4096  # bytes; a whole number of more digits than Python takes is longer


class Head(TypedDict, total=False):
    """The members of a resource that tell what it is, and whose."""

    resourceType: Any
    id: Any
    identifier: Any
    subject: Any
    patient: Any
    individual: Any
    beneficiary: Any


_DECODE = msgspec.json.Decoder(Head, float_hook=Decimal).decode


def head_of(text: bytes) -> dict[str, Any] | None:
    """Return the head of the JSON object in a line; nothing where that takes to decode all of it, as for a Bundle.

    >>> head_of(b'{"resourceType": "Patient", "id": "1", "gender": "male"}')
    {'resourceType': 'Patient', 'id': '1'}
    """
    if len(text) > LONGEST or b"\n" in text:
        return None
    try:
        found = cast("dict[str, Any]", _DECODE(text))
        if not text.isascii():
            text.decode()  # what is not decoded must be UTF-8 all the same
    except BAD_JSON:
        return None
    return None if found.get("resourceType") == "Bundle" else found
