"""The same laboratory results in other libraries, each used as its documentation shows: 15 columns of Observations.

The elements are those that a row of LB is made of, by FHIRPath; a peer takes them as they are and derives nothing.
Libraries are imported where they are used: one that is not installed is missed by its own line alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
THO = "http://terminology.hl7.org/CodeSystem"

COLUMNS = {
    "id": "id",
    "status": "status",
    "category": "category.coding.code",
    "loinc": f"code.coding.where(system='{LOINC}').code",
    "test": f"code.coding.where(system='{LOINC}').display",
    "subject": "subject.reference",
    "encounter": "encounter.reference",
    "taken": "effectiveDateTime",
    "result": "valueQuantity.value",
    "unit": "valueQuantity.unit",
    "ucum": "valueQuantity.code",
    "low": "referenceRange.low.value",
    "high": "referenceRange.high.value",
    "range_unit": "referenceRange.high.unit",
    "flag": "interpretation.coding.code",
}
RESULT = list(COLUMNS).index("result")
PAGE_SIZE = 100  # resources in a Bundle, as servers page


@dataclass
class Made:
    """What came of a work: rows, how many columns they have, and the texts of their results."""

    rows: int
    columns: int = 0
    results: Callable[[], Iterable[str]] | None = None


def observations(source: Path) -> Path:
    """The results in a folder with a corpus."""
    return source / "fhir" / "Observation.ndjson"


def written(value: Any) -> str:
    """Return the text of a number as it would be written, a whole one without a point.

    >>> written(92.0), written(Decimal("3.80"))
    ('92', '3.80')
    """
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _table(rows: list[list[Any]]) -> Made:
    return Made(len(rows), len(COLUMNS), lambda: (written(row[RESULT]) for row in rows))


def decoded_orjson(source: Path) -> Made:
    """Decode every line, and keep nothing."""
    import orjson

    rows = 0
    with observations(source).open("rb") as lines:
        for line in lines:
            orjson.loads(line)
            rows += 1
    return Made(rows)


def decoded_msgspec(source: Path) -> Made:
    """Decode every line with numbers as they are written, and keep nothing."""
    decoder = msgspec.json.Decoder(float_hook=Decimal)
    rows = 0
    with observations(source).open("rb") as lines:
        for line in lines:
            decoder.decode(line)
            rows += 1
    return Made(rows)


def queried_duckdb(source: Path) -> Made:
    """An Arrow table by SQL."""
    import duckdb

    loinc = f"list_filter(code.coding, lambda coding: coding.system = '{LOINC}')[1]"
    query = f"""
        SELECT id, status, category[1].coding[1].code AS category, {loinc}.code AS loinc, {loinc}.display AS test,
            subject.reference AS subject, encounter.reference AS encounter, effectiveDateTime AS taken,
            valueQuantity.value AS result, valueQuantity.unit AS unit, valueQuantity.code AS ucum,
            referenceRange[1].low.value AS low, referenceRange[1].high.value AS high,
            referenceRange[1].high.unit AS range_unit, interpretation[1].coding[1].code AS flag
        FROM read_json($path, format = 'newline_delimited')
    """  # noqa: S608  # nothing in it is given from outside
    relation = duckdb.sql(query, params={"path": str(observations(source))})
    assert relation is not None  # noqa: S101  # a SELECT has rows
    table = relation.to_arrow_table()
    return Made(table.num_rows, table.num_columns, lambda: map(written, table.column("result").to_pylist()))


def evaluated_fhirpathpy(source: Path) -> Made:
    """Rows by compiled FHIRPath expressions, of lines decoded with numbers as they are written."""
    import fhirpathpy

    expressions = [fhirpathpy.compile(path) for path in COLUMNS.values()]
    decoder = msgspec.json.Decoder(float_hook=Decimal)
    rows: list[list[Any]] = []
    with observations(source).open("rb") as lines:
        for line in lines:
            resource = decoder.decode(line)
            rows.append([next(iter(evaluate(resource, {})), None) for evaluate in expressions])
    return _table(rows)


def framed_by_paths(source: Path) -> Made:
    """A data frame by FHIRPath expressions, of Bundles."""
    return _framed(source, fhir_paths=list(COLUMNS.items()))


def framed_by_function(source: Path) -> Made:
    """A data frame by a function that reads attributes, of Bundles."""

    def rows_of(bundle: Any) -> list[dict[str, Any]]:
        return [dict(zip(COLUMNS, _attributes(entry.resource), strict=True)) for entry in bundle.entry or []]

    return _framed(source, process_function=rows_of)


def _framed(source: Path, **how: Any) -> Made:
    from fhir_pyrate import Pirate

    with Pirate(auth=None, base_url="http://localhost/fhir", num_processes=1) as pirate:
        frame = pirate.bundles_to_dataframe(bundles=_bundles(source), **how)
    return Made(len(frame), len(frame.columns), lambda: map(written, frame["result"]))


def _bundles(source: Path) -> Iterator[Any]:
    import orjson
    from fhir_pyrate.util.fhirobj import FHIRObj

    entries: list[dict[str, Any]] = []
    with observations(source).open("rb") as lines:
        for line in lines:
            entries.append({"resource": orjson.loads(line)})
            if len(entries) == PAGE_SIZE:
                yield FHIRObj(resourceType="Bundle", type="searchset", entry=entries)
                entries = []
    if entries:
        yield FHIRObj(resourceType="Bundle", type="searchset", entry=entries)


def validated_models(source: Path) -> Made:
    """Rows of attributes of models, each line validated."""
    from fhir.resources.R4B.observation import Observation

    with observations(source).open("rb") as lines:
        return _table([_attributes(Observation.model_validate_json(line)) for line in lines])


def _attributes(observation: Any) -> list[Any]:
    coding = next(coding for coding in observation.code.coding if coding.system == LOINC)
    quantity, limits = observation.valueQuantity, observation.referenceRange[0]
    return [
        observation.id,
        observation.status,
        observation.category[0].coding[0].code,
        coding.code,
        coding.display,
        observation.subject.reference,
        observation.encounter.reference,
        observation.effectiveDateTime,
        quantity.value,
        quantity.unit,
        quantity.code,
        limits.low.value,
        limits.high.value,
        limits.high.unit,
        observation.interpretation[0].coding[0].code,
    ]


def constructed_models(source: Path) -> Made:
    """NDJSON of models, each made of a row of an XPT file that pyreadstat reads: the same elements."""
    import pyreadstat
    from fhir.resources.R4B.observation import Observation

    frame, _ = pyreadstat.read_xport(source / "sdtm" / "lb.xpt")
    out = source / "models.ndjson"
    with out.open("w", encoding="utf-8") as lines:
        for row in frame.to_dict("records"):
            lines.write(Observation(**_elements(row)).model_dump_json() + "\n")
    return Made(len(frame), len(COLUMNS), lambda: quantities(out))


def _elements(row: Mapping[Any, Any]) -> dict[str, Any]:
    unit, subject = row["LBORRESU"], row["USUBJID"]

    def quantity(value: str) -> dict[str, Any]:
        return {"value": Decimal(value), "unit": unit, "system": UCUM, "code": unit}

    def concept(system: str, code: str) -> dict[str, Any]:
        return {"coding": [{"system": system, "code": code}]}

    return {
        "id": f"{subject}-{row['LBSEQ']:.0f}",
        "status": "final",
        "category": [concept(f"{THO}/observation-category", "laboratory")],
        "code": {"coding": [{"system": LOINC, "code": row["LBLOINC"], "display": row["LBTEST"]}]},
        "subject": {"reference": f"Patient/{subject}"},
        "encounter": {"reference": f"Encounter/{subject}-visit-{row['VISITNUM']:.0f}"},
        "effectiveDateTime": row["LBDTC"],
        "valueQuantity": quantity(row["LBORRES"]),
        "referenceRange": [{"low": quantity(row["LBORNRLO"]), "high": quantity(row["LBORNRHI"])}],
        "interpretation": [concept(f"{THO}/v3-ObservationInterpretation", row["LBNRIND"][0])],
    }


def quantities(path: Path) -> Iterator[str]:
    """Yield the texts of the results in a file of Observations, as they stand there."""
    decoder = msgspec.json.Decoder(_Result)
    with path.open("rb") as lines:
        for line in lines:
            yield bytes(decoder.decode(line).quantity.value).decode()


class _Quantity(msgspec.Struct):
    value: msgspec.Raw


class _Result(msgspec.Struct):
    quantity: _Quantity = msgspec.field(name="valueQuantity")
