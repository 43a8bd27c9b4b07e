# Two commands do everything on a fresh machine with Python 3.11, git, make and a package index:
#   make run    sets up, loads SIMULATED data, serves, prints the links
#   make test   sets up everything, PostgreSQL and a browser included, then runs all tests but the slow tiers
PYTHON ?= python3.11
VENV ?= .venv
PORT ?= 8000
DIR ?= demo
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet install

.PHONY: run test check walks attack fault bench lock messages system clean

run: $(VENV)/run
	$(BIN)/counterpoise demo --dir $(DIR) --port $(PORT)

test: system $(VENV)/dev
	$(MAKE) check
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 3 --dist worksteal

check: $(VENV)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

# Every form in every language, on every width, with and without scripts; `make test` walks a part of it.
walks: system $(VENV)/dev
	$(BIN)/python -m pytest -n 2 -m "" tests/e2e/test_walks.py

attack: system $(VENV)/dev
	$(BIN)/python -m tests.attack.link --codes 500 --seeds 20 --db sqlite,postgres
	$(BIN)/python -m tests.attack.units --orgs 200 --named 24 --seed 7
	$(BIN)/python -m tests.attack.disclosure --orgs 2000 --seed 7 --db sqlite,postgres
	$(BIN)/python -m tests.attack.scrambles --times 1000 --printed 100 --db sqlite,postgres

fault: system $(VENV)/dev
	$(BIN)/python -m tests.fault.connection --runs 100 --seed 1 --db sqlite,postgres

bench: system $(VENV)/dev
	for file in tests/bench/[a-z]*.py; do $(BIN)/python -m tests.bench.$$(basename $$file .py) || exit 1; done

system:
	@.ci/system-packages

lock:
	$(BIN)/python -m pip --quiet install uv
	for extra in run dev; do \
	  $(BIN)/uv pip compile pyproject.toml $$([ $$extra = dev ] && echo --extra dev) --universal \
	    --python-version 3.11 --generate-hashes --no-annotate --no-header -q -o requirements/$$extra.txt; done

# What the pages say, into the catalogues of the translators: new sentences come in empty, old ones go.
messages: $(VENV)/dev
	$(BIN)/pybabel -q extract -F pyproject.toml --project=Counterpoise --version=0.1.0 --add-location=file \
	  -o $(VENV)/counterpoise.pot .
	$(BIN)/pybabel -q update -D counterpoise -d app/locale -i $(VENV)/counterpoise.pot -w 100 \
	  --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date

clean:
	rm -rf $(VENV) *.egg-info .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/run: requirements/run.txt requirements/build.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements/run.txt
	$(PIP) --require-hashes -r requirements/build.txt
	$(PIP) --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/dev: requirements/dev.txt $(VENV)/run
	$(PIP) --require-hashes -r requirements/dev.txt
	touch $@
