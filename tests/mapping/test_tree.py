from __future__ import annotations

import pytest

from interchange.issues import MappingError
from interchange.mapping.tree import read_tree


def tree(tmp_path, text: str):
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    return read_tree(path, "a.yaml")


@pytest.mark.parametrize("text", ["NO", "12:30", "1.10", "2014-01-02", "true", "null", "0x1F", "1_000", "~"])
def test_every_scalar_is_the_text_that_stands_there(tmp_path, text: str) -> None:
    assert tree(tmp_path, f"a: {text}").text("a") == text


def test_a_node_knows_its_line(tmp_path) -> None:
    root = tree(tmp_path, "a: 1\nb:\n  c:\n    - x\n    - y\n")
    assert str(root.get("b").place) == "a.yaml:2"
    assert str(root.get("b").get("c").place) == "a.yaml:3"
    assert [n.place.line for n in root.get("b").get("c").each()] == [4, 5]


def test_words_come_from_a_text_or_a_list(tmp_path) -> None:
    root = tree(tmp_path, "a: x y\nb: [x, y z]\n")
    assert root.words("a") == ("x", "y")
    assert root.words("b") == ("x", "y z")
    assert root.words("c") == ()


def test_an_alias_repeats_what_it_names(tmp_path) -> None:
    assert tree(tmp_path, "a: &x {k: v}\nb: *x\n").plain() == {"a": {"k": "v"}, "b": {"k": "v"}}


def test_an_empty_file_is_an_empty_mapping(tmp_path) -> None:
    assert tree(tmp_path, "# nothing\n").plain() == {}


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [("a: [", "IX-YAML-001", 2), ("a: 1\nb: 2\na: 3\n", "IX-YAML-003", 3), ("a: b: c\n", "IX-YAML-001", 1)],
)
def test_what_is_no_tree_has_a_line(tmp_path, text: str, code: str, line: int) -> None:
    with pytest.raises(MappingError) as raised:
        tree(tmp_path, text)
    issue = raised.value.issues[0]
    assert (issue.code, issue.place.line) in {(code, line), (code, line - 1)}


def test_a_file_that_is_not_there_or_not_utf_8(tmp_path) -> None:
    with pytest.raises(MappingError, match="FileNotFoundError"):
        read_tree(tmp_path / "b.yaml", "b.yaml")
    (tmp_path / "c.yaml").write_bytes(b"a: \xff")
    with pytest.raises(MappingError, match="UnicodeDecodeError"):
        read_tree(tmp_path / "c.yaml", "c.yaml")


def test_a_list_where_a_text_belongs_is_a_fault(tmp_path) -> None:
    root = tree(tmp_path, "a: [1]\n")
    with pytest.raises(MappingError, match="IX-YAML-002"):
        root.text("a")
    with pytest.raises(MappingError, match="IX-YAML-002"):
        list(root.get("a").items())
