# make setup      a virtual environment in .venv with everything needed here
# make demo       segment the sample study; the results are in demo-output
# make test       style, types and tests
# make test-heavy the tests that take minutes
# make train-smoke the whole training chain, tiny: train, distil, evaluate, export, segment
# make bench      speed and memory against other networks, on one case (CASE=folder)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# First and by itself, so that nothing else chooses another build of it. The only place of this pin.
TORCH := torch==2.13.0
CHECKED := HUMoRSegment Training Testing
CASE ?=
BENCH ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-heavy train-smoke bench format clean

help:
	@sed -n 's/^# make/make/p' Makefile

setup: $(STAMP)

$(STAMP): pyproject.toml Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "HUMoR needs Python 3.10 or newer; choose one with PYTHON=...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check '$(TORCH)'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[training,dev]'
	@touch $@

demo: setup
	$(BIN)/humor segment HUMoRSegment/Resources/Sample --output demo-output
	@if [ -z "$$CI" ] && { [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; }; then \
		$(BIN)/python -m webbrowser "file://$(CURDIR)/demo-output/report.html"; \
	fi

test: setup
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/mypy
	$(BIN)/python -m pytest -q

test-heavy: setup
	$(BIN)/python -m pytest -q -m heavy

train-smoke: setup
	$(BIN)/humor-train smoke smoke-output

bench: setup
	PYTHONPATH=Testing $(BIN)/python -m benchmarks $(if $(CASE),--case '$(CASE)') $(BENCH)

format: setup
	$(BIN)/ruff check --fix $(CHECKED)
	$(BIN)/ruff format $(CHECKED)

clean:
	rm -rf demo-output bench-output smoke-output build dist .pytest_cache .ruff_cache .mypy_cache
