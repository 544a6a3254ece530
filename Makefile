# make benchmark   install and run the comparison on the embedded corpus
# make test        install and run the whole test suite
# make coverage    the same under coverage, branches too; below 92 % it fails
# make test-lowest  the lowest versions that setup.cfg allows, in a venv of their own, and the tests of what calls libraries
# make licences    install and list the licence of every dependency; one that is not accepted fails
# make docs        install, run the notebooks and build the site in docs/_build/html; opens from the disk, search included
# make notebooks   install, run the teaching notebooks that changed and leave all as pages in notebooks/html
# make slides      install, run the notebooks that changed and leave each as slides in notebooks/slides
# EXTRAS= leaves torch out; EXTRAS=deep,peers chooses.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
EXTRAS ?= deep
TEST_EXTRAS := deep,peers,test
NOTEBOOK_EXTRAS := deep,notebooks
DOCS_EXTRAS := deep,docs
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
EXECUTED := $(patsubst notebooks/%,notebooks/executed/%,$(wildcard notebooks/*.ipynb))
RUN ?=
WORKERS ?= 2

comma := ,
bracket = $(if $(strip $(1)),[$(strip $(1))])
stamp = $(VENV)/installed-$(subst $(comma),-,$(or $(strip $(1)),base))

.PHONY: benchmark test coverage test-long test-lowest lint licences notebooks slides docs pages clean

benchmark: $(call stamp,$(EXTRAS))
	$(BIN)/python -m benchmarks.run $(RUN)

test: $(call stamp,$(TEST_EXTRAS)) $(VENV)/world lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m "not long and not gpu"

test-long: $(call stamp,$(TEST_EXTRAS))
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -m "long or gpu"

# what starts in other processes counts; what numba compiles no tracer sees (pyproject.toml)
coverage: $(call stamp,$(TEST_EXTRAS)) $(VENV)/world
	OMP_NUM_THREADS=1 $(BIN)/python -m coverage run -m pytest -q -n $(WORKERS) --dist worksteal -m "not long and not gpu"
	$(BIN)/python -m coverage combine -q
	$(BIN)/python -m coverage report --fail-under 92

# all of features, classical and deep, and what runs whole pipelines; reports, docs and notebooks are left to `make test`
LOWEST := .venv-lowest
LOWEST_TESTS := tests/test_features_*.py tests/test_classical_*.py tests/test_deep_*.py tests/test_packaging.py \
  tests/test_benchmarks_harness.py tests/test_benchmarks_defects.py tests/test_benchmarks_train.py

test-lowest:
	$(PYTHON) -m venv $(LOWEST)
	$(PYTHON) .ci/lowest.py deep test > $(LOWEST)/lowest.txt
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check -c $(LOWEST)/lowest.txt -e ".[deep,test]"
	$(LOWEST)/bin/python -c "from features.compute import warm_up; warm_up()"
	OMP_NUM_THREADS=1 $(LOWEST)/bin/python -m pytest -q -n $(WORKERS) --dist worksteal -m "not long and not gpu" $(LOWEST_TESTS)

# each runs on the embedded corpus; to open them: .venv/bin/python -m pip install jupyterlab
notebooks: $(EXECUTED)
	$(BIN)/python -m nbconvert --to html --output-dir notebooks/html $(EXECUTED)

# pictures, tables and text without the code; to show them a browser fetches reveal.js, so it needs a network
slides: $(EXECUTED)
	$(BIN)/python -m nbconvert --to slides --no-input --SlidesExporter.reveal_scroll=True \
	  --output-dir notebooks/slides $(EXECUTED)

# the site's gallery shows these; one that was edited runs anew, all of them after `make clean`
$(EXECUTED): notebooks/executed/%.ipynb: notebooks/%.ipynb | $(call stamp,$(NOTEBOOK_EXTRAS))
	$(BIN)/python -m nbconvert --to notebook --execute --output-dir notebooks/executed $<

lint: $(call stamp,$(TEST_EXTRAS))
	$(BIN)/ruff check .
	$(BIN)/mypy

# every dependency of the tests and of all other extras that are installed
licences: $(call stamp,$(TEST_EXTRAS))
	$(BIN)/python .ci/licences.py

# a warning is an error: links that lead nowhere, pages in no list, docstrings that do not parse
docs: $(call stamp,$(DOCS_EXTRAS)) $(EXECUTED) pages
	$(BIN)/python -m sphinx -q -E -W --keep-going -b html docs docs/_build/html

# the machine-made pages
pages: $(call stamp,$(DOCS_EXTRAS))
	$(BIN)/python docs/make_commands.py docs/commands.md
	$(BIN)/python docs/make_contamination.py docs/contamination.md
	$(BIN)/python docs/make_corpora.py docs/corpora.md
	$(BIN)/python -m features.catalogue > docs/features.md

# pyworld comes as source only; where there is no compiler, the tests against WORLD skip and say so
$(VENV)/world: $(call stamp,$(TEST_EXTRAS))
	$(PIP) -c constraints.txt "pyworld>=0.3.5" || echo "no pyworld: it needs a C++ compiler; tests against WORLD will skip"
	touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed-%: setup.cfg pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing into $(VENV): some minutes; 6 GB with torch, 1.6 GB without (EXTRAS=)"
	$(PIP) -c constraints.txt -e ".$(call bracket,$(if $(filter base,$*),,$(subst -,$(comma),$*)))"
	$(BIN)/python -c "from features.compute import warm_up; warm_up()"
	touch $@

clean:
	rm -rf $(VENV) $(LOWEST) notebooks/executed notebooks/slides build *.egg-info .mypy_cache .ruff_cache .pytest_cache
