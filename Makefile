# make setup      a virtual environment in .venv with everything needed here
# make demo       segment the sample study; the results are in demo-output
# make test       style, types and tests
# make test-heavy the tests that take minutes
# make hostile    more than 2,200 hostile inputs and killed runs (CASES='kind kind/case --verbose ...')
# make train-smoke the whole training chain, tiny: train, distil, evaluate, export, segment
# make gpu-kit    a folder of at most 60 MiB that trains on a lent machine with a GPU (DATA=folder, KIT=folder)
# make bench      speed and memory against other networks, on one case (CASE=folder)
# make bench-windows  what smaller windows than the whole brain cost (CASES=folders with seg.nii.gz)
# make bench-slicer  from the click in Slicer to the result, beside the command line (CASE=folder)
# make pictures   the module's panel and slice views, into pictures/ (CASE=folder)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
STAMP := $(VENV)/.installed
LIGHT_STAMP := $(VENV)/.installed-light
# First and by itself, so that nothing else chooses another build of it. The only place of this pin.
TORCH := torch==2.13.0
CHECKED := HUMoRSegment Training Testing setup.py
CASE ?=
DATA ?=
HOLD ?=
KIT ?= gpu-kit
CASES ?=
BENCH ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-core test-slicer test-heavy hostile train-smoke gpu-kit bench bench-windows bench-slicer pictures format clean

help:
	@sed -n 's/^# make/make/p' Makefile

setup: $(STAMP)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "HUMoR needs Python 3.10 or newer; choose one with PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

$(STAMP): pyproject.toml Makefile | $(BIN)/python
	$(PIP) install '$(TORCH)'
	$(PIP) install --editable '.[training,dev]'
	@touch $@ $(LIGHT_STAMP)

# What segmenting needs, and no more: no torch, nothing of the tests.
$(LIGHT_STAMP): pyproject.toml Makefile | $(BIN)/python
	$(PIP) install --editable .
	@touch $@

demo: $(LIGHT_STAMP)
	$(BIN)/humor segment HUMoRSegment/Resources/Sample --output demo-output
	@if [ -z "$$CI" ] && { [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; }; then \
		$(BIN)/python -m webbrowser "file://$(CURDIR)/demo-output/report.html"; \
	fi

test: setup
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/mypy
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target test-core test-slicer

# Side by side, in processes of their own: Slicer's libraries stay out of the engine's tests.
test-core:
	$(BIN)/python -m pytest -q --ignore=Testing/slicer

test-slicer:
	$(BIN)/python -m pytest -q Testing/slicer

test-heavy: setup
	$(BIN)/python -m pytest -q -m heavy

hostile: setup
	PYTHONPATH=Testing $(BIN)/python -m hostile $(CASES)

train-smoke: setup
	$(BIN)/humor-train smoke smoke-output

gpu-kit: setup
	$(BIN)/humor-train kit gpu_student '$(KIT)' --data '$(DATA)' $(if $(HOLD),--hold $(HOLD))

bench: setup
	PYTHONPATH=Testing $(BIN)/python -m benchmarks $(if $(CASE),--case '$(CASE)') $(BENCH)

bench-windows: setup
	PYTHONPATH=Testing $(BIN)/python -m benchmarks.window_cost $(CASES)

bench-slicer: setup
	PYTHONPATH=Testing $(BIN)/python -m benchmarks.slicer_click $(if $(CASE),--case '$(CASE)')

pictures: setup
	$(BIN)/python Testing/slicer_pictures.py pictures $(if $(CASE),--case '$(CASE)')

format: setup
	$(BIN)/ruff check --fix $(CHECKED)
	$(BIN)/ruff format $(CHECKED)

clean:
	rm -rf demo-output bench-output smoke-output pictures build dist .pytest_cache .ruff_cache .mypy_cache
