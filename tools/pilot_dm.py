"""Write docs/pilot-dm.md: DM of the CDISC pilot study beside DM made from FHIR that others wrote of the same subjects.

Run it with the folder of reference data: ``python tools/pilot_dm.py ../shared/data``.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from interchange.api import to_sdtm
from interchange.intake import read_datasets
from interchange.issues import Issues

PAGE = Path(__file__).parents[1] / "docs" / "pilot-dm.md"

CAUSES = {
    "STUDYID": "the bundles' only official study identifier is a registry number; CDISCPILOT01 stands nowhere in them",
    "RFENDTC": "the enrolment has a period with a start and no end",
    "RFXSTDTC": "no milestone and no period of treatment: it would have to come from MedicationStatement",
    "RFXENDTC": "no milestone and no period of treatment: it would have to come from MedicationStatement",
    "RFPENDTC": "the enrolment has a period with a start and no end",
    "SITEID": "the site is an Organization without identifier; its name, H2Q-MC-LZZT Site 701, is all there is",
    "BRTHDTC": "dm.xpt has none; the authors of the bundles invented one from AGE and say so in a comment",
    "ARMCD": "the study lists no arms, and the enrolment names them: the code is made of the name",
    "ACTARMCD": "the study lists no arms, and the enrolment names them: the code is made of the name",
    "COUNTRY": "neither patient nor site has an address",
    "DMDTC": "no element holds the date of collection",
    "DMDY": "computed from DMDTC, which is missing",
}

HEAD = """\
# DM of the CDISC pilot study, from FHIR of others

The CDISC pilot study is published as SDTM and, for six of its subjects, as FHIR R4 bundles that others made of the same
data. Here the bundles go through `to_sdtm`, and each variable of DM is laid beside `dm.xpt`. It is the only truth at
hand that this project did not write itself. A variable that neither side has is left out. That AGE is equal says
little: it is computed from the birth date that the bundles' authors had computed from AGE.
Written by `tools/pilot_dm.py`.

| variable | equal | different | only in dm.xpt | only from FHIR | cause |
|---|---|---|---|---|---|
"""


@dataclass(slots=True)
class Compared:
    """A variable of DM over the subjects of both sides, in numbers of cells."""

    name: str
    equal: int = 0
    different: int = 0
    only_study: int = 0
    only_bundles: int = 0


def compare(data: Path) -> list[Compared]:
    """Return the comparison by variable, in the order of the SDTMIG; a variable that neither side has is left out."""
    made = to_sdtm(data / "lzzt" / "fhir_r4_bundles.zip", fhir_version="R4", ledger=False).dataset("DM")
    study = next(d for d in read_datasets(data / "lzzt" / "sdtm_xpt.zip", Issues()) if d.name == "DM")
    truth = {row["USUBJID"]: row for row in study.rows}
    found: list[Compared] = []
    names = dict.fromkeys([v.name for v in study.variables] + [v.name for v in made.variables])
    for name in sorted(names, key=[v.name for v in (*made.variables, *study.variables)].index):
        one = Compared(name)
        for row in made.rows:
            here, there = row.get(name), truth[row["USUBJID"]].get(name)
            one.equal += here is not None and here == there
            one.different += here is not None and there is not None and here != there
            one.only_study += here is None and there is not None
            one.only_bundles += here is not None and there is None
        if one.equal or one.different or one.only_study or one.only_bundles:
            found.append(one)
    return found


def page(data: Path) -> str:
    """Return the text of the page."""
    found = compare(data)
    lines = [
        f"| {v.name} | {v.equal} | {v.different} | {v.only_study} | {v.only_bundles} | {CAUSES.get(v.name, '')} |\n"
        for v in found
    ]
    equal, both = sum(v.equal for v in found), sum(v.equal + v.different for v in found)
    whole = sum(v.equal + v.different + v.only_study for v in found)
    tail = (
        f"\nOf {whole} cells of dm.xpt, {equal} come out equal; of the {both} on both sides, {both - equal} differ.\n"
    )
    return HEAD + "".join(lines) + tail


if __name__ == "__main__":
    PAGE.write_text(page(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")), encoding="utf-8")
