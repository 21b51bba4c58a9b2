"""FHIR: element tables of each release, paths, reading, writing and checking resources."""
