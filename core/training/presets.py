"""Named configurations: those that ship, and a user's own beside them."""

from pathlib import Path

from core.paths import ASSETS, presets_dir

SHIPPED = ASSETS / "presets"


def presets() -> dict[str, str]:
    """Names of the presets, and what each is for (the comment on its first line)."""
    return {name: _first_line(path) for name, path in _paths().items()}


def preset_path(name: str) -> Path | None:
    """The preset's file; None where there is none of that name."""
    return _paths().get(name)


def own_presets() -> list[str]:
    """Names of those that the user saved."""
    return [name for name, path in _paths().items() if path.parent != SHIPPED]


def _paths() -> dict[str, Path]:
    shipped, own = (sorted(folder.glob("*.toml")) for folder in (SHIPPED, presets_dir()))
    return {path.stem: path for path in [*own, *shipped]}  # a shipped name stays what it is


def _first_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    return lines[0].lstrip("# ") if lines and lines[0].startswith("#") else ""
