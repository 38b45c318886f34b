# `make help` lists the targets. Everything lives in .venv and in BELAY_DATA_DIR (default ./var).
PORT ?= 8000
PYTHON ?= python3
PIP = .venv/bin/python -m pip --quiet --disable-pip-version-check install

export PORT

.PHONY: help run test doors skins browsers upgrades lint bench killloop twohosts
.DEFAULT_GOAL := help

help:
	@echo "make run    start Belay on port 8000, with a demo (make run PORT=8010 for another port)"
	@echo "make test   run the tests on SQLite and on an embedded PostgreSQL"
	@echo "            (DATABASE_URL=postgres://... make test: on that server instead)"
	@echo "make doors  go through every address as everybody, and look for what they may not see"
	@echo "make skins  run the tests of pages and API on PostgreSQL too; make test runs them on SQLite"
	@echo "make browsers  run the tests of every page in a real Chromium"
	@echo "make upgrades  bring the database of the first release to the present one, on both"
	@echo "make bench  figures of speed, each beside its comparison (make bench ARGS=--json=FILE)"
	@echo "make killloop SECONDS=300  kill every process for so long, on both databases, and count losses"
	@echo "make twohosts  two hosts in network namespaces on one PostgreSQL, one cut off (root)"
	@echo "make lint   style, types, import directions, missing migrations, settings of production"

run: .venv/requirements.stamp
	@.venv/bin/python manage.py prepare
	@BELAY_STOP_WITH=$$PPID exec .venv/bin/python manage.py serve

test: .venv/requirements-dev.stamp
	@.venv/bin/python tests/run_suites.py sqlite postgresql $(ARGS)

doors: .venv/requirements-dev.stamp
	@.venv/bin/python tests/run_suites.py sqlite-doors $(ARGS)

skins: .venv/requirements-dev.stamp
	@.venv/bin/python tests/run_suites.py postgresql-skins $(ARGS)

browsers: .venv/requirements-dev.stamp
	@.venv/bin/python tests/run_suites.py browser $(ARGS)

upgrades: .venv/requirements-dev.stamp
	@.venv/bin/python tests/run_suites.py sqlite-upgrade postgresql-upgrade $(ARGS)

bench: .venv/requirements-dev.stamp
	@.venv/bin/python tests/bench/run.py $(ARGS)

twohosts: .venv/requirements-dev.stamp
	@.venv/bin/python tests/killing/hosts.py --seconds $(or $(SECONDS),40)

killloop: .venv/requirements-dev.stamp
	@.venv/bin/python tests/killing/run.py --seconds $(or $(SECONDS),300)

lint: .venv/requirements-dev.stamp
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/python manage.py makemigrations --check --dry-run
	@.venv/bin/mypy
	@.venv/bin/python -m pip --disable-pip-version-check check
	@data=$$(mktemp -d) && trap 'rm -rf "$$data"' EXIT && \
	  BELAY_ENV=production BELAY_DATA_DIR="$$data" ALLOWED_HOSTS=belay.example \
	  SECRET_KEY=$$(.venv/bin/python -c 'import secrets; print(secrets.token_urlsafe(60))') \
	  .venv/bin/python manage.py check --deploy --fail-level WARNING

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Belay needs Python 3.11 or newer. Name one: make run PYTHON=python3.12" >&2; exit 1; }
	@echo "making .venv"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
	  echo "Python cannot make a virtual environment. On Debian: apt install python3-venv" >&2; exit 1; }

.venv/requirements.stamp: requirements.txt | .venv/bin/python
	@echo "installing requirements"
	@$(PIP) -r requirements.txt
	@touch $@

.venv/requirements-dev.stamp: requirements.txt requirements-dev.txt | .venv/bin/python
	@echo "installing requirements for tests"
	@$(PIP) -r requirements-dev.txt
	@touch .venv/requirements.stamp $@
