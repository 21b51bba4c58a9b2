"""The compiled engine: a plan as generated Python, equal to the interpreter and several times as fast.

A function a row source (or entity) and direction, generated and compiled when it is first called. ``source`` shows the
text of all of them; tracebacks show their lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from interchange.engine.compile_read import read_code
from interchange.engine.compile_write import write_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from interchange.engine.code import Code
    from interchange.engine.interpret import Bench, Shelf
    from interchange.engine.ops import Json, Row
    from interchange.engine.plan import Plan, PlannedEntity, PlannedSource


class Compiled:
    """Readers and writers of a plan: ``Forward(plan, compiled.read)``, ``Backward(plan, forward, compiled.write)``."""

    def __init__(self, plan: Plan, base: Compiled | None = None) -> None:
        self.plan = plan
        self._readers: dict[int, Callable[..., Row]] = dict(base._readers) if base else {}
        self._writers: dict[int, Callable[..., None]] = dict(base._writers) if base else {}
        self._kept: list[Any] = list(base._kept) if base else []  # what ids in the tables above stand for

    def read(self, source: PlannedSource | PlannedEntity, levels: Sequence[Json], shelf: Shelf) -> Row:
        """Return the cells that a row source or entity reads from the levels of one row."""
        reader = self._readers.get(id(source))
        if reader is None:
            reader = self._readers[id(source)] = self._build(read_code, source)
        return reader(levels, shelf)

    def write(self, source: PlannedSource | PlannedEntity, levels: Sequence[Json], bench: Bench, row: Row) -> None:
        """Write the cells of a row into its levels."""
        writer = self._writers.get(id(source))
        if writer is None:
            writer = self._writers[id(source)] = self._build(write_code, source)
        writer(levels, bench, row)

    def prepare(self, sources: Iterable[PlannedSource | PlannedEntity]) -> None:
        """Compile both directions of row sources or entities now, rather than when they are first called."""
        for source in sources:
            self._readers[id(source)] = self._build(read_code, source)
            self._writers[id(source)] = self._build(write_code, source)

    def _build(self, generate: Callable[..., Code], source: PlannedSource | PlannedEntity) -> Callable[..., Any]:
        self._kept.append(source)
        code = generate(source.rules, *_names(source))
        return code.build(f"{code.name} {self.plan.release}")

    @property
    def source(self) -> str:
        """The generated text of all row sources and entities."""
        return "\n\n".join(
            generate(place.rules, *_names(place)).text
            for place in self._places()
            for generate in (read_code, write_code)
        )

    def _places(self) -> Iterator[PlannedSource | PlannedEntity]:
        yield from self.plan.entities.values()
        for mapping in self.plan.mappings.values():
            yield from mapping.sources


def _names(place: PlannedSource | PlannedEntity) -> tuple[str, ...]:
    return ("entity", place.entity.name) if hasattr(place, "entity") else (place.domain, place.source.name)


def compile_plan(plan: Plan, base: Compiled | None = None) -> Compiled:
    """Return the compiled engine of a plan, with what ``base`` has compiled of it."""
    return Compiled(plan, base)
