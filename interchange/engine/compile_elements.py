"""To SDTM, generated: one function a row source that finds the elements which rows are read from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.engine.code import Code, Walk, function_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from interchange.engine.plan import PlannedSource, PlannedTest


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
        """The name of whether some test holds."""
        first, *others = tests
        holds = self.walk.there(first.path.ops, names[first.level])
        for test in others:
            with self.code.block(f"if not {holds}"):
                self.code.line(f"{holds} = {self.walk.there(test.path.ops, names[test.level])}")
        return holds
