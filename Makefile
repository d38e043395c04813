# Every target makes the environment that it needs. A machine needs python3 (3.11 or newer) and make.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
LOCKS  := requirements/uv.txt requirements/run.txt requirements/test.txt requirements/lint.txt requirements/docs.txt requirements/release.txt
UV     := $(BIN)/uv --quiet
# Two workers; tests/conftest.py says which tests one of them runs alone.
PYTEST_ARGS ?= -n 2

.DEFAULT_GOAL := help
.PHONY: help venv demo test coverage check format bench protocol proto manifest docs lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

venv: $(STAMP) ## the environment, in .venv

demo: $(STAMP) ## a real Envoy, served and changed before your eyes (KEEP=1 leaves it running)
	@$(BIN)/python -m demo.run $(if $(KEEP),--keep)

test: $(STAMP) ## every test (PYTEST_ARGS="tests/unit -x" for some)
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

coverage: $(STAMP) ## which lines and branches the tests do not reach
	@$(BIN)/python -m coverage run -m pytest -q
	@$(BIN)/python -m coverage report

check: $(STAMP) ## style, types, import contracts, links
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet --diff .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python tools/check_links.py

format: $(STAMP) ## let ruff set the style
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

bench: $(STAMP) ## the benchmarks (CASES=A,K1 for some; those beside others and in Kubernetes need go)
	@GRPC_VERBOSITY=ERROR $(BIN)/python -m bench.run $(CASES)

protocol: $(STAMP) ## docs/protocol.md anew, from the tests of its rows
	@$(BIN)/python -m tools.protocol_page

proto: $(STAMP) ## what protoc makes of the management API's proto file, anew
	@$(BIN)/python -m tools.proto

manifest: $(STAMP) ## deploy/legation.yaml anew, from the chart (needs go)
	@$(BIN)/python -m tools.manifest

docs: $(STAMP) ## the documentation into build/docs, its examples run
	@$(BIN)/python -m sphinx -q -n -W --keep-going -b html docs build/docs/html
	@$(BIN)/python -m sphinx -q -n -W --keep-going -b doctest docs build/docs/doctest
	@echo "docs: build/docs/html/index.html"

# Constraints run down the list, so that all locks fit into one environment.
COMPILE = $(UV) pip compile --universal --generate-hashes --no-header --no-annotate --python-version 3.11 $(if $(UPGRADE),--upgrade)
lock: $(BIN)/uv ## write the locks anew from pyproject.toml (UPGRADE=1 takes newer versions)
	@$(COMPILE) --group uv -o requirements/uv.txt >/dev/null
	@$(COMPILE) pyproject.toml -o requirements/run.txt >/dev/null
	@$(COMPILE) pyproject.toml --extra envoy --group test -c requirements/run.txt -o requirements/test.txt >/dev/null
	@$(COMPILE) --group lint -c requirements/test.txt -o requirements/lint.txt >/dev/null
	@$(COMPILE) --group docs -c requirements/test.txt -c requirements/lint.txt -o requirements/docs.txt >/dev/null
	@$(COMPILE) --group release -c requirements/test.txt -c requirements/lint.txt -c requirements/docs.txt -o requirements/release.txt >/dev/null

clean: ## remove everything that was made here
	@rm -rf $(VENV) build dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

$(BIN)/uv: requirements/uv.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(STAMP): $(BIN)/uv $(LOCKS) pyproject.toml
	@$(UV) pip sync --python $(BIN)/python --require-hashes $(LOCKS)
	@$(UV) pip install --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@
