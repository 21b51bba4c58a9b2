from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interchange.engine import claims
from interchange.engine.planner import plan_project
from interchange.engine.shelf import shelve
from interchange.fhir.members import DECODE, Members
from interchange.mapping.load import load_project

if TYPE_CHECKING:
    from pathlib import Path

    from interchange.engine.plan import Plan

Json = dict[str, Any]
FILE = """
domain: {domain}
rows:
  result:
    resource: Observation
    oneway: to-sdtm
    because: a test
    claim:
{claim}
rules:
  STUDYID: code.text | string
"""
SYSTEM = "urn:cdisc:sdtm:DOMAIN"


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Three made-up domains: XA by mark and category, XB by code and category, XC by type alone."""
    folder: Path = tmp_path_factory.mktemp("mappings")
    (folder / "codemaps").mkdir()
    (folder / "codemaps" / "xb-test.csv").write_text(
        "system,code,display,text,term,relation,prefer,release\nhttp://loinc.org,1-1,One,,ONE,equivalent,,\n"
    )
    texts = {
        "XA": "      mark: meta.tag.where(system=%domain and code='XA')\n      category: category.where(text='lab')",
        "XB": "      code: code | concept(xb-test strict)\n      category: category.where(text='lab')",
        "XC": "      type: status",
    }
    for domain, claim in texts.items():
        text = FILE.format(domain=domain, claim=claim)
        (folder / f"{domain.lower()}.yaml").write_text(text)
    return plan_project(load_project(folder), "R5")


def taken(plan: Plan, **content: Any) -> tuple[set[str], Any]:
    """The made-up domains that take an Observation, and the ties."""
    resource: Json = {"resourceType": "Observation", "id": "o", "status": "final", **content}
    shelf = shelve(plan, [resource])
    sources = [source for domain in ("XA", "XB", "XC") for source in plan.mappings[domain].sources]
    return {s.domain for s in sources if resource in shelf.owners.taken(s, shelf)}, shelf.owners.ties


def test_the_strongest_claim_takes_a_resource(plan: Plan) -> None:
    mark = {"tag": [{"system": SYSTEM, "code": "XA"}]}
    code = {"coding": [{"system": "http://loinc.org", "code": "1-1"}]}
    assert taken(plan)[0] == {"XC"}
    assert taken(plan, code=code)[0] == {"XB"}
    assert taken(plan, code=code, meta=mark)[0] == {"XA"}
    assert taken(plan, code=code, category=[{"text": "lab"}])[0] == {"XB"}


def test_equal_claims_go_to_the_first_and_are_counted(plan: Plan) -> None:
    domains, ties = taken(plan, category=[{"text": "lab"}])
    assert domains == {"XA"}
    assert dict(ties) == {("XA", "XB"): 1}


PARTS = {
    "category": [None, [{"text": "lab"}], [{"text": "other"}]],
    "code": [None, {"coding": [{"system": "http://loinc.org", "code": "1-1"}]}, {"text": "One"}],
    "meta": [None, {"tag": [{"system": SYSTEM, "code": "XA"}]}, {"profile": ["#"]}],
    "status": ["final", None],
}


@given(
    st.lists(st.fixed_dictionaries({key: st.sampled_from(each) for key, each in PARTS.items()}), max_size=12),
    st.integers(1, 5),
)
def test_takers_by_shared_members_are_those_by_content(plan: Plan, contents: list[Json], most: int) -> None:
    members = Members(most)
    lines = [msgspec.json.encode({k: v for k, v in content.items() if v is not None}) for content in contents]
    takers, ties = [], []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(claims, "MEMBERS", members)
        for decode in (members.decode, DECODE):
            resources = [{"resourceType": "Observation", **decode(line)} for line in lines]
            owners = claims.Owners(plan)
            shelf = shelve(plan, [])
            takers.append([[s.name for s in owners._takers(resource, shelf)] for resource in resources])
            ties.append(owners.ties)
    assert takers[0] == takers[1]
    assert ties[0] == ties[1]


def test_a_mark_of_another_domain_is_none_of_ours(plan: Plan) -> None:
    assert taken(plan, meta={"tag": [{"system": SYSTEM, "code": "ZZ"}]})[0] == {"XC"}
