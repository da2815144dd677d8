# make reproduce   from a fresh clone: everything, up to reports/index.html
# make test        the same set-up, then the tests
# Needs Python 3.11+ and make, nothing else.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
# the CPU build where the index has it: without it pip fetches gigabytes of CUDA libraries
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

export OMP_NUM_THREADS = 1
export MKL_NUM_THREADS = 1
export TOKENIZERS_PARALLELISM = false

.PHONY: help reproduce test check bench clean distclean

help:
	@sed -n '1,3p' Makefile

$(VENV)/.made:
	@if [ -z "$(PYTHON)" ]; then
		echo "No Python 3.11 or newer found. Install one, or say which: make PYTHON=/path/to/python3.11" >&2
		exit 2
	fi
	$(PYTHON) -m venv $(VENV)
	touch $@

# torch first and alone, so that nothing else decides which build of it comes
$(VENV)/.torch: $(VENV)/.made constraints.txt
	@version=$$(sed -n 's/^torch==//p' constraints.txt)
	if ! $(BIN)/python -c "import sys, torch; sys.exit(torch.__version__.split('+')[0] != '$$version')" 2>/dev/null; then
		$(BIN)/pip install --disable-pip-version-check -c constraints.txt "torch==$$version" --index-url $(TORCH_INDEX) \
		|| $(BIN)/pip install --disable-pip-version-check -c constraints.txt "torch==$$version"
	fi
	touch $@

$(VENV)/.installed: $(VENV)/.torch pyproject.toml constraints.txt
	$(BIN)/pip install --disable-pip-version-check -q -c constraints.txt -e .
	touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(BIN)/pip install --disable-pip-version-check -q -c constraints.txt -e '.[dev]'
	touch $@

reproduce: $(VENV)/.installed
	@set +e
	$(BIN)/claims reproduce --all -n $(WORKERS)
	reproduced=$$?
	set -e
	$(BIN)/claims report
	echo
	echo "The report: $$PWD/reports/index.html"
	exit $$reproduced

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/claims check

test: check
	$(BIN)/python -m pytest -n $(WORKERS)

bench: $(VENV)/.installed
	$(BIN)/python -m benchmarks

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -type d -prune -exec rm -rf {} +

# also what takes long to make again: the environment and the trained models
distclean: clean
	rm -rf $(VENV) .cache
