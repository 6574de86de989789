# The one runner. `make` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
HOUSEHOLDS ?= 300
SEED ?=
PATHS := engine schemas tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help run test check format lint types layers unit brokers chaos fuzz machine bench compiled schemas clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "guerdon needs Python 3.11 or newer; say which with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,baskets,analysis]'
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info >= (3, 13))' \
		&& $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[rete]' \
		|| { echo "*** WITHOUT durable-rules: it needs a C compiler, and Python before 3.13."; \
			echo "*** The plain matcher serves; 'matcher: rete' and its tests are LEFT OUT."; }
	@touch $@

run: $(VENV)/.ready ## the worker on the embedded broker with the public baskets: progress, then a summary
	$(BIN)/guerdon up --baskets $(HOUSEHOLDS) --exit-when-done

test: check unit brokers ## everything: format, lint, types, layers, tests on the embedded broker and on Apache Kafka where Java is

check: format lint types layers ## all that can be said without running the code

format: $(VENV)/.ready
	$(BIN)/ruff format --check $(PATHS)

lint: $(VENV)/.ready
	$(BIN)/ruff check $(PATHS)

types: $(VENV)/.ready
	$(BIN)/mypy

layers: $(VENV)/.ready
	$(BIN)/lint-imports

unit: $(VENV)/.ready ## the tests that need no broker
	$(BIN)/pytest -n 2 -q -m 'not embedded and not apache and not chaos'

brokers: $(VENV)/.ready ## the tests on real brokers, a short chaos run among them
	$(BIN)/pytest -q -m 'embedded or apache or chaos'

chaos: $(VENV)/.ready ## the long chaos run on both brokers; SEED=n repeats one
	$(BIN)/python -m benchmarks.chaos --long $(if $(SEED),--seed $(SEED))

fuzz: $(VENV)/.ready ## both matchers against the oracle on 2,000 arbitrary rulesets; SEED=n repeats one
	@seed=$(or $(SEED),$$(date +%s)); echo "seed $$seed"; \
		$(BIN)/pytest -q tests/match/test_fuzz_matchers.py --hypothesis-profile=long --hypothesis-seed=$$seed

machine: $(VENV)/.ready ## 1,000 arbitrary lives of a member against a naive model of points, tiers and returns; SEED=n repeats one
	@seed=$(or $(SEED),$$(date +%s)); echo "seed $$seed"; \
		$(BIN)/pytest -q tests/model/test_member_machine.py --hypothesis-profile=machine --hypothesis-seed=$$seed

bench: $(VENV)/.ready ## the measurements, as ratios against a baseline in the same run
	$(BIN)/python -m benchmarks

compiled: $(VENV)/.ready ## a wheel with the modules of deciding compiled (needs a C compiler), in dist/, and proof that it decides alike
	@command -v cc >/dev/null || { echo "NOT COMPILED: no C compiler (cc) is on the path; the interpreted modules decide the same, slower"; exit 1; }
	rm -rf build dist .venv-compiled
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'setuptools>=77'
	GUERDON_COMPILE=1 $(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	$(PYTHON) -m venv .venv-compiled
	.venv-compiled/bin/python -m pip install --quiet --disable-pip-version-check dist/*.whl
	$(BIN)/python -m benchmarks.compiled .venv-compiled/bin/guerdon
	rm -rf build

schemas: $(VENV)/.ready ## write the JSON Schemas of the public contract anew
	$(BIN)/python -m schemas.export

clean: ## remove what the targets made
	rm -rf $(VENV) .venv-compiled build dist .guerdon .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
