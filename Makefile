# Two commands matter: `make demo` and `make test`. The others are for people who change the code.
# PYTHON picks the interpreter, VENV names the folder of the environment, and ARGS is passed to the program that runs.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
# `make lab` copies the notebooks into this folder; the files there are yours.
LAB ?= lab
ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
ROOT_HINT := You are root, which JupyterLab refuses without --allow-root; it gets that option here, but an account of your own is safer.
# `make lite` takes Pyodide's files from this folder; without it, its pages fetch them from Pyodide's own address.
PYODIDE ?=
# `make bench` runs in this environment, or with the Python named here, which may have torch and other peers.
BENCH_PYTHON ?=
SUITE ?= run

ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif

.PHONY: help demo test mutants bench lab lite site notebooks slides lint format release clean

help:
	@echo "make demo     set up $(VENV), find objects in a picture, write out/demo.png"
	@echo "make test     set up $(VENV), run the tests    (ARGS=--thorough for the long ones)"
	@echo "make mutants  plant faults in the kernels, one at a time, and report which tests notice"
	@echo "make bench    time our kernels; BENCH_PYTHON=path/to/python adds torch    (SUITE=full_size or published for whole models)"
	@echo "make lab      copy the notebooks into $(LAB)/, to work in, and open them in JupyterLab"
	@echo "make lite     build the course for a browser, build/lite    (PYODIDE=path/to/pyodide-0.27.7 carries Python along)"
	@echo "make site     build the documentation, build/site    (ARGS=\"--lite build/lite\" adds the course for a browser)"
	@echo "make notebooks  build and execute the notebooks    (ARGS=--check only compares, ARGS=07 builds one)"
	@echo "make slides   write the slides of the course as HTML and PDF into build/slides    (ARGS=lab_a builds one)"
	@echo "make lint     run ruff, mypy and codespell, as continuous integration does"
	@echo "make format   let ruff reformat and fix the code"
	@echo "make release  build the wheel and the source distribution into dist/ and check both: RELEASING.md"
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

# Students work on copies, in a folder that git ignores: what they save can never conflict with a `git pull`.
lab: $(VENV)/installed-notebooks
	@$(BIN)/minimaskrcnn notebooks copy $(LAB)
	@$(if $(ROOT),echo "$(ROOT_HINT)")
	$(BIN)/jupyter lab --notebook-dir $(LAB) $(ROOT) $(ARGS)

lite: $(VENV)/installed-lite
	$(BIN)/python docs/make_lite.py $(if $(PYODIDE),--pyodide $(PYODIDE)) $(ARGS)

site: $(VENV)/installed-docs
	$(BIN)/python docs/site/build.py $(ARGS)

notebooks: $(VENV)/installed-notebooks
	$(BIN)/python notebooks/build.py $(ARGS)

slides: $(VENV)/installed-slides
	$(BIN)/python docs/instructors/make_slides.py $(ARGS)

lint: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/codespell

format: $(VENV)/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

release:
	PYTHON=$(PYTHON) .ci/release

# A stamp file records which extras of pyproject.toml are installed; a newer pyproject.toml makes the stamp stale.
# Python compiles modules when it imports them, so pip does not compile them all: that would double the time.
INSTALL = $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable
TOUCH = $(PYTHON) -c "import pathlib; pathlib.Path('$@').touch()"

$(VENV)/installed-run: pyproject.toml
	@echo "Installing minimaskrcnn into $(VENV) ..."
	$(INSTALL) .
	@$(TOUCH)

$(VENV)/installed-notebooks: NOTE = , with JupyterLab, some 100 packages; this takes two to three minutes, once

$(VENV)/installed-%: pyproject.toml
	@echo "Installing minimaskrcnn[$*] into $(VENV)$(NOTE) ..."
	$(INSTALL) ".[$*]"
	@$(TOUCH)

clean:
	$(PYTHON) -c "import pathlib, shutil; [shutil.rmtree(p, ignore_errors=True) for name in \
	('$(VENV)', 'build', 'dist', '*.egg-info', '.pytest_cache', '.hypothesis', '.mypy_cache', '.ruff_cache') \
	for p in pathlib.Path('.').glob(name)]"
