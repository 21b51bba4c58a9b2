# ruff: noqa: RUF001, SIM905 - full-width signs are meant; words are read as prose
"""The headers of eligibility text: which lines say whether what follows is an inclusion or an exclusion criterion."""

from __future__ import annotations

import re
from dataclasses import dataclass

from interchange.mapping.codecs.criteria.marks import half

# What a header is called, by language; the first that matches counts, so "non-inclusion" stands before "inclusion".
_CRITERIA = r"crit\w+"
_BOTH = rf"in-?clusion\s*(?:and|&|/|or|,)\s*ex-?clusion\s+{_CRITERIA}"
_OUT = rf"""
    (?:non[- ]?inclusion|ex-?clusion(?:ary|s)?|ineligibility)\s+{_CRITERIA}
  | {_CRITERIA}\s+(?:for|of)\s+(?:exclusion|non-?inclusion)
  | Aus(?:schlu(?:ss|ß))(?:-?\s?[Kk]riterien)?
  | crit[èe]res?\s+(?:d['’]\s?exclusion|de\s+non[- ]?inclusion)
  | criteri(?:os?)\s+de\s+(?:exclusi[óo]n|no\s+inclusi[óo]n) | crit[ée]rios?\s+de\s+(?:exclus[ãa]o|não\s+inclusão)
  | criteri(?:o)?\s+di\s+(?:esclusione|non\s+inclusione)
  | exclusiecriteria | e(?:x|ks)klusionskriterie[r]? | eksklusjonskriterier
  | kryteria\s+(?:wyłączenia|wykluczenia) | критерии\s+(?:не\s?включения|исключения)
  | (?:dışlanma|dışlama|hariç\s+tutulma)\s+kriterleri
  | 排除(?:标准|標準|基準|条件|條件) | 除外(?:基準|条件|規準) | (?:제외|배제)\s?기준
"""
_IN = rf"""
    (?:eligibility\s*/\s*)?(?:in-?clusion(?:ary|s)?|entry|enroll?ment)(?:\s*/\s*eligibility)?\s+{_CRITERIA}
  | {_CRITERIA}\s+(?:for|of)\s+inclusion
  | Ein(?:schlu(?:ss|ß))(?:-?\s?[Kk]riterien)?
  | crit[èe]res?\s+d['’]\s?(?:inclusion|[ée]ligibilit[ée])
  | criterios?\s+de\s+inclusi[óo]n | crit[ée]rios?\s+de\s+inclus[ãa]o | criteri(?:o)?\s+di\s+inclusione
  | inclusiecriteria | inklusionskriterie[r]? | inklusjonskriterier
  | kryteria\s+włączenia | критерии\s+включения | (?:dahil\s+(?:etme|edilme|olma)|dahiliyet)\s+kriterleri
  | (?:入选|纳入|入组|入選|納入|收案|入組|選択|適格|選擇)(?:标准|標準|基準|条件|條件|規準) | 組み?入れ(?:基準|条件)
  | (?:선정|포함)\s?기준
"""
_ANY = rf"(?:eligibility|selection|participation|participant|patient)\s+{_CRITERIA}|eligibility|criteria"
_APART = rf"""
    (?:withdrawal|discontinuation|elimination|termination|removal|drop-?\s?out|stopping|exit)\s+{_CRITERIA}
  | criterios\s+de\s+eliminaci[óo]n | other\s+criteria | 退出标准
"""
_WORDS = "inclusions? | included? | includes | einschluss | inclusión | inclusão | 入选 | 纳入"
_WORDS_OUT = "non-?inclusions? | exclusions? | excluded? | excludes | ausschluss | exclusión | exclusão | 排除"
_NAMED = re.compile(
    rf"(?P<any>{_BOTH})|(?P<out>{_OUT})|(?P<in>{_IN})|(?P<apart>{_APART})|(?P<neutral>{_ANY})",
    re.IGNORECASE | re.VERBOSE,
)
_SHORT = re.compile(rf"(?:(?P<out>{_WORDS_OUT})|(?P<in>{_WORDS}))\s*(?=:|-\s|–\s|$)", re.IGNORECASE | re.VERBOSE)
_ORNAMENT = re.compile(r"^[\s*_#=~\[]+|[\s*_#=~\]]+$")
_ORDINAL = re.compile(r"(?:[A-Z]|[IVX]+|\d{1,2}(?:\.\d)?)\s?[.)]\s*")
_VERB = re.compile(r"\s+(?:includes?|are|is|were|was|will|consists?|comprises?)\b")
_NEGATED = re.compile(r"\b(?:not|no|un\w+|fail\w*|absence|without|violat\w+|outside|n't)\b", re.IGNORECASE)

# A line of these words alone says no more than that criteria follow; "one", "least" and "either" would say more.
_INTRODUCTION = frozenset(
    """a all also an and any applicable applies apply are as at be been before below both by can child children
    considered could criteria criterion criterium each eligibility eligible enrol enroll enrolled enrollment
    enrolment ensure enter entered entry every exclude excluded excludes excluding exclusion exclusionary exclusions
    fit follow following follows for from fulfil fulfill fulfilled fulfills general had has have having he if in include
    included includes including inclusion inclusions individual individuals ineligible into is it key list listed main
    major may meet meeting meets met must need needs not of on or order other participant participants participate
    participating participation patient patients people person persons present primary prior receive required
    requirements satisfied satisfy selected selection shall she should specific study subject subjects such than that
    the their them then there these they this those to trial unless until volunteer volunteers were when which who
    whom will with would""".split()
)
_INTRODUCES = frozenset(
    "criteria criterion criterium eligible excluded exclude following if ineligible must will".split()
)
_ABSENT = re.compile(
    r"""(?:none|nil|n\.?\s?/?\s?a\.?|no|not\s+(?:provided|applicable|specified|available|stated|given|reported|defined)
    |none\s+(?:specified|provided|known|stated|listed|noted|reported|identified|defined|given|apply|applicable)
    |(?:there\s+(?:are|is)\s+)?(?:no|none)\s+(?:\w+\s+)?(?:inclusion|exclusion|eligibility|ex/inclusion)?\s*criteri(?:a|on)
     (?:\s+(?:apply|provided|specified|defined|exist|for\s+this\s+study))?
    |no\s+exclusions?|keine|entfällt|nicht\s+zutreffend|aucune?|néant|sans\s+objet|ninguno|ninguna|no\s+aplica|nessuno
    |nenhum|nie\s+dotyczy|нет|无|無|なし|該当なし|不适用|不適用|없음|해당\s?없음)[\s.;:!。]*""",
    re.IGNORECASE | re.VERBOSE,
)
_BUT_SAID = re.compile(r"none\s*[,(][^;.]{0,60}[\s.;)]*", re.IGNORECASE)
_WHO = r"""(?:participants?|patients|subjects|volunteers|donors?|recipients|controls?|cohorts?|groups?|arms?|caregivers?
    |parents|children|infants|adults|adolescents|women|men|males|females|providers|clinicians|staff|sites?|families)"""
_POPULATION = re.compile(
    rf"""(?:cohort|group|arm|part|phase|stratum|step|module|sub-?study)s?\s(?-i:[A-Z0-9]\S{{0,4}}(?:\s.*)?)
    |dose[-\s](?:escalation|expansion|finding)\b.* | for\s(?:.*\s)?{_WHO}\b.* | (?:.*\s)?{_WHO}(?:\sonly)?""",
    re.IGNORECASE | re.VERBOSE,
)
_NOTE = re.compile(
    r"""\*{1,3}(?=[^\W_]) | [†‡※] | (?:note|notes|n\.b\.|nota|please\ note|abbreviations?|anmerkung|remarks?)\b\s*:?""",
    re.IGNORECASE | re.VERBOSE,
)
_CLOSING = re.compile(
    r"""(?:other|additional|further)\b.*\bcriteria\b.*\bappl(?:y|ies)\b.*
    | for\ (?:more|further|additional)\ information\b.*""",
    re.IGNORECASE | re.VERBOSE,
)
# In the middle of a line: written as a header is, and behind a text of its own.
_INLINE = re.compile(
    rf"""(?<=\S.)(?<![(]) (?P<lead>(?:(?:Key|Main|Major)\s+)?)
    (?P<name>(?:In|Ex)clusion\s+[Cc]riteria|(?:IN|EX)CLUSION\s+CRITERIA|(?<=[.;]\ )(?:in|ex)clusion\s+criteria
    |(?:{_OUT.strip()}|{_IN.strip()}))\s*[:：]""",
    re.VERBOSE,
)
_NO_HEADER_BEHIND = re.compile(
    r"\b(?:the|these|those|this|following|of|in|see|per|all|any|no|not|other|and|or|meets?|meeting|met|under|by|to|with|for"
    r"|an?|general|each|every|least|one|additional|specific|key|main|major)\s*$",
    re.IGNORECASE,
)


@dataclass(slots=True, frozen=True)
class Header:
    """What a header says: whether the criteria below exclude, whom they are of, the text behind, what is dropped."""

    exclude: bool | None
    group: str
    rest: str
    dropped: str
    neutral: bool = False  # "Eligibility criteria", which leaves open whether it means all of them


def plain_header(text: str) -> str:
    """Return a line without the ornaments of headers: bold, underlines, number signs.

    >>> plain_header("**Cohort A:**")
    'Cohort A:'
    """
    return _ORNAMENT.sub("", text)


def read_header(body: str) -> Header | None:
    """Return what a line says as the header of a section; nothing where it is no such header.

    >>> read_header("**Key Inclusion Criteria for Cohort A:**")
    Header(exclude=False, group='Cohort A', rest='', dropped='Key Inclusion Criteria for', neutral=False)
    >>> read_header("Not meeting inclusion criteria")
    """
    text = plain_header(body)
    plain = half(text)
    begin = ordinal.end() if (ordinal := _ORDINAL.match(plain)) else 0
    if found := _SHORT.match(plain, begin):
        return Header(found["out"] is not None, "", _rest(text[found.end() :]), text[: found.end()].strip())
    found = _NAMED.search(plain, begin)
    if found is None or not _bounded(plain, found):
        return None
    before, after = text[begin : found.start()], text[found.end() :]
    if _says_nothing(before) and len(before.split()) <= 6 and (header := _begins(text, found, after)):
        return header
    return _mentions(text, begin, found)


def _bounded(plain: str, found: re.Match[str]) -> bool:
    """Whether the name of a header stands there as words, not within a longer one."""
    before, after = plain[: found.start()], plain[found.end() :]
    return not (found[0][0].isascii() and before[-1:].isalnum()) and not (
        found[0][-1].isascii() and after[:1].isalnum()
    )


def _kind(found: re.Match[str]) -> tuple[bool | None, bool]:
    return (True if found["out"] else False if found["in"] else None), bool(found["neutral"] or found["any"])


def _begins(text: str, found: re.Match[str], after: str) -> Header | None:
    """The header that a line begins with."""
    exclude, neutral = _kind(found)
    head = text[: found.end()]
    if _NEGATED.search(half(head)[: found.start()]):
        return None
    single = found["neutral"] is not None and " " not in found["neutral"]  # "Criteria", "Eligibility": only as such
    group = head.strip() if found["apart"] and not re.match("other", found["apart"], re.IGNORECASE) else ""
    short, colon, rest = _at_colon(after)
    said = short.strip(" -–*_.")
    if not said:
        if not colon and not re.fullmatch(r"[\s.*_]*", after) and not re.match(r"\s*[-–—]+(?:\s|$)", after):
            return None
        return Header(exclude, group, _rest(rest or after if colon else after), "" if group else head, neutral)
    if single or _NEGATED.search(said):
        return None
    if _says_nothing(said) and (colon or not rest):
        return Header(exclude, group, rest, short if group else head + short, neutral)
    if re.match(r"\s*[-–]\s*\S|\s+\(?1\s?[.)]", after):
        return Header(exclude, group, after.strip(" -–"), "" if group else head, neutral)
    whom = re.match(r"\s*(?:(?:for|of|in|at)\s+(?:the\s+)?|[(\[/])\s*", short, re.IGNORECASE)
    if whom and len(short.split()) <= 12:
        named = short[whom.end() :].strip().rstrip(")]" if short.count("(") < 2 else "").strip(" .*_")
        return Header(exclude, named, rest, head + short[: whom.end()].rstrip(" (["), neutral)
    if _VERB.match(after) and exclude is not None:
        return Header(exclude, "", text, "")
    return None


def _mentions(text: str, begin: int, found: re.Match[str]) -> Header | None:
    """The header that a line is as a whole, with the name of one in it; ``begin`` is behind its ordinal."""
    before, after = text[begin : found.start()], text[found.end() :]
    exclude, neutral = _kind(found)
    short, colon, rest = _at_colon(after)
    if exclude is None or _NEGATED.search(before) or len(before) > 150 or not (colon or not after.strip(" .")):
        return None
    if colon and _says_nothing(before) and _says_nothing(short):
        return Header(exclude, "", rest, text[: len(text) - len(rest)].strip(), neutral)
    named = before.strip(" -–—:,*_")
    if not short.strip(" .") and len(before.split()) <= 6 and (colon or _POPULATION.fullmatch(named)):
        return Header(exclude, named, rest, f"{text[:begin]}{text[found.start() : found.end()]}", neutral)
    if colon and not rest:
        return Header(exclude, plain_header(text).rstrip(" :："), "", "", neutral)
    return None


def _at_colon(text: str) -> tuple[str, bool, str]:
    """A text up to its first colon, whether it has one, and what is behind."""
    place = half(text).find(":")
    return (text, False, "") if place < 0 else (text[:place], True, plain_header(text[place + 1 :]))


def _rest(text: str) -> str:
    return (
        text.strip(" :：-–—*_.").strip()
        if not re.search(r"[^\W_]", text)
        else re.sub(r"^[\s:：*_]+([-–]\s)?\s*", "", text)
    )


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def _says_nothing(text: str) -> bool:
    return all(word in _INTRODUCTION for word in _words(text))


def read_introduction(body: str, exclude: bool | None) -> bool | None:
    """Return whether the criteria that a line introduces exclude; nothing where it says more, or not which.

    A choice ("any of the following" must be met, "all of the following" exclude) is no introduction: it says more.

    >>> read_introduction("Patients with any of the following will be excluded:", None)
    True
    >>> read_introduction("Patients must have one of the following:", False)
    """
    words = _words(body)
    if not body.rstrip("*_ ").endswith((":", "：")) or not _says_nothing(body) or not _INTRODUCES & set(words):
        return None
    if any(word.startswith(("exclu", "ineligib")) for word in words) or ("not" in words and "eligible" in words):
        said: bool | None = True
    elif {"meet", "must", "eligible", "included", "inclusion", "include", "fulfil", "fulfill", "satisfy"} & set(words):
        said = bool(exclude)
    else:
        said = exclude
    return None if said is None or ("all" if said else "any") in words else said


def is_apart(group: str) -> bool:
    """Return whether a group is a header that neither includes nor excludes, such as "Withdrawal criteria"."""
    header = read_header(f"{group}:")
    return bool(group) and header is not None and header.exclude is None and header.group == group


def is_population(text: str) -> bool:
    """Return whether a short line names whom the criteria below are for, such as a cohort.

    >>> is_population("For donors:"), is_population("Cohort A (asthma):"), is_population("All of the following:")
    (True, True, False)
    """
    named = plain_header(text)
    return (
        named.endswith((":", "："))
        and len(named.split()) <= 8
        and _POPULATION.fullmatch(named.rstrip(": ：")) is not None
    )


def is_absent(text: str, *, alone: bool) -> bool:
    """Return whether a text says that there are no criteria; ``alone`` where its section has no other.

    >>> [is_absent(text, alone=True) for text in ("Not provided", "None, for clinics", "No HIV")]
    [True, True, False]
    """
    return bool(_ABSENT.fullmatch(text) or (alone and _BUT_SAID.fullmatch(text)))


def note_mark(text: str) -> str:
    """Return what marks a paragraph as a note on the criteria, such as a footnote's star; empty where nothing does."""
    found = _NOTE.match(text)
    return found[0] if found else ""


def is_closing(text: str) -> bool:
    """Return whether a text only closes a list, as sponsors do: it is no criterion, marked as a note or not.

    >>> is_closing("Other protocol-defined inclusion/exclusion criteria could apply")
    True
    """
    return _CLOSING.fullmatch(text) is not None


def break_before_headers(text: str) -> str:
    r"""Return a text with headers in the middle of a line on lines of their own.

    >>> break_before_headers("Inclusion Criteria: A; B. Exclusion Criteria: C")
    'Inclusion Criteria: A; B.\n\nExclusion Criteria: C'
    """
    return "\n".join(_broken(line) for line in text.splitlines())


def _broken(line: str) -> str:
    pieces: list[str] = []
    begin = 0
    for found in _INLINE.finditer(line):
        before = line[begin : found.start()]
        said = re.search(r"[^\W\d_]{2}", before) and (len(before) >= 40 or re.search(r"[.;:。；：]", before))
        if not said or _NO_HEADER_BEHIND.search(before):
            continue
        pieces.append(before.rstrip())
        begin = found.start()
    return "\n\n".join([*pieces, line[begin:]])
