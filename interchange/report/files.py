"""The files beside the output: ledger.csv, remainder.ndjson, issues.csv, codes.csv, quarantine.ndjson."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

import msgspec

from interchange.engine.remainder.lines import FILE, encode_remainder
from interchange.sdtm.files import whole_file, write_bytes
from interchange.trees.remainder import encode_rests

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from interchange.engine.codelists import Outside
    from interchange.engine.ledger import Ledger
    from interchange.engine.remainder.model import Remainder
    from interchange.fhir.read import Rejected
    from interchange.issues import Issues
    from interchange.mapping.codecs.base import Miss
    from interchange.trees.remainder import Rest

_JSON = msgspec.json.Encoder(decimal_format="number")


def _csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    with whole_file(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
        text.detach()
    return path


def _none(path: Path) -> list[Path]:
    """Take away what an earlier run left, so that no file speaks of another run."""
    path.unlink(missing_ok=True)
    return []


def write_remainder(remainder: Remainder | None, folder: Path) -> list[Path]:
    """Write what SDTM could not hold, a JSON line each resource; no file where it was not kept."""
    if remainder is None:
        return _none(folder / FILE)
    with whole_file(folder / FILE) as file:
        file.writelines(encode_remainder(remainder))
    return [folder / FILE]


def write_rests(rests: Sequence[Rest] | None, folder: Path) -> list[Path]:
    """Write what FHIR could not hold of registry records and USDM studies, a JSON line each; no file if not kept."""
    if rests is None:
        return _none(folder / FILE)
    with whole_file(folder / FILE) as file:
        file.writelines(encode_rests(rests))
    return [folder / FILE]


def write_records(records: Iterable[object], path: Path) -> Path:
    """Write records as they were answered, a JSON line each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.writelines(_JSON.encode(record) + b"\n" for record in records)
    return path


_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def write_documents(name: str, documents: Mapping[str, object], folder: Path, *, lines: bool) -> list[Path]:
    """Write documents by key: a JSON file each, named by its key, or one NDJSON file of a name."""
    if lines:
        path = folder / f"{name}.ndjson"
        write_bytes(path, b"".join(_JSON.encode(document) + b"\n" for document in documents.values()))
        return [path]
    written = []
    for key, document in documents.items():
        path = folder / f"{_UNSAFE.sub('-', key).strip('.-') or name}.json"
        write_bytes(path, msgspec.json.format(_JSON.encode(document), indent=2) + b"\n")
        written.append(path)
    return written


def write_ledger(ledger: Ledger, folder: Path) -> Path:
    """Write the losses, a line each: resource, element, reason. No values."""
    rows = ((loss.resource, loss.element, loss.reason) for loss in ledger.losses)
    return _csv(folder / "ledger.csv", ("resource", "element", "reason"), rows)


CODES = ("dataset", "variable", "codelist", "extensible", "map", "system", "code", "value", "count")


def write_codes(outside: Sequence[Outside], unmapped: Counter[Miss], folder: Path) -> list[Path]:
    """Write the values that a codelist or a code map does not hold, most frequent first; no file where there are none.

    A line has dataset, variable and codelist, or the map with the coding that was read.
    """
    if not outside and not unmapped:
        return _none(folder / "codes.csv")
    rows: list[tuple[object, ...]] = [
        (o.dataset, o.variable, o.codelist, "yes" if o.extensible else "no", "", "", "", o.value, o.count)
        for o in sorted(outside, key=lambda o: (o.extensible, -o.count, o.dataset, o.variable, o.value))
    ]
    misses = sorted(unmapped.items(), key=lambda item: (-item[1], item[0]))
    rows += [("", "", "", "", m.map, m.system, m.code, m.value, count) for m, count in misses]
    return [_csv(folder / "codes.csv", CODES, rows)]


def write_issues(issues: Issues, folder: Path) -> list[Path]:
    """Write the issues with their places, without values; no file where there are none."""
    if not len(issues):
        return _none(folder / "issues.csv")
    rows = ((i.severity, i.code, str(i.place), i.message, i.hint) for i in issues)
    return [_csv(folder / "issues.csv", ("severity", "code", "place", "message", "hint"), rows)]


def write_quarantine(rejected: Sequence[Rejected], folder: Path) -> list[Path]:
    """Write what was left out, a JSON line each: place, code, message and the raw record; no file for none."""
    if not rejected:
        return _none(folder / "quarantine.ndjson")
    lines = []
    for one in rejected:
        raw = one.raw.decode(errors="replace") if isinstance(one.raw, bytes) else one.raw
        lines.append(
            _JSON.encode({"place": str(one.place), "code": one.issue.code, "message": one.issue.message, "raw": raw})
        )
    path = folder / "quarantine.ndjson"
    write_bytes(path, b"\n".join(lines) + b"\n")
    return [path]


def write_lost(rows: Sequence[tuple[str, dict[str, str]]], folder: Path) -> list[Path]:
    """Write rows that could not be converted, a JSON line each: dataset and cells; no file for none."""
    if not rows:
        return _none(folder / "quarantine.ndjson")
    path = folder / "quarantine.ndjson"
    write_bytes(path, b"".join(_JSON.encode({"dataset": name, "row": row}) + b"\n" for name, row in rows))
    return [path]
