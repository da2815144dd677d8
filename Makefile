# make reproduce   from a fresh clone: the three headline claims, up to reports/index.html
# make test        the same set-up, then the tests
# Both need Python 3.11+ and make, nothing else. Also: reproduce-all, check, bench, fuzz, clean, distclean

.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt
# On a machine without GPU, TORCH_INDEX=<index of CPU builds> keeps pip from fetching CUDA libraries.
TORCH_INDEX ?=

# one thread a process: two threads in one process spin-wait on the small matrices of small models
export OMP_NUM_THREADS = 1
export MKL_NUM_THREADS = 1
export TOKENIZERS_PARALLELISM = false

.PHONY: help reproduce reproduce-all test check bench fuzz clean distclean

help:
	@sed -n 's/^# //p' Makefile | head -3

$(VENV)/.made:
	@if [ -z "$(PYTHON)" ]; then \
	  echo "make: no Python 3.11 or newer on the path; name one: make PYTHON=/path/to/python" >&2; \
	  exit 2; fi
	$(PYTHON) -m venv $(VENV)
	@touch $@

# torch first and alone, so that no other requirement decides which build of it comes
$(VENV)/.torch: constraints.txt | $(VENV)/.made
	@torch=$$(grep '^torch==' constraints.txt); \
	if [ "$$($(BIN)/python -m pip freeze | sed -n 's/^\(torch==[0-9.]*[0-9]\).*/\1/p')" = "$$torch" ]; \
	then echo "$$torch is installed"; \
	else echo "installing $$torch"; \
	  if [ -n "$(TORCH_INDEX)" ] && \
	    $(PIP) --index-url "$(TORCH_INDEX)" --retries 1 --timeout 30 --no-deps "$$torch"; then :; \
	  else $(PIP) "$$torch"; fi; fi
	@touch $@

$(VENV)/.installed: $(VENV)/.torch pyproject.toml constraints.txt
	$(PIP) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(PIP) -e '.[dev]'
	@touch $@

# make reproduce-all does every registered claim; both say their plan and an estimate first. With
# RECORD=--record what came out is added to the ledger.
HEADLINE := suppression-works production-fails asymmetry-survives-variant-matching
reproduce-all: WHICH := --all
reproduce: WHICH := $(HEADLINE)
reproduce: SHOWN := $(HEADLINE)

# the report is written also where something did not reproduce; the exit code says so
reproduce reproduce-all: $(VENV)/.installed
	@code=0; $(BIN)/claims reproduce $(WHICH) -n $(WORKERS) $(RECORD) || code=$$?; \
	$(BIN)/claims report $(SHOWN) || exit $$?; \
	echo; echo "The report: $(CURDIR)/reports/index.html"; exit $$code

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/claims check

test: check
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

bench: $(VENV)/.installed
	$(BIN)/python -m benchmarks

# mutated input for every reader; INPUTS and SEED choose how much and which
INPUTS ?= 100000
SEED ?= 0
fuzz: $(VENV)/.dev
	$(BIN)/python -m tests.fuzz --inputs $(INPUTS) --seed $(SEED)

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -type d -prune -exec rm -rf {} +

# also what takes long to make again: the environment and the trained models
distclean: clean
	rm -rf $(VENV) .cache
