# On Windows, where there may be no make: README.md gives the same steps as plain pip lines.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: venv run serve test test-long check docs links dist space

venv: $(STAMP)

# Done again only when what it installs has changed.
$(STAMP): requirements.txt constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -r requirements.txt -c constraints.txt
	touch $@

run: venv
	$(BIN)/streamlit run explorer/Home.py

# For a room: on all addresses, with a QR code and a class code (docs/server.md).
serve: venv
	$(BIN)/python -m core serve

PYTEST := $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

test: venv
	$(PYTEST) -m "not slow and not browser"

# What trains in processes of its own, installs the wheel, or drives a browser: mostly waiting.
test-long: venv
	$(PYTEST) -n 4 -m "slow or browser"

check: venv
	$(BIN)/ruff check .
	$(BIN)/mypy

# Warnings are errors: dead links inside the site, pages that no other page leads to.
docs: venv
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

# External links, which need a network: of no automatic check, as other people's servers fail.
links: venv
	$(BIN)/python -m sphinx -q -b linkcheck docs docs/_build/links

# The commit's own files, of no working folder, and times of the commit: the same bytes each time.
dist: export SOURCE_DATE_EPOCH = $(shell git log -1 --format=%ct)
dist:
	rm -rf dist
	mkdir -p dist/source
	git archive HEAD | tar -x -C dist/source
	cd dist/source && $(abspath $(BIN)/python) -m hatchling build -d ..
	rm -rf dist/source
	cd dist && sha256sum *.tar.gz *.whl > SHA256SUMS

# A folder to push to a Space of Hugging Face: the image's own files, and nothing is handed in there.
space: dist
	rm -rf dist/space
	mkdir -p dist/space/dist dist/space/deploy
	cp Dockerfile .dockerignore constraints.txt deploy/space/README.md dist/space
	cp deploy/space/access.toml dist/space/deploy
	cp dist/*.whl dist/space/dist
