# One command for each thing a person does here; `make` alone lists them.
SHELL := bash
export PATH := $(CURDIR)/.venv/bin:$(PATH):$(CURDIR)/.venv/uv/bin

# What is installed is known by the content of what asked for it: a second run is instant, a changed lock installs.
installed = .venv/installed.$(shell cat $(1) pyproject.toml setup/environment.sh | cksum | tr ' ' -)
RUNTIME := $(call installed,requirements.lock)
DEVELOPMENT := $(call installed,requirements-dev.lock)
COMPILE := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --custom-compile-command "make lock"

.PHONY: help setup run test conformance check format bench soak lock changelog clean
.DEFAULT_GOAL := help

help: ## list the commands
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

setup: $(RUNTIME) ## install what InfoHarbor needs into .venv

run: setup ## start node, gateway and portal with the demo on 127.0.0.1:8600; ARGS="--port N --data DIR"
	infoharbor run --demo $(ARGS)

test: $(DEVELOPMENT) ## run the tests; ARGS="-k name" chooses among them
	setup/system.sh
	pytest -n 2 $(ARGS)

conformance: $(DEVELOPMENT) ## run the standards' own samples, which CONFORMANCE_SAMPLES names
	@[ -d "$(CONFORMANCE_SAMPLES)" ] || { echo 'CONFORMANCE_SAMPLES must name the folder of the samples; "$(CONFORMANCE_SAMPLES)" is none.' >&2; exit 2; }
	pytest tests/conformance $(ARGS)

check: $(DEVELOPMENT) ## format, lint, types, architecture, contracts
	ruff format --check .
	ruff check .
	mypy
	lint-imports --no-logo
	infoharbor contract check

format: $(DEVELOPMENT) ## put the code into the one format
	ruff format .
	ruff check --fix .

bench: $(DEVELOPMENT) ## measure, beside the limits of this machine; writes bench/latest.json
	python -m bench $(ARGS)

soak: $(DEVELOPMENT) ## measure reports over a million lots, then over a long run what must not grow
	python -m bench.soak $(ARGS)

lock: ## pin every package with its hashes again; ARGS=--upgrade takes newer ones
	$(COMPILE) $(ARGS) --group build -o requirements.lock pyproject.toml
	$(COMPILE) $(ARGS) --group build --group dev -c requirements.lock -o requirements-dev.lock pyproject.toml
	$(COMPILE) $(ARGS) -o setup/uv.lock setup/uv.in
	$(COMPILE) $(ARGS) -o setup/go.lock setup/go.in
	! grep -nE '://|^ *--(extra-)?index|^ *--find-links' requirements.lock requirements-dev.lock setup/*.lock

changelog: $(DEVELOPMENT) ## gather changelog.d into CHANGELOG.md
	towncrier build --yes

clean: ## remove what the other commands made
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist build mutants

$(RUNTIME):
	rm -f .venv/installed.*
	setup/environment.sh requirements.lock
	touch $@

$(DEVELOPMENT):
	rm -f .venv/installed.*
	setup/environment.sh requirements-dev.lock
	touch $@ $(RUNTIME)
