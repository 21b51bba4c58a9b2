"""The examples inside mapping files, run: FHIR to rows, and rows to FHIR and back to rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from interchange.engine.backward import Backward
from interchange.engine.forward import Forward
from interchange.engine.planner import Planner
from interchange.engine.shelf import shelve
from interchange.fhir.elements import RELEASES, elements
from interchange.issues import Issue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Mapping as Dict

    from interchange.engine.plan import Plan
    from interchange.fhir.elements import Release
    from interchange.mapping.model import Direction, Example, Mapping, Project

Row = dict[str, str]
Leaf = tuple[str, str, str]  # resource type, path without positions, value
STUDYID = "STUDY-1"
# What an example need not know: the ids that conversion gives, and what refers to them.
IDENTITY = frozenset({"id", "reference"})
TO_SDTM, TO_FHIR, BACK = "IX-EXAMPLE-001", "IX-EXAMPLE-002", "IX-EXAMPLE-003"


@dataclass(frozen=True, slots=True)
class ExampleRun:
    """One example run in one direction on one release; ``issues`` is empty where it holds."""

    domain: str
    example: Example
    release: Release
    direction: Direction
    issues: tuple[Issue, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the mapping does what the example says."""
        return not self.issues


def run_examples(project: Project) -> list[Issue]:
    """Return what does not come out as the examples of the mapping files say."""
    return [issue for run in example_runs(project) for issue in run.issues]


def example_runs(project: Project, domains: Iterable[str] | None = None) -> list[ExampleRun]:
    """Return every run of every example, release by release; MappingError where the project cannot be planned."""
    wanted = None if domains is None else set(domains)
    chosen = [m for m in project.mappings.values() if m.examples and (wanted is None or m.domain in wanted)]
    return [run for release in RELEASES for run in _on_release(project, chosen, release)]


def _on_release(project: Project, mappings: Sequence[Mapping], release: Release) -> Iterator[ExampleRun]:
    examples = [(m, e) for m in mappings for e in m.examples if release in e.releases]
    if not examples:
        return
    plan = Planner(project, release).plan()
    forward = Forward(plan)
    for mapping, example in examples:
        if example.direction != "to-fhir":
            issues = tuple(_to_sdtm(mapping, example, forward))
            yield ExampleRun(mapping.domain, example, release, "to-sdtm", issues)
        if example.direction != "to-sdtm":
            issues = tuple(_to_fhir(mapping, example, forward))
            yield ExampleRun(mapping.domain, example, release, "to-fhir", issues)


def _to_sdtm(mapping: Mapping, example: Example, forward: Forward) -> Iterator[Issue]:
    release = forward.plan.release
    shelf = shelve(forward.plan, [typed(resource, release) for resource in example.fhir])
    found = [f.row for f in forward.every(shelf)[mapping.domain]]
    expected = [row for row in example.sdtm if row.get("DOMAIN", mapping.domain) == mapping.domain]
    for message in differences(expected, found, mapping):
        yield _issue(TO_SDTM, example, f"to SDTM from {release}, {message}")


def _to_fhir(mapping: Mapping, example: Example, forward: Forward) -> Iterator[Issue]:
    plan = forward.plan
    backward = Backward(plan, forward)
    resources = backward.convert(complete(example, mapping, plan))
    made = set(leaves(resources))
    for leaf in Counter(leaves(typed(r, plan.release) for r in example.fhir)):
        if leaf not in made:
            yield _issue(TO_FHIR, example, f"to {plan.release}, no {leaf[0]}.{leaf[1]} is `{leaf[2]}`")
    found = [f.row for f in forward.every(shelve(plan, resources))[mapping.domain]]
    expected = [row for row in example.sdtm if row.get("DOMAIN", mapping.domain) == mapping.domain]
    for message in differences(expected, found, mapping):
        yield _issue(BACK, example, f"to {plan.release} and back, {message}")


def _issue(code: str, example: Example, message: str) -> Issue:
    return Issue(code, "error", example.place, f"example `{example.name}`: {message}", "mend the example or the rule")


def complete(example: Example, mapping: Mapping, plan: Plan) -> dict[str, list[Row]]:
    """Return an example's rows by domain, with the study's identifier and the constants of their row source."""
    datasets: dict[str, list[Row]] = {}
    for row in example.sdtm:
        domain = row.get("DOMAIN", mapping.domain)
        known = plan.project.mappings.get(domain, mapping)
        sources = known.sources
        if known.params is not None:
            sources = tuple(s for s in sources if s.name == row.get(known.params.code))
        consts = {r.variables[0]: r.const for s in sources[:1] for r in s.rules if r.const is not None}
        datasets.setdefault(domain, []).append({"STUDYID": STUDYID, "DOMAIN": domain} | consts | dict(row))
    return datasets


def differences(expected: Sequence[Row], found: Sequence[Row], mapping: Mapping) -> Iterator[str]:
    """Yield how rows differ from those expected, on the variables that are given.

    Of a dataset with one row a parameter, only the parameters that the example names are looked at.
    """
    if mapping.params is not None:
        code = mapping.params.code
        named = {row.get(code) for row in expected}
        found = [row for row in found if row.get(code) in named]
    if len(found) != len(expected):
        yield f"there are {len(found)} rows, not {len(expected)}"
        return
    for number, (want, have) in enumerate(zip(expected, found, strict=True), start=1):
        for variable, text in want.items():
            if have.get(variable, "") != text:
                yield f"{variable} of row {number} is `{have.get(variable, '')}`, not `{text}`"


def leaves(resources: Iterable[Dict[str, Any]]) -> Iterator[Leaf]:
    """Yield the values of resources with where they stand, but for ids and references.

    >>> list(leaves([{"resourceType": "Patient", "id": "1", "name": [{"family": "A"}]}]))
    [('Patient', 'name.family', 'A')]
    """
    for resource in resources:
        kind = str(resource.get("resourceType"))
        yield from ((kind, path, text) for path, text in _below(resource, "") if path != "resourceType")


def _below(value: Any, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in IDENTITY:
                yield from _below(item, f"{at}.{key}" if at else key)
    elif isinstance(value, list):
        for item in value:
            yield from _below(item, at)
    else:
        yield at, str(value).lower() if isinstance(value, bool) else str(value)


def typed(resource: Dict[str, Any], release: Release) -> dict[str, Any]:
    """Return a resource of texts, as mapping files hold it, as JSON: numbers and booleans where the element says so.

    >>> typed({"resourceType": "Patient", "deceasedBoolean": "true"}, "R5")
    {'resourceType': 'Patient', 'deceasedBoolean': True}
    """
    made: dict[str, Any] = _typed(resource, str(resource.get("resourceType")), release)
    return made


def _typed(value: Any, content: str, release: Release) -> Any:
    if not isinstance(value, dict):
        return value
    table = elements(release)
    made: dict[str, Any] = {}
    for key, item in value.items():
        known = table.physical(content, key.removeprefix("_"))
        if known is None:
            made[key] = item
            continue
        element, type_ = known
        inside = "Element" if key.startswith("_") else type_ if element.choice else element.content
        if key == "contained":
            made[key] = [typed(one, release) for one in item]
        elif isinstance(item, list):
            made[key] = [_scalar(one, type_) if isinstance(one, str) else _typed(one, inside, release) for one in item]
        else:
            made[key] = _scalar(item, type_) if isinstance(item, str) else _typed(item, inside, release)
    return made


def _scalar(text: str, type_: str) -> str | bool | int | Decimal:
    if type_ == "boolean" and text in ("true", "false"):
        return text == "true"
    try:
        if type_ in ("integer", "positiveInt", "unsignedInt"):
            return int(text)
        if type_ == "decimal":
            return Decimal(text)
    except (ValueError, InvalidOperation):
        pass
    return text
