# `make` alone says what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.PHONY: help run manage test bench check format messages lock clean

PORT ?= 8000
PROFILE ?= fpt_smart_cloud
ARGS ?=
PYTHON := .venv/bin/python
# Without bytecode every process of many would compile all of the portal anew.
unexport PYTHONDONTWRITEBYTECODE

# A lock that changed is a new stamp, so the virtual environment follows the locks by itself.
RUN_READY := .venv/.installed-$(firstword $(shell cksum < requirements.lock))
DEV_READY := .venv/.installed-$(firstword $(shell cksum < requirements-dev.lock))

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUN_READY) ## Run the portal here. PORT=8000, PROFILE=fpt_smart_cloud. Ctrl-C stops it.
	@exec $(PYTHON) -m privacyportal.run --port $(PORT) --profile $(PROFILE)

manage: $(RUN_READY) ## Run manage.py beside `make run`, for example ARGS="purge --dry-run".
	@exec $(PYTHON) -m privacyportal.run --manage $(ARGS)

test: $(DEV_READY) ## Run all tests in parallel. ARGS="tests/accounts -k close" narrows them.
	$(PYTHON) -m pytest -n auto --dist worksteal $(ARGS)

bench: $(DEV_READY) ## Measure what must stay fast, on servers of its own. ARGS="--quick" is short.
	@$(PYTHON) -m bench $(ARGS)

check: $(DEV_READY) ## Check format, types, layers, templates, migrations, translations, locks.
	$(PYTHON) -m tools.check

format: $(DEV_READY) ## Write code and templates the agreed way.
	$(PYTHON) -m ruff check --fix-only --quiet .
	$(PYTHON) -m ruff format .
	$(PYTHON) -m tools.templates

messages: $(DEV_READY) ## Collect new texts into locale/ and compile the translations.
	$(PYTHON) -m tools.messages extract
	$(PYTHON) -m tools.messages compile

lock: $(DEV_READY) ## Write the lock files anew from requirements*.txt.
	$(PYTHON) -m tools.lock

clean: ## Remove what the tools made. The data under var/ stays.
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find locale -name '*.mo' -delete

$(RUN_READY): requirements.lock
	@tools/venv requirements.lock
	@rm -f .venv/.installed-*
	@touch $@

$(DEV_READY): requirements-dev.lock
	@tools/venv requirements-dev.lock
	@rm -f .venv/.installed-*
	@touch $@ $(RUN_READY)
