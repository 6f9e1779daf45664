# Two commands from nothing: make repro, make test. Needs Python 3.11+, make, git and a C compiler.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
UV := 0.13.8
# torch's GPU libraries follow torch itself where its wheel asks for them; they are not pinned here
LOCK_FILTER := /^(nvidia-(cublas|cuda-|cudnn|cufft|cufile|curand|cusolver|cusparse|nccl-cu13|nvjitlink|nvshmem|nvtx)|triton|cuda-)/d; /^torch==[0-9.]+ ;/d; s/^(torch==[0-9.]+)(\+cpu)?.*/\1/

export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
export DVC_NO_ANALYTICS = 1
export BENTOML_DO_NOT_TRACK = True
export MLFLOW_DISABLE_TELEMETRY = true
# many short processes read the same modules: compile them once, whatever the environment says
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help setup repro test serve lab bench clean lock

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP)  ## create .venv from requirements.lock

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "mandi needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; name another one: make PYTHON=python3.12 repro")'
	@test -x $(BIN)/python || { echo "creating $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@$(BIN)/uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV)
	@echo "installing the locked set (about 4 GB)"
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --requirements requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@$(BIN)/python -m ipykernel install --sys-prefix --name mandi --display-name mandi >/dev/null
	@touch $@

repro: $(STAMP)  ## run the pipelines: tables, features, models, gate, registry, reports, package
	@$(BIN)/mandi repro

# several workers side by side: their threads would wait for one another
test: export OMP_NUM_THREADS = 1
test: $(STAMP)  ## ruff, types, pytest
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/pytest -m "not alone" --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
	@$(BIN)/pytest -m alone

serve: $(STAMP)  ## serve the champions on http://127.0.0.1:3000
	@$(BIN)/mandi serve

lab: $(STAMP)  ## open JupyterLab on the quickstart
	@$(BIN)/jupyter lab notebooks/00_quickstart.ipynb

bench: $(STAMP)  ## run every benchmark; make bench-price runs one
	@for b in $$(ls benchmarks/*.py | grep -v __init__); do name=$$(basename $$b .py); \
	  grep -q '__main__' $$b || continue; $(MAKE) --no-print-directory bench-$$name || exit 1; done

bench-%: $(STAMP)
	@$(BIN)/python -m benchmarks.$*

clean:  ## remove everything the pipelines made (keeps .venv and your files)
	@rm -rf data artifacts reports mlflow.db mlflow.db-wal mlflow.db-shm mlartifacts .bentoml .dvc/tmp .dvc/cache .mypy_cache .ruff_cache
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
	@echo "clean"

lock:  ## resolve requirements.lock again from pyproject.toml
	@$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	  --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet -o requirements.lock
	@sed -i -E '$(LOCK_FILTER)' requirements.lock
