# Two commands matter: `make demo` and `make test`. The rest is for people who change the code.
# PYTHON picks the interpreter, VENV the environment's folder, ARGS goes to the program that is run.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
# `make bench` runs in the environment here, or in the one whose Python is named, which may have torch and others.
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
	@echo "make mutants  plant a fault in the kernels, one after the other, and say which tests notice"
	@echo "make bench    time our kernels, against torch with BENCH_PYTHON=path/to/its/python  (SUITE=full_size: whole models)"
	@echo "make lab      open the notebooks in JupyterLab"
	@echo "make notebooks  build and execute them    (ARGS=--check to compare only, ARGS=07 for one)"
	@echo "make lint     ruff and mypy, as the continuous integration runs them"
	@echo "make format   let ruff rewrite what it can"
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

# A stamp file says which extras of pyproject.toml the environment holds; a newer pyproject.toml makes it stale.
# Python compiles what it imports: pip need not compile the rest, which would take as long as the installation.
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
