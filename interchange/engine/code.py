"""Generated Python in the making: lines, names and bound objects, and walks along lowered ops.

Keys, URLs and other content of mapping files enter the text as literals only (``repr``); names are made here.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from interchange.fhir.lower import Back, Condition, Filter, Follow, Get, Meet, Op, Take

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from interchange.mapping.model import Guard

Ops = tuple[Op, ...]
Body = Callable[[str], None]  # writes what happens with the node of a name
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class Code:
    """The text of one generated function, and the objects that it names."""

    def __init__(self, name: str, parameters: str) -> None:
        self.name = name
        self.bound: dict[str, Any] = {}
        self.lines: list[str] = [f"def {name}({parameters}):"]
        self._depth = 1
        self._count = 0
        self._names: dict[tuple[str, int], str] = {}

    @property
    def text(self) -> str:
        """The source text."""
        return "\n".join(self.lines) + "\n"

    def line(self, text: str) -> None:
        """Add a line."""
        self.lines.append("  " * self._depth + text)

    def remark(self, text: str) -> None:
        """Add a comment; its text stands as a literal, so that no character of it can end the comment."""
        self.line(f"# {text!a}")

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Add a compound statement, whose body is what is added meanwhile."""
        self.line(f"{head}:")
        self._depth += 1
        start = len(self.lines)
        yield
        if len(self.lines) == start:
            self.line("pass")
        self._depth -= 1

    def fresh(self, prefix: str) -> str:
        """A new local name."""
        self._count += 1
        return f"{prefix}{self._count}"

    def bind(self, prefix: str, value: Any) -> str:
        """The name of an object in the function's globals."""
        key = (prefix, id(value))
        if key not in self._names:
            self._names[key] = name = f"{prefix}_{len(self.bound)}"
            self.bound[name] = value
        return self._names[key]

    def build(self, title: str) -> Callable[..., Any]:
        """Return the function; its source stands in tracebacks under a title."""
        file = f"<{title}>"
        linecache.cache[file] = (len(self.text), None, self.text.splitlines(keepends=True), file)
        space = dict(self.bound)
        exec(compile(self.text, file, "exec"), space)  # noqa: S102  # made here, of literals and of names made here
        built: Callable[..., Any] = space[self.name]
        return built


def function_name(*parts: str) -> str:
    """Return a name for a function, of the parts that are plain identifiers.

    >>> function_name("read", "TA", "element"), function_name("read", "x = 1", "subject")
    ('read_TA_element', 'read_subject')
    """
    return "_".join(part for part in parts if _NAME.fullmatch(part))


def is_pure(condition: Condition) -> bool:
    """Whether a condition looks at nothing beyond the element that it is asked of."""
    return all(
        isinstance(op, Get | Take) or (isinstance(op, Filter) and all(map(is_pure, op.conditions)))
        for op in condition.ops
    )


def is_literal(condition: Condition) -> bool:
    """Whether a condition is pure and compares with literals alone."""
    inner = (c for op in condition.ops if isinstance(op, Filter) for c in op.conditions)
    return is_pure(condition) and not condition.variable and all(map(is_literal, inner))


class Walk:
    """Writes the code that visits what ``ops.values`` yields, in the same order.

    ``done`` is the expression that ends the walk early, if one does; ``known`` says that the node is an object.
    """

    def __init__(self, code: Code) -> None:
        self.code = code
        self.objects: set[str] = set()  # names of what is known to be an object

    def visit(self, ops: Sequence[Op], node: str, body: Body, done: str = "", *, known: bool = False) -> None:
        """Write the walk of ops from a node; ``body`` writes what happens with each value's name."""
        if not ops:
            body(node)
            return
        op, rest = ops[0], ops[1:]
        match op:
            case Get():
                with self.object(node, known=known):
                    self._get(op, rest, node, body, done)
            case Filter(conditions):
                with self.object(node, known=known):
                    self.when(conditions, node, lambda: self.visit(rest, node, body, done, known=True))
            case Take():
                self.visit(rest, node, body, done, known=known)
            case Follow(entity):
                self._one(f"shelf.follow({node}, {entity!r})", rest, body, done)
            case Meet(entity):
                self._one(f"shelf.meet({entity!r}, row)", rest, body, done)
            case Back(type_, key):
                self._each(f"shelf.back({node}, {type_!r}, {key!r})", rest, body, done, known=True)

    @contextmanager
    def object(self, node: str, *, known: bool = False) -> Iterator[None]:
        """Ask whether a node is an object, unless that is known."""
        if known or node in self.objects:
            yield
            return
        with self.code.block(f"if isinstance({node}, dict)"):
            yield

    def _get(self, op: Get, rest: Sequence[Op], node: str, body: Body, done: str) -> None:
        found = self.code.fresh("v")
        self.code.line(f"{found} = {node}.get({op.key!r})")
        if not op.many:
            inside = bool(rest) and isinstance(rest[0], Get | Filter)
            test = f"isinstance({found}, dict)" if inside else f"{found} is not None and not isinstance({found}, list)"
            with self.code.block(f"if {test}"):
                self.visit(rest, found, body, done, known=inside)
            return
        first = bool(rest) and isinstance(rest[0], Take)
        listed = f"{found}[:1]" if first else found
        with self.code.block(f"if {found} is not None"):
            self._each(
                f"{listed} if isinstance({found}, list) else ({found},)", rest[1:] if first else rest, body, done
            )

    def _one(self, call: str, rest: Sequence[Op], body: Body, done: str) -> None:
        target = self.code.fresh("r")
        self.code.line(f"{target} = {call}")
        with self.code.block(f"if {target} is not None"):
            self.visit(rest, target, body, done, known=True)

    def _each(self, many: str, rest: Sequence[Op], body: Body, done: str, *, known: bool = False) -> None:
        item = self.code.fresh("e")
        with self.code.block(f"for {item} in {many}"):
            self.visit(rest, item, body, done, known=known)
            if done:
                self.code.line(f"if {done}: break")

    def there(self, ops: Sequence[Op], node: str) -> str:
        """Write whether the first value at the end of ops is no null, as `ops.first` is asked; the name of that."""
        found = self.code.fresh("f")
        last = next((op for op in reversed(ops) if not isinstance(op, Take)), None)
        no_null = last is not None and not (isinstance(last, Get) and last.many)  # only a list has nulls in it
        self.code.line(f"{found} = None")
        self.visit(
            ops,
            node,
            lambda v: self.code.line(f"{found} = {no_null or f'{v} is not None'}"),
            f"{found} is not None",
        )
        return found

    def when(self, conditions: Sequence[Condition], node: str, then: Callable[[], None]) -> None:
        """Write what happens where every condition holds for an object."""
        if not conditions:
            then()
            return
        with self._holds(conditions[0], node):
            self.when(conditions[1:], node, then)

    def _holds(self, condition: Condition, node: str) -> AbstractContextManager[None]:
        code, test = self.code, self._test(condition)
        match condition.ops:
            case (Get(key, many=False),):
                found = code.fresh("v")
                code.line(f"{found} = {node}.get({key!r})")
                # A null equals no literal, but it would equal the nothing of a variable that the row lacks.
                guard = f"{found} is not None and " if condition.variable else ""
                return code.block(f"if {guard}{test(found)}")
        holds = code.fresh("ok")
        code.line(f"{holds} = False")
        self.visit(condition.ops, node, lambda v: code.line(f"if {test(v)}: {holds} = True"), holds, known=True)
        return code.block(f"if {holds}")

    def _test(self, condition: Condition) -> Callable[[str], str]:
        """The comparison with what a condition wants: equal, and of the same type (true is not 1)."""
        if not condition.variable:
            literal = condition.literal
            if isinstance(literal, Decimal):
                return lambda v: f"{v} == {literal} and type({v}) is not bool"
            return lambda v: f"{v} == {literal!r} and type({v}) is {type(literal).__name__}"
        wanted = self.code.fresh("w")
        self.code.line(f"{wanted} = row.get({condition.variable!r})")
        return lambda v: f"type({v}) is type({wanted}) and {v} == {wanted}"


def guard_tests(guard: Guard) -> list[str]:
    """The conditions of a guard as expressions over ``row``; they need ``decimal_of`` and ``padded_number`` bound."""
    tests = []
    for test in guard:
        cell = f"row.get({test.variable!r})"
        if test.kind == "set":
            tests.append(f"{cell} is {'' if test.negated else 'not '}None")
        elif test.kind == "same":
            same = f"({cell} is not None and {cell} == row.get({test.values[0]!r}))"
            tests.append(f"not {same}" if test.negated else same)
        elif test.kind == "numeric":
            tests.append(f"decimal_of({cell}) is {'' if test.negated else 'not '}None")
        elif test.kind == "padded":
            tests.append(f"padded_number({cell}) is {'' if test.negated else 'not '}None")
        else:
            tests.append(f"{cell} {'not ' if test.negated else ''}in {test.values!r}")
    return tests
