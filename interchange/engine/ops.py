"""Lowered ops run on JSON: the reading and the writing that the compiled code must equal."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from interchange.fhir.lower import CROSS_VERSION, Back, Condition, Filter, Follow, Get, Meet, Op, Take

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Json = Any
Resource = dict[str, Any]
Row = dict[str, str]


class Reads(Protocol):
    """What reading needs beyond one resource."""

    def follow(self, reference: Json, entity: str) -> Resource | None:
        """The resource that a reference means."""

    def meet(self, entity: str, row: Row) -> Resource | None:
        """The resource of an entity with the row's key variables."""

    def back(self, resource: Resource, type_: str, key: str) -> Sequence[Resource]:
        """The resources of a type whose element refers to a resource."""


class Writes(Protocol):
    """What writing needs beyond one resource."""

    def follow(self, entity: str, row: Row) -> Resource | None:
        """The resource of an entity with the row's key variables, made where there is none; nothing without keys."""


def values(ops: Sequence[Op], node: Json, reads: Reads, row: Row, at: int = 0) -> Iterator[Json]:
    """Yield what stands at the end of ops, in document order."""
    if at == len(ops):
        yield node
        return
    op = ops[at]
    match op:
        case Get(key, many):
            found = node.get(key) if isinstance(node, dict) else None
            if found is None:
                return
            if many and isinstance(found, list):
                if at + 1 < len(ops) and isinstance(ops[at + 1], Take):
                    yield from values(ops, found[0], reads, row, at + 2) if found else ()
                    return
                for item in found:
                    yield from values(ops, item, reads, row, at + 1)
            elif not isinstance(found, list):
                yield from values(ops, found, reads, row, at + 1)
        case Filter(conditions):
            if isinstance(node, dict) and all(holds(c, node, reads, row) for c in conditions):
                yield from values(ops, node, reads, row, at + 1)
        case Take():
            yield from values(ops, node, reads, row, at + 1)
        case Follow(entity):
            if (target := reads.follow(node, entity)) is not None:
                yield from values(ops, target, reads, row, at + 1)
        case Meet(entity):
            if (target := reads.meet(entity, row)) is not None:
                yield from values(ops, target, reads, row, at + 1)
        case Back(type_, key):
            for target in reads.back(node, type_, key):
                yield from values(ops, target, reads, row, at + 1)


def first(ops: Sequence[Op], node: Json, reads: Reads, row: Row) -> Json:
    """Return the first of `values`, or nothing; most paths of constants and tests only descend."""
    for at, op in enumerate(ops):
        if type(op) is Get:
            node = node.get(op.key) if isinstance(node, dict) else None
            if isinstance(node, list):
                return next(values(ops, {op.key: node}, reads, row, at), None)
        elif type(op) is Filter:
            if not isinstance(node, dict) or not all(holds(c, node, reads, row) for c in op.conditions):
                return None
        elif type(op) is not Take:
            return next(values(ops, node, reads, row, at), None)
        if node is None:
            return None
    return node


def wanted(condition: Condition, row: Row) -> Json:
    """The value a condition compares with: its literal, or the row's variable."""
    return row.get(condition.variable) if condition.variable else condition.literal


def holds(condition: Condition, node: Json, reads: Reads, row: Row) -> bool:
    """Whether some value at the end of a condition's ops is the one wanted."""
    value = wanted(condition, row)
    if len(condition.ops) == 1 and type(op := condition.ops[0]) is Get and isinstance(node, dict):
        found = node.get(op.key)
        if not isinstance(found, list):
            return found is not None and _is(found, value)
    return any(_is(v, value) for v in values(condition.ops, node, reads, row))


def _is(value: Json, other: Json) -> bool:
    """Whether two values are one: of one type, but for numbers, whose JSON is read as it is written."""
    if isinstance(other, Decimal):
        return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) and value == other
    return type(value) is type(other) and bool(value == other)


class Nowhere:
    """Reads for conditions, constants and links on the way to FHIR: they stay inside the element."""

    def follow(self, reference: Json, entity: str) -> Resource | None:  # noqa: ARG002
        """No resource."""
        return None

    def meet(self, entity: str, row: Row) -> Resource | None:  # noqa: ARG002
        """No resource."""
        return None

    def back(self, resource: Resource, type_: str, key: str) -> Sequence[Resource]:  # noqa: ARG002
        """No resources."""
        return ()


NOWHERE: Reads = Nowhere()


def place(ops: Sequence[Op], node: Json, value: Json, writes: Writes, row: Row) -> bool:
    """Write a value at the end of ops, making what is missing; False where something else stands there."""
    return _put(tuple(ops), node, value, writes, row)


def container(ops: Sequence[Op], node: Json, writes: Writes, row: Row, *, fresh: bool) -> Json:
    """Return the element at the end of ops, made where missing; ``fresh`` appends a new one to a list at the end."""
    return _open(tuple(ops), 0, node, writes, row, fresh=fresh)


def _open(ops: tuple[Op, ...], at: int, node: Json, writes: Writes, row: Row, *, fresh: bool) -> Json:
    """Walk and make ops up to their end; None where a foreign value, or a row without keys, is in the way."""
    while at < len(ops):
        op = ops[at]
        match op:
            case Get(key, many):
                if not isinstance(node, dict):
                    return None
                filters, after = _filters(ops, at + 1)
                if after < len(ops) and isinstance(follow := ops[after], Follow):
                    node = _refer(node, op, follow, writes, row)
                    at = after + 1
                elif many:
                    inner, end = _value_filters(ops, after) if _is_crossing(filters) else ((), after)
                    node = _item(node, key, filters + inner, row, fresh and end == len(ops))
                    at = after
                    if at < len(ops) and isinstance(ops[at], Take):
                        at += 1
                else:
                    node = node.setdefault(key, {})
                    if filters and not _assert(node, filters, row):
                        return None
                    at = after
            case Filter(conditions):
                if not _assert(node, conditions, row):
                    return None
                at += 1
            case Meet(entity):
                node = writes.follow(entity, row)
                at += 1
            case Take():
                at += 1
            case _:
                return None
        if node is None:
            return None
    return node


def _filters(ops: tuple[Op, ...], at: int) -> tuple[tuple[Condition, ...], int]:
    found: tuple[Condition, ...] = ()
    while at < len(ops) and isinstance(op := ops[at], Filter):
        found += op.conditions
        at += 1
    return found, at


def _is_crossing(filters: tuple[Condition, ...]) -> bool:
    """Whether filters pick a cross-version extension, or the name of one inside it."""
    url = filters[0].literal if filters and Filter(filters).is_url else ""
    return isinstance(url, str) and (url.startswith(CROSS_VERSION) or (url != "" and ":" not in url))


def _value_filters(ops: tuple[Op, ...], at: int) -> tuple[tuple[Condition, ...], int]:
    """What is asked of the value of a cross-version extension, as of the extension, and where that ends.

    An R5 list is a list of such extensions, and ``where`` is asked of their values.
    """
    if at < len(ops) and isinstance(get := ops[at], Get) and not get.many and get.key.startswith("value"):
        found, end = _filters(ops, at + 1)
        return tuple(replace(c, ops=(get, *c.ops)) for c in found), end
    return (), at


def end_of_crossing(ops: tuple[Op, ...], at: int) -> int:
    """Where the ops end that pick a cross-version extension by its value, and go into that; 0 where there are none."""
    filters, after = _filters(ops, at + 1)
    inner, end = _value_filters(ops, after) if _is_crossing(filters) else ((), 0)
    return end if inner else 0


def _item(node: Json, key: str, filters: tuple[Condition, ...], row: Row, new: bool) -> Json:
    items = node.setdefault(key, [])
    if not isinstance(items, list):
        return None
    if not new:
        for item in items:
            if isinstance(item, dict) and all(holds(c, item, NOWHERE, row) for c in filters):
                return item
    made: Resource = {}
    if not _assert(made, filters, row):
        return None
    items.append(made)
    return made


def _assert(node: Json, conditions: Sequence[Condition], row: Row) -> bool:
    """Write a pattern into an element; False where a row lacks its variable or another value is in the way."""
    for condition in conditions:
        value = wanted(condition, row)
        if value is None:
            return False
        if not holds(condition, node, NOWHERE, row) and not _put(condition.ops, node, value, _NO_WRITES, row):
            return False
    return True


class _NoWrites:
    def follow(self, entity: str, row: Row) -> Resource | None:  # noqa: ARG002
        return None


_NO_WRITES: Writes = _NoWrites()


def _refer(node: Json, get: Get, follow: Follow, writes: Writes, row: Row) -> Json:
    """Make a reference to the entity's resource, in a list or alone, and return that resource."""
    target = writes.follow(follow.entity, row)
    if target is None:
        return None
    made = _reference(f"{target['resourceType']}/{target['id']}", follow.form)
    if get.many:
        items = node.setdefault(get.key, [])
        if not any(item == made or _says_less(made, item) for item in items):
            items.append(made)
        return target
    found = node.setdefault(get.key, made)
    return target if found == made or _says_less(made, found) else None


def _reference(text: str, form: str) -> Json:
    """A reference as its element holds it: a canonical is a text, a CodeableReference has the reference in it."""
    match form:
        case "canonical" | "uri":
            return text
        case "CodeableReference":
            return {"reference": {"reference": text}}
    return {"reference": text}


def _put(ops: tuple[Op, ...], node: Json, value: Json, writes: Writes, row: Row) -> bool:
    end = len(ops)
    take = end > 0 and isinstance(ops[-1], Take)
    if take:
        end -= 1
    filters = ops[end - 1] if end and isinstance(ops[end - 1], Filter) else None
    last = end - (2 if filters else 1)
    if last < 0 or not isinstance(leaf := ops[last], Get) or (filters and not leaf.many):
        found = _open(ops, 0, node, writes, row, fresh=False)
        return found is not None and merge(found, value)
    holder = _open(ops[:last], 0, node, writes, row, fresh=False)
    if not isinstance(holder, dict):
        return False
    if leaf.many and not isinstance(value, list):
        if isinstance(filters, Filter) or (take and isinstance(value, dict)):
            item = _item(holder, leaf.key, filters.conditions if isinstance(filters, Filter) else (), row, new=False)
            return item is not None and merge(item, value)
        items = holder.setdefault(leaf.key, [])
        if value not in items:
            items.append(value)
        return True
    if leaf.key not in holder:
        holder[leaf.key] = value
        return True
    return merge(holder[leaf.key], value)


def place_each(ops: Sequence[Op], node: Json, items: Sequence[Json], writes: Writes, row: Row) -> bool:
    """Write each of several values, into an element of its own of the innermost list on the way."""
    lists = [i for i, op in enumerate(ops) if isinstance(op, Get) and op.many]
    if not lists:
        return len(items) == 1 and place(ops, node, items[0], writes, row)
    _, after = _filters(tuple(ops), lists[-1] + 1)
    done = True
    for item in items:
        if after == len(ops):
            done &= place(ops, node, item, writes, row)
            continue
        holder = container(ops[:after], node, writes, row, fresh=True)
        done &= holder is not None and place(ops[after:], holder, item, writes, row)
    return done


def _says_less(one: Json, other: Json) -> bool:
    """Whether an object has something, and nothing that another has not."""
    if not one or not isinstance(one, dict) or not isinstance(other, dict):
        return False
    return all(key in other and other[key] == value for key, value in one.items())


def merge(found: Json, value: Json) -> bool:
    """Add to an element what it lacks of a value; False where the two disagree anywhere.

    Of a list, an element that says less than one of the value becomes that one: a coding of which a pattern wrote the
    system alone.

    >>> concept = {"coding": [{"system": "s"}]}
    >>> merge(concept, {"coding": [{"system": "s", "code": "c"}], "text": "t"}), concept
    (True, {'coding': [{'system': 's', 'code': 'c'}], 'text': 't'})
    """
    if isinstance(found, dict) and isinstance(value, dict):
        agree = True
        for key, item in value.items():
            if key not in found:
                found[key] = item
            elif not merge(found[key], item):
                agree = False
        return agree
    if isinstance(found, list) and isinstance(value, list):
        for item in value:
            if item not in found:
                less = next((one for one in found if _says_less(one, item)), None)
                if less is None:
                    found.append(item)
                else:
                    less.update(item)
        return True
    return type(found) is type(value) and bool(found == value)
