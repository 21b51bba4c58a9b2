from __future__ import annotations

from interchange.mapping.load import load_project
from interchange.report.listing import list_mappings


def test_shipped_mappings_by_domain() -> None:
    listed = {each.domain: each for each in list_mappings(load_project())}
    assert list(listed) == sorted(listed)
    assert listed["TE"].file == "mappings/te.yaml"
    assert listed["TE"].row_sources == ["used", "unused"]
    assert listed["TE"].resource_types == ["ResearchStudy"]
    assert listed["TE"].variables == ["DOMAIN", "ETCD", "ELEMENT", "TESTRL", "TEENRL", "TEDUR"]
