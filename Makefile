# cleanplate: `make repro` and `make test` are all a fresh machine needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := UV_FIND_LINKS="$$PIP_FIND_LINKS" $(BIN)/uv
UV_PIN := uv==0.13.8
STAMP  := $(VENV)/.cleanplate-installed

# One thread per process is the safe default on shared CPUs; freed tensor memory is kept, not returned at every step.
export OMP_NUM_THREADS ?= 1
export MALLOC_MMAP_THRESHOLD_ ?= 1073741824
export MALLOC_TRIM_THRESHOLD_ ?= 4294967296
export MALLOC_TOP_PAD_ ?= 268435456
export NO_ALBUMENTATIONS_UPDATE ?= 1
# Compiled Python is kept: without it every process compiles PyTorch and Lightning again, which takes three times as long.
export PYTHONDONTWRITEBYTECODE :=
# Stages are run as `python -m …`: the environment's python must be the one that is found.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help setup repro test test-all lint types contracts format bench pictures lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP)  ## make .venv and install the pinned dependencies

$(STAMP): pyproject.toml constraints.txt overrides.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(UV_PIN)
	$(UV) pip install --python $(BIN)/python --constraint constraints.txt --override overrides.txt --editable '.[all,dev]'
	$(BIN)/cleanplate doctor
	touch $@

repro: setup  ## render the default scenes, train, predict, score, report
	$(BIN)/dvc repro

test: setup  ## everything but the slow tests
	$(BIN)/pytest -n auto --dist worksteal -m 'not slow'

test-all: setup  ## every test
	$(BIN)/pytest -n auto --dist worksteal

lint: setup  ## style, types and the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup  ## rewrite the code in the house's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup  ## speed and quality on this machine; set CLEANPLATE_DATA for the real sequences
	$(BIN)/python -m benchmarks

pictures: setup  ## draw the README's pictures of the camera programs (needs Xvfb)
	PYTHONPATH=tests $(BIN)/python -m docs.pictures

lock: setup  ## renew constraints.txt: names and versions only; torch brings its own CUDA packages
	echo 'torch==2.13.0' > constraints.torch
	$(UV) pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --override overrides.txt \
	  --constraint constraints.torch --all-extras --upgrade pyproject.toml --output-file constraints.full
	grep -vE '^(nvidia-|cuda-|triton|opencv-python-headless|torch==)' constraints.full | sort - constraints.torch \
	  > constraints.txt
	rm constraints.full constraints.torch

clean:  ## remove what can be made again, the environment excepted
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dvc_plots
