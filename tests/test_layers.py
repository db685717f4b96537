"""The import rules, read from the source: pages -> explorer -> core, and nothing the other way."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def imports(path: Path, top_level: bool = False) -> set[str]:
    """Modules a file imports, anywhere or only when it is itself imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = _deferred(tree) if top_level else set()
    found = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _deferred(tree: ast.Module) -> set[int]:
    """Nodes that do not run at import: function bodies and TYPE_CHECKING blocks."""
    lazy: set[int] = set()
    for node in ast.walk(tree):
        typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if typing_only or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lazy |= {id(child) for child in ast.walk(node)}
    return lazy


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


@pytest.mark.parametrize("path", files("core"), ids=lambda p: str(p.relative_to(ROOT)))
def test_core_knows_neither_the_app_nor_streamlit(path):
    assert not roots(path) & {"streamlit", "explorer", "pages"}


@pytest.mark.parametrize("path", files("pages"), ids=lambda p: p.name)
def test_pages_know_neither_torch_nor_each_other(path):
    others = {page.stem for page in files("pages")}
    assert not roots(path) & ({"torch", "pages", "captum", "open_clip"} | others)


@pytest.mark.parametrize("path", files("explorer"), ids=lambda p: p.name)
def test_the_app_does_not_import_pages(path):
    assert "pages" not in roots(path)
    assert path.stem not in sys.stdlib_module_names, "shadows the standard library"


def test_only_files_named_cache_hold_cached_wrappers():
    for folder in ("explorer", "pages"):
        for path in files(folder):
            assert path.name == "cache.py" or "st.cache_" not in path.read_text("utf-8"), path


def test_only_the_session_s_file_touches_the_session_state():
    for folder in ("explorer", "pages"):
        for path in files(folder):
            here = path == ROOT / "explorer" / "shared" / "state.py"
            assert here or "session_state" not in path.read_text("utf-8"), path


def test_figures_do_not_import_streamlit():
    for path in files("explorer"):
        if path.name == "figures.py" or path.parent.name == "figures":
            assert "streamlit" not in roots(path)


@pytest.mark.parametrize("package", ["metrics", "phantom", "language"])
def test_metrics_and_phantoms_need_no_torch(package):
    heavy = {"torch", "torchvision", "open_clip", "timm", "captum", "transformers"}
    code = (
        "import importlib, pkgutil, sys\n"
        f"package = importlib.import_module('core.{package}')\n"
        "for found in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "    importlib.import_module(found.name)\n"
        f"print(sorted(set(sys.modules) & {heavy!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_only_core_cli_imports_the_command_line():
    for path in files("core"):
        if path.parent.name != "cli" and path.name != "__main__.py":
            assert not roots(path) & {"typer", "click"}
            assert not any(name.startswith("core.cli") for name in imports(path))


def test_commands_start_without_the_heavy_libraries():
    for path in files("core/cli"):
        heavy = {"torch", "pandas", "core.inference", "core.training", "core.evaluation"}
        assert not any(
            name == each or name.startswith(f"{each}.")
            for name in imports(path, top_level=True)
            for each in heavy
        )


def test_no_test_folder_shadows_core():
    assert not (ROOT / "tests" / "core").exists()
    assert not (ROOT / "tests" / "__init__.py").exists()


def test_no_star_imports():
    for folder in ("core", "explorer", "pages"):
        for path in files(folder):
            assert not any(name.endswith(".*") for name in imports(path)), path
