# On Windows, where there may be no make: README.md gives the same steps as plain pip lines.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: venv run test check docs

venv: $(STAMP)

# Done again only when what it installs has changed.
$(STAMP): requirements.txt constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -r requirements.txt -c constraints.txt
	touch $@

run: venv
	$(BIN)/streamlit run explorer/Home.py

test: venv
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

check: venv
	$(BIN)/ruff check .
	$(BIN)/mypy

# Warnings are errors: dead links inside the site, pages that no other page leads to.
docs: venv
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"
