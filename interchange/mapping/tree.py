"""YAML as a tree of text with line numbers.

Every scalar is text, as YAML's failsafe schema has it: ``NO`` stays NO, ``12:30`` and ``1.10`` stay what they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from interchange.issues import Issue, MappingError, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from yaml.nodes import Node as YamlNode

Content = "str | list[Node] | dict[str, Node]"


P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Node:
    """A scalar, a list or a mapping, and the line it stands on."""

    value: str | list[Node] | dict[str, Node]
    place: Place

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    def get(self, key: str) -> Node | None:
        """The node under a key of a mapping, or nothing."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def text(self, key: str, default: str = "") -> str:
        """The text under a key, or the default."""
        node = self.get(key)
        return default if node is None else node.scalar()

    def scalar(self) -> str:
        """The text of a scalar; MappingError for anything else."""
        if isinstance(self.value, str):
            return self.value
        raise self.fault("IX-YAML-002", "a text belongs here, not a list or a mapping", "write one value")

    def words(self, key: str) -> tuple[str, ...]:
        """The words of a text or list under a key."""
        node = self.get(key)
        if node is None:
            return ()
        if isinstance(node.value, list):
            return tuple(item.scalar() for item in node.value)
        return tuple(node.scalar().split())

    def items(self) -> Iterator[tuple[str, Node]]:
        """The keys and nodes of a mapping; MappingError for anything else."""
        if not isinstance(self.value, dict):
            raise self.fault("IX-YAML-002", "a mapping belongs here", "write `key: value` lines below it")
        return iter(self.value.items())

    def each(self) -> list[Node]:
        """The nodes of a list; a scalar or mapping counts as a list of one."""
        return self.value if isinstance(self.value, list) else [self]

    def plain(self) -> object:
        """The tree as dicts, lists and texts."""
        if isinstance(self.value, dict):
            return {k: v.plain() for k, v in self.value.items()}
        if isinstance(self.value, list):
            return [v.plain() for v in self.value]
        return self.value

    def fault(self, code: str, message: str, hint: str) -> MappingError:
        """An error that stands at this node."""
        return MappingError([Issue(code, "error", self.place, message, hint)])


def read_tree(path: Path, name: str) -> Node:
    """Return the tree of a YAML file, whose places show ``name``; MappingError with the line where it is no YAML."""
    import yaml

    # The loader in C is there with most installations; a base loader does not ask what type each text would be.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        fault = f"not YAML: {error.problem or error.context}"
        raise MappingError([Issue("IX-YAML-001", "error", Place(name, line), fault, "mend the line")]) from error
    except (OSError, UnicodeDecodeError) as error:
        fault = f"cannot be read: {type(error).__name__}"
        raise MappingError(
            [Issue("IX-YAML-001", "error", Place(name), fault, "check the path and the encoding (UTF-8)")]
        ) from error
    if root is None:
        return Node({}, Place(name, 1))
    return _node(root, name)


def _node(node: YamlNode, name: str) -> Node:
    from yaml.nodes import MappingNode, SequenceNode

    place = Place(name, node.start_mark.line + 1)
    if isinstance(node, MappingNode):
        content: dict[str, Node] = {}
        for key, value in node.value:
            at = Place(name, key.start_mark.line + 1)
            if key.value in content:
                raise MappingError(
                    [Issue("IX-YAML-003", "error", at, f"`{key.value}` stands twice", "keep one of the two")]
                )
            child = _node(value, name)
            content[key.value] = Node(child.value, at)
        return Node(content, place)
    if isinstance(node, SequenceNode):
        return Node([_node(item, name) for item in node.value], place)
    return Node(str(node.value), place)


def collect_faults(faults: list[Issue], build: Callable[P, T], *args: P.args, **words: P.kwargs) -> T | None:
    """What a builder gives, or nothing, its faults collected."""
    try:
        return build(*args, **words)
    except MappingError as error:
        faults.extend(error.issues)
        return None
