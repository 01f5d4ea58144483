# One list of commands; continuous integration calls the same.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SETTINGS := config/quickstart.py
RESULTS  := results/quickstart.pickle

.PHONY: help demo test test-statistical check bench clean

help:
	@echo "make demo              install, run a small campaign and draw its results"
	@echo "make test              run the test suite"
	@echo "make test-statistical  run the slow checks against theory"
	@echo "make check             lint and type-check"
	@echo "make bench             measure the speed of the engine"
	@echo "make clean             remove the environment and caches; results stay"

demo: $(VENV)/.installed
	$(BIN)/icarus run $(SETTINGS) -r $(RESULTS) --overwrite
	$(BIN)/icarus results show $(RESULTS) --metric CACHE_HIT_RATIO --metric LATENCY
	$(BIN)/icarus plot $(RESULTS)
	@echo "The pictures are in $(basename $(RESULTS))/"

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto

test-statistical: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m statistical

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.installed
	$(BIN)/python scripts/benchmark.py

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Icarus needs Python 3.11 or newer, and $(PYTHON) is older: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	@touch $@ $(VENV)/.installed
