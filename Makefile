# Two commands matter: `make demo` and `make test`. The others are for people who change the code.
# PYTHON picks the interpreter, VENV names the folder of the environment, and ARGS is passed to the program that runs.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
# `make bench` runs in this environment, or with the Python named here, which may have torch and other peers.
BENCH_PYTHON ?=
SUITE ?= run

ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif

.PHONY: help demo test mutants bench lab notebooks lint format clean

help:
	@echo "make demo     set up $(VENV), find objects in a picture, write out/demo.png"
	@echo "make test     set up $(VENV), run the tests    (ARGS=--thorough for the long ones)"
	@echo "make mutants  plant faults in the kernels, one at a time, and report which tests notice"
	@echo "make bench    time our kernels; BENCH_PYTHON=path/to/python adds torch    (SUITE=full_size for whole models)"
	@echo "make lab      open the notebooks in JupyterLab"
	@echo "make notebooks  build and execute the notebooks    (ARGS=--check only compares, ARGS=07 builds one)"
	@echo "make lint     run ruff and mypy, as continuous integration does"
	@echo "make format   let ruff reformat and fix the code"
	@echo "make clean    remove $(VENV), caches and build folders; out/ and runs/ stay"

demo: $(VENV)/installed-run
	$(BIN)/minimaskrcnn demo $(ARGS)

# One worker per core; --pdb in ARGS turns the workers off.
test: $(VENV)/installed-test
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(ARGS)

mutants: $(VENV)/installed-test
	$(BIN)/python tests/mutants/report.py $(ARGS)

bench: $(if $(BENCH_PYTHON),,$(VENV)/installed-run)
	$(or $(BENCH_PYTHON),$(BIN)/python) -m benchmarks.$(SUITE) $(ARGS)

lab: $(VENV)/installed-notebooks
	$(BIN)/jupyter lab --notebook-dir notebooks $(ARGS)

notebooks: $(VENV)/installed-notebooks
	$(BIN)/python notebooks/build.py $(ARGS)

lint: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# A stamp file records which extras of pyproject.toml are installed; a newer pyproject.toml makes the stamp stale.
# Python compiles modules when it imports them, so pip does not compile them all: that would double the time.
INSTALL = $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable
TOUCH = $(PYTHON) -c "import pathlib; pathlib.Path('$@').touch()"

$(VENV)/installed-run: pyproject.toml
	$(INSTALL) .
	@$(TOUCH)

$(VENV)/installed-%: pyproject.toml
	$(INSTALL) ".[$*]"
	@$(TOUCH)

clean:
	$(PYTHON) -c "import pathlib, shutil; [shutil.rmtree(p, ignore_errors=True) for name in \
	('$(VENV)', 'build', 'dist', '*.egg-info', '.pytest_cache', '.hypothesis', '.mypy_cache', '.ruff_cache') \
	for p in pathlib.Path('.').glob(name)]"
