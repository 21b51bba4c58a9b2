"""Records parted by subject: each part is whole for its subjects, and small enough for memory.

What belongs to no one subject (studies, organizations, practitioners, plans) is shared by all parts. A record goes to
the part of the Patient that it refers to, and parts lie on disk until they are read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from interchange.fhir.members import MEMBERS
from interchange.fhir.read import Record
from interchange.issues import Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import BinaryIO

# Elements that refer to the subject of a resource (https://hl7.org/fhir/compartmentdefinition-patient.html).
SUBJECT_ELEMENTS = ("subject", "patient", "individual", "beneficiary")
PATIENT = "Patient"
BUFFERS = 1 << 25  # bytes that wait to be written, of all parts together

_ENCODE = msgspec.json.Encoder(decimal_format="number").encode
_DECODE = msgspec.json.Decoder(
    tuple[int, str, int | None, str, str, str | None, int | None, msgspec.Raw],
).decode


def subject_key(resource: Mapping[str, Any]) -> str | None:
    """Return what a resource calls its subject: ``Patient/1``, an identifier, a URN; nothing for one of no subject.

    >>> subject_key({"resourceType": "Condition", "subject": {"reference": "https://a.example/Patient/1"}})
    'Patient/1'
    >>> subject_key({"resourceType": "Patient", "id": "1"}), subject_key({"resourceType": "Organization"})
    ('Patient/1', None)
    """
    if resource.get("resourceType") == PATIENT:
        return f"{PATIENT}/{resource.get('id', '')}"
    for name in SUBJECT_ELEMENTS:
        value = resource.get(name)
        if isinstance(value, list) and value:  # as a List of R5 has it
            value = value[0]
        if isinstance(value, dict):
            return _referred(value, resource)
    return None


def _referred(reference: Mapping[str, Any], resource: Mapping[str, Any]) -> str | None:
    text = reference.get("reference")
    if isinstance(text, str):
        if text.startswith("#"):
            return f"{resource.get('resourceType')}/{resource.get('id')}"
        if text.startswith(f"{PATIENT}?"):
            return "identifier " + text.partition("identifier=")[2]
        plain = text.partition("/_history/")[0]
        head, slash, id_ = plain.rpartition(f"{PATIENT}/")
        if slash and (not head or head.endswith("/")):
            return f"{PATIENT}/{id_}"
        return plain if plain.startswith("urn:") else None
    identifier = reference.get("identifier")
    if isinstance(identifier, dict) and reference.get("type", PATIENT) == PATIENT and identifier.get("value"):
        return f"identifier {identifier.get('system', '')}|{identifier['value']}"
    return None


def other_names(resource: Mapping[str, Any], full_url: str | None) -> Iterator[str]:
    """Yield what else others may call a Patient: the URL of its entry, and its identifiers."""
    if full_url:
        yield full_url
    identifiers = resource.get("identifier")
    for identifier in identifiers if isinstance(identifiers, list) else ():
        if isinstance(identifier, dict) and identifier.get("value"):
            yield f"identifier {identifier.get('system', '')}|{identifier['value']}"
            yield f"identifier {identifier['value']}"


class Placed(NamedTuple):
    """A record and its place among all: ``position`` counts from 0."""

    record: Record
    position: int


def encode_record(placed: Placed) -> bytes:
    """Return a record as a line of JSON; decimals keep their digits."""
    record, place = placed.record, placed.record.place
    head = [placed.position, place.file, place.line, place.record, place.field, record.full_url, record.entry]
    return b"%b,%b]\n" % (_ENCODE(head)[:-1], record.raw or _ENCODE(record.resource))


def decode_record(line: bytes) -> Placed:
    """Return the record that a line holds."""
    position, file, number, name, element, full_url, entry, resource = _DECODE(line)
    return Placed(
        Record(MEMBERS.decode(bytes(resource)), Place(file, number, name, element), full_url, entry), position
    )


@dataclass(slots=True)
class Partition:
    """Records in parts: ``shared`` in memory, the parts of subjects as files of ``folder``."""

    folder: Path
    parts: int
    shared: list[Placed] = field(default_factory=list)
    count: int = 0
    _names: dict[str, int] = field(default_factory=dict)
    _files: dict[int, BinaryIO] = field(default_factory=dict)
    _loose: set[str] = field(default_factory=set)
    _parts: dict[str, int] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Put a record into its part."""
        placed = Placed(record, self.count)
        self.count += 1
        key = subject_key(record.resource)
        if key is None:
            self.shared.append(Placed(record.whole(), placed.position))
            return
        if record.resource["resourceType"] == PATIENT and record.full_url and not record.full_url.endswith(key):
            self._names[record.full_url] = self._part(key)
        if not key.startswith(f"{PATIENT}/") and key not in self._names:
            self._loose.add(key)
            self._write(self.parts, placed)  # the part of those whose Patient is not known yet
            return
        self._write(self._names.get(key, self._part(key)), placed)

    def _part(self, key: str) -> int:
        part = self._parts.get(key)
        if part is None:
            part = self._parts[key] = int.from_bytes(blake2b(key.encode(), digest_size=4).digest()) % self.parts
        return part

    def _write(self, part: int, placed: Placed) -> None:
        file = self._files.get(part)
        if file is None:
            file = self._files[part] = self.path(part).open("wb", buffering=min(1 << 18, BUFFERS // self.parts))
        file.write(encode_record(placed))

    def path(self, part: int) -> Path:
        """The file of a part."""
        return self.folder / f"part-{part}.ndjson"

    def close(self) -> list[Path]:
        """Settle the records whose Patient was not known, and return the files of the parts that have records."""
        if self._loose:
            self._settle()
        for file in self._files.values():
            file.close()
        return [self.path(part) for part in sorted(self._files) if part != self.parts]

    def _settle(self) -> None:
        """Find the Patients by their other names, and put what refers to them into their parts."""
        for part, file in self._files.items():
            file.flush()
            for placed in read_part(self.path(part)) if part != self.parts else ():
                resource = placed.record.resource
                if resource["resourceType"] == PATIENT:
                    for name in other_names(resource, placed.record.full_url):
                        if name in self._loose:
                            self._names.setdefault(name, part)
        for placed in read_part(self.path(self.parts)):
            key = subject_key(placed.record.resource) or ""
            self._write(self._names.get(key, self._part(key)), placed)


def read_part(path: Path) -> Iterator[Placed]:
    """Yield the records of a part, in the order of their positions as far as they came in it."""
    with path.open("rb") as file:
        for line in file:
            yield decode_record(line)
