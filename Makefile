# make run   try invplug on the plugins.txt of this repository
# make test  set up and run the whole test suite
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test lint types bench fuzz completions clean

run: $(VENV)/.installed
	@sh tools/demo.sh $(BIN)/invplug

test: $(VENV)/.tested
	$(BIN)/pytest -n auto $(ARGS)

lint: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.tested
	$(BIN)/mypy

bench: $(VENV)/.tested
	$(BIN)/python tools/bench.py $(ARGS)

fuzz: $(VENV)/.tested
	$(BIN)/python tools/fuzz.py $(ARGS)

completions: $(VENV)/.tested
	$(BIN)/python tools/completions.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

clean:
	rm -rf $(VENV) .demo .bench dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
