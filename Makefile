# Two commands do everything on a fresh machine with Python 3.11, git, make and a package index: `make run` and
# `make test`. `make help` lists the rest; what it prints stands behind ## in this file.
PYTHON ?= python3.11
VENV ?= .venv
PORT ?= 8000
DIR ?= demo
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet install

.PHONY: help run test unit check layout docs walks both attack fault mutants audit proxy debian fuzz kernels simulation bench engines formats wheel lock messages system clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | while IFS=$$(printf '\t') read -r name what; do \
	  printf 'make %-9s %s\n' "$$name" "$$what"; done

run: $(VENV)/run ## set up, load SIMULATED data, serve, print the links (first time: about a minute)
	$(BIN)/counterpoise demo --dir $(DIR) --port $(PORT)

test: system $(VENV)/dev ## everything that a change must pass: PostgreSQL and a browser included (about 25 minutes)
	$(MAKE) check
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 3 --dist worksteal
	$(BIN)/python -m tests.reference.kernels --second

unit: $(VENV)/dev ## the loop of the day: no database server, no browser (at most 2 minutes)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist worksteal tests/unit tests/docs -m "not postgres and not browser and not formats"

layout: $(VENV)/dev ## the structure of the packages: modules, chains of imports, circles
	$(BIN)/python -m tests.layout

check: $(VENV)/dev ## format, lint, import contracts, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

# Every form in every language, on every width, with and without scripts; `make test` walks a part of it.
walks: system $(VENV)/dev ## every form, language and width in a browser; pages of staff on two widths
	$(BIN)/python -m pytest -n 2 -m "" tests/e2e/test_walks.py tests/e2e/test_staff.py

both: system $(VENV)/dev ## on PostgreSQL what `make test` runs on SQLite alone
	$(BIN)/python -m pytest -n 3 --dist worksteal -m second tests

attack: system $(VENV)/dev ## the attacks on disclosure control, each with its mutants
	$(BIN)/python -m tests.attack.link --codes 500 --seeds 20 --db sqlite,postgres
	$(BIN)/python -m tests.attack.research --seed 1 --db sqlite,postgres
	$(BIN)/python -m tests.attack.lone_unit --units 300 --db sqlite,postgres
	$(BIN)/python -m tests.attack.joined_exports --waves 60 --seed 1 --db sqlite,postgres
	$(BIN)/python -m tests.attack.erased_sheet --erasures 120 --seed 1 --db sqlite,postgres
	$(BIN)/python -m tests.attack.leftovers --erased 30 --seed 1 --db sqlite,postgres
	$(BIN)/python -m tests.attack.deleted --people 30 --seed 1 --db sqlite,postgres
	$(BIN)/python -m tests.attack.damaged_files --times 40 --seed 1
	$(BIN)/python -m tests.attack.kept_code --drafts 200 --db sqlite,postgres
	$(BIN)/python -m tests.attack.ended --runs 40 --flood 50001 --db sqlite,postgres
	$(BIN)/python -m tests.attack.lockout --accounts 40 --db sqlite,postgres
	$(BIN)/python -m tests.attack.other_name --db sqlite,postgres
	$(BIN)/python -m tests.attack.units --orgs 200 --named 24 --seed 7
	$(BIN)/python -m tests.attack.given_out --orgs 20 --seed 7 --db sqlite,postgres
	$(BIN)/python -m tests.attack.disclosure --orgs 2000 --seed 7 --db sqlite,postgres
	$(BIN)/python -m tests.attack.scrambles --times 1000 --printed 100 --db sqlite,postgres

formats: system $(VENV)/dev ## exports and packs read by R, PSPP and LibreOffice, which it installs from Debian
	.ci/system-packages r-base-core r-cran-haven pspp libreoffice-calc-nogui libreoffice-writer-nogui
	$(BIN)/python -m pytest -m formats tests/formats tests/docs/test_api_page.py tests/contract/test_documents.py

# From nothing each time, since only pages that have changed would warn again.
docs: system $(VENV)/docs ## these documents as a site in build/site: no warning, no dead link, axe and the keyboard
	rm -rf build/site
	$(BIN)/python -m sphinx --quiet --fresh-env --fail-on-warning --keep-going -d build/doctrees docs build/site
	$(BIN)/python -m pytest -q -m site tests/site

wheel: $(VENV)/dev ## wheel and source distribution into dist/, installed in an empty environment and served
	.ci/system-packages libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-core
	$(BIN)/python -m tests.package --out dist

fault: system $(VENV)/dev ## servers killed, disks full, power cut, clocks wrong while people answer (hours)
	$(BIN)/python -m tests.fault.connection --runs 100 --seed 1 --db sqlite,postgres
	$(BIN)/python -m tests.fault.crowd --people 50 --seconds 60 --db sqlite,postgres
	$(BIN)/python -m tests.fault.kill9 --kills 200 --db sqlite,postgres
	$(BIN)/python -m tests.fault.powercut --cuts 100
	$(BIN)/python -m tests.fault.syncs --people 200
	$(BIN)/python -m tests.fault.diskfull --places 50
	$(BIN)/python -m tests.fault.pgrestart --restarts 20
	$(BIN)/python -m tests.fault.lostacks --people 500 --db sqlite,postgres
	$(BIN)/python -m tests.fault.twice --times 50 --at-once 50 --db sqlite,postgres
	$(BIN)/python -m tests.fault.looking --times 100
	$(BIN)/python -m tests.fault.clock --people 20 --db sqlite,postgres
	$(BIN)/python -m tests.fault.migrations --every 1 --db sqlite,postgres
	$(BIN)/python -m tests.fault.closing --every 1 --db sqlite,postgres
	$(BIN)/python -m tests.fault.guessing --guesses 1000 --starts 60 --db sqlite,postgres
	$(BIN)/python -m tests.fault.hostile --texts 200 --db sqlite,postgres
	$(BIN)/python -m tests.fault.soak --people 1000 --ramp 60 --minutes 10 --rate 50 --db sqlite,postgres
	$(BIN)/python -m tests.fault.processes --people 500 --db postgres
	$(BIN)/python -m tests.fault.rush --people 5000 --minutes 5
	$(BIN)/python -m tests.fault.restoring --rounds 20 --db sqlite,postgres

mutants: $(VENV)/dev ## changes of the code that privacy rests on, each of which a test must notice (hours)
	$(BIN)/python -m tests.fault.mutants

audit: $(VENV)/dev ## a list of what the service is made of (SBOM) into dist/, and known faults of it
	$(BIN)/python -m tests.audit --out dist

proxy: system $(VENV)/dev ## the service behind nginx and Caddy, and through PgBouncer; it installs them from Debian
	.ci/system-packages nginx-light caddy pgbouncer
	$(BIN)/python -m pytest -m proxy tests/proxy

debian: $(VENV)/dev ## docs/debian.md typed in a fresh Debian, with nginx, PostgreSQL and https; as root, with debootstrap
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.debian

fuzz: $(VENV)/dev ## 5,000 messy files of answers, and 5,000 calls of the interface for programs
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.fuzz.messy --files 5000
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.fuzz.interface --cases 5000

kernels: $(VENV)/dev ## the same figures and reports under every kernel that the processor has
	$(BIN)/python -m tests.reference.kernels

simulation: $(VENV)/dev ## coverage and false alarms of intervals and tests on simulated answers (hours)
	for file in tests/simulation/[a-z]*.py; do \
	  OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.simulation.$$(basename $$file .py) || exit 1; done

bench: system $(VENV)/dev ## speed beside the peers, as ratios of one run
	for file in tests/bench/[a-z]*.py; do $(BIN)/python -m tests.bench.$$(basename $$file .py) || exit 1; done

engines: $(VENV)-engines/ready ## the same counts on a real Dask and a real Spark; it installs Java from Debian
	.ci/system-packages default-jre-headless
	OPENBLAS_NUM_THREADS=1 $(VENV)-engines/bin/python -m pytest -m engines tests/engines

system: ## the packages of Debian that the tests need, and Pango for PDFs
	@.ci/system-packages

lock: ## write the locked requirements anew
	$(BIN)/python -m pip --quiet install uv
	for extra in run dev docs; do \
	  $(BIN)/uv pip compile pyproject.toml $$([ $$extra = run ] || echo --extra $$extra) --universal \
	    --python-version 3.11 --generate-hashes --no-annotate --no-header -q -o requirements/$$extra.txt; done
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra spark --constraint requirements/dev.txt --universal \
	  --python-version 3.11 --generate-hashes --no-annotate --no-header -q -o requirements/engines.txt

# What the pages say, into the catalogues of the translators: new sentences come in empty, old ones go.
messages: $(VENV)/dev ## sentences of the pages into the catalogues of the translators
	$(BIN)/pybabel -q extract -F pyproject.toml --project=Counterpoise --version=0.2.0 --add-location=file \
	  -o $(VENV)/counterpoise.pot .
	$(BIN)/pybabel -q update -D counterpoise -d app/locale -i $(VENV)/counterpoise.pot -w 100 \
	  --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date

clean: ## remove what was installed and cached here
	rm -rf $(VENV) $(VENV)-engines *.egg-info .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/run: requirements/run.txt requirements/build.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements/run.txt
	$(PIP) --require-hashes -r requirements/build.txt
	$(PIP) --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/dev: requirements/dev.txt $(VENV)/run
	$(PIP) --require-hashes -r requirements/dev.txt
	touch $@

$(VENV)/docs: requirements/docs.txt $(VENV)/dev
	$(PIP) --require-hashes -r requirements/docs.txt
	touch $@

# Apart from the others: pyspark is half a gigabyte, and comes as a source distribution alone.
$(VENV)-engines/ready: requirements/engines.txt requirements/build.txt pyproject.toml
	test -x $(VENV)-engines/bin/python || $(PYTHON) -m venv $(VENV)-engines
	$(VENV)-engines/bin/python -m pip --quiet install --require-hashes -r requirements/build.txt
	$(VENV)-engines/bin/python -m pip --quiet install --no-build-isolation --require-hashes -r requirements/engines.txt
	$(VENV)-engines/bin/python -m pip --quiet install --no-deps --no-build-isolation -e .
	touch $@
