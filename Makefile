# Two commands matter: `make run` opens Clusterscope, `make test` checks everything.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# PostgreSQL and Redis need their clients; the default run needs neither.
RUN_REQUIREMENTS := requirements.txt $(if $(DATABASE_URL)$(REDIS_URL),requirements-scale.txt)
RUN_STAMP := $(VENV)/.installed-run$(if $(DATABASE_URL)$(REDIS_URL),-scale)
DEV_STAMP := $(VENV)/.installed-dev
# Two for each processor: half of the time a test waits for a server or a browser.
WORKERS ?= $(shell expr 2 \* $$(nproc))
LANGUAGE_DIRECTORIES := zh_Hans

.PHONY: help run setup chromium lint format types test golden bench walks mutations parity messages

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(RUN_STAMP)  ## open Clusterscope on http://127.0.0.1:8000 (PORT=… chooses another port)
	@exec $(BIN)/python manage.py serve

setup: $(DEV_STAMP)  ## everything that development and `make test` need
	@scripts/ensure-chromium
	@scripts/ensure-kubectl

test: setup lint types  ## linters, types and all tests, a real browser included
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(DEV_STAMP)  ## style of Python and templates
	$(BIN)/ruff check .
	$(BIN)/djlint --quiet --lint templates

types: $(DEV_STAMP)  ## mypy
	$(BIN)/mypy

format: $(DEV_STAMP)  ## rewrite the Python files in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

golden: $(DEV_STAMP)  ## replay the recordings of a real control plane, a line per family
	$(BIN)/python -m tests.golden_replay

bench: $(DEV_STAMP)  ## the numbers of the README: engine, feed, restart, scheduler_perf (ARGS="--only SchedulingBasic")
	$(BIN)/python -m tests.benchmarks $(ARGS)

walks: $(DEV_STAMP)  ## seeded random walks through the pure engine (ARGS="--count 100000 --seed 1")
	$(BIN)/python -m tests.walks $(ARGS)

mutations: $(DEV_STAMP)  ## seed bugs into the engine, one after another, and see whether the walks find them
	$(BIN)/python -m tests.mutations $(ARGS)

parity: $(DEV_STAMP)  ## random decisions, once with arrays and once node by node (ARGS="--count 100000")
	$(BIN)/python -m tests.scheduler.arrays.parity $(ARGS)

messages: $(DEV_STAMP)  ## gather the texts to translate into locale/ (needs GNU gettext)
	@command -v xgettext >/dev/null || { echo "make messages needs xgettext: apt-get install gettext" >&2; exit 1; }
	$(BIN)/python manage.py makemessages $(LANGUAGE_DIRECTORIES:%=--locale %) --no-obsolete --add-location file \
		--ignore '$(VENV)' --ignore var --ignore tests

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Clusterscope needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)

# A stamp makes set-up instant the second time; a changed requirements file makes it run again.
$(RUN_STAMP): $(RUN_REQUIREMENTS) | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check $(foreach file,$(RUN_REQUIREMENTS),-r $(file))
	@touch $@

$(DEV_STAMP): requirements.txt requirements-scale.txt requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
