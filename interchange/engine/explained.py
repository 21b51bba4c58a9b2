"""What an explanation holds: rules, ways and row sources in words, and the whole as text for a terminal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as Dict

    from interchange.fhir.elements import Release
    from interchange.issues import Place


@dataclass(frozen=True, slots=True)
class MapExplained:
    """A code map: its name, codelist, the first pairs that are written (code, term), and how many entries it has."""

    name: str
    codelist: str
    pairs: tuple[tuple[str, str], ...]
    entries: int


@dataclass(frozen=True, slots=True)
class WayExplained:
    """One way between a rule's variables and FHIR.

    ``lane`` is as written; ``paths`` are the JSON paths by release, ``via`` the releases that use HL7's cross-version
    extension. ``reads`` and ``writes`` say which directions it is for.
    """

    variables: tuple[str, ...]
    lane: str
    paths: Dict[Release, str]
    via: frozenset[Release]
    codec: str
    codec_says: str
    guard: str
    reads: bool
    writes: bool
    because: str
    place: Place
    code_map: MapExplained | None = None


@dataclass(frozen=True, slots=True)
class RuleExplained:
    """A rule of one row source or entity: its ways in order, and what is derived, constant or dropped.

    ``derive`` are the derivations in order, each with what it gives; ``also`` are the other row sources with this very
    rule, whose paths start at their own elements.
    """

    variables: tuple[str, ...]
    source: str
    rows: str
    ways: tuple[WayExplained, ...]
    place: Place
    const: str | None = None
    derive: tuple[tuple[str, str], ...] = ()
    drop: bool = False
    because: str = ""
    note: str = ""
    entity: bool = False
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceExplained:
    """A row source: what it makes rows of, by what it takes resources, and which it leaves out, by kind of word."""

    name: str
    rows: str
    place: Place
    takes: tuple[tuple[str, str], ...] = ()
    because: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the mapping says of a domain, variable, parameter or entity's variable; ``text()`` is it in words."""

    name: str
    label: str
    rules: tuple[RuleExplained, ...]
    nulls: tuple[str, ...] = ()
    remarks: tuple[str, ...] = field(default=())
    sources: tuple[SourceExplained, ...] = ()

    def text(self) -> str:
        """The explanation as plain text, for a terminal."""
        lines = [f"{self.name}  {self.label}".rstrip()]
        for source in self.sources:
            lines += [*_source_lines(source), ""]
        lines += [f"  {remark}" for remark in self.remarks]
        for rule in self.rules:
            lines += ["", *_rule_lines(rule)]
        lines += [f"  {null}" for null in self.nulls]
        return "\n".join(lines)


def _rule_lines(rule: RuleExplained) -> list[str]:
    lines = [f"{' '.join(rule.variables)}  ({rule.place}), {rule.source}: {rule.rows}"]
    lines += [f"  the same for {other}, from there" for other in rule.also]
    if rule.const is not None:
        lines.append(f"  always `{rule.const}`")
    if rule.drop:
        lines.append(f"  dropped: {rule.because}")
    if len(rule.ways) > 1:
        lines.append("  to SDTM the first of these that yields; to FHIR the first that can hold the value")
    for number, way in enumerate(rule.ways, start=1):
        lines += _way_lines(way, f"{number}. " if len(rule.ways) > 1 else "", rule)
    lines += _derive_lines(rule)
    if rule.note:
        lines.append(f"  note: {rule.note}")
    return lines


def _derive_lines(rule: RuleExplained) -> Iterator[str]:
    again = ", where none of these yields" if rule.ways else ""
    if len(rule.derive) > 1:
        yield f"  derived{again}, by the first that yields:"
    for call, says in rule.derive:
        start = "    " if len(rule.derive) > 1 else f"  derived{again}: "
        yield f"{start}{call}  {says}".rstrip()


def _source_lines(source: SourceExplained) -> Iterator[str]:
    because = f" (to SDTM only: {source.because})" if source.because else ""
    yield f"  rows from `{source.name}` ({source.place}): {source.rows}{because}"
    for word, said in source.takes:
        yield f"    {word}: {said}"


_DIRECTION = {(True, True): "both ways", (True, False): "to SDTM only", (False, True): "to FHIR only"}


def _way_lines(way: WayExplained, number: str, rule: RuleExplained) -> list[str]:
    direction = _DIRECTION.get((way.reads, way.writes), "never")
    only = f" ({' '.join(way.variables)})" if way.variables != rule.variables else ""
    lines = [f"  {number}{way.lane} | {way.codec}{only}"]
    lines.append(f"     {direction}" + (f": {way.because}" if way.because else ""))
    texts: dict[str, list[str]] = {}
    for release, path in way.paths.items():
        beside = "HL7 cross-version extension " if release in way.via else ""
        texts.setdefault(beside + path, []).append(release)
    lines += [f"     in {', '.join(releases)}: {text}" for text, releases in texts.items()]
    if way.codec_says:
        lines.append(f"     {way.codec_says}")
    if way.guard:
        lines.append(f"     to FHIR when {way.guard}")
    if way.code_map is not None:
        pairs = ", ".join(f"{code} <-> {term}" for code, term in way.code_map.pairs)
        codelist = f" (codelist {way.code_map.codelist})" if way.code_map.codelist else ""
        lines.append(
            f"     code map {way.code_map.name}{codelist}, {way.code_map.entries} entries: {pairs or 'to SDTM only'}"
        )
    return lines
