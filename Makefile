# A fresh machine needs Python 3.11 and make; everything else comes from requirements.txt.

PYTHON := $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
INSTALLED := .venv/installed

.PHONY: demo test lint bench clean

demo: $(INSTALLED)
	$(BIN)/python examples/reviews/fetch.py
	$(BIN)/mashbill run examples/reviews/recipe.yaml

test: $(INSTALLED)
	$(BIN)/python -m pytest -n 2

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: $(INSTALLED)
	$(BIN)/python examples/reviews/fetch.py
	$(BIN)/python benchmarks/end_to_end.py
	$(BIN)/python benchmarks/augment.py
	$(BIN)/python benchmarks/annotate.py

$(INSTALLED): requirements.txt setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mashbill needs Python 3.11 or later")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

clean:
	rm -rf .venv build out *.egg-info examples/reviews/data examples/reviews/models
