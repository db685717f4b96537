"""The import rules, read from the source: pages -> explorer -> core, and nothing the other way."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

ROOMS = (
    "errors", "labels", "paths", "files", "kept_result", "claims", "progress", "processes",
    "serving", "precision", "recent", "memory", "weights", "preprocessing", "metrics", "fetch",
    "phantom", "language",
    "films", "ct", "studies", "records", "intake", "backbones", "lrclr", "ranks", "inference",
    "attribution", "archive", "specs", "evaluation", "analysis", "lab", "lessons", "training",
    "ablation", "health", "cli", "__main__",
)  # fmt: skip
"""The floors of core, from the ground up: a room imports from itself and from rooms before it."""
SHORTCUTS = {("core.studies", "core.specs")}
"""Looked up when somebody asks for `core.studies.open_studies`, which its comment explains."""


@cache  # most tests ask for most files
def imports(path: Path) -> frozenset[str]:
    """Modules a file imports, anywhere."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def import_graph(*folders: str) -> dict[str, set[str]]:
    """Modules of ours, and which of ours each imports, anywhere in its file."""
    paths = {module_of(path): path for folder in folders for path in files(folder)}
    graph = {}
    for module, path in paths.items():
        names = imports(path)
        # `from core.lrclr import selection` names the module and its package: the module counts.
        ours = names & {*paths} - {module}
        packages = {name for name in ours if any(other.startswith(f"{name}.") for other in ours)}
        graph[module] = {*ours - packages}
    return graph


def climbs(graph: dict[str, set[str]]) -> list[str]:
    """Imports in core of a room that is above the importer's."""
    floor = {room: number for number, room in enumerate(ROOMS)}
    return [
        f"{module} -> {imported}"
        for module, names in graph.items()
        for imported in sorted(names)
        if module != "core" and (module, imported) not in SHORTCUTS
        and floor[imported.split(".")[1]] > floor[module.split(".")[1]]
    ]  # fmt: skip


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Modules that reach themselves by their imports, each circle once."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for name in graph[waiting.pop()] - seen:
                seen.add(name)
                waiting.append(name)
        return seen

    reach = {module: reached(module) for module in graph}
    knots = {
        frozenset(other for other in names if module in reach[other])
        for module, names in reach.items() if module in names
    }  # fmt: skip
    return [set(knot) for knot in knots]


def test_every_room_of_core_has_its_floor():
    assert {module.split(".")[1] for module in import_graph("core") if module != "core"} == {*ROOMS}


def test_no_import_of_core_climbs():
    assert climbs(import_graph("core")) == []
    planted = {"core.films.read": {"core.studies.study"}, "core.studies.study": {"core.films.film"}}
    assert climbs(planted) == ["core.films.read -> core.studies.study"]


def test_no_files_import_each_other_in_a_circle():
    graph = import_graph("core", "explorer")
    for module, imported in SHORTCUTS:
        assert imported in graph[module], "a shortcut that nobody takes"
        graph[module] = graph[module] - {imported}
    assert circles(graph) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [{"b", "c"}]


def test_a_name_of_a_class_means_one_thing():
    places: dict[str, list[str]] = {}
    for path in files("core") + files("explorer"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


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
            text = path.read_text("utf-8")
            assert path.name == "cache.py" or "st.cache_" not in text, path
            assert path.name in ("cache.py", "kept.py") or "@in_bytes(" not in text, path


def unbounded(source: str) -> list[str]:
    """Cached functions of a file that keep results of as many arguments as are asked for."""
    return [
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and (node.args.args or node.args.kwonlyargs)
        for wrapper in map(ast.unparse, node.decorator_list)
        if "st.cache_" in wrapper and "max_entries=" not in wrapper
    ]


def test_every_cached_wrapper_forgets_what_was_used_longest_ago():
    paths = [path for path in files("explorer") if path.name == "cache.py"]
    assert len(paths) > 8
    assert [(path, name) for path in paths for name in unbounded(path.read_text("utf-8"))] == []
    planted = "@st.cache_data(ttl=9)\ndef scored(text):\n    return text\n"
    assert unbounded(planted) == ["scored"]
    assert unbounded(planted.replace("ttl=9", "max_entries=9")) == []


def test_only_the_session_s_file_touches_the_session_state():
    for folder in ("explorer", "pages"):
        for path in files(folder):
            here = path == ROOT / "explorer" / "shared" / "state" / "store.py"
            assert here or "session_state" not in path.read_text("utf-8"), path


def test_only_the_room_of_records_knows_databases():
    others = ROOT / "core" / "ct" / "outlines.py"  # reads one that a package carries
    for path in files("core") + files("explorer") + files("pages"):
        if path.relative_to(ROOT).parts[:2] != ("core", "records") and path != others:
            assert not roots(path) & {"sqlalchemy", "alembic", "psycopg", "sqlite3"}, path


def test_figures_do_not_import_streamlit():
    for path in files("explorer"):
        if path.name in ("figures.py", "markup.py"):
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
    heavy = {"torch", "pandas", "sklearn", "scipy", "pydicom", "sqlalchemy", "alembic", "psycopg"}
    code = f"import sys, core.cli; print(sorted(set(sys.modules) & {heavy!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_no_test_folder_shadows_core():
    assert not (ROOT / "tests" / "core").exists()
    assert not (ROOT / "tests" / "__init__.py").exists()


def test_no_star_imports():
    for folder in ("core", "explorer", "pages"):
        for path in files(folder):
            assert not any(name.endswith(".*") for name in imports(path)), path


WATCHING = {"__init__", "own_presets", "presets", "queue", "record", "runs", "states"}
"""Of core.training, what somebody needs who starts a run in another process or looks at one."""
TRAINING = ["accelerate", "tensorboard", *(
    f"core.training.{path.stem}" for path in files("core/training") if path.stem not in WATCHING
)]  # fmt: skip


def test_the_first_page_starts_without_what_it_does_not_show():
    heavy = {"timm", "torchvision", "transformers", "sklearn", "captum", "matplotlib", "accelerate",
             "open_clip", "tensorboard", "pydicom", "faiss", "sqlalchemy",
             "alembic", "psycopg"}  # fmt: skip
    code = (
        "import sys\n"
        "from explorer.shared import sidebar, window_control\n"
        "from explorer.prompts import free_text\n"
        "from explorer.regions import example_view, film_view\n"
        "from core.inference.predictor import load_predictor\n"
        "load_predictor('demo').encode_texts(['left pleural effusion'])\n"
        f"print(sorted(set(sys.modules) & {heavy | {*TRAINING}!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip().splitlines()[-1] == "[]", done.stdout + done.stderr


def test_the_first_page_is_drawn_before_torch_is_read():
    """And so without encoding a film: what is said of the example is kept."""
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('explorer/Home.py', default_timeout=600).run()\n"
        "assert not app.exception and not app.error, app.exception\n"
        "assert app.subheader and app.title, 'nothing was drawn'\n"
        f"print(sorted(set(sys.modules) & {{'torch', 'safetensors', 'tokenizers', *{TRAINING}}}))"
    )
    code = code.replace("'explorer/Home.py'", repr(str(ROOT / "explorer" / "Home.py")))
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip().splitlines()[-1:] == ["[]"], done.stdout + done.stderr
