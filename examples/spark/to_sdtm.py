"""FHIR to SDTM on Spark, for resources that lie where Spark reads: one shuffle by subject, then `mapInArrow`.

    spark-submit examples/spark/to_sdtm.py export/ --out sdtm/ --fhir-version R4 --datasets DM LB

``export/`` has NDJSON files, a resource a line; what comes out is a folder of Parquet a dataset. interchange has to be
installed for the driver and the executors.
"""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it
from pyspark.sql.pandas.types import from_arrow_schema

from interchange.partitions import Conversion, plan_conversion, subject_of

if TYPE_CHECKING:
    from interchange.fhir.elements import Release


def to_sdtm(resources: DataFrame, release: Release, partitions: int) -> tuple[Conversion, DataFrame]:
    """Return the conversion of a DataFrame of resources, and these in partitions that are whole for their subjects."""
    keyed = resources.select(
        F.col("value").alias("resource"),
        F.udf(subject_of)("value").alias("subject"),
        F.monotonically_increasing_id().alias("position"),  # the shuffle does not keep their order
    )
    shared = [row.resource for row in keyed.where("subject is null").orderBy("position").collect()]
    conversion = plan_conversion(shared, fhir_version=release)  # it is sent to every executor
    return conversion, keyed.where("subject is not null").repartition(partitions, "subject")


def dataset(name: str, conversion: Conversion, resources: DataFrame) -> DataFrame:
    """Return a dataset: the rows of each partition, and those of no subject."""
    schema = from_arrow_schema(conversion.schema(name))
    rows = resources.mapInArrow(partial(conversion.rows, name), schema)
    shared = conversion.shared(name)
    return rows.union(resources.sparkSession.createDataFrame(shared.to_pylist(), schema)) if shared.num_rows else rows


def main() -> None:
    """Convert, and say how many rows each dataset has."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("--out", required=True)
    parser.add_argument("--fhir-version", required=True, choices=("R4", "R4B", "R5"))
    parser.add_argument("--datasets", nargs="+", required=True)
    parser.add_argument("--partitions", type=int, default=8)
    args = parser.parse_args()
    spark = SparkSession.builder.appName("interchange").getOrCreate()
    conversion, resources = to_sdtm(spark.read.text(args.source), args.fhir_version, args.partitions)
    resources = resources.cache()  # it is read once for each dataset
    for name in args.datasets:
        path = f"{args.out}/{name.lower()}"
        dataset(name, conversion, resources).write.mode("overwrite").parquet(path)
        print(f"{name:<8}{spark.read.parquet(path).count():>10,} rows")


if __name__ == "__main__":
    main()
