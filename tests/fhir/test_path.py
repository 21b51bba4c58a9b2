from __future__ import annotations

import pytest

from interchange.fhir.path import (
    Extension,
    First,
    Join,
    Name,
    OfType,
    Path,
    PathError,
    Referrer,
    Resolve,
    Step,
    System,
    Text,
    Var,
    Where,
    parse_path,
)


def condition(path: str, literal: Text | System | Var) -> tuple[Path, Text | System | Var]:
    return parse_path(path), literal


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("title", (Name("title"),)),
        ("period.start", (Name("period"), Name("start"))),
        ("value.ofType(Quantity).value", (Name("value"), OfType("Quantity"), Name("value"))),
        ("identifier.first().value", (Name("identifier"), First(), Name("value"))),
        ("subject.resolve(subject)", (Name("subject"), Resolve("subject"))),
        ("join(age).value", (Join("age"), Name("value"))),
        ("referrer(ResearchSubject.subject).id", (Referrer("ResearchSubject", "subject"), Name("id"))),
        ("extension(%race)", (Extension(System("race")),)),
        ("extension('http://a.b/c')", (Extension(Text("http://a.b/c")),)),
        ("identifier.where(use='official')", (Name("identifier"), Where((condition("use", Text("official")),)))),
        (
            "code.where(system=%carry/name and code=$ETCD)",
            (Name("code"), Where((condition("system", System("carry", "name")), condition("code", Var("ETCD"))))),
        ),
        ("item.where(id=slug($ARMCD))", (Name("item"), Where((condition("id", Var("ARMCD", slug=True)),)))),
        ("item.where(exclude=true)", (Name("item"), Where((condition("exclude", Text("true")),)))),
        ("a.where( b.c = 'it\\'s' )", (Name("a"), Where((condition("b.c", Text("it's")),)))),
    ],
)
def test_a_path_is_its_steps(text: str, steps: tuple[Step, ...]) -> None:
    found = parse_path(text)
    assert [str(step) for step in found.steps] == [str(step) for step in steps]
    assert str(found) == text


def test_this_has_no_steps() -> None:
    assert parse_path("$this") == Path((), "$this")


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("a..b", 2, "expected a name, found `.`"),
        ("a.", 2, "expected a name, found `the end`"),
        ("a b", 2, "cannot read `b` here"),
        ("a.where(b)", 9, "expected `=`, found `)`"),
        ("a.where(b='x'", 13, "expected `)`, found `the end`"),
        ("a.where(b=c)", 10, "expected 'text', %system, $VAR or slug($VAR), found `c`"),
        ("a + b", 2, "cannot read `+ b`"),
        ("a.iif(b)", 2, "`iif()` is no step"),
        ("a.referrer(b)", 12, "expected `.`, found `)`"),
        ("a.where(b=slug('x'))", 10, "expected 'text'"),
    ],
)
def test_a_wrong_path_says_where(text: str, column: int, message: str) -> None:
    with pytest.raises(PathError) as caught:
        parse_path(text)
    assert str(caught.value).startswith(message)
    assert caught.value.column == column


def test_head_and_tail() -> None:
    path = parse_path("plan.type.coding")
    assert path.head == "plan"
    assert path.tail() == parse_path("type.coding")
    assert parse_path("join(age).value").head == ""


def test_variables_are_those_of_conditions() -> None:
    assert parse_path("a.where(b=$ETCD and c=slug($ARMCD)).d").variables() == {"ETCD", "ARMCD"}
    assert parse_path("a.b").variables() == frozenset()
