"""To FHIR, generated: one function a row source (or entity) that writes its constants as the interpreter does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.engine.bench import fill_template, holds
from interchange.engine.code import Code, function_name, guard_tests
from interchange.engine.compile_write import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interchange.engine.code import Ops
    from interchange.engine.plan import PlannedEmit


def emit_code(emits: Sequence[PlannedEmit], *names: str) -> Code:
    """Return the code of what writes constants: ``(levels, bench, row) -> None``."""
    code = Code(function_name("emit", *names), "levels, bench, row")
    return _Emitter(code).write(emits)


class _Emitter:
    def __init__(self, code: Code) -> None:
        self.code = code
        self.writer = Writer((), code)
        self.walk = self.writer.walk

    def write(self, emits: Sequence[PlannedEmit]) -> Code:
        code = self.code
        code.bound |= {"fill_template": fill_template, "holds": holds}
        code.line("shelf = bench.made")
        for emit in emits:
            code.remark(f"{emit.path.key} = {emit.value} ({emit.place})")
            with code.block(f"if {' and '.join(guard_tests(emit.when)) or True}"):
                self._emit(emit)
        code.line("return None")
        return code

    def _emit(self, emit: PlannedEmit) -> None:
        """Write a constant where its conditions hold and nothing stands; ``e`` becomes its value."""
        code, node, tests = self.code, f"levels[{emit.level}]", []
        if emit.lookups:
            lookups = code.bind("lookups", emit.lookups)
            code.line(f"e = next((code for lookup in {lookups} if (code := lookup(row))), None)")
            tests.append("e is not None")
        tests += [f"not {self._holding(ops, node)}" for ops in emit.blank]
        if emit.picked:
            tests.append(self.walk.there(emit.picked, node))
        tests.append(f"not {self.walk.there(emit.path.ops, node)}")
        with code.block(f"if {' and '.join(tests)}"):
            if emit.template:
                code.line(f"e = fill_template({str(emit.value)!r}, {emit.path.key!r}, row)")
            else:
                code.line(f"e = {'e or ' if emit.lookups else ''}{emit.value!r}")
            with code.block("if e is not None"):
                self.writer.put(emit.level, emit.path.ops, "e", "done")

    def _holding(self, ops: Ops, node: str) -> str:
        """The name of whether anything at the end of ops says something."""
        code, said = self.code, self.code.fresh("b")

        def ask(found: str) -> None:
            code.line(f"if holds({found}): {said} = True")

        code.line(f"{said} = False")
        self.walk.visit(ops, node, ask, said)
        return said
