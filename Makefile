# Needs python 3.11 or newer and make; everything else is installed into .venv from the lock files.
PYTHON ?= python3
UV ?= uv
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
COMPILE := $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make lock'
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.PHONY: help demo test lint fmt faults bench mutants mutants-policy venv lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

demo: $(STAMPS)/run ## play an incident from the first report to the end of the response
	$(BIN)/liandong demo

test: $(STAMPS)/dev ## unit, integration and acceptance tests
	$(BIN)/python -m pytest -n 2 --dist worksteal --ignore=tests/faults --ignore=tests/bench tests

lint: $(STAMPS)/dev ## style, types, import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: $(STAMPS)/dev ## format and mend what can be mended
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

faults: $(STAMPS)/dev ## kills and freezes under load (QUICK=1: a short run)
	$(BIN)/python -m tests.faults

bench: $(STAMPS)/dev ## throughput and delay (QUICK=1: a short run)
	$(BIN)/python -m tests.bench

mutants: $(STAMPS)/dev ## break the core on purpose; tests must notice
	$(BIN)/python -m tests.mutants

mutants-policy: $(STAMPS)/dev ## change the law on purpose, entry by entry; tests must notice (QUICK=1: a sample, FULL=1: everything)
	$(BIN)/python -m tests.mutants.policy

venv: $(STAMPS)/dev ## install everything into .venv

lock: ## resolve the versions anew (needs uv: pip install uv)
	$(COMPILE) --all-extras pyproject.toml -o requirements-dev.lock
	$(COMPILE) --extra build -c requirements-dev.lock pyproject.toml -o requirements.lock
	$(COMPILE) --extra build --extra local -c requirements-dev.lock pyproject.toml -o requirements-local.lock

clean: ## remove everything that was made here
	rm -rf $(VENV) build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Liandong needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)."; \
	  echo "Install one (Debian, Ubuntu: apt-get install python3.11 python3.11-venv) and name it: make $(MAKECMDGOALS) PYTHON=python3.11"; \
	  exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  rm -rf $(VENV); \
	  echo "'$(PYTHON) -m venv' failed: on Debian and Ubuntu, apt-get install python3-venv."; \
	  exit 1; }

$(STAMPS)/run: requirements-local.lock pyproject.toml | $(BIN)/python
	$(PIP) install -q --require-hashes -r requirements-local.lock
	$(PIP) install -q --no-deps --no-build-isolation -e .
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: requirements-dev.lock $(STAMPS)/run
	$(PIP) install -q --require-hashes -r requirements-dev.lock
	@mkdir -p $(STAMPS) && touch $@
