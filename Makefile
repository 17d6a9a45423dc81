# `make run` shows what this is, `make test` proves it works; both need nothing but Python 3.11+.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt

.PHONY: run test check format bench clean
.DEFAULT_GOAL := run

run: $(VENV)/.core
	@$(BIN)/catalyst run samples --model none --output output

test: $(VENV)/.dev
	$(BIN)/pytest -n auto --dist=loadfile

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -p no:randomly tests/test_architecture.py
	$(BIN)/catalyst check src

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) output .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The stamps make a second run install nothing while nothing has changed.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "AI Catalyst needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12")'
	@echo "Making $(VENV) (once)…"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.core: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing the core (once)…"
	@$(PIP) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing what the tests need (once)…"
	@$(PIP) -e '.[dev,postgres,mysql,redis,video,cluster]'
	@touch $(VENV)/.core $@
