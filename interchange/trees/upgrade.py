"""USDM studies of version 3 as version 4 has them.

What 4.0 renamed goes by its new name, what it moved stands where it belongs now, what it split is two. Nothing is left
out: an element that 4.0 has no place for keeps its own. Ids of what is new are made from those of what it was part of.
Taken from the differences between the two schemas (CDISC DDF-RA, Deliverables/API, USDM_API.json of 3.0 and 4.0).
"""

from __future__ import annotations

from typing import Any

Json = Any
Node = dict[str, Any]

RENAMED: dict[str, dict[str, str]] = {
    "AdministrationDuration": {"description": "text"},
    "Encounter": {"environmentalSetting": "environmentalSettings"},
    "Estimand": {"summaryMeasure": "populationSummary"},
    "Masking": {"description": "text"},
    "Organization": {"organizationType": "type"},
    "ResearchOrganization": {"organizationType": "type", "manages": "managedSites"},
    "StudyDesign": {"trialIntentTypes": "intentTypes", "trialTypes": "subTypes", "interventionModel": "model"},
    "StudyIdentifier": {"studyIdentifier": "text"},
    "StudyProtocolDocumentVersion": {"protocolVersion": "version", "protocolStatus": "status"},
}
LISTED: dict[str, dict[str, str]] = {  # one value became a list
    "Address": {"line": "lines"},
    "Estimand": {"interventionId": "interventionIds"},
    "Study": {"documentedBy": "documentedBy"},
    "StudyDesign": {"documentVersionId": "documentVersionIds"},
    "StudyVersion": {"documentVersionId": "documentVersionIds"},
}
CLASSES = {
    "AdministrationDuration": "Duration",
    "AgentAdministration": "Administration",
    "ResearchOrganization": "Organization",
    "StudyProtocolDocument": "StudyDefinitionDocument",
    "StudyProtocolDocumentVersion": "StudyDefinitionDocumentVersion",
}
OF_THE_VERSION = ("biomedicalConcepts", "bcCategories", "bcSurrogates", "dictionaries", "conditions", "organizations")
PRODUCT = ("productDesignation", "pharmacologicClass")
SPONSOR = "C70793"  # Clinical Study Sponsor: a type of organization in 3.0, a role in 4.0
OBSERVATIONAL = "C16084"  # Observational Study, of the codelist of study types


def upgrade_usdm(content: Node) -> Node:
    """Return a study of USDM 3 as one of USDM 4; what is given stays as it is.

    >>> study = {"instanceType": "Study", "versions": [{"instanceType": "StudyVersion", "documentVersionId": "D1"}]}
    >>> upgraded = upgrade_usdm({"usdmVersion": "3.0", "study": study})
    >>> upgraded["usdmVersion"], upgraded["study"]["versions"][0]["documentVersionIds"]
    ('4.0', ['D1'])
    """
    upgraded: Node = _renamed(content)
    upgraded["usdmVersion"] = "4.0"
    study = upgraded.get("study")
    if not isinstance(study, dict):
        return upgraded
    versions = _nodes(study, "versions")
    for version in versions:
        _upgrade_version(version)
    for document in _nodes(study, "documentedBy"):
        for text in _nodes(document, "versions"):
            for version in sorted(versions, key=lambda each: not _shows(each, text))[:1]:
                _split_narrative(version, text)
    return upgraded


def _renamed(value: Json) -> Json:
    """A copy with the names of 4.0 for keys and classes, and amounts as 4.0 writes them."""
    if isinstance(value, list):
        return [_renamed(each) for each in value]
    if not isinstance(value, dict):
        return value
    node: Node = value
    class_ = str(node.get("instanceType", ""))
    names, listed = RENAMED.get(class_, {}), LISTED.get(class_, {})
    made: Node = {}
    for key, item in node.items():
        if key in listed and not isinstance(item, list):
            made[listed[key]] = [] if item is None else [_renamed(item)]
        else:
            made[names.get(key, key)] = _renamed(item)
    if class_ in CLASSES:
        made["instanceType"] = CLASSES[class_]
    if class_ == "Range" and "unit" in made:
        _split_range(made)
    return made


def _upgrade_version(version: Node) -> None:
    for design in _nodes(version, "studyDesigns"):
        _upgrade_design(version, design)
    for key in ("studyType", "studyPhase"):
        version.pop(key, None)
    for identifier in _nodes(version, "studyIdentifiers"):
        scope = identifier.pop("studyIdentifierScope", None)
        if isinstance(scope, dict):
            identifier["scopeId"] = scope.get("id")
            _join(version, "organizations", [scope])
    for organization in _nodes(version, "organizations"):
        if _code(organization.get("type")) == SPONSOR:
            role = {"name": "Sponsor", "code": organization["type"], "organizationIds": [organization.get("id")]}
            _join(version, "roles", [{"id": f"{organization.get('id')}_Role", **role, "instanceType": "StudyRole"}])
    for amendment in _nodes(version, "amendments"):
        for enrollment in _nodes(amendment, "enrollments"):
            _scope_enrollment(enrollment)


def _upgrade_design(version: Node, design: Node) -> None:
    if design.get("instanceType") == "StudyDesign":
        observational = _code(version.get("studyType")) == OBSERVATIONAL
        design["instanceType"] = "ObservationalStudyDesign" if observational else "InterventionalStudyDesign"
    for key in ("studyType", "studyPhase"):
        if key in version:
            design.setdefault(key, version[key])
    for key in OF_THE_VERSION:
        if isinstance(design.get(key), list):
            _join(version, key, design.pop(key))
    if isinstance(design.get("studyInterventions"), list):
        interventions = _nodes(design, "studyInterventions")
        del design["studyInterventions"]
        design["studyInterventionIds"] = [each.get("id") for each in interventions]
        for intervention in interventions:
            _split_intervention(version, intervention)
        _join(version, "studyInterventions", interventions)
    population = design.get("population")
    for group in [population, *_nodes(population, "cohorts")] if isinstance(population, dict) else []:
        _split_criteria(version, design, group)
    for estimand in _nodes(design, "estimands"):
        analysed = estimand.pop("analysisPopulation", None)
        if isinstance(analysed, dict):
            estimand["analysisPopulationId"] = analysed.get("id")
            _join(design, "analysisPopulations", [analysed])
    for masking in _nodes(design, "maskingRoles"):
        _join(version, "roles", [_masked_role(masking, design)])
    design.pop("maskingRoles", None)


def _split_criteria(version: Node, design: Node, group: Node) -> None:
    """Criteria stand in the design, their texts in the version, and a population names those of it."""
    if "criteria" not in group:
        return
    criteria = _nodes(group, "criteria")
    del group["criteria"]
    group["criterionIds"] = [each.get("id") for each in criteria]
    for criterion in criteria:
        item: Node = {"id": f"{criterion.get('id')}_Item"}
        item |= {key: criterion[key] for key in ("name", "label", "description") if key in criterion}
        item |= {key: criterion.pop(key) for key in ("text", "dictionaryId") if key in criterion}
        criterion["criterionItemId"] = item["id"]
        _join(version, "eligibilityCriterionItems", [{**item, "instanceType": "EligibilityCriterionItem"}])
    _join(design, "eligibilityCriteria", criteria)


def _split_intervention(version: Node, intervention: Node) -> None:
    """What is given is a product of its own, which the administrations name."""
    stated = {key: intervention.pop(key) for key in PRODUCT if intervention.get(key) is not None}
    if not stated:
        return
    product = {"id": f"{intervention.get('id')}_Product", "name": intervention.get("name"), **stated}
    _join(version, "administrableProducts", [{**product, "instanceType": "AdministrableProduct"}])
    for administration in _nodes(intervention, "administrations"):
        administration.setdefault("administrableProductId", product["id"])


def _split_narrative(version: Node, document: Node) -> None:
    """The text of a section is an item of the version, which the section names."""
    for section in _nodes(document, "contents"):
        if "text" not in section:
            continue
        item = {"id": f"{section.get('id')}_Item", "name": section.get("name"), "text": section.pop("text")}
        section["contentItemId"] = item["id"]
        _join(version, "narrativeContentItems", [{**item, "instanceType": "NarrativeContentItem"}])


def _split_range(amount: Node) -> None:
    """The numbers of a range are quantities, each with the unit."""
    unit = amount.pop("unit")
    for key in ("minValue", "maxValue"):
        if amount.get(key) is None or isinstance(amount[key], dict):
            continue
        quantity: Node = {"id": f"{amount.get('id')}_{key}", "value": amount[key]}
        if isinstance(unit, dict):
            quantity["unit"] = {"id": f"{quantity['id']}_Unit", "standardCode": unit, "instanceType": "AliasCode"}
        amount[key] = {**quantity, "instanceType": "Quantity"}


def _shows(version: Node, document: Node) -> bool:
    """Whether a version of the study names this version of a document."""
    ids = version.get("documentVersionIds")
    return isinstance(ids, list) and document.get("id") in ids


def _scope_enrollment(enrollment: Node) -> None:
    """Where subjects are counted is a geographic scope of its own."""
    stated = {key: enrollment.pop(key) for key in ("type", "code") if enrollment.get(key) is not None}
    if stated:
        scope = {"id": f"{enrollment.get('id')}_Scope", **stated, "instanceType": "GeographicScope"}
        enrollment["forGeographicScope"] = scope


def _masked_role(masking: Node, design: Node) -> Node:
    """Who is masked: a role of the version with its masking."""
    code = masking.pop("role", None)
    name = code.get("decode") if isinstance(code, dict) else None
    role = {"id": f"{masking.get('id')}_Role", "name": name, "code": code, "appliesToIds": [design.get("id")]}
    return {**role, "masking": {**masking, "isMasked": True}, "instanceType": "StudyRole"}


def _join(owner: Node, key: str, more: list[Json]) -> None:
    """Add what a list does not have yet, by id."""
    own = owner[key] if isinstance(owner.get(key), list) else []
    ids = {_id(each) for each in own} - {None}
    owner[key] = [*own, *(each for each in more if _id(each) not in ids)]


def _id(value: Json) -> str | None:
    found = value.get("id") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


def _nodes(owner: Node, key: str) -> list[Node]:
    """The objects of a list, none where there is no list."""
    listed = owner.get(key)
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _code(value: Json) -> str:
    return str(value.get("code", "")) if isinstance(value, dict) else ""
