"""A plan of training runs: variants of one configuration over seeds, measured on one test set.

A plan is TOML: what all variants share, then what each changes (assets/plans/ has ours). Every
trial is a run folder; a plan that was cut off goes on with the trials and steps it lacks. With
`folds = 5` every trial is five, `{fold}` in the names of its sets counting them, and the five test
parts are measured as one set. `controls` are methods that are measured with the first variant
alone, such as those that know nothing of the model. `localize_first` bounds how many studies are
localised and retrieved, which takes longer than scoring; 0 is all.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ExplorerError
from core.evaluation.localize import check_methods
from core.training.config_file import read_config
from core.training.settings import FinetuneConfig

_KEYS = {
    "config", "seeds", "test_data", "methods", "controls", "localize_first", "folds",
    "min_positives", "shared", "variant",
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """Variants by name, the one that the others are compared with first."""

    variants: dict[str, FinetuneConfig]
    seeds: tuple[int, ...]
    test_data: str
    methods: tuple[str, ...]
    folds: int = 1
    min_positives: int = 1  # of a finding that counts, and negatives; of its cases, too
    controls: tuple[str, ...] = ()
    localize_first: int = 0

    def methods_of(self, variant: str) -> tuple[str, ...]:
        """What is localised of a variant."""
        return self.methods + (self.controls if variant == next(iter(self.variants)) else ())


def read_plan(path: Path) -> Plan:
    """A checked plan.

    Raises:
        ExplorerError: no file, no TOML, an unknown key, or a variant that is no configuration.
    """
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise ExplorerError(f"There is no plan at {path}; give a TOML file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ExplorerError(f"{path} is no TOML file: {error}.") from None
    unknown = sorted(set(read) - _KEYS)
    if unknown:
        raise ExplorerError(f"{path}: {unknown[0]} is no key; known: {', '.join(sorted(_KEYS))}.")
    variants: dict[str, FinetuneConfig] = {}
    for number, entry in enumerate(read.get("variant", []), start=1):
        values = dict(entry)
        name = str(values.pop("name", f"variant-{number}"))
        if name in variants or "/" in name:
            raise ExplorerError(f"{path}: '{name}' cannot name a variant, or names two.")
        source = values.pop("config", read.get("config"))
        shared = {table: dict(given) for table, given in _tables(read.get("shared", {})).items()}
        for table, given in _tables(values).items():
            shared[table] = {**shared.get(table, {}), **given}
        try:
            variants[name] = read_config(source, shared)
        except ExplorerError as error:
            raise ExplorerError(f"{path}, variant '{name}': {error}") from None
    if not variants:
        raise ExplorerError(f"{path} has no [[variant]]; name at least one.")
    methods = tuple(read.get("methods", ["similarity", "lrclr"]))
    controls = tuple(read.get("controls", []))
    check_methods(methods + controls)
    return Plan(
        variants, tuple(read.get("seeds", [0])), read.get("test_data", "phantom:test"), methods,
        read.get("folds", 1), read.get("min_positives", 1), controls,
        read.get("localize_first", 0),
    )  # fmt: skip


def _tables(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    tables = {name: dict(value) for name, value in values.items() if isinstance(value, dict)}
    tables[""] = {name: value for name, value in values.items() if not isinstance(value, dict)}
    return tables
