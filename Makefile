# Every target installs first what it must. Nothing is installed outside this folder.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.installed
DEVELOPMENT := $(VENV)/.installed-dev
PORT ?= 8000
JOBS ?= 2
CLIENT := tests/client
# Bytecode is made when a module is first imported: compiling every module of every package takes longer than using them.
# It is kept beside the packages, also where the environment says that none be written: the tests start hundreds of processes,
# and each would compile again all that it imports.
export PYTHONDONTWRITEBYTECODE :=
export PYTHONPYCACHEPREFIX := $(CURDIR)/$(VENV)/bytecode
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --prefer-binary -c requirements.lock
# The tests bring servers of their own, and use none of those that serve this machine.
ALONE := env -u DATABASE_URL -u REDIS_URL -u CELERY_BROKER_URL

.PHONY: setup demo test lint types unit sqlite postgresql bench evaluate messages clean

setup: $(DEVELOPMENT)

$(RUNTIME): requirements.txt requirements.lock requirements-argos.txt
	@$(PYTHON) -c 'import sys, ensurepip, venv; sys.exit("Polyfaq needs Python 3.11 or newer: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)' \
	|| { echo "$(PYTHON) cannot make a virtual environment for Polyfaq (Debian: apt-get install python3-venv)." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements.txt
	$(PIP) --no-deps -r requirements-argos.txt
	touch $@

$(DEVELOPMENT): $(RUNTIME) requirements-dev.txt requirements-llm.txt requirements-mcp.txt requirements-sentry.txt
	$(PIP) -r requirements-dev.txt
	touch $@

demo: $(RUNTIME)
	$(BIN)/python manage.py demo --port $(PORT)

test: lint types unit

lint: $(DEVELOPMENT)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(DEVELOPMENT)
	$(BIN)/mypy

unit: sqlite postgresql

# What some tests need of JavaScript's world (tests/client/package.json); they are skipped where there is no npm.
$(CLIENT)/node_modules/.package-lock.json: $(CLIENT)/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: a generated client, Bootstrap and React are not tested."; exit 0; }; \
	cd $(CLIENT) && npm ci --silent --no-audit --no-fund --ignore-scripts || echo "npm could not install $(CLIENT): what needs it is not tested."

sqlite: $(DEVELOPMENT) $(CLIENT)/node_modules/.package-lock.json
	$(ALONE) $(BIN)/python manage.py makemigrations --check --dry-run
	$(ALONE) $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

# All that touches the database, again on a private PostgreSQL; one line says so where that is not installed.
postgresql: $(DEVELOPMENT)
	$(ALONE) $(BIN)/python -m tests.services $(BIN)/python -m pytest tests/faq -n $(JOBS) --dist loadfile --no-loadscope-reorder

bench: $(DEVELOPMENT)
	$(BIN)/python -m benchmarks

evaluate: $(DEVELOPMENT)
	$(BIN)/python manage.py evaluate $(DIR)

messages: $(DEVELOPMENT)
	$(BIN)/python manage.py compile_catalogues

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis $(CLIENT)/node_modules
