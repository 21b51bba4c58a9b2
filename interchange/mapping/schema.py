"""The JSON Schemas of mapping files and of settings, for editors: completion, hover texts, early faults.

``mapping_schema()`` and ``settings_schema()`` are what ``mappings/*.schema.json`` hold; a test keeps the files current.
The schema knows words and shapes. Paths, types, codecs and laws are the work of lint.
"""

from __future__ import annotations

from typing import Any

from interchange.mapping.codecs import CODECS, ENTITY, RECORD
from interchange.mapping.lookups import LOOKUPS

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
VARIABLE = "[A-Z][A-Z0-9]{0,7}"
RELEASES = ("default", "R5", "R4B", "R4")
FLAVORS = [
    "NI",
    "INV",
    "DER",
    "OTH",
    "NINF",
    "PINF",
    "UNC",
    "MSK",
    "NA",
    "UNK",
    "ASKU",
    "NAV",
    "NASK",
    "QS",
    "TRC",
    "NP",
]


def _text(description: str, **more: Any) -> Schema:
    """A scalar: the loader takes every scalar as text, an editor may see a number or boolean in it."""
    return {"type": ["string", "number", "boolean"], "description": description, **more}


def _ref(name: str, description: str = "") -> Schema:
    return {"$ref": f"#/$defs/{name}", **({"description": description} if description else {})}


def _words(description: str) -> Schema:
    return {
        "description": description,
        "oneOf": [_text("words with blanks between them"), {"type": "array", "items": _text("one word")}],
    }


def _object(description: str, properties: Schema, required: tuple[str, ...] = (), **more: Any) -> Schema:
    schema: Schema = {"type": "object", "description": description, "properties": properties}
    if required:
        schema["required"] = list(required)
    return {**schema, "additionalProperties": False, **more}


def _map(description: str, items: Schema, names: str = "") -> Schema:
    schema = {"type": "object", "description": description, "additionalProperties": items}
    return {**schema, "propertyNames": {"pattern": names}} if names else schema


def _versioned(item: Schema, description: str) -> Schema:
    """A value, or a version map: ``{default: …, R4B: …, R4: none}``; R4 falls back on R4B, both on default."""
    versions = _object(
        "one value a FHIR release; `none` where a release has no such element", dict.fromkeys(RELEASES, item)
    )
    return {"description": description, "anyOf": [item, {**versions, "minProperties": 1}]}


def _shared() -> Schema:
    """The parts that mapping files and settings have in common."""
    codecs = ", ".join([*CODECS, ENTITY, RECORD])
    direction = _text("the only direction; needs `because`", enum=["to-sdtm", "to-fhir"])
    because = _text("the reason, in words; explain and the ledger show it")
    note = _text("a remark; explain shows it")
    way = {
        "fhir": _ref("lanes", "where in FHIR, and how: PATH | CODEC"),
        "when": _ref("guard", "to FHIR: only for rows for which this holds"),
        "oneway": direction,
        "because": because,
    }
    return {
        "lane": _text(
            f"PATH | CODEC, or PATH + PATH | CODEC. Codecs: {codecs}.",
            pattern=r"^(none|[\s\S]* \| [a-z][\w-]*(\([\s\S]*\))?\s*)$",
        ),
        "lanes": _versioned(_ref("lane"), "a lane, or one a FHIR release"),
        "path": _text(
            "a reversible path in R5 names: name, ofType(T), where(k='v'), extension(u), resolve(entity), first()"
        ),
        "paths": _versioned(_ref("path"), "a path, or one a FHIR release"),
        "pathlist": {
            "description": "paths, of which one or several must yield something",
            "oneOf": [_ref("paths"), {"type": "array", "items": _ref("paths")}],
        },
        "guard": _text(
            "conditions joined by `and`: VAR, VAR='text', VAR=VAR, VAR in A B, numeric(VAR), padded(VAR), "
            "each with `not` before it"
        ),
        "call": _text("a derivation or lookup: name(arguments)", pattern=r"^[a-z][\w-]*(\([\s\S]*\))?$"),
        "calls": {
            "description": "a derivation, or several of which the first that yields is taken",
            "oneOf": [_ref("call"), {"type": "array", "minItems": 1, "items": _ref("call")}],
        },
        "claims": {
            "description": "paths (it exists) or lanes (it yields), of which one has to",
            "anyOf": [
                _ref("paths"),
                _ref("lanes"),
                {"type": "array", "items": {"anyOf": [_ref("paths"), _ref("lanes")]}},
            ],
        },
        "way": {
            "description": "one way between the variables and FHIR",
            "oneOf": [
                _ref("lane"),
                _object(
                    "a way with its conditions",
                    {**way, "vars": _words("the variables, where not all of the rule")},
                    ("fhir",),
                ),
            ],
        },
        "rule": {
            "description": "what is said of the variables of the key",
            "oneOf": [
                _ref("lane"),
                _object(
                    "a rule with its words",
                    {
                        **way,
                        "alt": {
                            "type": "array",
                            "minItems": 1,
                            "items": _ref("way"),
                            "description": "several ways: to SDTM the first that yields, to FHIR the first that fits",
                        },
                        "const": _text("the value of every row"),
                        "derive": _ref("calls", "computed where the row has no value: a stored value wins"),
                        "drop": _text("no rule on purpose; needs `because`"),
                        "note": note,
                    },
                ),
            ],
        },
        "rules": _map("rules by the variables that they own", _ref("rule"), rf"^{VARIABLE}( {VARIABLE})*$"),
        "constant": {
            "description": "what is written where nothing stands yet",
            "anyOf": [
                _versioned(_text("the constant"), "a constant, or one a FHIR release"),
                _object(
                    "a constant for some rows",
                    {"value": _versioned(_text("the constant"), "the constant"), "when": _ref("guard")},
                    ("value",),
                ),
                _object(
                    "a code that terminology, a code map or a table has for the row",
                    {"lookup": _ref("lookups"), "when": _ref("guard")},
                    ("lookup",),
                ),
            ],
        },
        "lookups": {
            "description": f"a lookup, or several of which the first that yields is taken: {', '.join(LOOKUPS)}",
            "oneOf": [_ref("call"), {"type": "array", "minItems": 1, "items": _ref("call")}],
        },
        "emit": _map(
            "constants that only FHIR has, by path: text, %system, or a text with $VAR in it",
            {"anyOf": [_ref("constant"), {"type": "array", "minItems": 1, "items": _ref("constant")}]},
        ),
        "level": {
            "description": "a step from the resource to the element that a row lives in",
            "oneOf": [
                _ref("path"),
                _object(
                    "a level with its words",
                    {
                        "path": _ref("paths", "from the level above"),
                        "by": _words("to FHIR: rows with the same values share the element"),
                        "index": _words("to FHIR: other row sources find the element by these"),
                    },
                    ("path",),
                ),
            ],
        },
        "levels": {
            "description": "one row for each element at the end: a path, or named levels that paths can start with",
            "anyOf": [
                _ref("paths"),
                _map("named levels, from the outside in", _ref("level"), r"^[a-z][\w-]*$"),
            ],
        },
        "direction": direction,
        "because": because,
        "note": note,
    }


def _source_words() -> Schema:
    return {
        "resource": _text("the resource type that rows come from"),
        "entity": _text("the entity whose resource rows come from, in place of `resource`"),
        "id": _text("the id of a row's resource, of variables: $USUBJID"),
        "about": _text(
            "rows about the record that a resource became, or about references between records",
            enum=["record", "relation"],
        ),
        "match": _ref("pathlist", "a pattern that the resource has: a filter to SDTM, written in to FHIR"),
        "claim": _object(
            "what takes a resource, the strongest first; those of one domain with the strongest claim take it",
            {
                "mark": _ref("claims", "a mark of the domain, written to FHIR"),
                "code": _ref("claims", "what it is about"),
                "category": _ref("claims", "its category"),
                "type": _ref("claims", "its type alone"),
            },
        ),
        "skip-if": _ref("pathlist", "to SDTM: no row where one of these yields"),
        "only-if": _ref("pathlist", "to SDTM: a row only where one of these yields"),
        "each": _ref("levels"),
        "distinct": _words(
            "to SDTM: one row for each combination of these; to FHIR the element that another source made"
        ),
        "pick": _ref("guard", "to FHIR: the rows that go here"),
        "require": _words("variables without which there is no row"),
        "emit": _ref("emit"),
        "rules": _ref("rules"),
        "alone": _text("the file's `rules` do not apply, only its own", enum=["true", True]),
        "oneway": _ref("direction"),
        "because": _ref("because"),
        "note": _ref("note"),
    }


def _entity_words() -> Schema:
    return {
        "resource": _text("the resource type"),
        "in": _text("the entity whose resource it lives in, for one without a resource of its own"),
        "key": _words("the variables that tell one from another"),
        "id": _text("the id, of variables: $STUDYID-$SITEID; the key's values with hyphens without it"),
        "match": _ref("pathlist", "a pattern that its resource has"),
        "each": _ref("levels"),
        "link": _map("what refers to it by text, by name of the link", _ref("paths")),
        "rules": _ref("rules"),
        "emit": _ref("emit"),
        "note": _ref("note"),
    }


def mapping_schema() -> Schema:
    """Return the JSON Schema of a mapping file: one SDTM domain, or an overlay of one."""
    null = {
        "oneOf": [
            _text("an ISO 21090 null flavor", enum=FLAVORS),
            _object(
                "a flavor while a condition holds",
                {"flavor": _text("the flavor", enum=FLAVORS), "when": _ref("guard")},
                ("flavor",),
            ),
        ]
    }
    source = _source_words()
    spread = {k: v for k, v in source.items() if k not in ("resource", "entity", "id", "match", "claim", "about")}
    parameter = {
        **spread,
        "value": _ref("rule", "the rule of the parameter's value"),
        "null": {"description": "TSVALNF where nothing is known", "oneOf": [null, {"type": "array", "items": null}]},
    }
    example = _object(
        "FHIR and rows that convert into each other; run by the tests",
        {
            "name": _text("what it shows"),
            "releases": _words("FHIR releases; R5 without it"),
            "direction": _text("both without it", enum=["to-sdtm", "to-fhir"]),
            "sdtm": {
                "description": "rows; DOMAIN names that of another domain, such as what must be there before",
                "type": "array",
                "items": _map("a row; only the variables given are compared", _text("a cell")),
            },
            "fhir": {
                "description": "resources",
                "oneOf": [
                    {"type": "object"},
                    {"type": "array", "items": {"type": "object", "required": ["resourceType"]}},
                ],
            },
        },
        ("name", "sdtm"),
    )
    parameters = {
        "table": _text("the table that lists parameters: terminology/NAME.csv"),
        "entity": _text("the entity that every parameter is read from"),
        "code": _text("the variable of the code"),
        "label": _text("the variable of the label"),
        "value": _text("the variable of the value"),
        "ordinal": _text("the variable of the number"),
        "null": _text("the variable of the null flavor"),
    }
    return {
        "$schema": DIALECT,
        "$id": "mapping.schema.json",
        "title": "Mapping file",
        **_object(
            "How one SDTM domain and FHIR become each other. See docs/mapping_language.md.",
            {
                "domain": _text("the SDTM domain", pattern="^[A-Z][A-Z0-9]{1,7}$"),
                "class": _text("the class file that this one lies over: findings, events, interventions"),
                "entities": _map("entities of this domain alone", _object("an entity", _entity_words())),
                "extends": _text("the shipped file that this one overlays: dm.yaml"),
                "after": _words("domains that are written to FHIR before this one"),
                "order": _words("variables that rows are sorted by"),
                "topic": _text("of a class file: the variable that tells that a dataset is of the class"),
                "long": _words("variables whose text goes on in numbered ones after 200 bytes"),
                "note": _ref("note"),
                "rows": _map(
                    "row sources by name: where rows come from, and go to; `drop: true` leaves out one of the class",
                    _object("a row source", {**source, "drop": _text("true", enum=["true", True])}),
                ),
                "rules": _ref("rules", "rules of every row source; one of its own wins"),
                "parameters": _object("the shape of a dataset with one row a parameter", parameters, tuple(parameters)),
                "params": _map("what each parameter is", _object("a parameter", parameter), rf"^{VARIABLE}$"),
                "supp": _map(
                    "variables of the supplemental dataset",
                    _object(
                        "QLABEL, QORIG and QEVAL",
                        {"label": _text("QLABEL"), "orig": _text("QORIG"), "eval": _text("QEVAL")},
                        ("label",),
                    ),
                    rf"^{VARIABLE}$",
                ),
                "examples": {"type": "array", "items": example, "description": "examples that the tests run"},
            },
            anyOf=[{"required": ["domain"]}, {"required": ["extends"]}],
        ),
        "$defs": _shared(),
    }


def settings_schema() -> Schema:
    """Return the JSON Schema of interchange.yaml and of a study settings file, which has the same shape."""
    aliases = _map("R5 element: its name in the release", _text("the name"), r"^[A-Z]\w*(\.\w+)+$")
    return {
        "$schema": DIALECT,
        "$id": "settings.schema.json",
        "title": "Settings of a project or study",
        **_object(
            "Systems, entities and settings that mappings share. A study's file replaces single entries.",
            {
                "sdtmig": _text("version of the SDTM Implementation Guide", enum=["3.2", "3.3", "3.4", 3.2, 3.3, 3.4]),
                "sdtm": _text("version of the SDTM model"),
                "studyid": _text("STUDYID, where the data does not say it"),
                "units": _text("the units of standard results", enum=["si", "conventional", "collected"]),
                "ct": _text("a CDISC CT package, whose codelists stand in for the shipped ones"),
                "qualifier": _object(
                    "the rule of a supplemental qualifier that no mapping names: $QNAM, $QLABEL, $DATASET",
                    {"fhir": _ref("lanes"), "emit": _ref("emit")},
                    ("fhir",),
                ),
                "associated": _object(
                    "datasets of associated persons",
                    {
                        "prefix": _text("how their names begin"),
                        "key": _text("the variable that names the person"),
                        "in-place-of": _map("words of a domain's mapping: what stands in their place", _text("words")),
                    },
                ),
                "systems": _map("URLs by name; %name in paths and constants", _text("a URL")),
                "entities": _map("what a reference to another row means", _object("an entity", _entity_words())),
                "aliases": _object("elements that a release has under another name", {"R4": aliases, "R4B": aliases}),
            },
        ),
        "$defs": _shared(),
    }
