# make demo, make test, make study: each sets up what it needs.

PYTHON ?= python3
VENV := .venv
SNAKEMAKE := $(VENV)/bin/snakemake
# A run of snakemake waits as often as it computes: two workers keep two cores busy.
WORKERS := -n 2 --dist worksteal
PYTEST := $(VENV)/bin/python -m pytest $(WORKERS)

.PHONY: help demo study test test-slurm check coverage lint bench crash-test docs lock clean
.DEFAULT_GOAL := help

help:  ## list these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: $(VENV)/installed  ## all six networks on a small budget: results/demo/report.html
	$(SNAKEMAKE) --cores all --configfile studies/demo.yaml

study: $(VENV)/installed  ## the study of config.yaml: results/report.html
	$(SNAKEMAKE) --cores 4 --resources gpu=1

test: lint  ## formatters, linters and the whole test suite
	$(PYTEST) --durations=10

test-slurm: $(VENV)/slurm  ## a study on a SLURM cluster on this machine, and what fails on one
	$(VENV)/bin/python -m pytest tests/slurm -rs

check: $(VENV)/installed  ## formatters, linters and the quick unit tests
	$(FORMAT)
	$(PYTEST) tests/unit -m "not slow"

coverage: $(VENV)/installed  ## what the whole test suite runs of the library, branches too
	$(VENV)/bin/coverage erase
	$(VENV)/bin/coverage run -m pytest $(WORKERS)
	$(VENV)/bin/coverage combine -q
	$(VENV)/bin/coverage report --skip-covered

lint: $(VENV)/installed
	$(FORMAT)
	$(SNAKEMAKE) --lint

define FORMAT
$(VENV)/bin/ruff check .
$(VENV)/bin/ruff format --check .
$(VENV)/bin/snakefmt --check Snakefile workflow
endef

bench: $(VENV)/benchmark  ## training loops side by side: results/benchmark/benchmark.md
	$(VENV)/bin/python benchmarks/run.py --output results/benchmark $(BENCH)

crash-test: $(VENV)/installed  ## kill a small study 30 times and compare what comes out
	$(VENV)/bin/python benchmarks/crash.py

docs: $(VENV)/installed  ## write docs/configuration.md, docs/blocks.md and its pictures from the code
	PYTHONPATH=workflow $(VENV)/bin/python docs/generate.py

# uv resolves for all platforms at once; pip installs what it found.
lock:  ## pin requirements.in anew (needs uv)
	uv pip compile --universal --python-version 3.11 --no-emit-index-url --no-annotate \
		--no-header -q --upgrade requirements.in -o requirements.lock

clean:  ## remove the virtual environment
	rm -rf $(VENV)

$(VENV)/installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Blocklab needs Python 3.11 or newer; name one: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; \
		exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@touch $@

$(VENV)/benchmark: benchmarks/requirements.txt $(VENV)/installed
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(VENV)/slurm: profiles/slurm/requirements.txt $(VENV)/installed
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@
