"""Fine-tuning configurations as TOML: presets, files, and single values on top of them.

The tables are those of `FinetuneConfig`: top level, `[schedule]`, `[weights]` and `[lrclr]`; what a
file leaves out keeps its default. `docs/finetuning.md` explains every value.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from core.errors import ExplorerError
from core.lrclr.checkpoint import layers_of
from core.lrclr.config import LRCLRConfig
from core.training.presets import preset_path, presets
from core.training.settings import FinetuneConfig, Schedule, Weights

_TABLES: dict[str, Any] = {"schedule": Schedule(), "weights": Weights(), "lrclr": LRCLRConfig()}
_TYPES = {bool: "true or false", int: "a whole number", float: "a number", str: "text in quotes",
          tuple: "a list of texts", dict: "a table of numbers"}  # fmt: skip

Tables = Mapping[str, Mapping[str, Any]]


def read_config(source: str | None = None, values: Tables | None = None) -> FinetuneConfig:
    """A checked configuration.

    Args:
        source: name of a preset or path of a TOML file; None starts from the defaults.
        values: single values over it, by table; top-level ones under "".

    Raises:
        ExplorerError: no such file or preset, no TOML, an unknown name, a value of another type or
            out of range; the sentence names file, value and what is known.
    """
    tables = _read(source) if source else {}
    name = f"{source}: " if source else ""
    for table, given in (values or {}).items():
        tables[table] = {**tables.get(table, {}), **given}
    top = _checked(tables.pop("", {}), FinetuneConfig(), f"{name}")
    made = {}
    for table, given in tables.items():
        if table not in _TABLES:
            known = ", ".join(f"[{known}]" for known in _TABLES)
            raise ExplorerError(f"{name}there is no table [{table}]; known: {known}.")
        made[table] = _checked(_renamed(table, given), _TABLES[table], f"{name}{table}.")
    layers = made.pop("lrclr", {})
    chosen = None
    if layers:  # changes to the layers the model has, if it has some
        present = layers_of(top.get("model", FinetuneConfig.model))
        chosen = replace(present if present.added_layers else LRCLRConfig(), **layers)
    return FinetuneConfig(
        **top,
        lrclr=chosen,
        schedule=Schedule(**made.get("schedule", {})),
        weights=Weights(**made.get("weights", {})),
    )


def _read(source: str) -> dict[str, dict[str, Any]]:
    path = preset_path(source) or Path(source)
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise ExplorerError(
            f"There is no configuration '{source}'; give a TOML file or one of the presets "
            f"{', '.join(presets())}."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ExplorerError(f"{path} is no TOML file: {error}.") from None
    tables = {name: dict(value) for name, value in read.items() if isinstance(value, dict)}
    tables[""] = {name: value for name, value in read.items() if not isinstance(value, dict)}
    return tables


def _renamed(table: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """`global` is a word of Python's, so that the field has another name."""
    if table != "weights":
        return dict(given)
    return {"global_" if name == "global" else name: value for name, value in given.items()}


def _checked(given: Mapping[str, Any], default: Any, where: str) -> dict[str, Any]:
    """The values, each of the type of its default."""
    known = {
        field.name: getattr(default, field.name)
        for field in fields(default)
        if field.name not in _TABLES
    }
    found = {}
    for name, value in given.items():
        if name not in known:
            shown = ", ".join(entry.rstrip("_") for entry in known)
            raise ExplorerError(f"{where}{name} is no setting; known: {shown}.")
        wanted = type(known[name])
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if wanted is tuple and isinstance(value, list):
            value = tuple(value)
        if type(value) is not wanted:
            raise ExplorerError(
                f"{where}{name.rstrip('_')} must be {_TYPES[wanted]}; found {value!r}."
            )
        found[name] = value
    return found
