"""Which ways are remembered by the member that they start from, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.engine.remembered import UNREAD, Remembered
from interchange.fhir.members import MEMBERS

if TYPE_CHECKING:
    from interchange.engine.plan import Plan


def test_ways_that_stay_in_a_member_have_a_slot(r5: Plan) -> None:
    rules = r5.mappings["LB"].sources[0].rules
    remembered = Remembered(rules)
    keys: dict[str, set[str]] = {}
    for way in (way for rule in rules for way in rule.ways):
        place = remembered.place(way)
        for variable in way.variables:
            keys.setdefault(variable, set()).add(place[0] if place else "")
    assert keys["LBTESTCD"] >= {"code"}
    assert keys["LBNRIND"] == {"interpretation"}
    assert keys["USUBJID"] == {""}  # by reference
    assert "" in keys["LBDTC"]  # a primitive with what stands beside it


def test_slots_are_kept_for_members_that_are_shared(r5: Plan) -> None:
    known = Remembered(r5.mappings["LB"].sources[0].rules).of("code")
    shared, other = MEMBERS.decode(b'{"code": {"text": "a slot"}}')["code"], {"text": "a slot"}
    slots = known.new(shared)
    assert slots[-1] is shared
    assert set(slots[:-1]) == {UNREAD}
    assert known.memory[id(shared)] is slots
    known.new(other)
    assert id(other) not in known.memory
    MEMBERS.forget()
    assert not known.memory
