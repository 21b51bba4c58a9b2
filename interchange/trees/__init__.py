"""Trial definitions in other trees, registry records and USDM studies, and FHIR: mappings with paths on both sides."""
