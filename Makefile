# make run    serve config.yaml
# make test   run the whole suite
# make check  formatter, linter, types, import contracts
# make fix    let the formatter and the linter change what they can; renew the README's commands
# make crash  kill servers with KILLS=2000 moments for each plugin, SEED=1 draws them; see
#             tests/crash
# make bench  compare with real servers and put the tables into the README; with ARGS="--quick"
#             only try it out, ARGS="--help" says what else can be chosen
# make compile  compile the modules that setup.py names, if a source has changed since; what
#               runs, tests or measures does so first. With GEOSTREAM_PURE=1 in front of any
#               target, as without a C compiler, the plain .py files run
#
# All of them make .venv first, and install into it again only when setup.cfg has changed.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install -qq
ARGS   ?=
KILLS  ?= 2000
SEED   ?= 1

# What pyproject.toml asks for; installed into $(VENV) so that compiling again needs no network.
BUILD_REQUIREMENTS = $(shell sed -n 's/^requires = \[\(.*\)\]/\1/p' pyproject.toml | tr -d ,)
COMPILED := $(if $(filter-out 0,$(GEOSTREAM_PURE)),,$(VENV)/.compiled)

.PHONY: run test check fix crash bench compile clean

run: $(VENV)/.installed $(COMPILED)
	@exec $(BIN)/geostream serve --config config.yaml

test: $(VENV)/.installed-test $(COMPILED)
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

crash: $(VENV)/.installed-test $(COMPILED)
	KILLS=$(KILLS) SEED=$(SEED) $(BIN)/python -m pytest tests/crash $(ARGS)

bench: $(VENV)/.installed-test $(COMPILED)
	$(BIN)/python -m bench $(or $(ARGS),--markdown README.md)

compile: $(COMPILED)

clean:
	find geostream -name '*.so' -delete
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@echo "Making $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "geostream needs Python 3.11 or newer; name one with make PYTHON=...")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.build-tools: pyproject.toml | $(BIN)/python
	@$(PIP) $(BUILD_REQUIREMENTS)
	@touch $@

# Nothing is compiled here: that is the last rule's.
$(VENV)/.installed: setup.cfg pyproject.toml | $(VENV)/.build-tools
	@echo "Installing geostream into $(VENV)"
	@GEOSTREAM_PURE=1 $(PIP) --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-test: setup.cfg pyproject.toml | $(VENV)/.build-tools
	@echo "Installing geostream and what its tests need into $(VENV)"
	@GEOSTREAM_PURE=1 $(PIP) --no-build-isolation -e '.[test]'
	@touch $@ $(VENV)/.installed

# As old as the moment before: what is edited while it compiles is newer.
$(VENV)/.compiled: setup.py $(shell find geostream -name '*.py' -o -name '*.pxd') | $(VENV)/.build-tools
	@echo "Compiling"
	@touch $@.began
	@$(BIN)/python setup.py -q build_ext --inplace
	@mv $@.began $@
