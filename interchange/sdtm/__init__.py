"""What SDTM is: datasets, the Implementation Guide's tables, supplemental qualifiers and the file formats."""
