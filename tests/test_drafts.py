"""Drafts and work folders of runs that are no more are removed, those of others are left; files may be open."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from interchange import drafts
from interchange.drafts import WorkFolder, draft_of, is_held, open_draft

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(drafts.flock is None, reason="this system has no locks")


def test_drafts_that_nobody_holds_make_way(tmp_path: Path) -> None:
    target = tmp_path / "dm.xpt"
    left, other = tmp_path / ".dm.xpt.1.part", tmp_path / ".suppdm.xpt.1.part"
    left.write_bytes(b"half")
    other.write_bytes(b"half")
    with open_draft(target) as file:
        file.write(b"whole")
    assert draft_of(target).read_bytes() == b"whole"
    assert not left.exists()
    assert other.exists()  # of another file, which this run may not write


def test_drafts_of_others_stay(tmp_path: Path) -> None:
    held = tmp_path / ".dm.xpt.1.part"
    with held.open("wb") as file:
        drafts.hold(file)
        assert is_held(held)
        open_draft(tmp_path / "dm.xpt").close()
        assert held.exists()
    assert not is_held(held)


def test_a_name_with_wildcards_is_a_name(tmp_path: Path) -> None:
    other = tmp_path / ".dm.xpt.1.part"
    other.write_bytes(b"half")
    open_draft(tmp_path / "*.xpt").close()
    assert other.exists()


def test_work_folders_go_with_their_objects_or_with_the_next_run(tmp_path: Path) -> None:
    killed = f"import os; from interchange.drafts import WorkFolder; w = WorkFolder({str(tmp_path)!r}); os._exit(9)"
    assert subprocess.run([sys.executable, "-c", killed], check=False).returncode == 9  # noqa: S603
    (left,) = tmp_path.iterdir()
    (tmp_path / "interchange-notes").mkdir()  # somebody's own: it has no lock
    first = WorkFolder(str(tmp_path))
    assert not left.exists()
    second = WorkFolder(str(tmp_path))
    assert first.path.is_dir()
    del first, second
    assert [path.name for path in tmp_path.iterdir()] == ["interchange-notes"]


def test_as_many_files_may_be_open_as_the_system_allows() -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] != resource.RLIM_INFINITY and before[1] < 1000:
        pytest.skip("this system allows few files")
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        assert drafts.allow_open(500) == 500
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 500 + drafts.SPARE
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
