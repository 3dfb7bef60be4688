# SegWeb's commands; `make help` lists them. Only Python 3.11 or newer, git and make need to be there.

.DEFAULT_GOAL := run
.PHONY: help run worker test coverage lint bench gpu-check faults zips train-zoo zoo-pages install install-dev messages

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MESSAGES := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/*.po))
JOBS ?= 2
COUNT ?= 1000
FAST := -m "not slow and not browser"

# What follows ## on a target's line is what help says of it.
help: ## this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1|\2/p' Makefile | while IFS='|' read -r target line; do \
	  printf '  make %-12s %s\n' "$$target" "$$line"; done

run: install ## everything on this host (HOST, PORT, REDIS_URL, DATABASE_URL … from the environment)
	@exec $(BIN)/python manage.py up

worker: install ## only the workers, for a further host
	@exec $(BIN)/python manage.py up --workers

# Threads that wait actively would take the cores from the other test process. A file of slow or
# browser tests stays in one process: its stack is started once, and what it trains is never trained
# twice. The longest files come first, in the order of tests/conftest.py.
# Modules are compiled once for all the processes that tests start, whatever the shell says of it.
test coverage: export OMP_WAIT_POLICY = PASSIVE
test coverage: export PYTHONDONTWRITEBYTECODE =
test coverage: export PYTHONPYCACHEPREFIX = $(abspath $(VENV))/pycache
test: install-dev ## every test: the fast ones, those with real processes, those in Chromium (JOBS)
	$(BIN)/pytest -n $(JOBS) --durations=5 $(FAST)
	$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder --durations=5 -m slow
	$(BIN)/pytest -n $(JOBS) --dist loadfile --durations=5 -rs -m browser

coverage: install-dev ## lines and branches that the fast tests reach, worst files first
	$(BIN)/pytest -n $(JOBS) -q --cov $(FAST)

train-zoo: install ## trains what the zoo lacks (CAMVID=PATH); hours, can be stopped and goes on
	$(BIN)/python -m models_zoo train-zoo $(if $(CAMVID),--camvid $(CAMVID))

zoo-pages: install ## measures what is shipped, for the pages and docs/zoo.md (CAMVID=PATH)
	$(BIN)/python -m models_zoo describe
	$(BIN)/python -m models_zoo story --data scenes --split test
	$(if $(CAMVID),$(BIN)/python -m models_zoo story --data camvid:$(CAMVID) --split val)
	$(BIN)/python -m models_zoo cards

faults: export OMP_WAIT_POLICY = PASSIVE
faults: export FAULT_JOBS = $(COUNT)
# Closer together, two thirds of the hours went to starting what was killed.
faults: export FAULT_PAUSE = 12
faults: install-dev ## a thousand short runs under random faults; hours, COUNT=50 is a coffee break
	$(BIN)/pytest -s tests/real/test_faults.py

zips: export ZIP_CASES = 20000
zips: install-dev ## 20,000 broken zips through the reader of batches and imports; minutes
	$(BIN)/pytest -s tests/segweb/http/test_zips.py -k raise_nothing_else

bench: install-dev ## training, counting, tracking, waiting for masks, measured
	$(BIN)/python -m models_zoo bench
	$(BIN)/python -m tests.bench.tracking
	$(BIN)/python -m tests.bench.serving

gpu-check: install ## what the device does with the networks, into docs/gpu.md; some minutes
	$(BIN)/python -m models_zoo gpu-check

lint: install-dev ## what can be seen without running: style, form, types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

install: $(VENV)/installed ## only the environment, in .venv
install-dev: $(VENV)/installed-dev ## the environment with what testing adds
messages: install-dev $(MESSAGES) ## compiles the translations

# A stamp each: whatever is up to date costs nothing.

$(VENV)/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "SegWeb needs Python 3.11 or newer: install it, or name one by PYTHON=/path/to/python3."; \
	  exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "The environment cannot be made (see above). On Debian: apt-get install python3-venv"; \
	  exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

%.mo: %.po
	@$(BIN)/python -c 'import sys, polib; polib.pofile(sys.argv[1]).save_as_mofile(sys.argv[2])' $< $@
