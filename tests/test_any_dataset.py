"""Any dataset goes to FHIR and comes back as it was: cells, order of rows and variables, labels, lengths, types."""

from __future__ import annotations

import operator
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import interchange
from interchange.sdtm.dataset import Dataset, Variable, is_number
from interchange.sdtm.formats import read_package, write_dataset

from .dirty import DATES, TEXTS, dataset, study

if TYPE_CHECKING:
    from pathlib import Path

    from interchange.fhir.elements import Release
    from interchange.results import FhirResult

RELEASES: tuple[Release, ...] = ("R5", "R4B", "R4")
each_release = pytest.mark.parametrize("release", RELEASES)


def assert_same(before: list[Dataset], after: list[Dataset]) -> None:
    """Every dataset is there again, equal in all that a file says of it."""
    again = {dataset.name: dataset for dataset in after}
    assert sorted(again) == sorted(dataset.name for dataset in before)
    for one in before:
        two = again[one.name]
        assert (two.name, two.label) == (one.name, one.label)
        assert two.variables == one.variables, one.name
        assert len(two.rows) == len(one.rows), one.name
        for i, (row, other) in enumerate(zip(one.rows, two.rows, strict=True)):
            assert other == row, (one.name, i)


def assert_nothing_left_out(made: FhirResult) -> None:
    assert made.lost == []
    assert [str(issue) for issue in made.issues if issue.severity == "error"] == []
    assert [str(issue) for issue in made.check()] == []


@each_release
@pytest.mark.parametrize("format_", ["xpt", "dataset-json"])
def test_files_come_back(release: Release, format_: str, tmp_path: Path) -> None:
    for name in ("before", "after", "fhir"):
        (tmp_path / name).mkdir()
    for each in map(capital, study()) if format_ == "xpt" else study():
        path, issues = write_dataset(each, tmp_path / "before", format_)
        assert path is not None, issues
    made = interchange.to_fhir(tmp_path / "before", fhir_version=release)
    assert_nothing_left_out(made)
    made.write(tmp_path / "fhir")
    back = interchange.to_sdtm(tmp_path / "fhir", fhir_version=release, ledger=False)
    assert_same(read_package(tmp_path / "before")[0], back.datasets)
    back.write(tmp_path / "after", [format_])
    assert_same(read_package(tmp_path / "before")[0], read_package(tmp_path / "after")[0])
    for path in sorted((tmp_path / "before").glob("*.xpt")):  # Dataset-JSON gets the keys of the guide in addition
        assert (tmp_path / "after" / path.name).read_bytes() == path.read_bytes(), path.name


@each_release
def test_frames_come_back(release: Release) -> None:
    frames = {dataset.name: dataset.to_pandas() for dataset in study()}
    made = interchange.to_fhir(frames, fhir_version=release)
    assert_nothing_left_out(made)
    back = interchange.to_sdtm(made.resources, fhir_version=release, ledger=False)
    plain = [Dataset.from_pandas(name, frame) for name, frame in frames.items()]
    assert_same([sized(dataset) for dataset in plain], back.datasets)


def capital(dataset: Dataset) -> Dataset:
    """A dataset whose variables have names in capitals, which is all that a transport file holds."""
    variables = [replace(v, name=v.name.upper()) for v in dataset.variables]
    return replace(dataset, variables=variables, rows=[{k.upper(): v for k, v in row.items()} for row in dataset.rows])


def sized(dataset: Dataset) -> Dataset:
    """A dataset whose variables have lengths, as those that come back have: that of the longest value, 8 for numbers."""
    variables = []
    for variable in dataset.variables:
        longest = max((len(row.get(variable.name, "").encode()) for row in dataset.rows), default=0)
        variables.append(replace(variable, length=8 if variable.type == "Num" else longest or 1))
    return replace(dataset, variables=variables)


@each_release
def test_ids_are_legal_and_each_is_there_once(release: Release) -> None:
    resources = interchange.to_fhir(study(), fhir_version=release).resources
    names = Counter((resource["resourceType"], resource["id"]) for resource in resources)
    assert [name for name, count in names.items() if count > 1] == []
    assert [name for name in names if not re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", name[1], re.ASCII)] == []


@each_release
def test_the_same_input_gives_the_same_bytes_in_any_order_of_datasets(release: Release, tmp_path: Path) -> None:
    def written(name: str, source: Any) -> dict[str, bytes]:
        interchange.to_fhir(source, fhir_version=release).write(tmp_path / name)
        return {path.name: path.read_bytes() for path in sorted((tmp_path / name).iterdir())}

    first = written("first", study())
    assert written("second", study()) == first
    turned = written("turned", study()[::-1])
    lines = {name: sorted(data.splitlines()) for name, data in first.items() if name.endswith(".ndjson")}
    assert {name: sorted(data.splitlines()) for name, data in turned.items() if name.endswith(".ndjson")} == lines


# a domain of each class, one of none, a part of a domain, other persons, and domains with mapping files of their own
SHAPES = {
    "XX": ("XX", ("XXTESTCD", "XXTEST", "XXORRES", "XXSTRESN", "XXDTC", "VISITNUM")),
    "XE": ("XE", ("XETERM", "XEDECOD", "XESTDTC", "XEENDTC", "EPOCH")),
    "XI": ("XI", ("XITRT", "XIDOSE", "XIDOSU", "XISTDTC", "XIROUTE")),
    "XN": ("XN", ("XNWHAT", "XNDTC")),
    "QSXY": ("QS", ("QSTESTCD", "QSTEST", "QSORRES", "QSSTRESC", "QSDTC")),
    "APMH": ("MH", ("MHTERM", "MHDECOD", "MHSTDTC", "APID", "RSUBJID", "SREL")),
    "CM": ("CM", ("CMTRT", "CMDECOD", "CMDOSE", "CMSTDTC", "CMENDTC")),
    "RELREC": ("XX", ("RDOMAIN", "IDVAR", "IDVARVAL", "RELTYPE", "RELID")),
}
printable = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")), min_size=1, max_size=12).filter(
    str.strip
)
odd = st.builds(
    lambda text, before, after: " " * before + text + " " * after, printable, st.integers(0, 2), st.integers(0, 2)
)
cells = st.one_of(st.sampled_from(TEXTS), st.sampled_from(DATES), printable, odd, st.integers(-9, 999).map(str))
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,7}", fullmatch=True).filter(lambda name: not name.startswith("AP"))


@st.composite
def any_dataset(draw: st.DrawFn, name: str) -> Dataset:
    """A dataset with rows of any texts, in variables of its class, of any name, and of no row; some rows twice."""
    prefix, own = SHAPES[name]
    topic = own[0]
    others = draw(st.lists(names, max_size=4, unique=True))
    columns = dict.fromkeys([f"{prefix}SEQ", *draw(st.lists(st.sampled_from(own), unique=True)), topic, *others])
    cell = st.fixed_dictionaries({}, optional=dict.fromkeys(columns, cells))
    keys = st.fixed_dictionaries(
        {"STUDYID": st.just("S-1")},
        optional={"DOMAIN": st.just(prefix), "USUBJID": st.sampled_from(("S-1-1", "S-1-2", "ä b"))},
    )
    rows = draw(st.lists(st.builds(operator.or_, keys, cell), max_size=3))
    if rows and draw(st.booleans()):
        rows.append(dict(draw(st.sampled_from(rows))))
    listed = draw(st.permutations(["STUDYID", "DOMAIN", "USUBJID", *columns]))
    variables = []
    for each in dict.fromkeys(listed):
        texts = [row[each] for row in rows if each in row]
        numeric = bool(texts) and all(map(is_number, texts)) and draw(st.booleans())
        length = 8 if numeric else max([len(text.encode()) for text in texts] or [1]) + draw(st.integers(0, 3))
        variables.append(
            Variable(each, draw(st.sampled_from(("", "A label", "Ä"))), "Num" if numeric else "Char", length)
        )
    return Dataset(name, draw(st.sampled_from(("", "A label"))), variables, rows)


@each_release
@settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
@given(datasets=st.tuples(*map(any_dataset, SHAPES)))
def test_any_rows_come_back(release: Release, datasets: tuple[Dataset, ...]) -> None:
    made = interchange.to_fhir(list(datasets), fhir_version=release)
    assert_nothing_left_out(made)
    back = interchange.to_sdtm(made.resources, fhir_version=release, ledger=False)
    assert_same(list(datasets), back.datasets)


def test_what_rows_that_are_left_out_would_have_given_is_kept() -> None:
    dm = {"DOMAIN": "DM", "USUBJID": "1", "RFSTDTC": "2014-01-01"}
    ex = {"DOMAIN": "EX", "USUBJID": "1", "EXTRT": "A", "EXSEQ": "1", "EXSTDTC": "2014-01-03", "EXSTDY": "3"}
    made = interchange.to_fhir([dataset("DM", [dm]), dataset("EX", [ex])])
    assert made.lost == [("DM", dm)]
    assert [issue.code for issue in made.issues if issue.severity == "error"] == ["IX-KEY-001"]
    back = interchange.to_sdtm(made.resources, fhir_version="R5", ledger=False)
    assert list(back.dataset("EX").rows) == [ex]
