# On Windows, where there may be no make: README.md gives the same steps as plain pip lines.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: venv run test check

venv: $(STAMP)

# Done again only when what it installs has changed.
$(STAMP): requirements.txt pyproject.toml constraints.txt
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
