"""Which FHIR release resources are written in, told from their content.

FHIR JSON seldom states its release. Three kinds of evidence, strongest first:

1. Fit: the content is laid over the element table of each release. An element only some releases have
   (``ResearchSubject.individual`` is R4's, ``assignedComparisonGroup`` R5's), a list where another release
   has one value (``Encounter.class``), or a code only one has, each speak for the releases that have them.
   Misfits all releases share (a misspelt element) speak for none, nor does a required element left out:
   that a resource is incomplete is likelier.
2. What is stated: a ``fhirVersion`` element, or a version in a core profile (``meta.profile`` ``...|4.3.0``).
   It decides only between releases that fit equally well.
3. R4 and R4B differ in few types. Where content fits both equally, and R5 worse, the release is R4: it is
   by far the more used, and what fits both reads the same.

Where R5 fits as well, nothing tells: the release is None, and the caller must ask.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from interchange.fhir.elements import RELEASES
from interchange.fhir.structure import findings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from interchange.fhir.elements import Release

CORE = "http://hl7.org/fhir/"
PER_TYPE = 200  # resources of a type tell what all of them are written in
NUMBERED: dict[str, Release] = {"4.0": "R4", "4.3": "R4B", "5.0": "R5"}


@dataclass(frozen=True, slots=True)
class Detection:
    """The release found, or None with the ``candidates`` left; ``evidence`` says what told."""

    release: Release | None
    evidence: str
    candidates: tuple[Release, ...]


def detect(resources: Iterable[Mapping[str, object]], *, per_type: int = PER_TYPE) -> Detection:
    """The release that content is written in, from the first ``per_type`` resources of each type.

    >>> patient = {"reference": "Patient/1"}
    >>> detect([{"resourceType": "ResearchSubject", "individual": patient}]).release
    'R4'
    >>> detect([{"resourceType": "Patient", "gender": "male"}]).candidates
    ('R4', 'R4B', 'R5')
    """
    misfits: dict[Release, Counter[str]] = {release: Counter() for release in RELEASES}
    stated: Counter[Release] = Counter()
    weighed: Counter[str] = Counter()
    for resource in resources:
        kind = str(resource.get("resourceType"))
        weighed[kind] += 1
        if weighed[kind] <= per_type:
            stated.update(_stated(resource))
            for release, counter in misfits.items():
                fits = findings(resource, release)
                counter.update(found.definition for found in fits if found.kind != "missing")
    return _judge(misfits, stated)


def _judge(misfits: dict[Release, Counter[str]], stated: Counter[Release]) -> Detection:
    totals = {release: counter.total() for release, counter in misfits.items()}
    fitting = tuple(release for release in RELEASES if totals[release] == min(totals.values()))
    told = _told(misfits, fitting)
    best = max((stated[release] for release in fitting), default=0)
    candidates = tuple(release for release in fitting if stated[release] == best) if best else fitting
    if best:
        told.append(f"a stated version says {', '.join(candidates)}")
    if candidates == ("R4", "R4B"):
        told.append("R4 and R4B fit alike, R4 taken")
        return Detection("R4", "; ".join(told), candidates)
    if len(candidates) == 1:
        return Detection(candidates[0], "; ".join(told), candidates)
    told.append(f"the content fits {', '.join(candidates)} alike")
    return Detection(None, "; ".join(told), candidates)


def _told(misfits: dict[Release, Counter[str]], fitting: tuple[Release, ...]) -> list[str]:
    """What rules releases out: the elements, most frequent first, that do not fit them."""
    ruled_out: dict[str, list[str]] = {}
    for release in RELEASES:
        if release not in fitting:
            extra = misfits[release] - misfits[fitting[0]]
            places = ", ".join(f"{path} ({count}x)" for path, count in extra.most_common(3))
            ruled_out.setdefault(places, []).append(release)
    return [f"{places} do not fit {' or '.join(releases)}" for places, releases in ruled_out.items()]


def _stated(resource: Mapping[str, object]) -> list[Release]:
    versions = [resource.get("fhirVersion")]
    meta = resource.get("meta")
    profiles = meta.get("profile") if isinstance(meta, dict) else None
    versions += [
        profile.rpartition("|")[2] if "|" in profile else profile.removeprefix(CORE)
        for profile in (profiles if isinstance(profiles, list) else ())
        if isinstance(profile, str) and profile.startswith(CORE)
    ]
    return [NUMBERED[text[:3]] for text in versions if isinstance(text, str) and text[:3] in NUMBERED]
