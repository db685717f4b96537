"""The wheel: what is in it, and that it works in an environment of what it declares."""

import ast
import os
import subprocess
import sys
import tarfile
import urllib.request
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import fresh_environment
import psutil
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from served import exceptions_in, free_port, open_page, served, words_of

from core import __version__
from core.paths import ROOT
from explorer.navigation import TABLE

pytestmark = pytest.mark.slow
FOLDERS = ("assets", "core", "explorer", "lrclr_explorer", "pages")


def build(kind: str, source: Path, out: Path) -> Path:
    """The sdist or wheel of a folder."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(out)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as pip makes it of the sdist."""
    folder = tmp_path_factory.mktemp("source")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    return build("wheel", source, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment outside of the checkout that has the wheel and what it declares."""
    return fresh_environment.make(tmp_path_factory.mktemp("installed") / "env", wheel)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def environment(home: Path, python: Path) -> dict[str, str]:
    """As somebody has it who knows nothing of this checkout."""
    ours = ("LRCLR_", "PYTHON", "STREAMLIT_", "XDG_", "CXR_DATA", "FILMS_DATA")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {
        **kept, "HOME": str(home), "OMP_NUM_THREADS": "1", "PATH": f"{python.parent}:/usr/bin:/bin"
    }  # fmt: skip


def tracked(*folders: str) -> set[str]:
    done = subprocess.run(
        ["git", "ls-files", "-z", *folders], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip("git does not know this folder")
    return {name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()}


def test_the_archive_of_the_sources_is_whole(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert tracked() - names == set()


def test_the_wheel_has_every_file_below_one_name(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in names} == {
        "lrclr_explorer", "lrclr_explorer.pth", f"lrclr_explorer-{__version__}.dist-info"
    }  # fmt: skip
    inside = {name if name.startswith("lrclr_") else f"lrclr_explorer/{name}"
              for name in tracked(*FOLDERS)}  # fmt: skip
    assert inside - names == {"lrclr_explorer/on_path.pth"}, "lies beside the folder"


def test_what_is_imported_is_declared(wheel: Path) -> None:
    """By somebody else's dependency alone it would be there, until that one drops it."""
    lines = [Requirement(line) for line in fresh_environment.requirements_of(wheel)]
    declared = {canonicalize_name(line.name) for line in lines if not line.marker}
    owners = packages_distributions()
    undeclared = {
        f"{path.relative_to(ROOT)}: {name}"
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
        for name in _imported(path)
        if name not in sys.stdlib_module_names and name not in FOLDERS
        and not {canonicalize_name(owner) for owner in owners.get(name, [name])} & declared
    }  # fmt: skip
    assert undeclared == set()


def _imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    from_ = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.split(".")[0] for name in plain | from_}


def test_what_is_declared_fits_together(python: Path) -> None:
    assert "No broken requirements" in fresh_environment.pip(python, "check")


@pytest.fixture
def nothing_written(python: Path) -> Iterator[None]:
    """No file of the installation is written while a test runs."""
    (folder,) = python.parents[1].glob("**/site-packages/lrclr_explorer")

    def state() -> dict[str, int]:
        files = [file for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc"]
        return {str(file): file.stat().st_mtime_ns for file in files}

    before = state()
    yield
    assert state() == before


@pytest.mark.usefixtures("nothing_written")
def test_the_doctor_of_an_installation_is_content(
    environment: dict[str, str], tmp_path: Path
) -> None:
    newcomer = {**environment, "HOME": str(tmp_path)}  # who has no runs yet
    done = subprocess.run(
        ["lrclr-explorer", "doctor"], cwd=tmp_path, env=newcomer, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "MISSING" not in done.stdout and __version__ in done.stdout
    assert str(tmp_path) in next(line for line in done.stdout.splitlines() if "runs" in line)


@pytest.mark.usefixtures("nothing_written")
def test_the_first_page_of_an_installation_opens(
    environment: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    command = ["lrclr-explorer", "--server.port", str(port), "--server.headless", "true"]
    url = f"http://localhost:{port}/"
    with served(command, environment, tmp_path, f"{url}_stcore/health") as process:
        assert b"<title>" in urllib.request.urlopen(url).read()
        messages = open_page(url)
        listening = psutil.Process(process.pid).net_connections(kind="tcp")
    assert exceptions_in(messages) == []
    assert "not for clinical use" in words_of(messages)
    # config.toml lies beside the script, and counts from every folder.
    hosts = {one.laddr.ip for one in listening if one.status == psutil.CONN_LISTEN}
    assert hosts <= {"127.0.0.1", "::1"}
    (start, *_) = (one.new_session for one in messages if one.HasField("new_session"))
    assert start.config.gather_usage_stats is False


@pytest.mark.usefixtures("nothing_written")
def test_every_page_of_an_installation_opens(environment: dict[str, str], tmp_path: Path) -> None:
    """Each as somebody comes to it by its address, who has been on no other page."""
    port = free_port()
    command = ["lrclr-explorer", "--server.port", str(port), "--server.headless", "true"]
    url = f"http://localhost:{port}/"
    with served(command, environment, tmp_path, f"{url}_stcore/health"):
        for _, file, title, _ in TABLE:
            messages = open_page(url, page=file.removesuffix(".py"))
            assert exceptions_in(messages) == [], file
            shown = next(one.navigation for one in messages if one.HasField("navigation"))
            names = {page.page_script_hash: page.page_name for page in shown.app_pages}
            assert names[shown.page_script_hash] == title
            assert words_of(messages).count("\n") > 2, file


@pytest.mark.usefixtures("nothing_written")
def test_a_run_of_an_installation_lies_with_its_user(
    python: Path, environment: dict[str, str], home: Path, tmp_path: Path
) -> None:
    """And reads paths as they were typed, from the folder that the app was started in."""
    (tmp_path / "core").mkdir()  # of somebody else: not ours
    (tmp_path / "core" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    code = (
        "import lrclr_explorer, time\n"
        "from core.training.runs import start_run\n"
        "run = start_run('try', ['--model', 'demo', '--data', 'films/manifest.csv', '--steps',"
        " '1', '--batch-size', '2', '--check-data', 'films/manifest.csv'])\n"
        "while run.status in ('queued', 'running'): time.sleep(0.2)\n"
        "print(run.status, run.error, run.dir)"
    )
    for command in (
        ["lrclr-explorer", "phantom", "--n", "4", "--seed", "3", "--out", "films"],
        [str(python), "-P", "-c", code],
    ):
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split()[:2] == ["finished", "None"], done.stdout
    assert Path(done.stdout.split()[2]).is_relative_to(home)
