# ruff: noqa: RUF001, ISC004 - full-width signs are meant
from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from interchange.mapping.codecs.criteria import (
    Criterion,
    join_criteria,
    join_nodes,
    left_out,
    split_criteria,
    split_nodes,
)
from interchange.mapping.codecs.criteria.headers import is_absent

SIGNS = {False: "+", True: "-", None: "?"}

# Each text and its criteria: + includes, - excludes, ? neither; the group in brackets.
STYLES = {
    "plain": ("Inclusion Criteria:\n\n* Age\n* Consent\n\nExclusion Criteria:\n\n* Asthma", "+ Age|+ Consent|- Asthma"),
    "capitals with a dash": (
        "INCLUSION CRITERIA -\n1. Age\n2. Consent\nEXCLUSION CRITERIA -\n1. Asthma",
        "+ Age|+ Consent|- Asthma",
    ),
    "bold, key and main": (
        "**Key Inclusion Criteria:**\n\n- Age\n\n**Main exclusion criteria**\n\n- Asthma",
        "+ Age|- Asthma",
    ),
    "markdown headings": ("## Inclusion criteria\n\n- Age\n\n## Exclusion criteria\n\n- Asthma", "+ Age|- Asthma"),
    "numbered headers": ("A. Inclusion criteria\n1. Age\nB. Exclusion criteria\n1. Asthma", "+ Age|- Asthma"),
    "short headers": ("Inclusion:\n- Age\nExclusion:\n- Asthma", "+ Age|- Asthma"),
    "sentences as headers": (
        "Patients must meet the following criteria:\n\n* Age\n\nPatients will be excluded if they have any of the following:\n\n* Asthma",
        "+ Age|- Asthma",
    ),
    "a sentence with its header's name": (
        "Subjects must meet all the following inclusion criteria:\n\n* Age\n\nExclusion Criteria\n\n* Asthma",
        "+ Age|- Asthma",
    ),
    "a sentence that is criteria too": (
        "Exclusion criteria were pregnancy and asthma.",
        "- Exclusion criteria were pregnancy and asthma.",
    ),
    "both in one": ("Inclusion and Exclusion Criteria:\n\n* Age\n* No asthma", "? Age|? No asthma"),
    "eligibility, then exclusion": (
        "Eligibility criteria:\n\n* Age\n\nExclusion criteria:\n\n* Asthma",
        "+ Age|- Asthma",
    ),
    "a list, then exclusion": ("* Age\n* Consent\n\nExclusion criteria:\n\n* Asthma", "+ Age|+ Consent|- Asthma"),
    "prose": (
        "Patients eligible have asthma.\n\nThey must not smoke.",
        "? Patients eligible have asthma.|? They must not smoke.",
    ),
    "no header": ("* Age\n* Consent", "? Age|? Consent"),
    "on one line": ("Inclusion Criteria: Age; B. Exclusion Criteria: Asthma", "+ Age|+ B.|- Asthma"),
    "on one line, in small letters": (
        "Inclusion criteria: Asthma, BMI > 25. Exclusion criteria: Pregnancy; cancer.",
        "+ Asthma, BMI > 25.|- Pregnancy|- cancer.",
    ),
    "numbers on one line": (
        "Inclusion Criteria: 1. Age over 18 2. Consent 3. Asthma Exclusion Criteria: 1. Smoking 2. Cancer",
        "+ Age over 18|+ Consent|+ Asthma|- Smoking|- Cancer",
    ),
    "semicolons in brackets": ("Inclusion Criteria: Asthma (mild; moderate); Age", "+ Asthma (mild; moderate)|+ Age"),
    "a header at a line's end": (
        "Inclusion Criteria:\n\nAdults\nWomen with a pregnancy of any length (in weeks) Exclusion Criteria: Not applicable",
        "+ Adults|+ Women with a pregnancy of any length (in weeks)",
    ),
    "headers as content": (
        "Inclusion Criteria:\nAdults\nExclusion Criteria:\nNot meeting inclusion criteria\nInclusion criteria not met",
        "+ Adults|- Not meeting inclusion criteria|- Inclusion criteria not met",
    ),
    "German": ("Einschlusskriterien:\n- Alter\n\nAusschlusskriterien:\n- Asthma", "+ Alter|- Asthma"),
    "German, old spelling": ("Einschlußkriterien\n1. Alter\nAusschlußkriterien\n1. Asthma", "+ Alter|- Asthma"),
    "French": (
        "Critères d'inclusion :\n• Âge\nCritères de non-inclusion :\n• Asthme\nCritères d’exclusion :\n• Refus",
        "+ Âge|- Asthme|- Refus",
    ),
    "Spanish": (
        "Criterios de inclusión:\n1.- Edad\n2.- Firma\nCriterios de exclusión:\n1.- Asma\n2.- Otra\nCriterios de eliminación:\n- Retiro",
        "+ Edad|+ Firma|- Asma|- Otra|? [Criterios de eliminación] Retiro",
    ),
    "Portuguese": ("Critérios de inclusão:\n- Idade\nCritérios de exclusão:\n- Asma", "+ Idade|- Asma"),
    "Italian": ("Criteri di inclusione:\n- Età\nCriteri di esclusione:\n- Asma", "+ Età|- Asma"),
    "Dutch": ("Inclusiecriteria:\n- Leeftijd\nExclusiecriteria:\n- Astma", "+ Leeftijd|- Astma"),
    "Swedish": ("Inklusionskriterier:\n- Ålder\nExklusionskriterier:\n- Astma", "+ Ålder|- Astma"),
    "Polish": ("Kryteria włączenia:\n- Wiek\nKryteria wykluczenia:\n- Astma", "+ Wiek|- Astma"),
    "Russian": ("Критерии включения:\n1. Возраст\nКритерии невключения:\n1. Астма", "+ Возраст|- Астма"),
    "Chinese": (
        "入选标准：\n1、年龄18岁以上；\n2、签署知情同意书。\n排除标准：\n（1）妊娠；\n（2）哺乳。",
        "+ 年龄18岁以上|+ 签署知情同意书。|- 妊娠|- 哺乳。",
    ),
    "Chinese on one line": (
        "纳入标准：1、年龄；2、签署。排除标准：1、妊娠；2、哺乳。",
        "+ 年龄|+ 签署。|- 妊娠|- 哺乳。",
    ),
    "Chinese, traditional": ("納入條件：\n一、年齡\n二、簽署\n排除條件：\n①懷孕", "+ 年齡|+ 簽署|- 懷孕"),
    "Japanese": ("選択基準\n１）20歳以上\n２）同意\n除外基準\n１）妊娠", "+ 20歳以上|+ 同意|- 妊娠"),
    "Korean": ("선정기준:\n1. 나이\n제외기준:\n1. 천식", "+ 나이|- 천식"),
    "bullets": (
        "Inclusion Criteria:\r\n• Age\u00a018\r\n· Consent\r\n– Asthma\r\n◦ COPD\r\n‣ BMI\r\n+ Weight\r\no Height\r\n\uf0b7 Sex",
        "+ Age 18|+ Consent|+ Asthma|+ COPD|+ BMI|+ Weight|+ Height|+ Sex",
    ),
    "bullets without blanks": (
        "Inclusion Criteria:\n*Age\n*Consent\nExclusion Criteria:\n-Asthma\n-Cancer",
        "+ Age|+ Consent|- Asthma|- Cancer",
    ),
    "numbers in brackets": (
        "Inclusion Criteria:\n(1) Age\n(2) Consent\nExclusion Criteria:\na) Asthma\nb) Cancer",
        "+ Age|+ Consent|- Asthma|- Cancer",
    ),
    "letters": ("Inclusion Criteria:\na. Age\nb. Consent\nc. Asthma", "+ Age|+ Consent|+ Asthma"),
    "Roman numbers": ("Inclusion Criteria:\ni. Age\nii. Consent\niii. E. coli", "+ Age|+ Consent|+ E. coli"),
    "letters up to i": (
        "Inclusion Criteria:\n" + "\n".join(f"{c}. Item {c}" for c in "abcdefghij"),
        "|".join(f"+ Item {c}" for c in "abcdefghij"),
    ),
    "species are no letters": ("Inclusion Criteria:\nE. coli\nA. baumannii\nAge", "+ E. coli|+ A. baumannii|+ Age"),
    "drugs are no numbers": (
        "Inclusion Criteria:\n5-Fluorouracil\n1.5 mg of it\n-5 degrees",
        "+ 5-Fluorouracil|+ 1.5 mg of it|+ -5 degrees",
    ),
    "a sponsor's numbers": (
        "Inclusion Criteria:\nI1. Age\nI2. Consent\nExclusion Criteria:\nE01: Asthma\nE02: Cancer",
        "+ Age|+ Consent|- Asthma|- Cancer",
    ),
    "cells are no sponsor's numbers": ("Inclusion Criteria:\nCD4: high\nCD8: low", "+ CD4: high|+ CD8: low"),
    "number signs": ("Inclusion Criteria:\n#1) Age\n#2) Consent", "+ Age|+ Consent"),
    "numbers without a dot": ("Inclusion Criteria:\n1 Age\n2 Consent", "+ Age|+ Consent"),
    "numbers of two levels": (
        "Inclusion Criteria\n1.1 Age at least 18\n1.2 Consent\nExclusion Criteria\n2.1 Asthma\n2.2 Cancer",
        "+ Age at least 18|+ Consent|- Asthma|- Cancer",
    ),
    "bullets before numbers": ("Inclusion Criteria:\n* 1. Age\n* 2. Consent", "+ Age|+ Consent"),
    "escapes": (
        "Inclusion Criteria:\n\n1\\. Dose of 1x10\\^9 \\> 5\n2\\. *A* **bold** word",
        "+ Dose of 1x10^9 > 5|+ *A* bold word",
    ),
    "semicolons at the end": (
        "Inclusion Criteria:\n* Age ;\n* Consent；\n* Asthma; and",
        "+ Age|+ Consent|+ Asthma; and",
    ),
    "numbers within items": (
        "Exclusion Criteria:\n1. Asthma within 2 weeks; 2 Cancer; 14 Days\n2. Fever; 4. Cough. 5 mg",
        "- Asthma within 2 weeks|- Cancer; 14 Days|- Fever|- Cough. 5 mg",
    ),
    "wrapped with indents": (
        "        Inclusion Criteria:\n\n          -  Patients must have histologically confirmed adenocarcinoma of the\n"
        "             prostate, clinical stage T2 or\n             T3\n\n          -  Organ function:\n\n"
        "               -  ANC > 1500\n\n               -  Platelets\n\n        Exclusion Criteria:\n\n          -  Asthma",
        "+ Patients must have histologically confirmed adenocarcinoma of the prostate, clinical stage T2 or T3"
        "|+ Organ function: ANC > 1500; Platelets|- Asthma",
    ),
    "wrapped paragraphs": (
        "Inclusion Criteria:\n\nAge over 18 years, with a confirmed diagnosis of chronic obstructive\npulmonary disease and a history"
        " of at least one exacerbation within the\nlast year.",
        "+ Age over 18 years, with a confirmed diagnosis of chronic obstructive pulmonary disease and a history of at least one"
        " exacerbation within the last year.",
    ),
    "wrapped at a number": (
        "Inclusion Criteria:\n1. Any of these (Grade 2 or\n3) toxicities\n2. Age",
        "+ Any of these (Grade 2 or 3) toxicities|+ Age",
    ),
    "lines": ("Inclusion Criteria:\n\nAge\nconfirmed asthma\nConsent", "+ Age|+ confirmed asthma|+ Consent"),
    "nested": (
        "Inclusion Criteria:\n* Age\n* One of:\n    1. A\n    2. B\n       * C\n       * D\n    3. E\n* Fit\n  * No pain",
        "+ Age|+ One of: 1. A; 2. B (C; D); 3. E|+ Fit; No pain",
    ),
    "nested without indents": (
        "Inclusion Criteria:\n1. Function\n- ANC\n- Platelets\n2. Consent:\n\na) oral\nb) written",
        "+ Function: ANC; Platelets|+ Consent: a) oral; b) written",
    ),
    "a paragraph within an item": (
        "Inclusion Criteria:\n* Age\n\n  More on age.\n* Consent",
        "+ Age More on age.|+ Consent",
    ),
    "an item that introduces": (
        "Exclusion Criteria:\n* Subjects with any of the following will not be eligible:\n  * Asthma\n  * Cancer",
        "- Asthma|- Cancer",
    ),
    "an item that is a choice": (
        "Inclusion Criteria:\n* Patients must have any of the following:\n  * Asthma\n  * Cancer",
        "+ Patients must have any of the following: Asthma; Cancer",
    ),
    "an item that takes all of a list": (
        "Exclusion Criteria:\n* All of the following:\n  * Asthma\n  * Cancer",
        "- All of the following: Asthma; Cancer",
    ),
    "introductions": ("Inclusion Criteria:\n\nPatients must meet all of the following:\n\n* Age", "+ Age"),
    "sub-headers": (
        "Inclusion Criteria:\n\nCohort A:\n\n* Asthma\n\nCohort B\n\n* COPD",
        "+ [Cohort A] Asthma|+ [Cohort B] COPD",
    ),
    "items as sub-headers": (
        "Inclusion Criteria:\n* For donors:\n  * Age\n  * Sex\n* Consent",
        "+ [For donors] Age|+ [For donors] Sex|+ Consent",
    ),
    "headers of cohorts": (
        "Inclusion Criteria for Cohort A:\n* x\nInclusion Criteria (Cohort B):\n* y\nCohort C exclusion criteria:\n* z",
        "+ [Cohort A] x|+ [Cohort B] y|- [Cohort C] z",
    ),
    "a name above both": (
        "Donors\n\nInclusion Criteria:\n\nAge\n\nExclusion Criteria:\n\nAsthma",
        "+ [Donors] Age|- [Donors] Asthma",
    ),
    "two levels of sub-headers": (
        "DISEASE:\n\n* Asthma\n\nPATIENT:\n\nAge:\n\nAdults\n\nOther:\n\nFit",
        "? [DISEASE] Asthma|? [PATIENT: Age] Adults|? [PATIENT: Other] Fit",
    ),
    "absent": ("Inclusion Criteria:\n\n* Age\n\nExclusion Criteria:\n\n* None.", "+ Age"),
    "absent behind the header": ("Inclusion Criteria: N/A\nExclusion Criteria: Not provided", ""),
    "absent but for": ("Exclusion Criteria:\n* none, for clinics", ""),
    "a note below": (
        "Exclusion Criteria:\n* Asthma\n\nNote: Tests are done twice.",
        "- Asthma|? Note: Tests are done twice.",
    ),
    "a footnote": ("Exclusion Criteria:\n\nAsthma\n\n*Patients may come back.", "- Asthma|? Patients may come back."),
    "a closing sentence": (
        "Exclusion Criteria:\n• Asthma\nOther protocol-defined inclusion/exclusion criteria could apply",
        "- Asthma|? Other protocol-defined inclusion/exclusion criteria could apply",
    ),
    "a note on an item": (
        "Inclusion Criteria:\n1. Age\n\n   Note: at screening.\n2. Consent",
        "+ Age Note: at screening.|+ Consent",
    ),
    "items as names of those after": (
        "Inclusion Criteria:\n* STEP 1:\n* Asthma\n* STEP 2:\n* COPD",
        "+ [STEP 1] Asthma|+ [STEP 2] COPD",
    ),
    "withdrawal": (
        "Exclusion Criteria:\n* Asthma\n\nWithdrawal Criteria:\n* Death",
        "- Asthma|? [Withdrawal Criteria] Death",
    ),
    "nothing": ("", ""),
    "a header alone": ("Inclusion Criteria:", ""),
    "bullets alone": ("-\n-\n1.\n***", ""),
}


def shown(criterion: Criterion) -> str:
    group = f"[{criterion.group}] " if criterion.group else ""
    return f"{SIGNS[criterion.exclude]} {group}{criterion.text}"


def characters(*texts: str) -> Counter[str]:
    return Counter(c for text in texts for c in re.findall(r"[^\W_]", text))


@pytest.mark.parametrize("style", STYLES)
def test_text_of_every_style_is_split(style: str) -> None:
    text, expected = STYLES[style]
    found = split_criteria(text)
    assert [shown(criterion) for criterion in found] == list(filter(None, expected.split("|")))
    assert [criterion.number for criterion in found] == list(range(1, len(found) + 1))


@pytest.mark.parametrize("style", STYLES)
def test_every_style_comes_back_from_the_registry_form(style: str) -> None:
    found = split_criteria(STYLES[style][0])
    assert split_criteria(join_criteria(found)) == found


def test_what_is_left_out_is_what_stands_around_criteria() -> None:
    text = "Inclusion Criteria:\n\nPatients must meet all:\n\nCohort A:\n\n1. Age\n\nExclusion Criteria: none"
    assert left_out(text) == [
        "Inclusion Criteria",
        "Patients must meet all:",
        "Cohort A:",
        "Exclusion Criteria",
        "1.",
        "none",
    ]


def test_criteria_are_written_in_the_registry_form() -> None:
    criteria = [
        Criterion(False, "Age > 18", 1),
        Criterion(False, "CD4_x [high]", 2, "ADULTS"),
        Criterion(False, "Fit", 3, "ADULTS: Women"),
        Criterion(True, "Cough; 2 Fevers", 4),
        Criterion(True, "Exclusion", 5),
        Criterion(None, "1. Death", 6, "Withdrawal criteria"),
    ]
    text = join_criteria(criteria)
    assert text == (
        "Inclusion Criteria:\n\n* Age \\> 18\n\nADULTS:\n\n* CD4_x \\[high\\]\n\nWomen:\n\n* Fit\n\n"
        "Exclusion Criteria:\n\n* Cough\\; 2 Fevers\n* Exclusion;\n\nWithdrawal criteria:\n\n* 1\\. Death"
    )
    assert split_criteria(text) == criteria


def test_nodes_are_criteria_as_json() -> None:
    nodes = split_nodes("Cohort A:\n\n* Asthma\n* Age")
    assert nodes == [
        {"text": "Asthma", "number": 1, "group": "Cohort A"},
        {"text": "Age", "number": 2, "group": "Cohort A"},
    ]
    assert split_nodes(join_nodes(nodes)) == nodes
    assert split_nodes(join_nodes([{"exclude": True, "text": "Age"}, {"exclude": False}])) == [
        {"exclude": True, "text": "Age", "number": 1}
    ]


def test_lists_in_lists_without_end_are_read() -> None:
    deep = "\n".join("  " * depth + f"* item {depth}" for depth in range(500))
    assert characters(*(c.text for c in split_criteria(deep)), *left_out(deep)) == characters(deep)
    assert split_criteria("Inclusion: " * 500) == []


PIECES = st.sampled_from(
    [
        *(
            "Inclusion Criteria:",
            "Exclusion Criteria",
            "Inclusion",
            "Eligibility criteria:",
            "Withdrawal criteria:",
            "criteria",
        ),
        *(
            "入选标准：",
            "排除标准",
            "Cohort A:",
            "ADULTS:",
            "For donors:",
            "MSM Participants",
            "Any of the following:",
            "Key",
            "not",
        ),
        *(
            "Patients must meet all of the following:",
            "Note: x",
            "None",
            "Not provided",
            "Age > 18",
            "lower case text",
            "word",
        ),
        *(
            "\n",
            "\n\n",
            "\n  ",
            "\n    ",
            "\r\n",
            "\u00a0",
            " ",
            "* ",
            "*foo",
            "- ",
            "• ",
            "o ",
            "1. ",
            "2. ",
            "2) ",
            "(3) ",
            "（1）",
        ),
        *(
            "a) ",
            "b. ",
            "i. ",
            "I1. ",
            "E. coli",
            "; ",
            ". ",
            "; 2 Suffering",
            "；",
            "、",
            "**",
            "__",
            "\\",
            "\\^",
            "(",
            ")",
            ":",
            "<",
            "9",
        ),
    ]
)
TEXTS = st.one_of(
    st.lists(PIECES, max_size=25).map("".join), st.lists(PIECES, max_size=15).map(" ".join), st.text(max_size=60)
)


@given(TEXTS)
@example("**1. 1. Inclusion Criteria:")
@example("inclusion criteria, E. coli")
def test_every_letter_and_digit_is_in_a_criterion_or_left_out(text: str) -> None:
    found = split_criteria(text)
    assert characters(*(c.text for c in found), *left_out(text)) == characters(text)
    assert found == split_criteria(text)


@given(TEXTS)
def test_what_was_split_comes_back_when_joined(text: str) -> None:
    found = [(c.exclude, c.text) for c in split_criteria(text)]
    assert [(c.exclude, c.text) for c in split_criteria(join_criteria(split_criteria(text)))] == found


CRITERION_TEXTS = (
    st.one_of(st.lists(PIECES, min_size=1, max_size=8).map("".join), st.text(min_size=1, max_size=30))
    .map(lambda text: " ".join(re.sub(r"[\u200b\ufeff]", " ", text).split()).rstrip(" ;；"))
    .filter(lambda text: bool(re.search(r"[^\W_]", text)) and not is_absent(text, alone=True))
)
GROUPS = st.sampled_from(
    ["", "Cohort A", "ADULTS", "ADULTS: Age", "CHILDREN", "For donors", "History of any of the following"]
)


@given(st.lists(st.tuples(st.sampled_from([None, True, False]), CRITERION_TEXTS, GROUPS), max_size=6))
def test_criteria_of_other_origin_come_back_from_their_text(parts: list[tuple[bool | None, str, str]]) -> None:
    criteria = [Criterion(exclude, text, number, group) for number, (exclude, text, group) in enumerate(parts, start=1)]
    assert split_criteria(join_criteria(criteria)) == criteria
