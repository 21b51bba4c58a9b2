"""What is remarked on while resources are converted, counted so that parts of a source can be added up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from interchange.fhir.structure import findings
from interchange.issues import Issue, Issues, Place
from interchange.sdtm.standard import standard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from interchange.engine.forward import Found
    from interchange.engine.plan import Plan
    from interchange.engine.shelf import ResourceShelf
    from interchange.fhir.elements import Release
    from interchange.fhir.read import Record
    from interchange.issues import Severity
    from interchange.mapping.codecs.base import Miss

# What of a misfit with the release's element table can leave a cell blank.
_BLANK, _AS_IT_IS = "what cannot be read stays blank", "the text is taken as it stands"
_MISFITS: dict[str, tuple[str, Severity, str]] = {
    "type": ("IX-READ-001", "error", _BLANK),
    "cardinality": ("IX-READ-002", "error", _BLANK),
    "choice": ("IX-READ-003", "error", _BLANK),
    "json": ("IX-READ-004", "error", _BLANK),
    "unknown": ("IX-READ-005", "warning", "it is not read"),
    "text": ("IX-READ-006", "warning", _AS_IT_IS),
}


def report_misfits(record: Record, release: Release, issues: Issues) -> None:
    """Report where a resource does not fit its release: what stands there may not be read."""
    for finding in findings(record.resource, release):
        if finding.kind in _MISFITS:
            code, severity, meaning = _MISFITS[finding.kind]
            place = replace(record.place, field=finding.path)
            message = f"{finding.message}; {meaning}"
            issues.add(Issue(code, severity, place, message, finding.hint or "mend the source", finding.value))


@dataclass(slots=True)
class Remarks:
    """What is said once of all records.

    Identifiers that are blank, stored values that a derivation gives otherwise, references that find nothing, domains
    with equal claims, and values that a code map does not hold.
    """

    blank: Counter[tuple[str, str]] = field(default_factory=Counter)
    disagreed: Counter[str] = field(default_factory=Counter)
    unresolved: dict[str, set[str]] = field(default_factory=dict)
    ties: Counter[tuple[str, ...]] = field(default_factory=Counter)
    misses: Counter[Miss] = field(default_factory=Counter)

    def take(self, plan: Plan, shelf: ResourceShelf, found: Mapping[str, Sequence[Found]]) -> None:
        """Add what the rows and references of a shelf give rise to."""
        for domain, rows in found.items():
            cells = [f.row for f in rows]
            for key in _identifiers(plan, domain):
                self.blank[domain, key] += sum([key not in row for row in cells])
        for entity, references in shelf.unresolved.items():
            self.unresolved.setdefault(entity, set()).update(references)
        self.ties.update(shelf.owners.ties)

    def add(self, other: Remarks) -> None:
        """Add the remarks on another part."""
        self.blank.update(other.blank)
        self.disagreed.update(other.disagreed)
        for entity, references in other.unresolved.items():
            self.unresolved.setdefault(entity, set()).update(references)
        self.ties.update(other.ties)
        self.misses.update(other.misses)

    def report(self, plan: Plan, issues: Issues) -> None:
        """Say it in issues."""
        for domain in plan.mappings:
            for key in _identifiers(plan, domain):
                if blank := self.blank[domain, key]:
                    message = f"blank in {blank} rows, and SDTM requires it"
                    hint = "add the identifier to the source, or say in a study settings file where it stands"
                    issues.add(Issue("IX-KEY-004", "warning", Place(record=domain, field=key), message, hint))
        for name, count in sorted(self.disagreed.items()):
            message = f"{count} stored values differ from what the derivation gives; the stored ones are kept"
            issues.add(Issue("IX-DERIVE-001", "info", Place(field=name), message, "compare them with the source"))
        for entity, references in sorted(self.unresolved.items()):
            type_ = plan.entities[entity].resource
            message = f"{len(references)} references to a {type_} find none in the source; what it holds stays blank"
            issues.add(Issue("IX-REF-001", "warning", Place(record=type_), message, "add the resource to the source"))
        for domains, count in sorted(self.ties.items()):
            message = f"{count} resources could be {' or '.join(domains)}; they became rows of {domains[0]}"
            hint = "mark or categorise them in the source, or change `claim` in an overlay"
            issues.add(Issue("IX-CLAIM-001", "info", Place(record=domains[0]), message, hint))


def _identifiers(plan: Plan, domain: str) -> list[str]:
    """The identifiers that SDTM requires of a domain's rows; a row without them cannot go back to FHIR."""
    spec = standard(plan.project.settings["sdtmig"]).dataset(domain)
    return [v.name for v in spec.variables if v.core == "Req" and v.role == "Identifier"] if spec else []
