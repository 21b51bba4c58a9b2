"""To SDTM, generated: one function a row source that finds the elements which rows are read from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.engine.code import Code, Walk, function_name
from interchange.fhir.lower import Get, Take

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from interchange.engine.plan import PlannedSource, PlannedTest
    from interchange.fhir.lower import Op


def elements_code(source: PlannedSource) -> Code:
    """Return the code of what finds elements: ``(resources, shelf) -> levels of each``, as the interpreter does."""
    code = Code(function_name("elements", source.domain, source.source.name), "resources, shelf")
    return _Finder(source, code).write()


class _Finder:
    def __init__(self, source: PlannedSource, code: Code) -> None:
        self.source = source
        self.code = code
        self.walk = Walk(code)
        self.walk.objects.add("resource")

    def write(self) -> Code:
        source, code = self.source, self.code
        code.line("row = {}")
        with code.block("for resource in resources"):
            for test in () if source.claims else source.match:
                code.line(f"if not {self._any([test], ['resource'])}: continue")
            code.line("shelf.within(resource)")
            self._levels(["resource"])
        return code

    def _levels(self, names: list[str]) -> None:
        """Write the loops down to the innermost level, and what is asked of it."""
        source, at = self.source, len(names) - 1
        if at < len(source.levels):
            level = source.levels[at]
            self.walk.visit(level.path.ops, names[level.start], lambda node: self._levels([*names, node]))
            return
        self._unless(source.skip_if, names, lambda: self._where(source.only_if, names))

    def _unless(self, tests: Sequence[PlannedTest], names: list[str], then: Callable[[], None]) -> None:
        if not tests:
            then()
            return
        with self.code.block(f"if not {self._any(tests, names)}"):
            then()

    def _where(self, tests: Sequence[PlannedTest], names: list[str]) -> None:
        found = f"yield [{', '.join(names)}]"
        self.code.line(f"if {self._any(tests, names)}: {found}" if tests else found)

    def _any(self, tests: Sequence[PlannedTest], names: list[str]) -> str:
        """The name of whether some test holds: whether the first that stands at the end of its path is no null."""
        code = self.code
        holds = code.fresh("t")
        for number, test in enumerate(tests):
            if number:
                with code.block(f"if not {holds}"):
                    self._test(test, names, holds)
            else:
                self._test(test, names, holds)
        return holds

    def _test(self, test: PlannedTest, names: list[str], holds: str) -> None:
        ops, code = test.path.ops, self.code
        code.line(f"{holds} = None")
        said = "{} is not None" if _may_be_null(ops) else "True"
        self.walk.visit(
            ops, names[test.level], lambda v: code.line(f"{holds} = {said.format(v)}"), f"{holds} is not None"
        )


def _may_be_null(ops: Sequence[Op]) -> bool:
    """Whether a null can stand at the end of ops: an element of a list can be one, or a level."""
    last = next((op for op in reversed(ops) if not isinstance(op, Take)), None)
    return last is None or (isinstance(last, Get) and last.many)
