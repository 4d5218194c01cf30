# A fresh machine needs Python 3.11 and make; everything else comes from requirements.txt.

# The first of these that runs and is new enough: a name in PATH alone may be a shim of nothing.
PYTHON = $(shell for python in python3.11 python3 python3.12 python3.13; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; \
	done)
BIN := .venv/bin
INSTALLED := .venv/installed
APT := -q -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 -o Acquire::Retries=1
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo entities chinese-check chinese scenarios test large survival kill trees fuzz browser audit lint bench bench-smoke constraints clean

demo: $(INSTALLED)
	$(BIN)/python examples/reviews/fetch.py
	$(BIN)/mashbill run examples/reviews/recipe.yaml

# Chinese reviews, from the corpus to a student.
chinese: $(INSTALLED)
	$(BIN)/python examples/chinese/fetch.py
	$(BIN)/mashbill run examples/chinese.yaml

# Named entities of the news, from CoNLL files to a student.
entities: $(INSTALLED)
	$(BIN)/python examples/reviews/fetch.py
	$(BIN)/python examples/mentions/fetch.py
	$(BIN)/mashbill run --max-rejects 0.02 examples/entities.yaml

# 100,000 variants of Chinese reviews, of which none may be broken.
chinese-check: $(INSTALLED)
	$(BIN)/python examples/chinese/fetch.py
	$(BIN)/python -m benchmarks.chinese_check

# Without gold labels, with one in ten, with all: each from the corpus to a student.
scenarios: $(INSTALLED)
	$(BIN)/python examples/reviews/fetch.py
	$(BIN)/mashbill train-teacher examples/reviews/recipe.yaml
	$(BIN)/mashbill adapt-mlm examples/reviews/recipe.yaml
	for name in unsupervised weakly_supervised supervised; do \
		$(BIN)/mashbill run examples/$$name.yaml || exit 1; \
	done

test: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 --dist worksteal

# What `make test` leaves out: kills runs at random moments, Beam's own workers, the installed wheel;
# some ten minutes.
survival: $(INSTALLED)
	MASHBILL_KILLS=20 $(BIN)/python -m pytest -n 2 -m slow tests/pipelines

# Kills trainings, finalize and evaluate before every single change on disk; half an hour.
kill: $(INSTALLED)
	MASHBILL_KILL_EVERYWHERE=1 $(BIN)/python -m pytest -n 2 tests/pipelines/test_kills.py

# Ten thousand random trees of somebody's files in and around the output folder.
trees: $(INSTALLED)
	MASHBILL_TREES=10000 $(BIN)/python -m pytest -n 0 tests/pipelines/test_output.py

# The report of a million rows.
large: $(INSTALLED)
	MASHBILL_ROWS=1000000 $(BIN)/python -m pytest tests/pipelines/report/test_size.py

# Some twenty thousand files and recipes that no one would write, and 150,000 odd texts.
fuzz: $(INSTALLED)
	MASHBILL_FUZZ=2000 MASHBILL_EXAMPLES=300 $(BIN)/python -m pytest -n 2 \
		tests/transforms/test_readers_fuzz.py tests/transforms/augmenters/test_properties.py \
		tests/transforms/augmenters/test_mentions.py

# Every benchmark on tiny inputs.
bench-smoke: $(INSTALLED)
	MASHBILL_BENCH=1 $(BIN)/python -m pytest -n 2 tests/benchmarks

# What the tests of report.html open it in; without one they are skipped, and say so.
browser:
	@command -v chromium > /dev/null || { apt-get $(APT) update && apt-get $(APT) install -y --no-install-recommends chromium; }

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: demo
	$(BIN)/python -m benchmarks.end_to_end
	$(BIN)/python -m benchmarks.augment --wordnet examples/reviews/data/wordnet
	$(BIN)/python -m benchmarks.annotate --model examples/reviews/models/minilm
	$(BIN)/python -m benchmarks.contextual --tokenizer examples/reviews/models/bert-tiny

# Python compiles what it imports; compiling all that is installed takes as long as installing it.
# What has no wheel is built with the setuptools of .venv: an environment for each takes ten seconds.
$(INSTALLED): requirements.txt setup.py
	@test -n "$(PYTHON)" || { echo "mashbill needs Python 3.11 or later in PATH" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(PIP) --no-compile $$(grep ^setuptools requirements.txt)
	$(PIP) --no-compile --no-build-isolation --constraint docker/constraints.txt \
		--requirement requirements.txt --editable ".[aws,gcp]"
	touch $@

# Every version that the worker images install; needs uv. torch's CUDA packages follow from torch's.
constraints:
	uv pip compile setup.py --extra aws --extra gcp --extra zh --constraint requirements.txt \
		--python-version 3.11 --python-platform linux --no-header --no-annotate --quiet \
		| grep --invert-match --extended-regexp '^(cuda|nvidia|triton)' > docker/constraints.txt

# Known vulnerabilities of what the worker images install; asks PyPI's service.
audit:
	uvx pip-audit --requirement docker/constraints.txt --no-deps --disable-pip

clean:
	rm -rf .venv build out *.egg-info examples/*/data examples/*/models
