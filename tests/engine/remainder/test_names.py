from __future__ import annotations

from interchange.engine.remainder.names import has_order, renamed, unnumbered

CELLS, ROWS = "http://example.org/cells", "http://example.org/row"
ORDER = {"url": "order", "valueInteger": 3}
NAME = {"url": "row", "valueString": "VS/observation"}


def test_references_name_originals() -> None:
    resource = {"subject": {"reference": "Patient/S-1"}, "note": [{"text": "Patient/S-1"}], "x": {"reference": 5}}
    expected = {"subject": {"reference": "Patient/p"}, "note": [{"text": "Patient/S-1"}], "x": {"reference": 5}}
    assert renamed(resource, {"Patient/S-1": "Patient/p"}) == expected


def test_the_place_of_a_row_is_taken_out() -> None:
    kept = [CELLS, ROWS]
    alone = {"id": "o", "extension": [{"url": CELLS, "extension": [NAME, ORDER]}]}
    assert unnumbered(alone, kept) == {"id": "o"}
    cell = {"url": "VSPOS", "valueString": "X"}
    more = {"extension": [{"url": CELLS, "extension": [NAME, cell, ORDER]}, {"url": "u"}]}
    assert unnumbered(more, kept) == {"extension": [{"url": CELLS, "extension": [NAME, cell]}, {"url": "u"}]}
    assert unnumbered({"extension": []}, kept) == {"extension": []}


def test_an_order_is_seen_wherever_it_is() -> None:
    deep = {"arm": [{"extension": [{"url": CELLS, "extension": [NAME, ORDER]}]}]}
    assert has_order(deep, [CELLS])
    assert not has_order(deep, [ROWS])
    assert not has_order({"extension": [{"url": CELLS, "extension": [NAME]}]}, [CELLS])
