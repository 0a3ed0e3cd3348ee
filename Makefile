# `make demo` and `make test` need Python 3.11+ and make; everything else they set up themselves in .venv.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo notebooks test test-slow lint bench clean

demo: $(STAMP)
	$(BIN)/course demo

notebooks: $(STAMP)
	$(BIN)/course notebooks

test: lint
	$(BIN)/course doctor --quick  # the accuracy items are tested by tests/test_accuracy_items.py
	$(BIN)/python -m pytest -m "not slow and not browser and not real_data"

# What takes minutes: trainings, a class on a busy machine, whole demos, pages in a real browser. `.ci/run` runs both.
test-slow: $(STAMP)
	$(BIN)/python -m pytest -m "slow or browser"

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(STAMP)
	$(BIN)/python benchmarks/autograde.py

$(STAMP): requirements.lock pyproject.toml
	@sh .ci/find-python > /dev/null
	"$$(sh .ci/find-python)" -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

clean:
	rm -rf $(VENV) build
