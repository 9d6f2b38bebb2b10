# Every target runs `setup` first when it must. Nothing is installed outside this folder.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PORT ?= 8000
JOBS ?= 2

.PHONY: setup demo test lint types unit bench evaluate messages clean

setup: $(STAMP)

$(STAMP): requirements.txt requirements.lock requirements-argos.txt requirements-dev.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-argos.txt -c requirements.lock
	$(BIN)/python -m compileall -q retrieval translation faq portal
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/python manage.py demo --port $(PORT)

test: lint types unit

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(STAMP)
	$(BIN)/mypy

unit: $(STAMP)
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

bench: $(STAMP)
	$(BIN)/python -m benchmarks

evaluate: $(STAMP)
	$(BIN)/python manage.py evaluate $(DIR)

messages: $(STAMP)
	$(BIN)/python manage.py compile_catalogues

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache
