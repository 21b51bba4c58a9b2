from __future__ import annotations

from interchange.engine.leafwise import LeafTally
from interchange.report.leaves import LeafCounts, count_leaves, show_leaves, total_leaves

TALLIES = {"Group": LeafTally(1, 4, 4), "Patient": LeafTally(2, 10, 5, 3, 2, 1)}


def test_counts_and_their_total() -> None:
    types = count_leaves(TALLIES)
    assert types == [LeafCounts("Group", 1, 4, 4, 0, 0), LeafCounts("Patient", 2, 10, 5, 3, 2, 1)]
    assert types[1].row == ("Patient", 2, 10, 5, 3, 2, 1, 0.5)
    assert total_leaves(types) == LeafCounts("total", 3, 14, 9, 3, 2, 1)
    assert total_leaves([]).row == ("total", 0, 0, 0, 0, 0, 0, 0.0)


def test_the_total_is_a_line_where_there_are_several() -> None:
    types = count_leaves(TALLIES)
    assert [table.row_count for table in show_leaves(types)] == [3]  # type: ignore[union-attr]  # a table
    assert [table.row_count for table in show_leaves(types[:1])] == [1]  # type: ignore[union-attr]  # a table
    assert show_leaves([]) == []
