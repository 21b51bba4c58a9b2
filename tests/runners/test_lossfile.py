"""Losses in files are those that were written, in one order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interchange.engine.losses import Group, LossesAtHand
from interchange.runners.lossfile import LossesOnDisk, write_losses

if TYPE_CHECKING:
    from pathlib import Path

ONE: list[Group] = [("Condition/?", [("code", "b")]), ("Patient/1", [("id", "new"), ("name\n", "no rule")])]
TWO: list[Group] = [("Condition/?", [("abatement", "a")]), ("Patient/2", [("id", "new")])]
OWN: list[Group] = [("ResearchStudy/1", [("id", "new")])]


def test_losses_of_files_and_memory_are_one_collection(tmp_path: Path) -> None:
    files = [write_losses(tmp_path / "one", ONE), write_losses(tmp_path / "two", TWO)]
    losses = LossesOnDisk(files, OWN)
    expected = LossesAtHand([*ONE, *TWO, *OWN])
    assert list(losses) == list(expected) == list(losses)
    assert len(losses) == len(expected) == 6
    assert losses.counts() == expected.counts()
