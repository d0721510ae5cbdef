# What a newcomer needs: demo serve test lint types docs bench fuzz soak clean. Each target makes its own .venv and needs
# nothing but Python 3.11 or later; a stamp keyed on pyproject.toml makes repeated calls fast.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
ARGS ?=
# a file is run by one process, so that what its tests share is started once
WORKERS ?= auto

.DEFAULT_GOAL := help
.PHONY: help demo serve test lint types docs bench fuzz soak clean

help:
	@echo "make demo    stream a text file to a file, a web server and a Lambda, and compare the three"
	@echo "make serve   serve a page to chat with a model (ARGS='--llm provider:model'; without, one that is offline)"
	@echo "make test    run the suite (ARGS='-k name' goes to pytest; WORKERS=0 runs it in one process)"
	@echo "make lint | types | docs | bench | clean"
	@echo "make fuzz    try 20,000 random pipelines, stopped in random ways (ARGS='--seed n --cases n')"
	@echo "make soak    send a million items through every concurrent operator (ARGS='--items n name')"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "jaystream needs Python 3.11 or later; set PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

# Little, so that the first event is seconds away.
$(VENV)/demo-stamp: pyproject.toml | $(BIN)/python
	$(PIP) install --editable '.[serve,aws]'
	@touch $@

# The pip that comes with Python 3.11 does not know dependency groups, so it is brought up to date first.
$(VENV)/dev-stamp: pyproject.toml | $(BIN)/python
	$(PIP) install --upgrade 'pip>=25.1'
	$(PIP) install --editable . --group dev
	@touch $@ $(VENV)/demo-stamp $(VENV)/chat-stamp

# The chat takes a little more, and so does a demo that asks a model.
$(VENV)/chat-stamp: pyproject.toml | $(BIN)/python
	$(PIP) install --editable '.[serve,aws,llm]'
	@touch $@ $(VENV)/demo-stamp

demo: $(VENV)/$(if $(findstring --llm,$(ARGS)),chat,demo)-stamp
	@$(BIN)/python -m jaystream demo $(ARGS)

serve: $(VENV)/chat-stamp
	@$(BIN)/python -m jaystream serve $(ARGS)

test: $(VENV)/dev-stamp
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

lint: $(VENV)/dev-stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev-stamp
	$(BIN)/mypy
	$(BIN)/pyright
	@# it looks for the package with the first python on PATH, whatever else it is told
	PATH="$(CURDIR)/$(BIN):$$PATH" pyright --verifytypes jaystream --ignoreexternal

docs: $(VENV)/dev-stamp
	$(BIN)/python -m sphinx --builder html --fresh-env --quiet --nitpicky --fail-on-warning --keep-going docs docs/_build/html

bench: $(VENV)/dev-stamp
	$(BIN)/python -m benchmarks $(ARGS)

fuzz: $(VENV)/dev-stamp
	$(BIN)/python -m tests.fuzz $(ARGS)

soak: $(VENV)/dev-stamp
	$(BIN)/python -m tests.fuzz.soak $(ARGS)

clean:
	rm -rf $(VENV) build dist docs/_build .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.* .ci/node_modules .ci/package-lock.json
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
