# make demo   set everything up and take a trial from FHIR to SDTM and back
# make test   set everything up and run the tests
# make fuzz   the property tests with new examples
# make check  format, lint, types, layers, mapping files
# make bench  measure, and print the tables
# make pilot  compare with the CDISC pilot, registry records, USDM and FHIR of others in ../shared, and write docs/pilot.md,
#             docs/coverage.md, docs/sdtm-roundtrip.md, docs/trees-roundtrip.md
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT := out/demo
TRIAL := examples/nct05574608/bundle.json

.PHONY: demo test fuzz check bench pilot clean

$(VENV)/run: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/dev: $(VENV)/run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

demo: $(VENV)/run
	rm -rf $(OUT)
	$(BIN)/interchange to-sdtm $(TRIAL) --out $(OUT)/sdtm --format xpt,dataset-json
	$(BIN)/interchange to-fhir $(OUT)/sdtm/*.xpt --out $(OUT)/fhir
	$(BIN)/interchange roundtrip $(TRIAL)
	$(BIN)/interchange to-registry $(TRIAL) --out $(OUT)/registry

test: $(VENV)/dev
	$(BIN)/python -m pytest -n 2 --dist loadfile

fuzz: $(VENV)/dev
	INTERCHANGE_EXAMPLES=explore $(BIN)/python -m pytest -n 2 tests/laws tests/engine tests/mapping tests/sdtm

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/interchange lint

# a library that cannot be installed is missing in its line alone
bench: $(VENV)/dev
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	$(BIN)/python benchmarks/bench_start.py
	$(BIN)/python benchmarks/bench_engines.py
	$(BIN)/python benchmarks/bench_profile.py
	$(BIN)/python benchmarks/bench_memory.py
	$(BIN)/python benchmarks/bench_growth.py
	$(BIN)/python benchmarks/bench_dask.py
	$(BIN)/python benchmarks/bench_pilot.py
	$(BIN)/python benchmarks/bench_xpt.py
	$(BIN)/python benchmarks/bench_peers.py

pilot: $(VENV)/dev
	$(BIN)/python tools/fhir_coverage.py
	$(BIN)/python tools/pilot.py
	$(BIN)/python tools/pilot_trip.py
	$(BIN)/python tools/tree_trip.py

clean:
	rm -rf $(VENV) out .mypy_cache .ruff_cache .pytest_cache .hypothesis
