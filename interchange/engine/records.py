"""Records: which row a resource became, as SDTM names it in CO and RELREC (SDTMIG 8).

A row source with ``about: record`` has a row for what stands in the resource of another row (a note), and gets RDOMAIN,
USUBJID, IDVAR and IDVARVAL of that one. With ``about: relation`` it has two rows for each reference from one record to
another, with a RELID of their own. The codec ``record`` names the record that a reference leads to, and back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from interchange.mapping.model import RECORD_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from interchange.engine.ops import Json, Resource, Row

    Record = tuple[str, Row]

RELATION = "relation"
SHARED = ("STUDYID", "USUBJID")


def domain_of(dataset: str, row: Row) -> str:
    """Return the domain that names a row of a dataset: a part of a split one has that of the whole (SDTMIG 4.1.7).

    >>> domain_of("QSCO", {"DOMAIN": "QS"}), domain_of("AE", {})
    ('QS', 'AE')
    """
    return row.get("DOMAIN", dataset)


def identifier_of(domain: str, name: str) -> str:
    """Return the variable of a domain that identifies its rows; one of associated persons has it of the one within.

    >>> identifier_of("AE", "SEQ"), identifier_of("APMH", "SEQ")
    ('AESEQ', 'MHSEQ')
    """
    return f"{domain[-2:]}{name}"


def named(rows: Sequence[Record]) -> Row:
    """Return how SDTM names the record of a resource: by --GRPID where several rows share one, else by --SEQ.

    >>> named([("LB", {"USUBJID": "1", "LBSEQ": "7"})])
    {'USUBJID': '1', 'RDOMAIN': 'LB', 'IDVAR': 'LBSEQ', 'IDVARVAL': '7'}
    """
    dataset, row = rows[0]
    domain = domain_of(dataset, row)
    record = {name: row[name] for name in SHARED if name in row} | {"RDOMAIN": domain}
    group, number = identifier_of(domain, "GRPID"), identifier_of(domain, "SEQ")
    if len(rows) > 1 and group in row and all(other.get(group) == row[group] for _, other in rows):
        return record | {"IDVAR": group, "IDVARVAL": row[group]}
    return record | ({"IDVAR": number, "IDVARVAL": row[number]} if number in row else {})


class Records:
    """The rows that resources became, found both ways."""

    def __init__(self, rows: Mapping[str, Iterable[tuple[Resource, Row]]] | None = None) -> None:
        self._datasets = {dataset: list(own) for dataset, own in (rows or {}).items()}
        self._rows: dict[int, list[Record]] = {}
        self._tables: dict[tuple[str, str], dict[tuple[str, str], list[Resource]]] = {}
        self._identified: dict[str, dict[tuple[str, str], list[tuple[Resource, Record]]]] = {}
        self._related: dict[int, set[tuple[str, str]]] = {}
        self._taken: dict[str, set[str]] = {}
        self._relations: dict[str, int] = {}
        for dataset, own in self._datasets.items():
            for resource, row in own:
                self._rows.setdefault(id(resource), []).append((dataset, row))

    def of(self, resource: Resource | None) -> Row | None:
        """How SDTM names the record that a resource became; nothing where it became none."""
        rows = self._rows.get(id(resource))
        return named(rows) if rows else None

    def resource(self, row: Row) -> Resource | None:
        """The resource of the record that a row of CO is about; nothing where several, or none, are meant."""
        found = self._find(row)
        return found[0] if len(found) == 1 else None

    def _find(self, row: Row) -> Sequence[Resource]:
        """The resources, each once, of the rows that RDOMAIN, USUBJID, IDVAR and IDVARVAL of a row mean."""
        domain, variable = row.get("RDOMAIN", ""), row.get("IDVAR", "")
        table = self._tables.get((domain, variable))
        if table is None:
            table = self._tables[domain, variable] = {}
            for dataset, own in self._datasets.items():
                for resource, other in own:
                    if variable in other and domain in (dataset, domain_of(dataset, other)):
                        there = table.setdefault((other.get("USUBJID", ""), other[variable]), [])
                        if not any(resource is one for one in there):
                            there.append(resource)
        return table.get((row.get("USUBJID", ""), row.get("IDVARVAL", "").strip()), ())

    def refer(self, systems: Mapping[str, str], row: Row) -> Json:
        """The reference to the record that a row names by one of some identifiers; nothing where there is none.

        The identifier stands in the reference where the resource alone does not tell the row: one of several that it
        became, one that is named otherwise than by its number, or several of one group.
        """
        variable = row.get("IDVAR", "")
        name = next((name for name in systems if variable[2:] == name), None)
        found = self._find(row) if name is not None else ()
        if name is None or not found:
            return None
        only = found[0] if len(found) == 1 else None
        reference: dict[str, Any] = {"reference": f"{only['resourceType']}/{only['id']}"} if only else {}
        if only is not None and len(self._rows[id(only)]) == 1:
            usual = self.of(only) or {}
            if all(usual.get(key) == row.get(key, "").strip() for key in RECORD_NAME):
                return reference
        types = {resource["resourceType"] for resource in found}
        if only is None and len(types) == 1:
            reference["type"] = types.pop()
        return reference | {"identifier": {"system": systems[name], "value": row["IDVARVAL"].strip()}}

    def cells(
        self, systems: Mapping[str, str], reference: Json, target: Resource | None, subject: str
    ) -> tuple[str, ...] | None:
        """RDOMAIN, IDVAR and IDVARVAL of the record that a reference means; nothing where it means none.

        ``target`` is the resource that it leads to, if it does; ``subject`` is the USUBJID of one that only names it.
        """
        identifier = reference.get("identifier") if isinstance(reference, dict) else None
        if isinstance(identifier, dict):
            name = next((name for name, url in systems.items() if url == identifier.get("system")), None)
            value = identifier.get("value")
            if name is not None and isinstance(value, str):
                for _, (dataset, row) in self._meant(reference, target, name, (subject, value)):
                    domain = domain_of(dataset, row)
                    return domain, identifier_of(domain, name), value
        usual = self.of(target)
        return tuple(usual[key] for key in RECORD_NAME) if usual and "IDVAR" in usual else None

    def _meant(
        self, reference: Resource, target: Resource | None, name: str, key: tuple[str, str]
    ) -> Iterator[tuple[Resource, Record]]:
        """The rows that have the identifier that a reference says, of its resource or of all of its type."""
        table = self._identified.get(name)
        if table is None:
            table = self._identified[name] = {}
            for dataset, own in self._datasets.items():
                for resource, row in own:
                    value = row.get(identifier_of(domain_of(dataset, row), name))
                    if value is not None:
                        found = table.setdefault((row.get("USUBJID", ""), value), [])
                        found.append((resource, (dataset, row)))
        for resource, record in table.get(key, ()):
            meant = target is None and reference.get("type") in (None, resource["resourceType"])
            if meant or resource is target:
                yield resource, record

    def relationships(self, rows: Iterable[Row]) -> None:
        """Take in the relationships that rows of RELREC have: a reference within one of them is no other relation."""
        self._related, self._taken, self._relations = {}, {}, {}
        for row in rows:
            subject, relation = row.get("USUBJID", ""), row.get("RELID", "")
            self._taken.setdefault(subject, set()).add(relation)
            for resource in self._find(row):
                self._related.setdefault(id(resource), set()).add((subject, relation))

    def relate(self, one: Resource, two: Resource | None) -> tuple[Row, Row] | None:
        """The two rows of RELREC of a reference between records; nothing where one of them is none.

        RELID counts the relations of a subject, those left out that a relationship has for its own.
        """
        first, second = self.of(one), self.of(two)
        if first is None or second is None or first == second:
            return None
        if self._related.get(id(one), set()) & self._related.get(id(two), set()):
            return None
        subject = first.get("USUBJID", "")
        number = self._relations.get(subject, 0) + 1
        while str(number) in self._taken.get(subject, ()):
            number += 1
        self._relations[subject] = number
        relation = {"RELID": str(number)}
        return first | relation, second | relation
