# `make demo` and `make test` need Python 3.11+ and make; everything else they set up themselves in .venv.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DOCS := .venv-docs
DASK := .venv-dask
LITE := .venv-lite
SITE := build/site
# Where Pyodide is unpacked: `make lite PYODIDE=FOLDER` takes a release of it, without that it comes in a package.
PYODIDE := build/pyodide
NOTEBOOKS := $(SITE)/notebooks
RELEASED := $(wildcard assignments/*/*.* solutions/*/*.* solutions/*/*/*.* autograder/authoring/*.py)
SPHINX = $(DOCS)/bin/python -m sphinx --fail-on-warning --keep-going --quiet -c docs/sitemaker
# A file's tests stay together, and the longest files come first: tests/conftest.py says which.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder
QUICK := "not slow and not long and not browser and not real_data"
TESTS := $(QUICK)

.PHONY: demo notebooks test test-slow test-long coverage lint docs lite docs-links bench clean

demo: $(STAMP)
	$(BIN)/course demo

notebooks: $(STAMP)
	$(BIN)/course notebooks

test: lint
	$(BIN)/course doctor --quick  # the accuracy items are tested by tests/test_accuracy_items.py
	$(PYTEST) -m $(TESTS)

# What takes minutes: trainings, whole demos, hostile folders, pages in a real browser. `.ci/run` runs both as one.
test-slow: $(STAMP)
	$(BIN)/course doctor --conditional --quick
	$(PYTEST) -m "(slow or browser) and not long"

# What takes an hour, and a machine of its own: before a release.
test-long: $(STAMP) $(SITE)/lite
	$(BIN)/course doctor --conditional
	$(BIN)/course doctor --mechanical
	$(BIN)/course doctor --power --tolerances
	$(PYTEST) -m long  # `course doctor --mutate-grader` is one of them

# Which lines the quick tests reach. Judges, readers and students' processes are forked or locked in, and not counted.
coverage: $(STAMP)
	$(PYTEST) -m $(QUICK) --cov --cov-report=term --cov-report=html:build/coverage

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The site. Its tools have an environment of their own, which sees the course's packages behind them: $(VENV) stays as it is.
docs: $(DOCS)/.installed $(NOTEBOOKS)/.made
	PYTHONPATH=docs $(BIN)/python -m sitemaker.gather $(NOTEBOOKS) $(SITE)/pages $(BESIDE)
	$(SPHINX) -b html $(SITE)/pages $(SITE)/html
	rm -rf $(SITE)/html/lite
	$(if $(BESIDE),cp -R $(BESIDE) $(SITE)/html/lite)
	@echo "the site is in $(SITE)/html/index.html"

# The same with JupyterLite in it: what needs NumPy and Matplotlib alone opens in the reader's browser.
lite: $(SITE)/lite
	$(MAKE) docs BESIDE=$(SITE)/lite

# The links that lead outside, which may be dead for reasons that are not ours.
docs-links: docs
	$(SPHINX) -b linkcheck $(SITE)/pages $(SITE)/links

$(NOTEBOOKS)/.made: $(STAMP) course.yaml $(RELEASED)
	PYTHONPATH=docs $(BIN)/python -m sitemaker.notebooks $(NOTEBOOKS)
	@touch $@

$(SITE)/lite: $(LITE)/.installed $(PYODIDE) $(NOTEBOOKS)/.made $(wildcard docs/sitemaker/*lite* docs/sitemaker/*lock*)
	PYTHONPATH=docs $(BIN)/python -m sitemaker.lite $(PYODIDE) $(LITE) $@
	@touch $@

build/pyodide: requirements-pyodide.txt
	rm -rf $@ && mkdir -p $@
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes -r $< -d $@
	$(BIN)/python -m zipfile -e $@/*.whl $@ && rm $@/*.whl

$(DOCS)/.installed: $(STAMP) requirements-docs.lock
	$(BIN)/python -m venv --clear $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-docs.lock
	$(DOCS)/bin/python docs/sitemaker/layer.py "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
	@touch $@

# The packages of the extra `dask`, in an environment before the course's own: tests/test_scale.py runs there.
$(DASK)/.installed: $(STAMP) requirements-dask.lock
	$(BIN)/python -m venv --clear $(DASK)
	$(DASK)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dask.lock
	$(DASK)/bin/python docs/sitemaker/layer.py "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
	@touch $@

$(LITE)/.installed: $(STAMP) requirements-lite.lock requirements-browser.txt
	$(BIN)/python -m venv --clear $(LITE)
	$(LITE)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-lite.lock
	$(LITE)/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-browser.txt -d $(LITE)/wheels
	$(LITE)/bin/python docs/sitemaker/layer.py "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
	@touch $@

bench: $(STAMP)
	$(BIN)/python benchmarks/autograde.py

$(STAMP): requirements.lock pyproject.toml
	@sh .ci/find-python > /dev/null
	"$$(sh .ci/find-python)" -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

# A class lies in build/, too: nobody's grades go with a spring clean.
clean:
	@for kept in gradebook.db release submitted .course_secret; do if [ -e build/$$kept ]; then \
		echo "build/$$kept belongs to a class: move build/ away, or delete it yourself" >&2; exit 1; fi; done
	rm -rf $(VENV) $(DOCS) $(LITE) $(DASK) build
