"""What a mapping file says, as frozen values: rules, row sources, entities, and the project they belong to.

The words are those of the mapping language (docs/mapping_language.md). Nothing here reads files or converts data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping as Dict

    from interchange.fhir.path import Path
    from interchange.issues import Place
    from interchange.mapping.tree import Node

T = TypeVar("T")
Direction = Literal["", "to-sdtm", "to-fhir"]

# Where a release has no word of its own: R4 falls back on R4B, both on the default.
FALLBACK = {"R4": ("R4", "R4B", "default"), "R4B": ("R4B", "default"), "R5": ("R5", "default")}


@dataclass(frozen=True, slots=True)
class Versioned(Generic[T]):
    """A value per FHIR release; ``None`` for a release means that it has no such element.

    >>> Versioned({"default": "a", "R4B": "b"}).of("R4"), Versioned({"default": "a"}).of("R5")
    ('b', 'a')
    """

    values: Dict[str, T | None]

    def of(self, release: str) -> T | None:
        """The value for a release."""
        for name in FALLBACK.get(release, ("default",)):
            if name in self.values:
                return self.values[name]
        return None


@dataclass(frozen=True, slots=True)
class Call:
    """A named function with its arguments: ``concept(sex)``, ``dy(DMDTC)``."""

    name: str
    args: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({' '.join(self.args)})" if self.args else self.name


@dataclass(frozen=True, slots=True)
class Lane:
    """Reversible paths and the codec at their end: ``gender | concept(sex)``, ``name + description | measure``."""

    paths: tuple[Path, ...]
    codec: Call

    def __str__(self) -> str:
        return f"{' + '.join(map(str, self.paths))} | {self.codec}"


@dataclass(frozen=True, slots=True)
class Test:
    """One condition over a row's variables: set, one of some texts, the same as another, a number, or one behind zeros.

    ``negated`` turns it round.
    """

    variable: str
    kind: Literal["set", "in", "same", "numeric", "padded"]
    values: tuple[str, ...] = ()
    negated: bool = False

    def __str__(self) -> str:
        said = {
            "set": self.variable,
            "numeric": f"numeric({self.variable})",
            "padded": f"padded({self.variable})",
            "in": f"{self.variable} in {' '.join(self.values)}",
            "same": f"{self.variable}={''.join(self.values)}",
        }[self.kind]
        return f"not {said}" if self.negated else said


Guard = tuple[Test, ...]  # all of them must hold; the empty guard always does


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way between some of a rule's variables and FHIR."""

    variables: tuple[str, ...]
    lane: Versioned[Lane]
    place: Place
    when: Guard = ()
    oneway: Direction = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is said of one or more variables that belong together."""

    variables: tuple[str, ...]
    place: Place
    alternatives: tuple[Alternative, ...] = ()
    const: str | None = None
    derive: tuple[Call, ...] = ()
    drop: bool = False
    because: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """One step from a resource to the element that a row lives in.

    Rows with the same ``by`` variables share the element on the way to FHIR; ``index`` makes it findable by those
    variables from another row source (see ``Source.distinct``).
    """

    name: str
    path: Versioned[Path]
    place: Place
    by: tuple[str, ...] = ()
    index: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Emit:
    """A constant that only FHIR has, written where nothing is yet, for rows that a guard holds for.

    With ``lookups`` the value is what the first of them that yields has for the row.
    """

    path: Path
    value: Versioned[str]
    place: Place
    when: Guard = ()
    lookups: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Null:
    """The null flavor of a parameter that nothing is known of, while its guard holds."""

    flavor: str
    place: Place
    when: Guard = ()


About = Literal["", "record", "relation"]
# The variables that name a record, as rows about records have them (SDTMIG 8).
RECORD_KEYS = ("STUDYID", "RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL")
RECORD_NAME = ("RDOMAIN", "IDVAR", "IDVARVAL")
STRENGTHS = ("mark", "code", "category", "type")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a row source takes a resource by: one of STRENGTHS, and paths and lanes of which one yields.

    The first path of a mark and of a category is written to FHIR; the rest is read alone.
    """

    strength: str
    paths: tuple[Versioned[Path], ...]
    lanes: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows come from on the way to SDTM, and go back to on the way to FHIR.

    ``parameter`` is one of ``params``: the rows of a single parameter, which has its name.
    """

    name: str
    resource: str
    place: Place
    entity: str = ""
    id: str = ""
    match: tuple[Versioned[Path], ...] = ()
    skip_if: tuple[Versioned[Path], ...] = ()
    only_if: tuple[Versioned[Path], ...] = ()
    claims: tuple[Claim, ...] = ()
    about: About = ""
    levels: tuple[Level, ...] = ()
    distinct: tuple[str, ...] = ()
    pick: Guard = ()
    require: tuple[str, ...] = ()
    emit: tuple[Emit, ...] = ()
    rules: tuple[Rule, ...] = ()
    oneway: Direction = ""
    because: str = ""
    note: str = ""
    parameter: bool = False

    @property
    def given(self) -> tuple[str, ...]:
        """The variables that rows about records have without a rule."""
        match self.about:
            case "record":
                return RECORD_KEYS
            case "relation":
                return (*RECORD_KEYS, "RELID")
        return ()

    @property
    def names_records(self) -> bool:
        """Whether a rule names the records of other datasets."""
        ways = (way for rule in self.rules for way in rule.alternatives)
        return any(
            lane is not None and lane.codec.name == "record" for way in ways for lane in way.lane.values.values()
        )


@dataclass(frozen=True, slots=True)
class Supp:
    """A variable that lives in the supplemental dataset."""

    label: str
    place: Place
    orig: str = ""
    eval: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A pair of FHIR resources and SDTM rows that a mapping file claims to convert into each other."""

    name: str
    fhir: tuple[dict[str, object], ...]
    sdtm: tuple[dict[str, str], ...]
    releases: tuple[str, ...]
    direction: Direction
    place: Place


@dataclass(frozen=True, slots=True)
class Params:
    """The shape of a dataset with one row a parameter: which variable holds what, and which table lists them."""

    table: str
    code: str
    label: str
    value: str
    ordinal: str
    null: str
    nulls: Dict[str, tuple[Null, ...]]


@dataclass(frozen=True, slots=True)
class Mapping:
    """One domain's mapping file, overlays merged in."""

    domain: str
    place: Place
    sources: tuple[Source, ...]
    after: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    long: tuple[str, ...] = ()
    supp: Dict[str, Supp] = field(default_factory=dict)
    params: Params | None = None
    examples: tuple[Example, ...] = ()
    note: str = ""

    @property
    def dropped(self) -> dict[str, str]:
        """The variables that are left out in both directions, with the reason: no row source has a way for them."""
        dropped = {v: r.because for s in self.sources for r in s.rules if r.drop for v in r.variables}
        return {v: because for v, because in dropped.items() if all(r.drop for _, r in self.rules_of(v))}

    @property
    def about_records(self) -> bool:
        """Whether its rows are about those of other datasets, so that they come after them."""
        return any(source.about or source.names_records for source in self.sources)

    def rules_of(self, variable: str) -> list[tuple[Source, Rule]]:
        """Every rule that owns a variable, with its row source."""
        return [(s, r) for s in self.sources for r in s.rules if variable in r.variables]


@dataclass(frozen=True, slots=True)
class Entity:
    """What a reference to another row means: its resource or element, its key variables, its id.

    ``optional`` are key variables that may be blank.
    """

    name: str
    resource: str
    key: tuple[str, ...]
    place: Place
    optional: frozenset[str] = frozenset()
    id: str = ""
    within: str = ""
    levels: tuple[Level, ...] = ()
    links: Dict[str, Versioned[Path]] = field(default_factory=dict)
    match: tuple[Versioned[Path], ...] = ()
    rules: tuple[Rule, ...] = ()
    emit: tuple[Emit, ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        """Every variable that the entity's rules give."""
        return tuple(v for rule in self.rules for v in rule.variables)


@dataclass(frozen=True, slots=True)
class Associated:
    """Datasets of associated persons: how their names begin, the variable of the person, and what stands for what.

    ``in_place_of`` says by which words those of the mapping of a domain are replaced.
    """

    prefix: str
    key: str
    in_place_of: Dict[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Project:
    """Everything that more than one mapping needs, and the mappings; it is equal to itself alone.

    ``trees`` are the files of the mappings by domain, ``classes`` those of observation classes by name, and
    ``qualifier`` is the rule of a supplemental qualifier: for datasets that no mapping names. ``base`` is the project
    that this one was adapted from; what it does not change are the very mappings and entities of that one.
    """

    systems: Dict[str, str]
    entities: Dict[str, Entity]
    aliases: Dict[str, Dict[str, str]]
    settings: Dict[str, str]
    mappings: Dict[str, Mapping]
    trees: Dict[str, Node] = field(default_factory=dict)
    classes: Dict[str, Node] = field(default_factory=dict)
    qualifier: Node | None = None
    associated: Associated | None = None
    base: Project | None = None

    def ordered(self) -> list[Mapping]:
        """The mappings, each after those that it names in ``after``."""
        done: dict[str, Mapping] = {}

        def visit(mapping: Mapping, above: frozenset[str]) -> None:
            for name in mapping.after:
                if name in self.mappings and name not in done and name not in above:  # a circle is a fault of lint
                    visit(self.mappings[name], above | {name})
            done.setdefault(mapping.domain, mapping)

        for name in sorted(self.mappings, key=lambda name: (self.mappings[name].about_records, name)):
            visit(self.mappings[name], frozenset({name}))
        return list(done.values())
