# Everything starts from Python 3.11 or later with venv and pip; `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ARGS ?=
SIZE ?= S

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test test-long test-crash test-storm test-backup check bench generate wheel

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

setup: $(READY) ## Make the environment in .venv with everything pinned

# The stamp is older than these files exactly when the environment no longer fits them.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or later is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev,tools]'
	@touch $(READY)

demo: $(READY) ## Play the story of the VPN outage on the embedded engine
	$(BIN)/cmdb demo $(ARGS)

serve: $(READY) ## Serve GraphQL on 127.0.0.1:8000
	$(BIN)/cmdb serve $(ARGS)

test: $(READY) ## Run the whole suite; Neo4j too where java and mvn are there
	$(BIN)/python -m pytest $(ARGS)

test-long: $(READY) ## Run the whole suite with many more generated cases
	HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest $(ARGS)

test-crash: $(READY) ## Kill server, engines and owner many times under load; CMDB_CRASH_KILLS each, default 20
	$(BIN)/python -m pytest -s tests/crash/test_many_kills.py tests/crash/test_owner_series.py tests/crash/test_inbox_series.py $(ARGS)

test-storm: $(READY) ## Let 100,000 events of 500 conditions storm in, on each engine
	CMDB_STORM_EVENTS=100000 $(BIN)/python -m pytest -s tests/integration/test_inbox_storm.py $(ARGS)

test-backup: $(READY) ## Back up and restore SIZE=S or M under load, from each engine to the other
	CMDB_BACKUP_SIZE=$(SIZE) $(BIN)/python -m pytest -s tests/crash/test_backup_size.py $(ARGS)

check: $(READY) ## Check style, types, import rules and size budget
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --quiet tests/architecture
	$(BIN)/python -m tests.architecture.size_report

bench: $(READY) ## Measure speed beside rivals, SIZE=S, M or L; ARGS=--busy on a busy machine
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[bench]'
	$(BIN)/python -m benchmarks --size $(SIZE) $(ARGS)

generate: $(READY) ## Write graphql/schema.graphql and graphql/errors.json anew from the code
	$(BIN)/python -c 'from cmdb.api.contract import generated_files; \
	  [path.write_text(text, encoding="utf-8") for path, text in generated_files().items()]'

wheel: $(READY) ## Build the wheel and try it in an empty environment, away from the checkout
	rm -rf build/wheel build/smoke
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir build/wheel .
	$(PYTHON) -m venv build/smoke
	build/smoke/bin/python -m pip install --quiet -c constraints.txt build/wheel/*.whl
	cd build/smoke && bin/cmdb doctor --offline
