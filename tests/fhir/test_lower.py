from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from interchange.fhir.lower import (
    CROSS_VERSION,
    Back,
    Condition,
    Filter,
    Focus,
    Follow,
    Get,
    Lowered,
    LowerError,
    Lowering,
    Meet,
    Op,
    Take,
)
from interchange.fhir.path import parse_path

if TYPE_CHECKING:
    from interchange.fhir.elements import Release

SYSTEMS = {"loinc": "http://loinc.org", "race": "http://race"}
ENTITIES = {"subject": "Patient", "age": "Observation", "eligibility": "Group"}
ALIASES = {"ResearchStudy.comparisonGroup": "arm", "ResearchSubject.subject": "individual"}
URL = (Get("url", many=False),)


def lower(text: str, resource: str, release: Release = "R5") -> Lowered:
    aliases = {} if release == "R5" else ALIASES
    return Lowering(release, aliases, SYSTEMS, ENTITIES).lower(parse_path(text), Focus(resource, resource))


@pytest.mark.parametrize(
    ("text", "resource", "ops", "type_"),
    [
        ("gender", "Patient", (Get("gender", many=False),), "code"),
        ("name.given", "Patient", (Get("name", many=True), Get("given", many=True)), "string"),
        ("identifier.first().value", "Patient", (Get("identifier", many=True), Take(), Get("value", many=False)), "string"),
        ("deceased.ofType(dateTime)", "Patient", (Get("deceasedDateTime", many=False),), "dateTime"),
        ("subject.resolve(subject).gender", "ResearchSubject", (Get("subject", many=False), Follow("subject"), Get("gender", many=False)), "code"),
        ("join(age).status", "ResearchSubject", (Meet("age"), Get("status", many=False)), "code"),
        ("referrer(ResearchSubject.subject).id", "Patient", (Back("ResearchSubject", "subject"), Get("id", many=False)), "id"),
        ("birthDate.extension(%race)", "Patient", (Get("_birthDate", many=False), Get("extension", many=True), Filter((Condition(URL, "http://race"),))), "Extension"),
        ("extension(%race).value.ofType(code)", "Patient", (Get("extension", many=True), Filter((Condition(URL, "http://race"),)), Get("valueCode", many=False)), "code"),
    ],
)  # fmt: skip
def test_a_path_becomes_json_keys(text: str, resource: str, ops: tuple[Op, ...], type_: str) -> None:
    found = lower(text, resource)
    assert found.ops == ops
    assert found.type == type_
    assert found.via == ""


def test_conditions_take_the_type_of_their_element() -> None:
    found = lower("characteristic.where(exclude=true and code.coding.system=%loinc)", "Group")
    coding = (Get("code", many=False), Get("coding", many=True), Get("system", many=False))
    literals = Filter((Condition((Get("exclude", many=False),), True), Condition(coding, "http://loinc.org")))
    assert found.ops == (Get("characteristic", many=True), literals)
    assert found.many


def test_a_condition_may_compare_with_a_variable() -> None:
    found = lower("action.where(id=slug($ETCD))", "PlanDefinition")
    assert found.ops[-1] == Filter((Condition((Get("id", many=False),), "", "ETCD", slug=True),))


def test_a_renamed_element_has_its_own_name() -> None:
    assert lower("comparisonGroup.name", "ResearchStudy", "R4B").ops[0] == Get("arm", many=True)
    assert lower("referrer(ResearchSubject.subject)", "Patient", "R4").ops == (Back("ResearchSubject", "individual"),)


@pytest.mark.parametrize("release", ["R4", "R4B"])
def test_an_element_of_r5_alone_goes_into_the_cross_version_extension(release: Release) -> None:
    found = lower("recruitment.targetNumber", "ResearchStudy", release)
    url = f"{CROSS_VERSION}ResearchStudy.recruitment"
    assert found.via == url
    assert found.type == "unsignedInt"
    assert found.ops == (
        Get("extension", many=True),
        Filter((Condition(URL, url),)),
        Get("extension", many=True),
        Filter((Condition(URL, "targetNumber"),)),
        Get("valueUnsignedInt", many=False),
    )
    assert found.key == "valueUnsignedInt"


def test_a_complex_element_of_r5_alone_is_the_value_of_its_extension() -> None:
    found = lower("studyDesign.coding.code", "ResearchStudy", "R4")
    assert found.ops[2:] == (
        Get("valueCodeableConcept", many=False),
        Get("coding", many=True),
        Get("code", many=False),
    )


def test_an_extension_in_a_cross_version_extension_is_one_of_its_own() -> None:
    progress = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ResearchSubject.progress"
    for text in ("progress.extension.where(url=%race)", "progress.extension(%race)"):
        lowered = lower(f"{text}.value.ofType(code)", "ResearchSubject", "R4B")
        assert lowered.ops == (
            Get("extension", many=True),
            Filter((Condition(URL, progress),)),
            Get("extension", many=True),
            Filter((Condition(URL, "http://race"),)),
            Get("valueCode", many=False),
        )


def test_elements_on_the_way_are_told() -> None:
    assert lower("name.given", "Patient").elements == (("Patient", "name"), ("HumanName", "given"))


def test_this_is_where_it_stands() -> None:
    found = lower("$this", "Patient")
    assert found.ops == ()
    assert found.key == ""
    assert not found.many


@pytest.mark.parametrize(
    ("text", "resource", "release", "code", "message"),
    [
        ("efective", "Observation", "R5", "IX-PATH-002", "Observation has no element `efective` in R5"),
        ("deceased", "Patient", "R5", "IX-PATH-003", "`deceased[x]` has several types"),
        ("deceased.extension(%race)", "Patient", "R5", "IX-PATH-003", "`deceased[x]` has several types"),
        ("deceased.ofType(string)", "Patient", "R5", "IX-PATH-004", "`deceased[x]` has no type string in R5"),
        ("gender.ofType(string)", "Patient", "R5", "IX-PATH-004", "ofType(string) on an element of type code"),
        ("gender.resolve(subject)", "Patient", "R5", "IX-PATH-005", "resolve() needs a Reference, not code"),
        ("managingOrganization.resolve(nobody)", "Patient", "R5", "IX-PATH-006", "no entity `nobody`"),
        ("extension(%nothing)", "Patient", "R5", "IX-PATH-007", "no system `%nothing`"),
        ("extension($USUBJID)", "Patient", "R5", "IX-PATH-008", "`$USUBJID` cannot stand here"),
        (
            "referrer(ResearchSubject.nobody)",
            "Patient",
            "R4B",
            "IX-PATH-002",
            "ResearchSubject has no element `nobody`",
        ),
    ],
)
def test_what_a_release_cannot_hold_is_refused(
    text: str, resource: str, release: Release, code: str, message: str
) -> None:
    with pytest.raises(LowerError) as caught:
        lower(text, resource, release)
    assert caught.value.code == code
    assert str(caught.value).startswith(message)
    assert caught.value.hint
