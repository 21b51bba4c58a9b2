"""The compiled engine: a plan as generated Python, equal to the interpreter and several times as fast.

A function a row source (or entity) and direction, generated and compiled when it is first called, and one that finds
what a row source reads. ``source`` shows the text of all of them; tracebacks show their lines.

What is read often and looks alike gets a reader of its own: one for the keys that are there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from interchange.engine.compile_elements import elements_code
from interchange.engine.compile_emit import emit_code
from interchange.engine.compile_read import read_code
from interchange.engine.compile_write import write_code
from interchange.engine.remembered import Remembered
from interchange.engine.shaped import OFTEN, ShapedReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from interchange.engine.code import Code
    from interchange.engine.compile_read import Shape
    from interchange.engine.interpret import Bench, Shelf
    from interchange.engine.ops import Json, Row
    from interchange.engine.plan import Plan, PlannedEntity, PlannedSource
    from interchange.engine.shelf import ResourceShelf


class Compiled:
    """What reads and writes for a plan.

    ``Forward(plan, compiled.read, compiled.elements)``, ``Backward(plan, forward, compiled.write, constants =
    compiled.constants)``. ``often`` is how many rows with the same keys make it worth to compile a reader for these.
    """

    def __init__(self, plan: Plan, base: Compiled | None = None, often: int = OFTEN) -> None:
        self.plan = plan
        self.often = often
        self._readers: dict[int, Callable[..., Row]] = dict(base._readers) if base else {}
        self._elements: dict[int, Callable[..., Iterator[list[Any]]]] = dict(base._elements) if base else {}
        self._writers: dict[int, Callable[..., None]] = dict(base._writers) if base else {}
        self._constants: dict[int, Callable[..., None]] = dict(base._constants) if base else {}
        self._kept: list[Any] = list(base._kept) if base else []  # what ids in the tables above stand for

    def read(self, source: PlannedSource | PlannedEntity, levels: Sequence[Json], shelf: Shelf) -> Row:
        """Return the cells that a row source or entity reads from the levels of one row."""
        reader = self._readers.get(id(source))
        if reader is None:
            reader = self._readers[id(source)] = self._reader(source)
        return reader(levels, shelf)

    def elements(self, source: PlannedSource, shelf: ResourceShelf) -> Iterator[list[Json]]:
        """Yield the levels of every element that a row source reads."""
        own = shelf.owners.taken(source, shelf) if source.claims else shelf.types.get(source.resource, ())
        if not own:
            return iter(())
        elements = self._elements.get(id(source))
        if elements is None:
            elements = self._elements[id(source)] = self._build(elements_code(source), source)
        return elements(own, shelf)

    def write(self, source: PlannedSource | PlannedEntity, levels: Sequence[Json], bench: Bench, row: Row) -> None:
        """Write the cells of a row into its levels."""
        writer = self._writers.get(id(source))
        if writer is None:
            writer = self._writers[id(source)] = self._build(write_code(source.rules, *_names(source)), source)
        writer(levels, bench, row)

    def constants(self, source: PlannedSource | PlannedEntity, levels: Sequence[Json], bench: Bench, row: Row) -> None:
        """Write the constants of a row source or entity into the levels of a row."""
        writer = self._constants.get(id(source))
        if writer is None:
            writer = self._constants[id(source)] = self._build(emit_code(source.emit, *_names(source)), source)
        writer(levels, bench, row)

    def prepare(self, sources: Iterable[PlannedSource | PlannedEntity]) -> None:
        """Compile both directions of row sources or entities now, rather than when they are first called."""
        for source in sources:
            self._readers[id(source)] = self._reader(source)
            self._writers[id(source)] = self._build(write_code(source.rules, *_names(source)), source)

    def _reader(self, source: PlannedSource | PlannedEntity) -> ShapedReader:
        remembered = Remembered(source.rules)

        def made(shape: Shape) -> Callable[..., Row]:
            return self._build(read_code(source.rules, *_names(source), shape=shape, remembered=remembered), source)

        return ShapedReader(made(()), made, self.often)

    def _build(self, code: Code, source: PlannedSource | PlannedEntity) -> Callable[..., Any]:
        self._kept.append(source)
        return code.build(f"{code.name} {self.plan.release}")

    @property
    def source(self) -> str:
        """The generated text of all row sources and entities."""
        return "\n\n".join(
            code.text
            for place in self._places()
            for code in (
                *([] if hasattr(place, "entity") else [elements_code(place)]),
                read_code(place.rules, *_names(place)),
                write_code(place.rules, *_names(place)),
                emit_code(place.emit, *_names(place)),
            )
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
