# `make demo` and `make test` do all their set-up; both need only Python 3.11 or newer with venv (and `make test` Node 20).
PYTHON ?= python3
VENV := .venv
NEXT := .venv-next-numba
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test test-slow coverage test-next-numba sweeps lint docs doctest gpu bench web clean

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

demo: $(STAMP)
	$(BIN)/helios build
	$(BIN)/helios train-landmarks --neighbors 2
	$(BIN)/helios pack --site site
	@echo
	@echo "A sky of real stars is ready. To fly through it:"
	@echo "    $(BIN)/helios serve site"

PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test: $(STAMP) lint docs client_export/node_modules/.installed
	$(PYTEST) -m "not slow"

# What takes minutes: most of what is seen in a browser, commands that are killed, compiling for GPUs, damage by the thousand, real
# clusters that lose workers, the commands of README and docs.
test-slow: $(STAMP)
	$(PYTEST) -m slow

# Commands killed at every file operation, damage and hostile inputs by the hundred: half an hour.
sweeps: $(STAMP)
	$(BIN)/python -m tests.sweeps.hostile
	$(BIN)/python -m tests.sweeps.damage
	$(BIN)/python -m tests.sweeps.crashes

# Vectors and renderer with the newest numba there is, releases to come included, over the packages of $(VENV).
test-next-numba: $(STAMP)
	$(BIN)/python -m venv $(NEXT)
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" > $$(echo $(NEXT)/lib/python*/site-packages)/base.pth
	$(NEXT)/bin/pip install --quiet --upgrade --pre numba
	$(NEXT)/bin/python -c "import numba; print('testing numba', numba.__version__)"
	NUMBA_CACHE_DIR=$(NEXT)/cache $(NEXT)/bin/python -m pytest -q tests/unit/test_simd.py tests/unit/rendering

# Which lines no test reaches; kernels, which are machine code when they run, do not count.
coverage: $(STAMP) client_export/node_modules/.installed
	$(PYTEST) -m "not slow" --cov=helios --cov-report=term-missing:skip-covered

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(STAMP)
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html

doctest: $(STAMP)
	$(BIN)/python -m pytest tests/docs

gpu: $(STAMP)
	$(BIN)/python -m tests.bench.gpu

client_export/node_modules/.installed: client_export/package-lock.json
	cd client_export && npm ci --no-audit --no-fund
	touch $@

web: client_export/node_modules/.installed
	cd client_export && npm run build

clean:
	rm -rf $(VENV) $(NEXT) client_export/node_modules docs/_build docs/_generated universe universe_trained site
	find helios -name '*.nb[ic]' -delete
