# Everything is set up inside this checkout: uv in .tools/, the locked environment in .venv/.
# Needed on the machine: Python 3.11 or newer with venv, git, make.

UV_VERSION := 0.13.8

TOOLS  := .tools
UV     := $(TOOLS)/bin/uv
PYTHON := .venv/bin/python
# Stamps: an environment that runs Signoff, and one that also tests it. They live and die with what they stand for.
READY  := .venv/.ready
DEV    := .venv/.ready-dev

# The newest Python first; each must really start and have venv (a shim or a stripped package may not).
PYTHONS := python3.13 python3.12 python3.11 python3
WANTED  := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))

# Two for each processor: much of a test is waiting, for processes and for what is sent once a second.
PROCESSES := $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$(( n * 2 > 8 ? 8 : n * 2 )))

# Tests start programs of ours, each of which would compile again all that it imports.
unexport PYTHONDONTWRITEBYTECODE

# Without a home that can be written to, the download cache goes into the checkout as well.
HOME_CACHE := $(shell [ -d "$$HOME" ] && mkdir -p "$$HOME/.cache" 2>/dev/null && [ -w "$$HOME/.cache" ] && echo yes)
ifneq ($(HOME_CACHE),yes)
export UV_CACHE_DIR := $(CURDIR)/$(TOOLS)/cache
export PIP_NO_CACHE_DIR := 1
endif
export UV_PYTHON_DOWNLOADS := never
export UV_PYTHON := $(CURDIR)/$(TOOLS)/bin/python
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/.venv
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test check lint imports types style format proof bench clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## Watch one whole run on a made-up repository (YES=1 answers yes; SIGNOFF_DEMO_DIR=DIR keeps the results)
	@$(PYTHON) -m bot demo $(if $(filter 1 y yes true,$(YES)),--yes) $${SIGNOFF_DEMO_DIR:+--dir "$$SIGNOFF_DEMO_DIR"}

test: $(DEV) ## Run the tests
	@$(PYTHON) -m pytest --numprocesses=$(PROCESSES) --dist=worksteal $(ARGS)

check: lint test ## Run every check and the tests

lint: style types imports ## Run every check but the tests

style: $(DEV)
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .

types: $(DEV)
	@$(PYTHON) -m mypy

imports: $(DEV)
	@.venv/bin/lint-imports --no-logo

format: $(DEV) ## Format the code and mend what can be mended by a tool
	@$(PYTHON) -m ruff check --fix .
	@$(PYTHON) -m ruff format .

proof: $(DEV) ## Run all tests with many more random histories, and those marked `proof`
	@$(PYTHON) -m pytest --hypothesis-profile=proof --timeout=1800 -m "" $(ARGS)

bench: $(DEV) ## Measure speed as ratios to the floor of this machine
	@$(PYTHON) -m tests.bench $(ARGS)

setup: $(DEV) ## Only make the environment

clean: ## Remove the environment, the tools and all caches
	rm -rf $(TOOLS) .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find bot runner storage tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(UV): Makefile
	@command -v git >/dev/null || { echo "Signoff needs git. On Debian or Ubuntu: apt install git" >&2; exit 1; }
	@for name in $(PYTHONS); do \
	    if "$$name" -c '$(WANTED)' >/dev/null 2>&1; then found="$$name"; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "Signoff needs Python 3.11 or newer with venv. On Debian or Ubuntu: apt install python3 python3-venv" >&2; \
	    echo "On Fedora: dnf install python3. On macOS: brew install python" >&2; \
	    exit 1; \
	fi; \
	echo "Setting up with $$("$$found" --version) ..."; \
	"$$found" -m venv --clear $(TOOLS)
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

$(READY): $(UV) uv.lock pyproject.toml
	@$(UV) sync --locked --quiet --no-dev --inexact
	@touch $@

$(DEV): $(UV) uv.lock pyproject.toml
	@$(UV) sync --locked --quiet
	@touch $(READY) $@
