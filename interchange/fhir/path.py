"""Reversible paths: the part of FHIRPath that can be read and written.

    path := $this | [head.]step(.step)*
    step := name | ofType(T) | where(path=lit and ...) | extension(lit) | first()
          | resolve(entity) | join(entity) | referrer(Type.element)
    lit  := 'text' | %system[/suffix] | $VAR | slug($VAR)

``name`` descends, over a list into every element. ``where`` filters one way; the other way it finds the element or
appends one with the pattern written in. ``resolve`` follows a reference, ``join`` finds the resource of an entity by
the row's key variables, ``referrer`` the resources that refer to this one. With those three, ``%system`` and ``$VAR``
bound, a path is legal FHIRPath (https://hl7.org/fhirpath) with the same value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<system>%[A-Za-z][\w-]*(?:/[\w.-]+)?)|(?P<var>\$[A-Z][A-Za-z0-9]*)"
    r"|(?P<name>[A-Za-z_][\w-]*)|(?P<mark>[.()=]))"
)


class PathError(ValueError):
    """A path that cannot be parsed; ``column`` is where, from 0."""

    def __init__(self, message: str, column: int) -> None:
        self.column = column
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Text:
    """A literal in quotes."""

    value: str


@dataclass(frozen=True, slots=True)
class System:
    """A named system, ``%loinc`` or ``%carry/name``."""

    name: str
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Var:
    """The value of a row's variable; ``slug`` makes it a legal FHIR id."""

    name: str
    slug: bool = False


Literal = Text | System | Var


@dataclass(frozen=True, slots=True)
class Name:
    """Descend to a child element."""

    name: str


@dataclass(frozen=True, slots=True)
class OfType:
    """Pick one type of a choice element."""

    type: str


@dataclass(frozen=True, slots=True)
class Where:
    """Keep the elements for which every condition holds."""

    conditions: tuple[tuple[Path, Literal], ...]


@dataclass(frozen=True, slots=True)
class Extension:
    """Descend to the extension with a URL."""

    url: Literal


@dataclass(frozen=True, slots=True)
class First:
    """Keep the first element only."""


@dataclass(frozen=True, slots=True)
class Resolve:
    """Follow a reference to the resource of an entity."""

    entity: str


@dataclass(frozen=True, slots=True)
class Join:
    """The resource of an entity that has the row's key variables."""

    entity: str


@dataclass(frozen=True, slots=True)
class Referrer:
    """The resources of a type whose element refers to this one; to SDTM only."""

    type: str
    element: str


Step = Name | OfType | Where | Extension | First | Resolve | Join | Referrer


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path: its steps and its text."""

    steps: tuple[Step, ...]
    text: str

    def __str__(self) -> str:
        return self.text

    @property
    def head(self) -> str:
        """The first step's name, or nothing where it is no name."""
        first = self.steps[0] if self.steps else None
        return first.name if isinstance(first, Name) else ""

    def tail(self) -> Path:
        """The path without its first step."""
        return Path(self.steps[1:], self.text.partition(".")[2])

    def variables(self) -> frozenset[str]:
        """The row variables that ``where`` conditions compare with."""
        found: set[str] = set()
        for step in self.steps:
            if isinstance(step, Where):
                found.update(lit.name for _, lit in step.conditions if isinstance(lit, Var))
        return frozenset(found)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.kind = ""
        self.token = ""
        self.start = 0
        self.advance()

    def advance(self) -> None:
        match = _TOKEN.match(self.text, self.at)
        if match is None:
            rest = self.text[self.at :]
            if not rest.strip():
                self.start, self.kind, self.token = len(self.text), "end", ""
                return
            raise PathError(f"cannot read `{rest.strip()[:12]}`", len(self.text) - len(rest.lstrip()))
        self.kind = match.lastgroup or ""
        self.token = match.group(self.kind)
        self.start = match.start(self.kind)
        self.at = match.end()

    def take(self, token: str) -> None:
        if self.token != token or self.kind == "text":
            raise PathError(f"expected `{token}`, found `{self.token or 'the end'}`", self.start)
        self.advance()

    def name(self) -> str:
        if self.kind != "name":
            raise PathError(f"expected a name, found `{self.token or 'the end'}`", self.start)
        token = self.token
        self.advance()
        return token

    def path(self) -> Path:
        begin = self.start
        steps = [self.step()]
        while self.token == "." and self.kind == "mark":
            self.advance()
            steps.append(self.step())
        return Path(tuple(steps), self.text[begin : self.start].strip())

    def step(self) -> Step:
        start = self.start
        name = self.name()
        if not (self.kind == "mark" and self.token == "("):
            return Name(name)
        self.advance()
        step = self.call(name, start)
        self.take(")")
        return step

    def call(self, name: str, start: int) -> Step:
        match name:
            case "ofType":
                return OfType(self.name())
            case "resolve":
                return Resolve(self.name())
            case "join":
                return Join(self.name())
            case "referrer":
                type_ = self.name()
                self.take(".")
                return Referrer(type_, self.name())
            case "first":
                return First()
            case "extension":
                return Extension(self.literal())
            case "where":
                conditions = [self.condition()]
                while self.kind == "name" and self.token == "and":
                    self.advance()
                    conditions.append(self.condition())
                return Where(tuple(conditions))
        raise PathError(
            f"`{name}()` is no step; a path has ofType, where, extension, first, resolve, join and referrer "
            "(arithmetic, text functions and iif belong in a codec or in derive)",
            start,
        )

    def condition(self) -> tuple[Path, Literal]:
        path = self.path()
        self.take("=")
        return path, self.literal()

    def literal(self) -> Literal:
        kind, token, start = self.kind, self.token, self.start
        self.advance()
        if kind == "text":
            return Text(re.sub(r"\\(.)", r"\1", token[1:-1]))
        if kind == "system":
            name, _, suffix = token[1:].partition("/")
            return System(name, suffix)
        if kind == "var":
            return Var(token[1:])
        if kind == "name" and token == "slug":
            self.take("(")
            inner = self.literal()
            self.take(")")
            if isinstance(inner, Var):
                return Var(inner.name, slug=True)
        if kind == "name" and token in ("true", "false"):
            return Text(token)
        raise PathError(f"expected 'text', %system, $VAR or slug($VAR), found `{token or 'the end'}`", start)


@lru_cache(maxsize=4096)
def parse_path(text: str) -> Path:
    """Return the path that a text spells; PathError with the column where it is none.

    >>> [type(s).__name__ for s in parse_path("identifier.where(system=%loinc).value").steps]
    ['Name', 'Where', 'Name']
    """
    if text.strip() == "$this":
        return Path((), "$this")
    parser = _Parser(text)
    path = parser.path()
    if parser.kind != "end":
        raise PathError(f"cannot read `{parser.token}` here", parser.start)
    return path
