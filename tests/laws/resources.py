"""Random FHIR of each release: built from its element tables, or made of rows and then disturbed."""

from __future__ import annotations

import copy
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import strategies as st

from interchange.engine.reach import elements_read
from interchange.fhir.elements import Element, Release, elements
from interchange.mapping.tables import read_code_map

from .rows import packages
from .trips import Resource, engines, project, to_fhir

Json = Any
DEPTH = 6
TYPES = (
    *("ResearchStudy", "ResearchStudy", "Group", "PlanDefinition", "ResearchSubject", "ResearchSubject", "Patient"),
    *("Patient", "Organization", "PractitionerRole", "Observation", "ActivityDefinition"),
)
TEXTS = (
    *(
        "Placebo",
        "SCRN",
        "INCL01",
        "Overall survival",
        "Ärztin",
        " leading",
        "EXPERIMENTAL: x",
        "2014-01-02",
        "P18Y",
        "3",
    ),
    *("701", "CDISCPILOT01", "1.10", "ARMCD.Pbo", "ARMCD.a.5Fb", "Time Frame: 12 months", "text/plain", "x" * 230, "Y"),
)
DATES = ("2014", "2014-01", "2014-01-02", "2014-01-02T10:15:30Z", "2013-12-26T10:15:30+01:00")
URLS = ("http://example.org/a", "http://example.org/fhir/PlanDefinition/d1", "urn:x")
IDS = ("a", "1", "INCL01", "SCRN", "ARMCD.Pbo", "TOO-LONG-FOR-A-NAME")
DECIMALS = tuple(map(Decimal, ("5.10", "18", "0", "-1", "0.5", "1E+3")))


@cache
def codings() -> tuple[Resource, ...]:
    """The codings of every code map, and those that rules look for."""
    names = (
        "sex",
        "race",
        "ethnic",
        "stype",
        "intmodel",
        "random",
        "tblind",
        "tphase",
        "tindtp",
        "epoch",
        "armnrs",
        "registry",
    )
    places = project().settings["folders"].split("\n")
    own = [{"code": code} for code in ("primary", "secondary", "lead-sponsor", "sponsor", "Sex", "30525-0", "SignedUp")]
    milestones = [{"system": "urn:cdisc:sdtm:DM", "code": code} for code in ("RFSTDTC", "RFENDTC", "DMDTC", "ARMNRS")]
    own += [{"system": "http://loinc.org", "code": "30525-0"}, {"code": "clinical-protocol"}, {"display": "Placebo"}]
    for name in names:
        for e in read_code_map(name, places).entries:
            pairs = (("system", e.system), ("code", e.code), ("display", e.display))
            own.append({k: v for k, v in pairs if v})
    return tuple(c for c in own + milestones if c)


@cache
def _keys(release: Release, content: str) -> tuple[tuple[str, Element, str], ...]:
    """The JSON keys that a random element may have; those that say nothing of it left out."""
    skip = {"contained", "text", "meta", "implicitRules", "language", "modifierExtension", "extension", "id"}
    table = elements(release).physicals(content)
    plain = [
        (k, e, t) for k, (e, t) in table.items() if k not in skip and t not in ("xhtml", "base64Binary", "Resource")
    ]
    if not elements(release).is_resource(content):
        return tuple(plain)
    read = {path.partition(".")[0].partition("(")[0] for path in elements_read(engines(release).plan).get(content, {})}
    return tuple(p for p in plain if p[0] in read) or tuple(plain)


def _primitive(type_: str, release: Release, element: Element) -> st.SearchStrategy[Json]:
    codes = elements(release).codes(element.binding) if element.binding else None
    if type_ == "code":
        return st.sampled_from(sorted(codes) if codes else ["active", "before", "after", "start", "stop", "text/plain"])
    return {
        "boolean": st.booleans(),
        "integer": st.integers(-3, 300),
        "positiveInt": st.integers(1, 300),
        "unsignedInt": st.integers(0, 300),
        "decimal": st.sampled_from(DECIMALS),
        "date": st.sampled_from(DATES[:3]),
        "dateTime": st.sampled_from(DATES),
        "instant": st.sampled_from(DATES[3:]),
        "time": st.just("10:15:00"),
        "id": st.sampled_from(IDS),
        "uri": st.sampled_from((*URLS, *project().systems.values())),
        "url": st.sampled_from(URLS),
        "canonical": st.sampled_from(URLS),
    }.get(type_, st.sampled_from(TEXTS))


@st.composite
def _complex(draw: st.DrawFn, release: Release, content: str, depth: int) -> Json:
    """An element with some of its children."""
    if content == "Coding":
        return dict(draw(st.sampled_from(codings())))
    if content == "Reference":
        type_ = draw(st.sampled_from(TYPES))
        return {"reference": f"{type_}/{draw(st.sampled_from('123'))}"}
    keys = _keys(release, content)
    chosen = (
        draw(st.lists(st.sampled_from(keys), max_size=5 if depth else 8, unique_by=lambda k: k[1].name)) if keys else []
    )
    made: Resource = {}
    for key, element, type_ in chosen:
        found = draw(_element(release, element, type_, depth + 1))
        if found not in (None, {}, []):
            made[key] = found
    return made


def _element(release: Release, element: Element, type_: str, depth: int) -> st.SearchStrategy[Json]:
    if elements(release).is_primitive(type_):
        one = _primitive(type_, release, element)
    elif depth > DEPTH:
        return st.none()
    else:
        one = _complex(release, type_ if element.choice else element.content, depth)
    if not element.many:
        return one
    return st.lists(one, min_size=1, max_size=2).map(lambda items: [i for i in items if i not in (None, {}, [])])


@st.composite
def built(draw: st.DrawFn, release: Release) -> list[Resource]:
    """Some resources built from the element tables, that refer to each other now and then."""
    found: dict[tuple[str, str], Resource] = {}
    for type_ in draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=4)):
        id_ = draw(st.sampled_from("123"))
        made = draw(_complex(release, type_, 0))
        found.setdefault((type_, id_), {"resourceType": type_, "id": id_, **made})
    return list(found.values())


def _places(value: Json, so_far: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in JSON but the resource's own type and id."""
    found = [so_far] if len(so_far) > 1 and so_far[-1] != "resourceType" and so_far[1:] != ("id",) else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += _places(item, (*so_far, key))
    return found


OTHERS: tuple[Json, ...] = ("Placebo", "x", True, 3, Decimal("2.50"), "2014-01-02", {"text": "x"}, "ResearchStudy/1")


@st.composite
def disturbed(draw: st.DrawFn, release: Release, *, wild: bool = False) -> list[Resource]:
    """Resources made of rows, in which things are then taken away, changed, doubled; with ``wild`` also misplaced."""
    resources = copy.deepcopy(to_fhir(draw(packages(2)), engines(release)))
    kinds = ("drop", "change", "double") + (("misplace",) if wild else ())
    for _ in range(draw(st.integers(0, 6))):
        places = _places(resources)
        if not places:
            break
        *way, last = draw(st.sampled_from(places))
        holder: Json = resources
        for step in way:
            holder = holder[step]
        _disturb(draw, holder, last, draw(st.sampled_from(kinds)))
    return [left for r in resources if (left := pruned(r)) is not None and left.get("resourceType")]


def _disturb(draw: st.DrawFn, holder: Json, last: Any, kind: str) -> None:
    value = holder[last]
    if kind == "drop":
        del holder[last]
    elif kind == "misplace":
        holder[last] = copy.deepcopy(draw(st.sampled_from(OTHERS)))
    elif kind == "double" and isinstance(holder, list):
        holder.append(copy.deepcopy(value))
    elif isinstance(value, str):
        holder[last] = draw(st.sampled_from((*TEXTS, *DATES, *IDS)))
    elif isinstance(value, bool):
        holder[last] = not value
    elif isinstance(value, (int, Decimal)):
        holder[last] = value + 1


def pruned(value: Json) -> Json:
    """JSON without what FHIR forbids to be empty."""
    if isinstance(value, dict):
        return {k: v for k, item in value.items() if (v := pruned(item)) is not None} or None
    if isinstance(value, list):
        return [v for item in value if (v := pruned(item)) is not None] or None
    return value


def foreign(release: Release) -> st.SearchStrategy[list[Resource]]:
    """FHIR that may be anyone's."""
    return st.one_of(built(release), disturbed(release))
