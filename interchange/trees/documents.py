"""Trial definitions from wherever they lie: ClinicalTrials.gov records (API 2) and USDM studies, as JSON.

A source is a path (one document, a search result of the registry, NDJSON, gzip, zip, a folder of these, ``-`` for
standard input), a list of these, an open file, JSON text or bytes, or dicts. What a file is, its content says.
Decimals keep their digits. What cannot be read becomes an issue, and its raw content a `Rejected`:

    IX-TREE-001  not JSON: a bad line, a truncated or broken document
    IX-TREE-002  a web page
    IX-TREE-003  another kind of file: PDF, CSV, XML, not UTF-8
    IX-TREE-004  an empty file, or a source without one
    IX-TREE-005  a registry record without its protocol section or NCT number
    IX-TREE-006  an answer of the registry's old API
    IX-TREE-007  USDM of a version that is not read, or that does not say its version, or without its study
    IX-TREE-008  JSON that is neither
    IX-TREE-009  cannot be opened or unpacked
    IX-TREE-014  USDM of an older version, brought to 4 (info)

What is odd in one that was read, `interchange.trees.check` counts.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, cast

from interchange.fhir.members import BAD_JSON, DECODE
from interchange.fhir.read import BAD_ARCHIVE, UTF8_MARK, UTF16_MARKS, Rejected
from interchange.fhir.sources import as_bytes, open_path, open_stream
from interchange.issues import Issue, Place, SourceError
from interchange.trees.upgrade import upgrade_usdm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from interchange.fhir.elements import Tree
    from interchange.issues import Issues, Severity

Json = Any

SECTIONS = frozenset(
    {"protocolSection", "resultsSection", "annotationSection", "documentSection", "derivedSection", "hasResults"}
)
ENVELOPE = frozenset({"studies", "nextPageToken", "totalCount"})
OLD_API = frozenset({"FullStudiesResponse", "StudyFieldsResponse", "FullStudies", "ProtocolSection"})
WRAPPER = frozenset({"study", "usdmVersion", "systemName", "systemVersion"})
FIRST_KEYS = SECTIONS | ENVELOPE | OLD_API | WRAPPER
FIRST_KEY = re.compile(rb'\[?\s*\{\s*"(\w+)"\s*:')
SNIFFED = 1 << 12  # bytes that tell what a file is
NCT = re.compile(r"NCT\d{8}")
PAGES = (b"<!doctype html", b"<html")
RECORD = "https://clinicaltrials.gov/api/v2/studies"
VERSIONS = "USDM 4 is read, and 3, which is brought to 4"


@dataclass(frozen=True, slots=True)
class Document:
    """One document: the tree it is of, its content, and the file with the line or list index it was read from."""

    tree: Tree
    content: dict[str, Any]
    place: Place


def recognise(value: object) -> Tree | None:
    """Return the tree that a JSON value is a document of, or several: a list, or the registry's search result.

    >>> recognise({"protocolSection": {}}), recognise({"usdmVersion": "4.0"}), recognise({"resourceType": "Patient"})
    ('CTGOV', 'USDM', None)
    """
    if isinstance(value, list):
        return recognise(value[0]) if value else None
    if not isinstance(value, Mapping) or "resourceType" in value:
        return None
    if _is_envelope(value) or _is_old(value) or not SECTIONS.isdisjoint(value):
        return "CTGOV"
    study = value.get("study")
    wrapped = isinstance(study, Mapping) and ("versions" in study or study.get("instanceType") == "Study")
    bare = value.get("instanceType") == "Study" and "versions" in value
    return "USDM" if wrapped or bare or "usdmVersion" in value else None


def is_tree_source(source: object) -> bool:
    """Whether a source holds registry records or USDM, as its first JSON tells; nothing is taken from a stream."""
    if isinstance(source, (list, tuple)):
        decided = (_sniffed(each) for each in source)
        return next((found for found in decided if found is not None), False)
    return _sniffed(source) or False


def read_documents(
    source: object, issues: Issues, progress: Callable[[int], None] | None = None
) -> tuple[list[Document], list[Rejected]]:
    """Return the documents of a source in its order, and what was left out.

    Raises:
        SourceError: there is no document in it at all, or it cannot be opened.
    """
    reader = _Reader(issues)
    documents: list[Document] = []
    for document in reader.read(source):
        documents.append(document)
        if progress is not None:
            progress(len(documents))
    if not documents:
        name = os.fspath(source) if isinstance(source, (str, os.PathLike)) and len(str(source)) < 500 else ""
        none = Issue("IX-TREE-004", "error", Place(str(name)), "holds no registry record and no USDM study")
        raise SourceError(next((issue for issue in reader.found if issue.severity == "error"), none))
    return documents, reader.rejected


class _Reader:
    """Reads documents; ``found`` are the issues of this reading, ``rejected`` what it left out."""

    def __init__(self, issues: Issues) -> None:
        self.issues = issues
        self.found: list[Issue] = []
        self.rejected: list[Rejected] = []

    def read(self, source: object, place: Place | None = None) -> Iterator[Document]:
        """Yield the documents of anything that is a source."""
        at = place or Place("input")
        if _is_text(source):
            raw = source.encode() if isinstance(source, str) else bytes(cast("bytes", source))
            yield from self._streams(at.file, open_stream(at.file, io.BytesIO(raw)), at)
        elif isinstance(source, (str, os.PathLike)):
            yield from self._streams(os.fspath(source), open_path(source))
        elif hasattr(source, "read"):
            name = str(getattr(source, "name", at.file))
            stream = as_bytes(cast("IO[bytes] | IO[str]", source))
            yield from self._streams(name, open_stream(name, stream))
        elif isinstance(source, Mapping):
            yield from self._value(dict(source), at, b"")
        elif isinstance(source, Iterable):
            for number, item in enumerate(source, 1):
                yield from self.read(item, Place("input", number))
        else:
            raise TypeError(f"{type(source).__name__} is no source of trial definitions")

    def _streams(
        self, name: str, streams: Iterator[tuple[str, io.BufferedReader]], at: Place | None = None
    ) -> Iterator[Document]:
        """The documents of every stream; one that cannot be unpacked is an issue, and the rest goes on."""
        count = 0
        try:
            for found, body in streams:
                count += 1
                yield from self._stream(at or Place(found), body)
        except (*BAD_ARCHIVE, RuntimeError):  # zipfile raises RuntimeError for an encrypted member
            self._issue("IX-TREE-009", Place(name), "it cannot be unpacked to its end", "copy it again")
            return
        if not count:
            self._issue("IX-TREE-004", Place(name), "there is no file in it", severity="warning")

    def _stream(self, place: Place, body: io.BufferedReader) -> Iterator[Document]:
        raw = body.read().removeprefix(UTF8_MARK)
        if not raw.strip():
            self._issue("IX-TREE-004", place, "the file is empty", severity="warning")
        elif raw.lstrip()[:1] not in (b"{", b"["):
            self._reject_kind(raw, place)
        elif (value := _decoded(raw)) is not None:
            yield from self._value(value, place, raw)
        else:
            yield from self._lines(raw, place)

    def _lines(self, raw: bytes, place: Place) -> Iterator[Document]:
        """NDJSON, if a line is JSON on its own; else one broken document."""
        lines = [(number, line) for number, line in enumerate(raw.splitlines(), 1) if line.strip()]
        values = [_decoded(line) for _, line in lines]
        if len(lines) == 1 or not any(isinstance(value, dict) and recognise(value) for value in values):
            self._reject_broken(raw, place, "the document is broken or cut short", "get it again")
            return
        for (number, line), value in zip(lines, values, strict=True):
            at = replace(place, line=number)
            if value is None:
                self._reject_broken(line, at, "the line is not JSON", "left out, reading goes on")
            else:
                yield from self._value(value, at, line)

    def _value(self, value: Json, place: Place, raw: bytes) -> Iterator[Document]:
        if isinstance(value, list):
            for index, each in enumerate(value):
                yield from self._value(each, replace(place, field=f"[{index}]"), raw)
        elif not isinstance(value, dict):
            self._reject("IX-TREE-008", place, raw, "the JSON is no object", "give a registry record or a USDM study")
        elif _is_envelope(value):
            for index, each in enumerate(value["studies"]):
                yield from self._value(each, replace(place, field=f"studies[{index}]"), b"")
        elif _is_old(value):
            message = "it is an answer of the registry's old API, which has other names"
            self._reject("IX-TREE-006", place, value, message, _ask(str(value)))
        else:
            document = self._document(recognise(value), value, place)
            if document is not None:
                yield document

    def _document(self, tree: Tree | None, value: dict[str, Any], place: Place) -> Document | None:
        if tree == "CTGOV":
            return self._record(value, place)
        if tree == "USDM":
            return self._study(value, place)
        message = "it is neither a registry record nor a USDM study"
        if "resourceType" in value:
            message += ", but FHIR"
        self._reject("IX-TREE-008", place, value, message, f"a record has `protocolSection` ({RECORD}/NCT…)")
        return None

    def _record(self, value: dict[str, Any], place: Place) -> Document | None:
        section = value.get("protocolSection")
        named = section.get("identificationModule") if isinstance(section, dict) else None
        nct = named.get("nctId") if isinstance(named, dict) else None
        if isinstance(nct, str) and nct:
            return Document("CTGOV", value, replace(place, record=nct))
        what = "NCT number (protocolSection.identificationModule.nctId)" if section else "protocolSection"
        self._reject("IX-TREE-005", place, value, f"the registry record has no {what}, left out", "ask for all fields")
        return None

    def _study(self, value: dict[str, Any], place: Place) -> Document | None:
        given = value.get("usdmVersion")
        version = str(given or "")
        if not version:
            message, hint = "the USDM study does not say its version (`usdmVersion`), left out", VERSIONS
        elif not isinstance(value.get("study"), dict):
            message, hint = "the USDM file has no `study`, left out", "give the whole file, not a part of it"
        elif version.partition(".")[0] == "4":
            return Document("USDM", value, place)
        elif version.partition(".")[0] == "3":
            message = f"the study is of USDM {version}: it is read as 4.0, and comes back as 4.0"
            self._issue("IX-TREE-014", place, message, severity="info")
            return Document("USDM", upgrade_usdm(value), place)
        else:
            message, hint = f"USDM {version} is not read, left out", VERSIONS
        self._reject("IX-TREE-007", place, value, message, hint)
        return None

    def _reject_kind(self, raw: bytes, place: Place) -> None:
        """What is no JSON by its first byte: a web page, or another kind of file."""
        start = raw[:SNIFFED].lstrip()
        text = raw[: 1 << 16].decode(errors="replace")
        if start.lower().startswith(PAGES):
            self._reject("IX-TREE-002", place, raw, "this is the web page of it, not its data", _ask(place.file, text))
            return
        if start.startswith(UTF16_MARKS) or b"\x00" in start[:4]:
            kind, hint = "UTF-16 or UTF-32", "save it as UTF-8"
        elif start.startswith(b"%PDF"):
            kind, hint = "a PDF document", _ask(place.file, text)
        elif start.startswith(b"<"):
            kind, hint = "XML", _ask(place.file, text)
        elif start.lstrip(b'"').startswith(b"NCT Number"):
            kind, hint = "a CSV of search results", _ask(place.file, text)
        else:
            kind, hint = "no JSON", "give registry records or USDM as JSON"
        self._reject("IX-TREE-003", place, raw, f"the file is {kind} and is not read", hint)

    def _reject_broken(self, raw: bytes, place: Place, message: str, hint: str) -> None:
        try:
            DECODE(raw)
        except UnicodeDecodeError:
            self._reject("IX-TREE-003", place, raw, f"{message}: not UTF-8", hint)
        except BAD_JSON as error:
            self._reject("IX-TREE-001", place, raw, f"{message}: {error}", hint)
        else:
            self._reject("IX-TREE-008", place, raw, "null is no document", hint)

    def _reject(self, code: str, place: Place, raw: bytes | dict[str, Any], message: str, hint: str = "") -> None:
        self._issue(code, place, message, hint)
        self.rejected.append(Rejected(place, raw, self.found[-1]))

    def _issue(self, code: str, place: Place, message: str, hint: str = "", severity: Severity = "error") -> None:
        self.found.append(Issue(code, severity, place, message, hint))
        self.issues.add(self.found[-1])


def _sniffed(source: object) -> bool | None:
    """Whether one source holds documents, or nothing where it does not say."""
    if isinstance(source, Mapping):
        return recognise(source) is not None
    if _is_text(source):
        raw = source.encode() if isinstance(source, str) else bytes(cast("bytes", source))
        return _starts(next(open_stream("", io.BytesIO(raw)), ("", io.BytesIO()))[1].read(SNIFFED))
    if isinstance(source, str) and source == "-":
        return _starts(sys.stdin.buffer.peek(SNIFFED)) if hasattr(sys.stdin.buffer, "peek") else None
    if not isinstance(source, (str, os.PathLike)):
        return None if hasattr(source, "read") or isinstance(source, (list, tuple)) else False
    try:
        starts = (_starts(body.read(SNIFFED)) for _, body in open_path(source))
        return next((found for found in starts if found is not None), None)
    except (*BAD_ARCHIVE, RuntimeError, SourceError):  # the reader says what is wrong with it
        return None


def _starts(raw: bytes) -> bool | None:
    """Whether JSON starts as a document does, or nothing where it may be anything.

    A saved page of the registry is taken for a document, to say what it is.
    """
    start = raw.removeprefix(UTF8_MARK).lstrip()
    if start.lower().startswith(PAGES):
        return b"clinicaltrials.gov" in start.lower() or None
    if start[:1] not in (b"{", b"["):
        return None
    key = FIRST_KEY.match(start)
    name = key[1].decode() if key else ""
    return True if name in FIRST_KEYS else False if name == "resourceType" else None


def _is_text(source: object) -> bool:
    """Whether a source is JSON itself, not a path to it."""
    if isinstance(source, str):
        return source.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")
    return isinstance(source, (bytes, bytearray))


def _is_envelope(value: Mapping[str, Json]) -> bool:
    """Whether it is a search result: a page of records."""
    listed = value.get("studies")
    if not isinstance(listed, list):
        return False
    return ENVELOPE.issuperset(value) or any(recognise(each) == "CTGOV" for each in islice(listed, 1))


def _is_old(value: Mapping[str, Json]) -> bool:
    study = value.get("Study")
    return not OLD_API.isdisjoint(value) or (isinstance(study, Mapping) and "ProtocolSection" in study)


def _decoded(raw: bytes) -> Json:
    """The JSON value, or None where it is not JSON (or ``null``)."""
    try:
        return DECODE(raw)
    except BAD_JSON:
        return None


def _ask(*texts: str) -> str:
    """How to get the record, by its number if a file name or text has one."""
    number = next((found[0] for text in texts if (found := NCT.search(text))), None)
    return f"ask {RECORD}/{number or 'NCT…'} or use --nct{f' {number}' if number else ''}"
