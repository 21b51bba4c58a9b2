"""Supplemental qualifiers: SUPP-- rows as variables of their parent, and back (SDTMIG 8.4).

`join` makes each QNAM a variable of the parent dataset; `split` makes SUPP-- rows of such variables. What
`join` cannot place stays as rows, with an issue, and `restore` gives the very rows back, in their order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from interchange.issues import Issue, Place
from interchange.sdtm.blocks import BlockRows, blocks, with_any
from interchange.sdtm.dataset import Dataset, Row, Variable, is_number, listed
from interchange.sdtm.sort import sort_unique
from interchange.sdtm.spill import SpilledRows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from interchange.sdtm.blocks import Block
    from interchange.sdtm.dataset import Rows

VARIABLES = (
    Variable("STUDYID", "Study Identifier"),
    Variable("RDOMAIN", "Related Domain Abbreviation"),
    Variable("USUBJID", "Unique Subject Identifier"),
    Variable("IDVAR", "Identifying Variable"),
    Variable("IDVARVAL", "Identifying Variable Value"),
    Variable("QNAM", "Qualifier Variable Name"),
    Variable("QLABEL", "Qualifier Variable Label"),
    Variable("QVAL", "Data Value"),
    Variable("QORIG", "Origin"),
    Variable("QEVAL", "Evaluator"),
)
# How the names of supplemental datasets begin: SQ where a name would be too long with SUPP (SQAPMH, SDTMIG-AP).
PREFIXES = ("SUPP", "SQ")
KEYS = ("STUDYID", "RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "QNAM")


@dataclass(frozen=True, slots=True)
class SuppVariable:
    """A qualifier that lives in SUPP--: its name, label, origin and evaluator.

    ``idvar`` is the variable that finds the parent row, ``""`` where USUBJID does, None for the one `split`
    is given. ``width`` is that of a right-aligned IDVARVAL, as SAS writes numbers: ``"       1"`` has 8.
    """

    qnam: str
    label: str = ""
    orig: str = ""
    eval: str = ""
    idvar: str | None = None
    width: int = 0


@dataclass(slots=True)
class Joined:
    """A parent with its qualifiers as variables, and what `restore` needs to give the SUPP-- dataset back.

    ``leftovers`` are SUPP-- rows that could not be placed, each with an issue. ``order`` is, for each row
    that `split` makes and then each leftover, its place among the original rows; empty if it is that already.
    ``supp`` describes the SUPP-- dataset; it has no rows.
    """

    dataset: Dataset
    variables: tuple[SuppVariable, ...]
    supp: Dataset
    leftovers: list[Row] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    order: tuple[int, ...] = ()


def parent_of(supp: Dataset, names: Collection[str]) -> str:
    """Return which of some datasets a supplemental one belongs to; blank for one that is none, or has no parent.

    >>> parent_of(Dataset("SUPPAE", variables=list(VARIABLES)), {"AE"})
    'AE'
    """
    if all(variable.name != "QNAM" for variable in supp.variables):
        return ""
    parents = (supp.name.removeprefix(prefix) for prefix in PREFIXES if supp.name.startswith(prefix))
    return next((name for name in parents if name in names), "")


def labels(supp: Dataset) -> dict[str, str]:
    """Return the label that each qualifier of a SUPP-- dataset has most often, by QNAM in order of first use."""
    return {qnam: label for qnam, (_, label, _, _) in _usual(supp.rows).items()}


def join(parent: Dataset, supp: Dataset) -> Joined:
    """Return the parent with each QNAM as a variable, after its own and in order of first use.

    A row is placed by STUDYID, USUBJID and the value of IDVAR, as a number where IDVAR is Num; without IDVAR by
    STUDYID and USUBJID alone. A qualifier of several parent rows, such as one of a --GRPID, goes to each of them. Left
    over are rows without parent, rows whose QNAM is a variable of the parent itself, second rows of one QNAM
    and parent, and rows whose IDVAR, QLABEL, QORIG or QEVAL is not what most rows of the QNAM have.
    """
    finder = _Finder(parent)
    parents, supps = listed(parent.rows), listed(supp.rows)
    usual = _usual(supps)
    own = {variable.name for variable in parent.variables}
    rows = [dict(row) for row in parents]
    joined = Joined(replace(parent, rows=rows), (), replace(supp, rows=[]))
    placed: dict[tuple[str, ...], int] = {}
    left: list[int] = []
    widths: dict[str, int] = {}
    for number, row in enumerate(supps):
        qnam = row.get("QNAM", "")
        targets = finder.rows(row)
        key = finder.identity(row)
        if problem := _problem(row, targets, qnam in own, usual[qnam] != _traits(row), key in placed):
            left.append(number)
            joined.leftovers.append(row)
            joined.issues.append(_issue(supp.name, number + 1, problem))
            continue
        placed[key] = number
        widths[qnam] = max(widths.get(qnam, 0), _width(row, parents[targets[0]]))
        for target in targets:
            rows[target][qnam] = row["QVAL"]
    joined.variables = tuple(
        SuppVariable(qnam, label, orig, evaluator, idvar, widths[qnam])
        for qnam, (idvar, label, orig, evaluator) in usual.items()
        if qnam in widths
    )
    added = [Variable(variable.qnam, variable.label) for variable in joined.variables]
    joined.dataset.variables = [*parent.variables, *added]
    made = split(joined.dataset, joined.variables, described=supp)[1].rows
    places = [placed[finder.identity(row)] for row in made]
    joined.issues += [
        _rewritten(supp.name, place + 1) for row, place in zip(made, places, strict=True) if row != supps[place]
    ]
    order = (*places, *left)
    joined.order = () if order == tuple(range(len(order))) else order
    return joined


def split(
    dataset: Dataset,
    supp: Sequence[SuppVariable],
    idvar: str = "",
    *,
    described: Dataset | None = None,
) -> tuple[Dataset, Dataset]:
    """Return the parent without the qualifiers, and the SUPP-- dataset that has them, sorted by its keys.

    ``idvar`` is for qualifiers that do not name their own: ``"AESEQ"``, or ``""`` in a dataset of one row a
    subject. ``described`` gives the name, label and variables of the SUPP-- dataset. Rows that are a list give
    lists; any others are not held in memory, nor is what is made of them: the SUPP-- rows are `SpilledRows`.
    """
    names = {variable.qnam for variable in supp}
    variables = [variable for variable in dataset.variables if variable.name not in names]
    about = described or Dataset(
        f"SUPP{dataset.name}",
        f"Supplemental Qualifiers for {dataset.name}",
        list(VARIABLES),
        keys=KEYS,
        study=dataset.study,
    )
    made = _qualifiers(dataset, supp, idvar)
    kept: Rows
    rows: Rows
    if isinstance(dataset.rows, list):
        first: dict[tuple[str, ...], Row] = {}
        for row in made:
            first.setdefault(_identity(row), row)
        kept, rows = _without(dataset.rows, names), [first[key] for key in sorted(first)]
    elif names:
        folder = dataset.rows.folder if isinstance(dataset.rows, SpilledRows) else Path(gettempdir())
        kept, rows = _Kept(dataset.rows, names), sort_unique(made, _identity, folder)
    else:
        kept, rows = dataset.rows, []
    return replace(dataset, variables=variables, rows=kept), replace(about, rows=rows)


class _Kept(BlockRows):
    """Rows without some of their variables, made anew each time they are gone through."""

    def __init__(self, rows: Rows, names: set[str]) -> None:
        self.rows = rows
        self.names = names

    def blocks(self) -> Iterator[Block]:
        """Yield the rows in blocks."""
        return (block.without(self.names) for block in blocks(self.rows))

    def __len__(self) -> int:
        return len(self.rows)


def _without(rows: list[Row], names: set[str]) -> list[Row]:
    """Return rows without some of their variables."""
    return [{name: text for name, text in row.items() if name not in names} for row in rows]


def _qualifiers(dataset: Dataset, supp: Sequence[SuppVariable], idvar: str) -> Iterator[Row]:
    """Yield the SUPP-- rows of a parent; those of a --GRPID are among them more than once."""
    names = {variable.qnam for variable in supp}
    for row in with_any(dataset.rows, names):
        for variable in supp:
            if variable.qnam in row:
                yield _row(row, variable, idvar, dataset.name)


def _identity(row: Row) -> tuple[str, ...]:
    return tuple(row.get(key, "") for key in (*KEYS, "QVAL"))


def restore(joined: Joined) -> tuple[Dataset, Dataset]:
    """Return the parent and the SUPP-- dataset that were joined, leftovers and the order of rows included."""
    parent, supp = split(joined.dataset, joined.variables, described=joined.supp)
    rows = [*supp.rows, *joined.leftovers]
    if len(joined.order) == len(rows):
        rows = [row for _, row in sorted(zip(joined.order, rows, strict=True), key=lambda pair: pair[0])]
    return parent, replace(supp, rows=rows)


class _Finder:
    """Finds the parent rows of a SUPP-- row; an index is made for each IDVAR in use."""

    def __init__(self, parent: Dataset) -> None:
        self.parent = parent
        self.numeric = {variable.name for variable in parent.variables if variable.type == "Num"}
        self.indexes: dict[str, dict[tuple[str, str, str], list[int]]] = {}

    def rows(self, row: Row) -> list[int]:
        """Return the places of the parent rows, none if there are none."""
        idvar = row.get("IDVAR", "")
        if idvar not in self.indexes:
            self.indexes[idvar] = self.index(idvar)
        key = row.get("STUDYID", ""), row.get("USUBJID", ""), self.value(idvar, row)
        return self.indexes[idvar].get(key, [])

    def identity(self, row: Row) -> tuple[str, ...]:
        """Return what tells a SUPP-- row from the others."""
        idvar = row.get("IDVAR", "")
        subject = row.get("STUDYID", ""), row.get("USUBJID", "")
        return *subject, idvar, self.value(idvar, row), row.get("QNAM", "")

    def value(self, idvar: str, row: Row) -> str:
        """Return the IDVARVAL of a SUPP-- row as the index has it."""
        return self.comparable(idvar, row.get("IDVARVAL", "")) if idvar else ""

    def comparable(self, idvar: str, text: str) -> str:
        """Return a value of a variable without blanks about it, a Num one as a plain number."""
        return plain_number(text.strip()) if idvar in self.numeric else text.strip()

    def index(self, idvar: str) -> dict[tuple[str, str, str], list[int]]:
        """Return the places of the rows by study, subject and value of a variable."""
        index: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        for place, row in enumerate(self.parent.rows):
            if not idvar or idvar in row:
                value = self.comparable(idvar, row.get(idvar, ""))
                index[row.get("STUDYID", ""), row.get("USUBJID", ""), value].append(place)
        return dict(index)


def plain_number(text: str) -> str:
    """Return one text for all that write the same number without exponent; any other text as it is.

    >>> [plain_number(text) for text in ("1", "01", "1.0", "-.50", "0.0", "1e0", "A1")]
    ['1', '1', '1', '-0.5', '0', '1e0', 'A1']
    """
    if not is_number(text) or "e" in text.lower():
        return text
    whole, _, fraction = text.lstrip("+-").partition(".")
    number = f"{whole.lstrip('0') or '0'}.{fraction.rstrip('0')}".rstrip(".")
    return f"-{number}" if text.startswith("-") and number != "0" else number


def _traits(row: Row) -> tuple[str, str, str, str]:
    return row.get("IDVAR", ""), row.get("QLABEL", ""), row.get("QORIG", ""), row.get("QEVAL", "")


def _usual(rows: Iterable[Row]) -> dict[str, tuple[str, str, str, str]]:
    """Return per QNAM, in order of first use, the traits most of its rows have."""
    traits: dict[str, Counter[tuple[str, str, str, str]]] = {}
    for row in rows:
        traits.setdefault(row.get("QNAM", ""), Counter())[_traits(row)] += 1
    return {qnam: counts.most_common(1)[0][0] for qnam, counts in traits.items()}


def _problem(row: Row, targets: list[int], own: bool, unusual: bool, repeated: bool) -> tuple[str, str] | None:
    """Return code and message of why a row cannot be placed, None if it can."""
    if "QNAM" not in row or "QVAL" not in row:
        return "IX-SUPP-001", "the row has no QNAM or no QVAL"
    if not targets:
        return "IX-SUPP-002", "no parent row has its STUDYID, USUBJID and IDVARVAL"
    if own:
        return "IX-SUPP-003", "its QNAM is a variable of the parent itself"
    if unusual:
        return "IX-SUPP-004", "IDVAR, QLABEL, QORIG or QEVAL differ from other rows of its QNAM"
    if repeated:
        return "IX-SUPP-005", "an earlier row has the same QNAM for the same parent"
    return None


def _issue(name: str, number: int, problem: tuple[str, str]) -> Issue:
    code, message = problem
    place = Place(line=number, record=name)
    return Issue(code, "warning", place, f"{message}; the row stays in {name} as it is", "mend the row")


def _rewritten(name: str, number: int) -> Issue:
    place = Place(line=number, record=name)
    message = "written back, the row has RDOMAIN and IDVARVAL as its parent has them"
    return Issue("IX-SUPP-006", "info", place, message, "write them in SUPP-- as in the parent")


def _width(row: Row, parent: Row) -> int:
    """Return the width of a right-aligned IDVARVAL, 0 where it is the parent's text as it is."""
    text = row.get("IDVARVAL", "")
    return len(text) if text.startswith(" ") and text.strip() == parent.get(row.get("IDVAR", "")) else 0


def _row(row: Row, variable: SuppVariable, idvar: str, name: str) -> Row:
    idvar = idvar if variable.idvar is None else variable.idvar
    cells = {
        "STUDYID": row.get("STUDYID", ""),
        "RDOMAIN": row.get("DOMAIN", name[:2]),
        "USUBJID": row.get("USUBJID", ""),
        "IDVAR": idvar,
        "IDVARVAL": row.get(idvar, "").rjust(variable.width) if idvar else "",
        "QNAM": variable.qnam,
        "QLABEL": variable.label,
        "QVAL": row[variable.qnam],
        "QORIG": variable.orig,
        "QEVAL": variable.eval,
    }
    return {key: text for key, text in cells.items() if text}
