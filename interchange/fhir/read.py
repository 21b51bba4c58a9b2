"""FHIR resources from wherever they lie, one record at a time, with the place each came from.

A source is a path (Bundle, single resource, NDJSON, gzip, zip, folder of these, ``-`` for standard input),
an open file, JSON text or bytes, one resource as a dict, or an iterable of dicts, JSON texts or model
objects. What a file is, its content says, not its name. NDJSON is read line by line; a Bundle is held
whole. Decimals keep their digits.

What cannot be read becomes an issue, and the raw line or entry goes to ``Reader.rejected``:

    IX-FHIR-001  not JSON: a bad line, a truncated or broken document
    IX-FHIR-002  an empty file, or a source without one
    IX-FHIR-003  not UTF-8
    IX-FHIR-004  not FHIR JSON at all (XML, CSV, ...)
    IX-FHIR-005  a Bundle entry without a resource
    IX-FHIR-006  a resource without a resourceType
    IX-FHIR-007  unknown resourceType
    IX-FHIR-008  same Type/id, other content
    IX-FHIR-009  a Bundle inside a Bundle
    IX-FHIR-010  an older version in a history
    IX-FHIR-011  cannot be opened or unpacked
"""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import chain
from typing import IO, TYPE_CHECKING, Any, Literal, cast

import msgspec

from interchange.fhir.elements import RELEASES, Release, elements
from interchange.fhir.heads import head_of
from interchange.fhir.members import BAD_JSON, DECODE, MEMBERS
from interchange.fhir.references import name_of
from interchange.fhir.sources import as_bytes, open_path, open_stream
from interchange.issues import Issue, Place

if TYPE_CHECKING:
    from interchange.issues import Issues, Severity

Resource = dict[str, Any]
Line = tuple[int, bytes]

CANONICAL = msgspec.json.Encoder(decimal_format="number", order="deterministic").encode
BAD_ARCHIVE = (OSError, EOFError, zlib.error, zipfile.BadZipFile)
UTF8_MARK = b"\xef\xbb\xbf"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(slots=True)  # there are many, and frozen ones take thrice as long to make
class Record:
    """One resource with the place it was read from; ``full_url`` and ``entry`` (from 0) are of its Bundle.

    Where there is ``raw``, the text of a line that it was read from, ``resource`` is only its head.
    """

    resource: Resource
    place: Place
    full_url: str | None = None
    entry: int | None = None
    raw: bytes = b""

    def whole(self) -> Record:
        """The record with all of its resource."""
        return replace(self, resource=MEMBERS.decode(self.raw), raw=b"") if self.raw else self


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something left out: the raw line, or the decoded entry, and the issue that says why."""

    place: Place
    raw: bytes | Resource
    issue: Issue


class Repeats:
    """The resources met so far, by Type/id and a digest of their content."""

    def __init__(self) -> None:
        self.seen: dict[str, bytes] = {}

    def judge(self, resource: Resource) -> Literal["new", "same", "other"]:
        """Whether a resource is new, one met before, or another under the name of one met before."""
        name = name_of(resource)
        if name is None:
            return "new"
        digest = blake2b(CANONICAL(resource), digest_size=8).digest()
        earlier = self.seen.setdefault(name, digest)
        return "new" if earlier is digest else "same" if earlier == digest else "other"


class HeldRepeats(Repeats):
    """The resources met so far, where all of them are held in memory: compared where a name comes again."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, Resource] = {}

    def judge(self, resource: Resource) -> Literal["new", "same", "other"]:
        """Whether a resource is new, one met before, or another under the name of one met before."""
        name = name_of(resource)
        if name is None:
            return "new"
        if name not in self.held:
            self.held[name] = resource
            return "new"
        return "same" if CANONICAL(self.held[name]) == CANONICAL(resource) else "other"


class Unjudged(Repeats):
    """For a reader whose records are looked at for repeats later."""

    def judge(self, resource: Resource) -> Literal["new", "same", "other"]:  # noqa: ARG002
        """Every resource is new."""
        return "new"


def repeated(record: Record) -> Rejected:
    """Return what is left out where a record is another under the name of one met before."""
    message = "a resource with this Type/id was read before with other content; the first one counts"
    issue = Issue("IX-FHIR-008", "error", record.place, message, "keep one of them")
    return Rejected(record.place, record.resource, issue)


class Reader:
    """The records of a source, in its order; each pass reads the source anew.

    ``issues`` takes what is wrong; ``rejected`` holds what was left out; ``identical`` counts repeats of a
    resource already read, which are dropped in silence. ``release`` bounds the resource types that are
    known. ``repeats`` is what readers of other sources have met, where repeats among them count as well.
    With ``heads`` a record of a line has only its head and the text: for those that do not judge repeats.

    >>> from interchange.issues import Issues
    >>> reader = Reader('{"resourceType": "Patient", "id": "1", "multipleBirthInteger": 2}', Issues())
    >>> [str(record.place) for record in reader]
    ['input:1 Patient/1']
    """

    def __init__(
        self,
        source: object,
        issues: Issues,
        release: Release | None = None,
        repeats: Repeats | None = None,
        *,
        heads: bool = False,
    ) -> None:
        self.source = source
        self.heads = heads
        self.issues = issues
        self.rejected: list[Rejected] = []
        self.identical = 0
        self._types = frozenset[str]().union(
            *(elements(each).resource_types() for each in ([release] if release else RELEASES))
        )
        self._where = release or "any release"
        self._suggest = elements(release or "R5").suggest_type
        self._shared = repeats
        self._repeats = Repeats()

    def __iter__(self) -> Iterator[Record]:
        self.rejected, self.identical = [], 0
        self._repeats = Repeats() if self._shared is None else self._shared
        source = self.source
        if isinstance(source, str) and source.lstrip().startswith(("{", "[")):
            source = source.encode()
        if isinstance(source, (bytes, bytearray)):
            yield from self._streams("input", open_stream("input", io.BytesIO(source)))
        elif isinstance(source, (str, os.PathLike)):
            yield from self._streams(os.fspath(source), open_path(source))
        elif hasattr(source, "read"):
            stream = as_bytes(cast("IO[bytes] | IO[str]", source))
            name = str(getattr(source, "name", "input"))
            yield from self._streams(name, open_stream(name, stream))
        elif isinstance(source, Mapping) or hasattr(source, "model_dump_json"):
            yield from self._item(source, Place("input"))
        elif isinstance(source, Iterable):
            for number, item in enumerate(source, 1):
                yield from self._item(item, Place("input", number))
        else:
            raise TypeError(f"{type(source).__name__} is no source of FHIR resources")

    def _streams(self, name: str, streams: Iterator[tuple[str, io.BufferedReader]]) -> Iterator[Record]:
        """The records of every stream; one that cannot be unpacked is an issue, and the rest goes on."""
        count = 0
        while True:
            try:
                found, body = next(streams)
            except StopIteration:
                break
            except (*BAD_ARCHIVE, RuntimeError):  # zipfile raises RuntimeError for an encrypted member
                self._issue("IX-FHIR-011", Place(name), "the archive is damaged; what follows is not read")
                return
            count += 1
            try:
                yield from self._stream(found, body)
            except BAD_ARCHIVE:
                self._issue("IX-FHIR-011", Place(found), "the file cannot be unpacked to its end", "copy it again")
        if not count:
            self._issue("IX-FHIR-002", Place(name), "there is no file in it", severity="warning")

    def _stream(self, name: str, body: io.BufferedReader) -> Iterator[Record]:
        lines = _numbered(body)
        first = next(lines, None)
        if first is None:
            self._issue("IX-FHIR-002", Place(name), "the file is empty", severity="warning")
            return
        number, start = first
        if start.startswith(UTF16_MARKS) or b"\x00" in start[:4]:
            self._issue("IX-FHIR-003", Place(name), "the file is UTF-16 or UTF-32; FHIR JSON is UTF-8", "convert it")
        elif not start.lstrip().startswith((b"{", b"[")):
            kind = "FHIR XML" if start.lstrip().startswith(b"<") else "no JSON"
            self._issue("IX-FHIR-004", Place(name), f"the file is {kind} and is not read", "give it as FHIR JSON")
        else:
            yield from self._lines_or_document(name, number, start, lines)

    def _lines_or_document(self, name: str, number: int, start: bytes, lines: Iterator[Line]) -> Iterator[Record]:
        """NDJSON if the first or the second line is JSON on its own; else one document over many lines."""
        second = next(lines, None)
        rest = chain([(number, start)], [second] if second else [], lines)
        if _decoded(start) is not None or (second and start.strip() != b"[" and _is_resource(second[1])):
            yield from self._lines(name, rest)
            return
        held = list(rest)
        whole = b"".join(line for _, line in held)
        value = _decoded(whole)
        if value is not None:
            yield from self._value(value, Place(name), whole)
        elif any(_is_resource(line) for _, line in held):
            yield from self._lines(name, iter(held))
        else:
            self._not_json(whole, Place(name), "the document is broken or cut short", "nothing of it is read")

    def _lines(self, name: str, lines: Iterator[Line]) -> Iterator[Record]:
        for number, line in lines:
            yield from self._text(line, Place(name, number), "line")

    def _item(self, item: object, place: Place) -> Iterator[Record]:
        """The records of one item of an iterable: a dict, JSON text, or a model object."""
        if isinstance(item, Mapping):
            yield from self._value(dict(item), place, b"")
            return
        if hasattr(item, "model_dump_json"):
            item = item.model_dump_json()
        raw = item.encode() if isinstance(item, str) else item
        if not isinstance(raw, bytes):
            raise TypeError(f"{place}: {type(item).__name__} is neither dict, JSON nor a model of a resource")
        yield from self._text(raw, place, "item")

    def _text(self, text: bytes, place: Place, what: str) -> Iterator[Record]:
        """The records of a line or item, of its head alone where that will do."""
        if self.heads:
            raw = text.strip()
            head = head_of(raw)
            kind = None if head is None else head.get("resourceType")
            if head is not None and isinstance(kind, str) and kind in self._types:
                yield from self._resource(head, place, raw=raw)
                return
        value = _decoded(text)
        if value is None:
            self._not_json(text, place, f"the {what} is not JSON", "left out, reading goes on")
        else:
            yield from self._value(value, place, text)

    def _value(self, value: object, place: Place, raw: bytes) -> Iterator[Record]:
        if isinstance(value, list):
            for index, each in enumerate(value):
                yield from self._value(each, replace(place, field=f"[{index}]"), CANONICAL(each))
        elif not isinstance(value, dict):
            self._reject("IX-FHIR-006", place, raw, "the JSON is no object, so no resource")
        elif value.get("resourceType") == "Bundle":
            yield from self._bundle(value, place)
        else:
            yield from self._resource(value, place)

    def _bundle(self, bundle: Resource, place: Place) -> Iterator[Record]:
        history = bundle.get("type") == "history"
        newer: set[str] = set()
        entries = bundle.get("entry", [])
        for index, entry in enumerate(entries if isinstance(entries, list) else [entries]):
            at = replace(place, field=f"entry[{index}]")
            resource = entry.get("resource") if isinstance(entry, dict) else None
            if history and _superseded(entry, newer):
                self._issue("IX-FHIR-010", at, "an older version or a deletion, left out", severity="info")
            elif not isinstance(resource, dict):
                raw = entry if isinstance(entry, dict) else {"entry": entry}
                self._reject("IX-FHIR-005", at, raw, "the Bundle entry has no resource", severity="warning")
            elif resource.get("resourceType") == "Bundle":
                message = "a Bundle inside a Bundle is not read"
                self._reject("IX-FHIR-009", at, resource, message, "give it by itself")
            else:
                url = entry.get("fullUrl")
                yield from self._resource(resource, at, url if isinstance(url, str) else None, index)

    def _resource(
        self,
        resource: Resource,
        place: Place,
        full_url: str | None = None,
        entry: int | None = None,
        raw: bytes = b"",
    ) -> Iterator[Record]:
        kind = resource.get("resourceType")
        if not isinstance(kind, str):
            self._reject("IX-FHIR-006", place, resource, "no resourceType, left out")
            return
        if kind not in self._types:
            near = self._suggest(kind)
            hint = f"did you mean {near}?" if near else ""
            message = f"{self._where} has no resource type of that name, left out"
            self._reject("IX-FHIR-007", place, resource, message, hint, value=kind)
            return
        name = name_of(resource)
        place = replace(place, record=kind) if name is None else Place(place.file, place.line, name)
        record = Record(resource, place, full_url, entry, raw)
        match self._repeats.judge(resource):
            case "new":
                yield record
            case "same":
                self.identical += 1
            case "other":
                rejected = repeated(record)
                self.issues.add(rejected.issue)
                self.rejected.append(rejected)

    def _not_json(self, raw: bytes, place: Place, message: str, hint: str) -> None:
        try:
            DECODE(raw)
        except UnicodeDecodeError:
            self._reject("IX-FHIR-003", place, raw, f"{message}: not UTF-8", hint)
        except (msgspec.DecodeError, RecursionError) as error:
            self._reject("IX-FHIR-001", place, raw, f"{message}: {error}", hint)
        else:
            self._reject("IX-FHIR-006", place, raw, "null is no resource", hint)

    def _reject(
        self,
        code: str,
        place: Place,
        raw: bytes | Resource,
        message: str,
        hint: str = "",
        *,
        severity: Severity = "error",
        value: str | None = None,
    ) -> None:
        issue = Issue(code, severity, place, message, hint, value)
        self.issues.add(issue)
        self.rejected.append(Rejected(place, raw, issue))

    def _issue(self, code: str, place: Place, message: str, hint: str = "", severity: Severity = "error") -> None:
        self.issues.add(Issue(code, severity, place, message, hint))


def read_fhir(source: object, issues: Issues, release: Release | None = None) -> Iterator[Record]:
    """The records of a source; `Reader` does the same and also holds what was left out."""
    return iter(Reader(source, issues, release))


def _numbered(body: io.BufferedReader) -> Iterator[Line]:
    """The lines that are not blank, with their numbers from 1, without a UTF-8 mark."""
    for number, line in enumerate(body, 1):
        text = line.removeprefix(UTF8_MARK) if number == 1 else line
        if text.strip():
            yield number, text


def _decoded(raw: bytes) -> object:
    """The JSON value, or None where it is not JSON (or is ``null``, which holds no resource either)."""
    try:
        return MEMBERS.decode(raw)
    except BAD_JSON:
        return None


def _is_resource(line: bytes) -> bool:
    value = _decoded(line)
    return isinstance(value, dict) and "resourceType" in value


def _superseded(entry: object, newer: set[str]) -> bool:
    """Whether a history entry, newest first (bundle.html#history), is a deletion or older than one seen."""
    if not isinstance(entry, dict):
        return False
    resource, request = entry.get("resource"), entry.get("request")
    name = name_of(resource) if isinstance(resource, dict) else None
    if name is None and isinstance(request, dict):
        name = "/".join(str(request.get("url", "")).split("/")[:2])
    if not name:
        return False
    old = name in newer or resource is None
    newer.add(name)
    return old
