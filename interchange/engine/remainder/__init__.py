"""The remainder: what SDTM could not hold of FHIR, keyed by row, and its merge into what rows become in FHIR.

`build` lays the originals beside the resources that their rows become and keeps the `difference`; `merge` restores the
originals, `apply` does so for one, and `resettle` brings changed rows to their elements.

    IX-REM-001  a changed row and the original disagree: the row counts
    IX-REM-002  a changed cell or row has no place in the original
    IX-REM-003  the remainder is of another release
    IX-REM-004  a file is no remainder
    IX-REM-005  resources are left out because all their rows are gone
    IX-REM-006  a remainder lies beside the datasets and is not used
    IX-REM-007  a source cannot be converted in parts when its remainder is kept
"""
