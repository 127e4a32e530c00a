# The one interface; CI calls the same targets. Everything runs in .venv, made on the first call.
PYTHON ?= python3
BIN := .venv/bin
SETUP := .venv/installed
DEMO := outputs/demo
# Test files that run side by side.
JOBS ?= 2

.PHONY: setup demo test test-slow test-browser bench docs lint format build clean

setup: $(SETUP)

# Installed again only when the requirements change.
$(SETUP): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $(SETUP)

demo: $(SETUP)
	$(BIN)/python -m deepfake_audio.extract corpus=toy out=data/toy
	$(BIN)/python -m deepfake_audio.split clips=data/toy/clips.csv out=data/toy/split.csv
	$(BIN)/python -m deepfake_audio.train corpus=toy split=file split.file=data/toy/split.csv hydra.run.dir=$(DEMO) overwrite=true
	$(BIN)/python scripts/tune_threshold.py $(DEMO) --report

# The browser has a process of its own: its driver keeps an event loop running, which other tests must not meet. A
# process that crashes ends the run: with another in its place the rest could wait for ever (pytest-xdist issue 1378).
test: $(SETUP)
	$(BIN)/python -m pytest -n $(JOBS) --max-worker-restart 0 --dist loadfile --no-loadscope-reorder -m "not slow" --ignore tests/browser
	$(BIN)/python -m pytest -m "not slow" tests/browser

# What takes minutes: figures on real material, many simulations.
test-slow: $(SETUP)
	$(BIN)/python -m pytest -m slow

# The pages in a real browser, which this fetches, and what runs an exported detector in it; `make test` uses a Chromium
# that is installed, or skips them.
test-browser: $(SETUP)
	$(BIN)/python -m playwright install --with-deps chromium
	npm install --prefix build/web --no-save --ignore-scripts --no-audit --no-fund onnxruntime-web@1.30.0
	$(BIN)/python -m pytest tests/browser

# One table of what everything costs beside other ways of doing it, bench.json and pictures in outputs/bench. Some ten
# minutes on two cores with nothing else to do; `.venv/bin/python scripts/bench.py --docs` puts it into docs/speed.md.
bench: $(SETUP)
	$(BIN)/python scripts/bench.py

# The pages of docs/ as a site: open site/index.html. A link that leads nowhere ends it.
docs: $(SETUP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --config-file docs/.site/mkdocs.yml
	@echo site/index.html

lint: $(SETUP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(SETUP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

build: $(SETUP)
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf .venv build dist site .pytest_cache .ruff_cache .mypy_cache
