# One list of commands; continuous integration calls the same.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
MINUTES := 10
SETTINGS := config/quickstart.py
RESULTS  := results/quickstart.pickle

.PHONY: help demo test test-statistical test-oracle test-differential test-exhaustive verify check bench bench-scale soak fuzz docs clean

help:
	@echo "make demo              install, run a small campaign and draw its results"
	@echo "make test              run the test suite"
	@echo "make test-statistical  run the slow checks against theory"
	@echo "make test-differential compile every pair of a strategy and a policy and compare engines"
	@echo "make test-exhaustive   kill campaigns a hundred times, and other long tests"
	@echo "make test-oracle       check policies request by request against libcachesim"
	@echo "make verify            compare with theory and published figures, 80 s"
	@echo "make check             lint, type-check, and check what folders import"
	@echo "make bench             measure speed and memory beside peers, some minutes"
	@echo "make bench-scale       measure a tree of caches with 10^9 contents, 15 minutes"
	@echo "make soak              kill and resume campaigns for 10 minutes; MINUTES=60 for an hour"
	@echo "make fuzz              look for inputs that break what must hold for 10 minutes; MINUTES=60"
	@echo "make docs              build the manual in docs/_build/html"
	@echo "make clean             remove the environment and caches; results stay"

demo: $(VENV)/.installed
	$(BIN)/icarus run $(SETTINGS) -r $(RESULTS) --overwrite
	$(BIN)/icarus results show $(RESULTS) --metric CACHE_HIT_RATIO --metric LATENCY
	$(BIN)/icarus plot $(RESULTS)
	@echo "The pictures are in $(basename $(RESULTS))/"

# One process more than there are cores, as many tests wait for something. Where no byte code may
# be written, each of the hundreds of commands that tests start would compile all modules anew.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n $$(($$(nproc) + 1)) --dist worksteal

test-statistical: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m statistical

test-differential: $(VENV)/.installed-dev
	ICARUS_ALL_PAIRS=1 $(BIN)/python -m pytest -n auto -m 'not statistical' tests/differential tests/policies tests/strategies

test-exhaustive: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto -m exhaustive

# Installed into the same environment: libcachesim only adds packages to those of dev.
test-oracle: $(VENV)/.installed-oracle
	$(BIN)/python -m pytest tests/policies/test_against_libcachesim.py

verify: $(VENV)/.installed
	$(BIN)/python -m scripts.verify --full

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Beside libcachesim, which is installed for it.
bench: $(VENV)/.installed-oracle
	$(BIN)/python -m scripts.benchmark

bench-scale: $(VENV)/.installed
	$(BIN)/python -m scripts.benchmark large-caches

soak: $(VENV)/.installed
	$(BIN)/python -m scripts.soak --minutes $(MINUTES)

fuzz: $(VENV)/.installed-dev
	$(BIN)/python -m scripts.fuzz --minutes $(MINUTES)

docs: $(VENV)/.installed-docs
	$(BIN)/python -m sphinx -q -W --keep-going -d docs/_build/doctrees docs docs/_build/html
	@echo "The manual begins with docs/_build/html/index.html"

clean:
	rm -rf $(VENV) build docs/_build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

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

$(VENV)/.installed-oracle: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev,oracle]"
	@touch $@ $(VENV)/.installed-dev $(VENV)/.installed

$(VENV)/.installed-docs: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[docs]"
	@touch $@ $(VENV)/.installed
