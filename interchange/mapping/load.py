"""The files of a project, read and laid over each other: shipped mappings, a sponsor's overlays, study settings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from interchange.issues import Issue, MappingError, Place
from interchange.mapping.build import build_project
from interchange.mapping.classes import lay_over_class
from interchange.mapping.overlay import merge_overlay
from interchange.mapping.terminology import project_terminology
from interchange.mapping.tree import Node, collect_faults, read_tree
from interchange.sdtm.standard import standard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interchange.mapping.model import Project

    Packages = Path | str | Sequence[Path | str] | None

PROJECT_FILE = "interchange.yaml"
CLASSES = "classes"
State = tuple[tuple[str, int, int], ...]


def shipped_mappings() -> Path:
    """The folder of the mapping files that come with the package."""
    inside = Path(str(resources.files("interchange"))) / "_mappings"
    return inside if inside.is_dir() else Path(str(resources.files("interchange"))).parent / "mappings"


@dataclass(frozen=True, slots=True)
class Trees:
    """The files of a project before they are a model: settings, mappings by file name, the folders of their tables."""

    root: Node
    mappings: dict[str, Node]
    folders: tuple[Path | None, ...]
    faults: tuple[Issue, ...] = ()
    classes: dict[str, Node] = field(default_factory=dict)


def load_project(folder: Path | str | None = None, study: Path | str | None = None) -> Project:
    """Return the shipped mappings with a sponsor's overlay folder and study settings laid over them.

    ``folder`` holds overlay files (``extends: dm.yaml``), new domains, or a whole ``interchange.yaml``; ``study`` is
    a small settings file. MappingError lists every fault with its line. As long as no file changes, the same project
    is given again.
    """
    own = None if folder is None else str(folder)
    settings = None if study is None else str(study)
    return _loaded(own, settings, _state(shipped_mappings(), own, settings))


@lru_cache(maxsize=8)
def _loaded(folder: str | None, study: str | None, state: State) -> Project:  # noqa: ARG001 - a changed file is another call
    trees = read_trees(folder, study)
    if trees.faults:
        raise MappingError(list(trees.faults))
    return build_project(trees.root, trees.mappings, *trees.folders, classes=trees.classes)


def _state(*places: Path | str | None) -> State:
    """Every file of mappings, with when it was written and its size."""
    files: list[Path] = []
    for place in places:
        path = Path(place) if place is not None else None
        if path is not None and path.is_dir():
            files += [each for each in sorted(path.rglob("*")) if each.suffix in (".yaml", ".csv")]
        elif path is not None and path.is_file():
            files.append(path)
    return tuple((str(file), (stat := file.stat()).st_mtime_ns, stat.st_size) for file in files)


def project_of(
    mappings: Path | str | None = None,
    study: Path | str | None = None,
    sdtmig: str | None = None,
    ct: Packages = None,
) -> Project:
    """Return the mappings, settings and terminology that options name; MappingError and SourceError as `to_sdtm`."""
    project = load_project(mappings, study)
    return _settled(project, sdtmig or project.settings["sdtmig"], package_lines(ct))


@lru_cache(maxsize=16)
def _settled(project: Project, version: str, packages: str) -> Project:
    standard(version)  # an unknown version stops here, with those that are known
    settings = {**project.settings, "sdtmig": version}
    if packages:
        settings["ct"] = packages
        project_terminology(settings)  # and a package that cannot be read
    return replace(project, settings=settings)


def package_lines(ct: Packages) -> str:
    """The paths of packages, one a line."""
    return "" if ct is None else str(ct) if isinstance(ct, (str, Path)) else "\n".join(map(str, ct))


def read_trees(
    folder: Path | str | None = None, study: Path | str | None = None, files: Sequence[Path | str] = ()
) -> Trees:
    """Return the trees of a project, overlays merged; a file that cannot be read is left out, and is a fault.

    ``files`` are single mapping files, laid over the shipped ones as those of ``folder`` are.
    """
    shipped = shipped_mappings()
    own = Path(folder) if folder is not None else None
    faults: list[Issue] = []
    if own is not None and not own.is_dir():
        faults.append(Issue("IX-MAP-001", "error", Place(str(own)), "no such folder of mappings", "check --mappings"))
        own = None
    root, classes, mappings = _shipped(shipped, _state(shipped))
    classes, mappings = dict(classes), dict(mappings)
    settings = [own / PROJECT_FILE] if own is not None and (own / PROJECT_FILE).is_file() else []
    for path in (*settings, *([Path(study)] if study is not None else ())):
        root = collect_faults(faults, _laid_over, root, path) or root
    for path in sorted((own / CLASSES).glob("*.yaml")) if own is not None else ():
        if (tree := collect_faults(faults, read_tree, path, str(path))) is not None:
            classes[path.stem] = tree
            _respell(mappings, shipped, path.stem, classes)
    singles = [Path(file) for file in files]
    for path in (*(_mapping_files(own) if own is not None else ()), *singles):
        tree = collect_faults(faults, read_tree, path, str(path))
        if tree is not None:
            collect_faults(faults, _lay, mappings, path.name, tree, classes)
    folders = (shipped, own, *dict.fromkeys(file.parent for file in singles))
    return Trees(root, mappings, folders, tuple(faults), classes)


@lru_cache(maxsize=2)
def _shipped(folder: Path, state: State) -> tuple[Node, dict[str, Node], dict[str, Node]]:  # noqa: ARG001
    """The shipped settings, class files by name, and mappings by file name, read once as long as they stay the same."""
    classes = {p.stem: read_tree(p, f"mappings/{CLASSES}/{p.name}") for p in sorted((folder / CLASSES).glob("*.yaml"))}
    trees = {p.name: read_tree(p, f"mappings/{p.name}") for p in _mapping_files(folder)}
    mappings = {name: lay_over_class(tree, classes) for name, tree in trees.items()}
    return read_tree(folder / PROJECT_FILE, f"mappings/{PROJECT_FILE}"), classes, mappings


def _respell(mappings: dict[str, Node], folder: Path, name: str, classes: dict[str, Node]) -> None:
    """Lay the shipped mappings of a class over the file that a sponsor has in its place."""
    for path in _mapping_files(folder):
        tree = read_tree(path, f"mappings/{path.name}")
        if tree.text("class") == name:
            mappings[path.name] = lay_over_class(tree, classes)


def _laid_over(root: Node, path: Path) -> Node:
    return merge_overlay(root, read_tree(path, str(path)))


def _lay(mappings: dict[str, Node], name: str, tree: Node, classes: dict[str, Node]) -> None:
    """Put a sponsor's file among the mappings: over the one that it extends, or as one of its own."""
    base = tree.text("extends")
    if not base:
        mappings[name] = lay_over_class(tree, classes)
    elif base in mappings:
        mappings[base] = merge_overlay(mappings[base], tree)
    else:
        known = f"name one of {', '.join(mappings)}"
        raise tree.fault("IX-MAP-002", f"extends `{base}`, which is no shipped mapping", known)


def _mapping_files(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.glob("*.yaml")) if p.name != PROJECT_FILE]
