# make run    serve config.yaml
# make test   run the whole suite
# make check  formatter, linter, types, import contracts
# make fix    let the formatter and the linter change what they can; renew the README's commands
# make crash  kill servers with KILLS=2000 moments for each plugin, SEED=1 draws them; see
#             tests/crash
# make bench  compare with real servers and put the tables into the README; with ARGS="--quick"
#             only try it out, ARGS="--help" says what else can be chosen
#
# All of them make .venv first, and install into it again only when setup.cfg has changed.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install -qq
ARGS   ?=
KILLS  ?= 2000
SEED   ?= 1

.PHONY: run test check fix crash bench clean

run: $(VENV)/.installed
	@exec $(BIN)/geostream serve --config config.yaml

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.installed-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(VENV)/.installed-test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/geostream commands --markdown | sed -i README.md \
		-e '/<!-- commands:begin/,/<!-- commands:end/{//!d}' \
		-e '/<!-- commands:begin/r /dev/stdin'

crash: $(VENV)/.installed-test
	KILLS=$(KILLS) SEED=$(SEED) $(BIN)/python -m pytest tests/crash $(ARGS)

bench: $(VENV)/.installed-test
	$(BIN)/python -m bench $(or $(ARGS),--markdown README.md)

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@echo "Making $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "geostream needs Python 3.11 or newer; name one with make PYTHON=...")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: setup.cfg pyproject.toml | $(BIN)/python
	@echo "Installing geostream into $(VENV)"
	@$(PIP) -e .
	@touch $@

$(VENV)/.installed-test: setup.cfg pyproject.toml | $(BIN)/python
	@echo "Installing geostream and what its tests need into $(VENV)"
	@$(PIP) -e '.[test]'
	@touch $@ $(VENV)/.installed
