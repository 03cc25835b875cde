# `make` lists the targets. All they need is make and Python 3.11 or later: each makes .venv ready
# first, which is quick once it is.

.DEFAULT_GOAL := help
# Two targets at once would install into one environment.
.NOTPARALLEL:

READY_TO := @GOALS="$(MAKECMDGOALS)" scripts/venv.sh
# The same examples each time, so that a change fails for what it did.
EXAMPLES := same
IN_VENV := @PATH="$(CURDIR)/.venv/bin:$$PATH"
# A PYTHONPATH would put other code before what is installed.
unexport PYTHONPATH
# Without compiled files each process compiles what it imports, and pytest all of the tests.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-slow test-all test-gateway stores test-stores goldens docs bench format
.PHONY: clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo: ## mint examples/clinic on the emulator, step by step; takes no key and no network
	$(READY_TO) run
	$(IN_VENV) examples/clinic/demo.sh

test: ## check form, lint, types and behaviour
	$(READY_TO) test
	$(IN_VENV) scripts/check.sh -n auto --dist worksteal

test-slow: ## run the tests that take long; with EXAMPLES=new each law tries other examples
	$(READY_TO) test
	$(IN_VENV) pytest -n auto --dist worksteal -m 'slow and not gateway' --hypothesis-profile=$(EXAMPLES)

test-all: ## what `make test` does, and the tests that take long with it
	$(READY_TO) test
	$(IN_VENV) scripts/check.sh -n auto --dist worksteal -m 'not gateway'

test-gateway: ## mint through LiteLLM's proxy; first installs it, which takes minutes and 750 MB
	$(READY_TO) test
	$(IN_VENV) scripts/gateway.sh

stores: ## get the servers of test-stores; builds them with Go, once, which takes minutes
	@scripts/stores.sh get

test-stores: ## test the secret stores against real servers; fails where one is missing
	$(READY_TO) test
	$(IN_VENV) pytest -n auto --dist loadfile -m stores

goldens: ## accept what the program prints now as the golden results; read the diff
	$(READY_TO) test
	$(IN_VENV) pytest -n auto --snapshot-update

docs: ## write docs/reference anew, from the tables that compiling goes by
	$(READY_TO) run
	$(IN_VENV) python -m voxmint.cli.reference docs/reference

bench: ## measure speed and memory against floors of the same run; a few minutes
	$(READY_TO) bench
	$(IN_VENV) python -m benchmarks

format: ## bring the code into form, and mend what ruff can
	$(READY_TO) test
	$(IN_VENV) ruff check --fix-only
	$(IN_VENV) ruff format

clean: ## remove what the other targets made, .venv included
	rm -rf .venv .venv.lock .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
