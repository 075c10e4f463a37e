# make demo, make test, make study: each sets up what it needs.

PYTHON ?= python3
VENV := .venv
SNAKEMAKE := $(VENV)/bin/snakemake

.PHONY: help demo study test lint bench crash-test docs lock clean
.DEFAULT_GOAL := help

help:  ## list these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: $(VENV)/installed  ## all six networks on a small budget: results/demo/summary.md
	$(SNAKEMAKE) --cores all --configfile studies/demo.yaml
	@echo "Read the summary: results/demo/summary.md"

study: $(VENV)/installed  ## the study of config.yaml: results/summary.md
	$(SNAKEMAKE) --cores 4 --resources gpu=1
	@echo "Read the summary: results/summary.md"

test: lint  ## formatters, linters and the whole test suite
	$(VENV)/bin/python -m pytest --durations=10

lint: $(VENV)/installed
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/snakefmt --check Snakefile workflow
	$(SNAKEMAKE) --lint

bench: $(VENV)/benchmark  ## training loops side by side: results/benchmark/benchmark.md
	$(VENV)/bin/python benchmarks/run.py --output results/benchmark $(BENCH)

crash-test: $(VENV)/installed  ## kill a small study 30 times and compare what comes out
	$(VENV)/bin/python benchmarks/crash.py

docs: $(VENV)/installed  ## write docs/configuration.md and docs/blocks.md from the code
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
