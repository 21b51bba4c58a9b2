"""Records: which row a resource became, as SDTM names it in CO and RELREC (SDTMIG 8).

A row source with ``about: record`` has a row for what stands in the resource of another row (a note), and gets RDOMAIN,
USUBJID, IDVAR and IDVARVAL of that one. With ``about: relation`` it has two rows for each reference from one record to
another, with a RELID of their own.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from interchange.engine.ops import Resource, Row

RELATION = "relation"
SHARED = ("STUDYID", "USUBJID")


def named(rows: list[tuple[str, Row]]) -> Row:
    """Return how SDTM names the record of a resource: by --GRPID where several rows share one, else by --SEQ.

    >>> named([("LB", {"USUBJID": "1", "LBSEQ": "7"})])
    {'USUBJID': '1', 'RDOMAIN': 'LB', 'IDVAR': 'LBSEQ', 'IDVARVAL': '7'}
    """
    domain, row = rows[0]
    record = {name: row[name] for name in SHARED if name in row} | {"RDOMAIN": domain}
    group, number = f"{domain[:2]}GRPID", f"{domain[:2]}SEQ"
    if len(rows) > 1 and group in row and all(other.get(group) == row[group] for _, other in rows):
        return record | {"IDVAR": group, "IDVARVAL": row[group]}
    return record | ({"IDVAR": number, "IDVARVAL": row[number]} if number in row else {})


class Records:
    """The rows that resources became, found both ways."""

    def __init__(self, rows: Mapping[str, Iterable[tuple[Resource, Row]]] | None = None) -> None:
        self._rows: dict[int, list[tuple[str, Row]]] = {}
        self._resources: dict[tuple[str, ...], Resource] = {}
        self._relations: Counter[str] = Counter()
        for domain, own in (rows or {}).items():
            for resource, row in own:
                self._rows.setdefault(id(resource), []).append((domain, row))
                name = f"{domain[:2]}SEQ"
                if name in row:
                    key = (domain, row.get("USUBJID", ""), name, row[name])
                    self._resources.setdefault(key, resource)

    def of(self, resource: Resource | None) -> Row | None:
        """How SDTM names the record that a resource became; nothing where it became none."""
        rows = self._rows.get(id(resource))
        return named(rows) if rows else None

    def resource(self, row: Row) -> Resource | None:
        """The resource of the record that a row of CO is about, by --SEQ; nothing where it is named otherwise."""
        key = (row.get("RDOMAIN", ""), row.get("USUBJID", ""), row.get("IDVAR", ""), row.get("IDVARVAL", "").strip())
        return self._resources.get(key)

    def relate(self, one: Resource, two: Resource | None) -> tuple[Row, Row] | None:
        """The two rows of RELREC of a reference between records; nothing where one of them is none.

        RELID counts the relations of a subject.
        """
        first, second = self.of(one), self.of(two)
        if first is None or second is None or first == second:
            return None
        subject = first.get("USUBJID", "")
        self._relations[subject] += 1
        relation = {"RELID": str(self._relations[subject])}
        return first | relation, second | relation
