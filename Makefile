# What people run, and what CI runs: the same commands. `make` alone lists them.

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
WORKERS ?= 2
# What ENGINE may be, and the settings that choose it.
ENGINE_sqlite := TEST_ENGINE=sqlite
ENGINE_mongodb := TEST_ENGINE=mongodb
ENGINE_mongodb-server := TEST_ENGINE=mongodb TEST_MONGODB=server
ENGINE_postgresql := TEST_ENGINE=postgresql
ifdef ENGINE
$(if $(ENGINE_$(ENGINE)),,$(error ENGINE is sqlite, mongodb, mongodb-server or postgresql))
endif
CHAOS_STEPS ?= 20000
# The first three need more than Python: a browser, node, or an environment of their own. The others take minutes.
LOST_ANSWERS := tests/subscriptions/lost_answers
# These start whole processes, or try every parameter of Stripe's.
PROCESSES := tests/config/demo tests/config/test_crontab.py tests/config/test_own_user_model.py tests/docs \
	tests/sandbox/every_operation/test_parameters.py
APART := --ignore tests/e2e --ignore tests/benchmarks --ignore tests/programs --ignore $(LOST_ANSWERS) \
	$(addprefix --ignore ,$(PROCESSES))
PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS) $(APART)
# The sandbox has no database: its tests run with SQLite's alone.
ON_ENGINE := $(PYTEST) --ignore tests/sandbox
# What writes the rows that Stripe decides about; `make test-mongodb` runs all.
WRITES := tests/billing/mirror $(addprefix tests/subscriptions/,mirror customers webhooks)
NODE_PROGRAMS := tests/programs/stripe_node/node_modules tests/programs/better_auth/node_modules
TYPED := manage.py config billing subscriptions sandbox benchmarks
AS_DEPLOYED := DEBUG=False SITE_URL=https://shop.example.com STRIPE_KEY=sk_live_none STRIPE_WEBHOOK_SECRET=whsec_none \
	EMAIL_URL=smtp+tls://mail.example.com:587
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade

# Else each of the many processes that the tests start would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo run test test-sqlite test-mongodb test-mongodb-server test-postgres test-e2e test-benchmarks
.PHONY: test-lost-answers test-processes test-programs test-djstripe node-programs chaos chaos-mutations bench bench-djstripe fix lint types check lock clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- Running -----------------------------------------------------------------

install: .venv/development .env ## Set up .venv with everything in it, and .env with a fresh SECRET_KEY

demo: .venv/runtime .venv/sandbox ## Run the whole product without a Stripe account (PORT and SANDBOX_PORT move it)
	@exec $(BIN)/python manage.py demo

run: .venv/runtime .env ## Run the site and the sync with your own .env (PORT moves it)
	@exec $(BIN)/python manage.py serve

# --- Testing -----------------------------------------------------------------

ifdef T
test: install
	$(ENGINE_$(or $(ENGINE),sqlite)) $(BIN)/python -m pytest --numprocesses $(if $(findstring ::,$T),0,$(WORKERS)) '$T'
else ifdef ENGINE
test: test-$(ENGINE:postgresql=postgres)
else
test: install ## Run the suite on SQLite and a part of it on mongomock, or T=path::name on one ENGINE
	$(ENGINE_sqlite) $(PYTEST)
	$(ENGINE_mongodb) $(PYTEST) -m "database and not needs_server" $(WRITES)
endif

test-sqlite: install ## Run the suite on SQLite
	$(ENGINE_sqlite) $(PYTEST)

ifdef TEST_MONGODB_URL
test-mongodb: install ## Run the suite on mongomock and SecantusDB, or on the server that TEST_MONGODB_URL names
	$(ENGINE_mongodb) $(ON_ENGINE)
else
test-mongodb: install
	$(ENGINE_mongodb) $(ON_ENGINE) -m "not needs_server"
	$(ENGINE_mongodb-server) $(ON_ENGINE) -m needs_server
endif

test-mongodb-server: install
	$(ENGINE_mongodb-server) $(ON_ENGINE)

test-postgres: install ## Run the suite on PostgreSQL: this machine's, or the server that TEST_POSTGRES_URL names
	$(ENGINE_postgresql) $(ON_ENGINE)

test-lost-answers: install ## Lose the answer of each call to Stripe, at every page, form and endpoint
	$(ENGINE_sqlite) $(BIN)/python -m pytest --numprocesses $(WORKERS) $(LOST_ANSWERS)

test-processes: install ## Run the tests that start the demo, cron's lines and commands as people do
	$(ENGINE_sqlite) $(BIN)/python -m pytest --numprocesses $(WORKERS) $(PROCESSES)

test-benchmarks: install ## Run the tests of the benchmarks
	$(ENGINE_sqlite) $(BIN)/python -m pytest --numprocesses $(WORKERS) tests/benchmarks

test-e2e: install ## Run the tests in a real browser (needs chromium)
	$(BIN)/python -m pytest tests/e2e

test-djstripe: install .venv-djstripe/ready ## Run dj-stripe's sync against the sandbox
	$(BIN)/python -m pytest tests/programs/test_djstripe.py

node-programs: $(NODE_PROGRAMS)

test-programs: install .venv-djstripe/ready node-programs ## Run other people's programs against the sandbox (needs node 20 and npm)
	$(BIN)/python -m pytest tests/programs

# --- Measuring ---------------------------------------------------------------

bench: install ## Measure sync, webhooks and pages (a quick look: BENCH="--sizes 100 1000 --changes 1 100")
	$(BIN)/python -m benchmarks $(BENCH)

bench-djstripe: install .venv-djstripe/ready ## The same, with dj-stripe 2.11 beside it, in an environment of its own
	$(BIN)/python -m benchmarks --djstripe .venv-djstripe/bin/python $(BENCH)

chaos: install ## Run CHAOS_STEPS steps of the chaos run (20000) and 10000 malformed webhooks (CHAOS="--chaos-seed N" repeats a run)
	$(BIN)/python -m pytest tests/chaos --chaos-steps $(CHAOS_STEPS) --fuzz-cases 10000 $(CHAOS)

chaos-mutations: install ## Show that the chaos run fails without each safeguard
	$(BIN)/python -m pytest tests/chaos/test_mutations.py --chaos-mutations

# --- Checking ----------------------------------------------------------------

fix: install ## Mend style and format, of fresh migrations too; what is left for you is listed
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	$(BIN)/ruff check .

lint: install ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# mypy's cache remembers that a file needs a model's module, and reports in that file, which nobody touched, that the
# module is gone. So the cache is made anew when a module that it knows is gone: after a move, or on another branch.
types: install ## Check types, and which module may import which
	@for module in $$(cat .mypy_cache/modules 2>/dev/null); do \
		test -e $$module || { echo "$$module is gone: mypy begins anew"; rm -rf .mypy_cache; break; }; \
	done
	@mkdir -p .mypy_cache && find $(TYPED) -name '*.py' > .mypy_cache/modules
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint types ## Check style, types, imports, migrations and settings
	$(AS_DEPLOYED) $(BIN)/python manage.py makemigrations --check --dry-run
	$(AS_DEPLOYED) $(BIN)/python manage.py check --deploy --fail-level WARNING

# --- Setting up --------------------------------------------------------------

lock: .venv/development ## Take the newest allowed versions into the three requirements files
	$(PIP) install uv
	$(LOCK) requirements.in --output-file requirements.txt
	$(LOCK) requirements-sandbox.in --output-file requirements-sandbox.txt
	$(LOCK) requirements-dev.in --output-file requirements-dev.txt

clean: ## Remove what tools made; .env and databases stay
	rm -rf .venv .venv-djstripe $(NODE_PROGRAMS) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache staticfiles
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The newest Python that can make a virtual environment. A shim that only pretends to be one fails here.
$(BIN)/python:
	@for python in python3.13 python3.12 python3.11 python3 python; do \
		if $$python -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then \
			echo "Setting up .venv with $$($$python --version)"; \
			exec $$python -m venv .venv; \
		fi; \
	done; \
	echo "This needs Python 3.11, 3.12 or 3.13 with its venv module (on Debian: apt install python3 python3-venv)."; \
	exit 1

# Empty files that say which requirements .venv holds, so that a second run installs nothing.
.venv/runtime: requirements.txt | $(BIN)/python
	@$(PIP) install --require-hashes --requirement requirements.txt
	@touch $@

.venv/sandbox: requirements-sandbox.txt | $(BIN)/python
	@$(PIP) install --require-hashes --requirement requirements-sandbox.txt
	@touch $@

.venv/development: requirements.txt requirements-sandbox.txt requirements-dev.txt | $(BIN)/python
	@$(PIP) install --require-hashes --requirement requirements-dev.txt
	@touch .venv/runtime .venv/sandbox $@

.venv-djstripe/ready: benchmarks/djstripe/requirements.txt | $(BIN)/python
	@$(BIN)/python -m venv .venv-djstripe
	@.venv-djstripe/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --requirement $<
	@touch $@

# Without a lock file, because it would name the registry of whoever made it. package.json has exact versions.
tests/programs/%/node_modules: tests/programs/%/package.json
	@cd $(@D) && npm install --no-package-lock --no-audit --no-fund --loglevel=error
	@touch $@

.env: | $(BIN)/python
	@umask 077 && $(BIN)/python -c 'import secrets, sys; \
		sys.stdout.write(sys.stdin.read().replace("\nSECRET_KEY=", "\nSECRET_KEY=" + secrets.token_urlsafe(50)))' \
		< .env.example > .env.part && mv .env.part .env
	@echo "Wrote .env with a fresh SECRET_KEY; put your Stripe keys there."
