"""What a package says of its datasets beside their rows: names, labels, variables, lengths, qualifiers.

On the way to FHIR it goes into one Library a study, an attachment a dataset, as Dataset-JSON without rows: the form
that CDISC itself gives such metadata (https://hl7.org/fhir/library.html). On the way back it decides which variables a
dataset has. A supplemental dataset's attachment has rows: one a qualifier, without a subject, and those rows that
belong to no parent row.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec

from interchange.engine.bench import make_id
from interchange.issues import SourceError
from interchange.sdtm.dataset_json import encode_dataset_json, read_dataset_json
from interchange.sdtm.suppqual import Joined, SuppVariable, parent_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from interchange.engine.ops import Json, Resource, Row
    from interchange.sdtm.dataset import Dataset

TITLE = "Datasets of an SDTM package"
JSON = "application/json"
TYPE = {
    "coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/library-type", "code": "asset-collection"},
    ]
}


@dataclass(slots=True)
class Declared:
    """The datasets that a package declared, without rows, and how its supplemental datasets are joined.

    ``joins`` are by parent domain; ``widths`` are those of right-aligned IDVARVAL, by dataset and IDVAR.
    """

    datasets: dict[str, Dataset] = field(default_factory=dict)
    joins: dict[str, Joined] = field(default_factory=dict)
    widths: dict[str, dict[str, int]] = field(default_factory=dict)


def declare(
    datasets: Iterable[Dataset],
    joins: dict[str, Joined],
    study: str,
    aligned: Mapping[str, dict[str, int]] | None = None,
) -> Resource:
    """Return the Library that says what a study's datasets are.

    ``aligned`` are the widths of right-aligned IDVARVAL, by dataset and IDVAR.
    """
    content = [_attachment(dataset.name, _encode(_without_rows(dataset))) for dataset in datasets]
    for joined in joins.values():
        rows = [_template(v) for v in joined.variables] + joined.leftovers
        own = next((row["STUDYID"] for row in rows if "STUDYID" in row), "")
        content.append(_attachment(joined.supp.name, _encode(replace(joined.supp, rows=rows, study=own))))
        widths = {v.qnam: v.width for v in joined.variables if v.width}
        if joined.order or widths:
            extra = msgspec.json.encode(_More(joined.order, widths), order="sorted")
            content.append(_attachment(f"{joined.supp.name} rows", extra))
    for name, width in (aligned or {}).items():
        content.append(_attachment(f"{name} rows", msgspec.json.encode(_More(widths=width), order="sorted")))
    return {
        "resourceType": "Library",
        "id": make_id("$STUDYID-datasets", {"STUDYID": study}),
        "title": TITLE,
        "status": "active",
        "type": TYPE,
        "content": content,
    }


def _without_rows(dataset: Dataset) -> Dataset:
    """A dataset's description."""
    return replace(sized(dataset), rows=[])


def sized(dataset: Dataset) -> Dataset:
    """Return a dataset whose Char variables that declare no length have that of their longest value, in bytes."""
    variables = [
        replace(v, length=max((len(row[v.name].encode()) for row in dataset.rows if v.name in row), default=1))
        if v.type == "Char" and v.length is None
        else v
        for v in dataset.variables
    ]
    return replace(dataset, variables=variables)


def _encode(dataset: Dataset) -> bytes:
    data, issues = encode_dataset_json(dataset)
    if data is None:  # columns that stand twice: the dataset was read from something that is none
        raise SourceError(issues[0])
    return data


def _attachment(title: str, data: bytes) -> Json:
    return {"contentType": JSON, "data": base64.b64encode(data).decode(), "title": title}


def _template(variable: SuppVariable) -> Row:
    cells = {
        "IDVAR": variable.idvar or "",
        "QNAM": variable.qnam,
        "QLABEL": variable.label,
        "QORIG": variable.orig,
        "QEVAL": variable.eval,
    }
    return {name: text for name, text in cells.items() if text}


def read_declared(libraries: Sequence[Resource]) -> Declared:
    """Return what Libraries of this kind declare; a foreign Library declares nothing."""
    declared = Declared()
    supps: dict[str, Dataset] = {}
    extras: dict[str, bytes] = {}
    for library in libraries:
        if library.get("title") != TITLE:
            continue
        for title, data in _attachments(library):
            if title.endswith(" rows"):
                extras[title.removesuffix(" rows")] = data
                continue
            try:
                dataset, _ = read_dataset_json(data, file=title)
            except SourceError:  # a description that was damaged on its way describes nothing
                continue
            if any(variable.name == "QNAM" for variable in dataset.variables):
                supps[dataset.name] = dataset
            else:
                declared.datasets.setdefault(dataset.name, dataset)
    declared.widths = {name: _more(extras[name]).widths for name in extras if name in declared.datasets}
    for name, supp in supps.items():
        domain = parent_of(supp, declared.datasets)
        if domain:
            declared.joins[domain] = _joined(declared.datasets[domain], supp, extras.get(name))
        else:
            declared.datasets.setdefault(name, replace(supp, rows=[]))
    return declared


def _attachments(library: Resource) -> Iterator[tuple[str, bytes]]:
    """Yield title and content of each attachment that can be decoded."""
    content = library.get("content")
    for attachment in content if isinstance(content, list) else ():
        try:
            yield str(attachment["title"]), base64.b64decode(attachment["data"], validate=True)
        except (KeyError, TypeError, ValueError):
            continue


class _More(msgspec.Struct):
    """What rows need beside their cells: those of a supplemental dataset their order, all the widths of IDVARVAL."""

    order: tuple[int, ...] = ()
    widths: dict[str, int] = {}


def _more(extra: bytes | None) -> _More:
    try:
        return msgspec.json.decode(extra, type=_More) if extra else _More()
    except msgspec.DecodeError:
        return _More()


def _joined(parent: Dataset, supp: Dataset, extra: bytes | None) -> Joined:
    more = _more(extra)
    widths = more.widths
    variables = tuple(
        SuppVariable(
            row["QNAM"],
            row.get("QLABEL", ""),
            row.get("QORIG", ""),
            row.get("QEVAL", ""),
            row.get("IDVAR", ""),
            widths.get(row["QNAM"], 0),
        )
        for row in supp.rows
        if "QVAL" not in row and "QNAM" in row
    )
    leftovers = [row for row in supp.rows if "QVAL" in row]
    return Joined(parent, variables, replace(supp, rows=[]), leftovers, order=more.order)
