# SegWeb's commands. Only Python 3.11 or newer, git and make need to be there.
#   make run       everything on this host (HOST, PORT, REDIS_URL, DATABASE_URL … from the environment)
#   make test      every test     make lint      what can be seen without running
#   make faults    a thousand short runs under random faults (COUNT)
#   make worker    only the workers, for a further host     make bench   training, counting, tracking, measured
#   make train-zoo CAMVID=PATH   trains what the zoo lacks; hours, can be stopped and goes on
#   make zoo-pages CAMVID=PATH   measures what is shipped, for the pages and the model cards
#   make gpu-check what the device does with the networks, into docs/gpu.md; some minutes
#   make install   only the environment, in .venv     make messages   compile the translations

.DEFAULT_GOAL := run
.PHONY: run test faults bench gpu-check train-zoo zoo-pages lint worker install install-dev messages

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MESSAGES := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/*.po))
JOBS ?= 2
COUNT ?= 1000

run: install
	@exec $(BIN)/python manage.py up

worker: install
	@exec $(BIN)/python manage.py up --workers

# Threads that wait actively would take the cores from the other test process. A browser test's file
# stays in one process: its stack is started once, and what it trains is never trained twice.
test: export OMP_WAIT_POLICY = PASSIVE
test: install-dev
	$(BIN)/pytest -n $(JOBS) --durations=5 -m "not slow and not browser"
	$(BIN)/pytest -n $(JOBS) --durations=5 -m slow
	$(BIN)/pytest -n $(JOBS) --dist loadfile --durations=5 -rs -m browser

train-zoo: install
	$(BIN)/python -m models_zoo train-zoo $(if $(CAMVID),--camvid $(CAMVID))

# After a training was shipped: what the pages and docs/zoo.md say of it.
zoo-pages: install
	$(BIN)/python -m models_zoo describe
	$(BIN)/python -m models_zoo story --data scenes --split test
	$(if $(CAMVID),$(BIN)/python -m models_zoo story --data camvid:$(CAMVID) --split val)
	$(BIN)/python -m models_zoo cards

# A thousand short runs under random faults; hours. COUNT=50 is a coffee break.
faults: export OMP_WAIT_POLICY = PASSIVE
faults: export FAULT_JOBS = $(COUNT)
faults: install-dev
	$(BIN)/pytest -s tests/real/test_faults.py

bench: install-dev
	$(BIN)/python -m models_zoo bench
	$(BIN)/python -m tests.bench.tracking

gpu-check: install
	$(BIN)/python -m models_zoo gpu-check

lint: install-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check

install: $(VENV)/installed
install-dev: $(VENV)/installed-dev
messages: install-dev $(MESSAGES)

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
