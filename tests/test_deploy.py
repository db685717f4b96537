"""What others run it with: the image, the Space, JupyterHub, the notebook, the release."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
import yaml
from nbclient import NotebookClient
from served import exceptions_in, free_port, open_page, served, words_of

from core import __version__
from core.paths import ROOT

pytestmark = pytest.mark.slow


def steps(path: Path) -> list[tuple[str, str]]:
    """Instructions of a Dockerfile and what they say, in order."""
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    whole = re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines()
    pairs = (line.partition(" ") for line in whole if line.strip())
    return [(name.upper(), said.strip()) for name, _, said in pairs]


STEPS = steps(ROOT / "Dockerfile")
ARGS = dict(said.split("=", 1) for name, said in STEPS if name == "ARG")
ENV = dict(
    pair.split("=", 1) for name, said in STEPS if name == "ENV" for pair in shlex.split(said)
)


def said(instruction: str) -> str:
    """What the one instruction of this name says."""
    (text,) = (text for name, text in STEPS if name == instruction)
    return text


def health_command() -> list[str]:
    command: list[str] = json.loads(said("HEALTHCHECK").partition("CMD ")[2])
    return command


def test_the_image_runs_without_rights_and_writes_one_folder() -> None:
    names = [name for name, _ in STEPS]
    assert said("USER") == "1000" and names.index("USER") < names.index("ENTRYPOINT")
    assert "USER" not in names[: names.index("COPY")], "pip installs for all"
    assert said("VOLUME") == said("WORKDIR") == "/data"
    written = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
    assert all(ENV[name].startswith("/data") for name in written)
    assert said("EXPOSE") == ENV["STREAMLIT_SERVER_PORT"]
    assert ":" in said("FROM") and not said("FROM").endswith("latest")


def test_what_the_image_copies_is_there_and_not_kept_out() -> None:
    kept = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }  # fmt: skip
    copied = [word for name, text in STEPS if name == "COPY" for word in text.split()[:-1]]
    for word in copied:
        name = ARGS[word[1:]] if word.startswith("$") else word
        assert name in kept
        assert name.startswith("dist/") or (ROOT / name).is_file()
    assert "deploy/space/access.toml" in kept


@pytest.mark.parametrize("name", ["deploy/access.toml", "deploy/space/access.toml",
                                  "lrclr_explorer/jupyter.toml"])  # fmt: skip
def test_what_visitors_may_is_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from explorer.policy import policy

    monkeypatch.setenv("LRCLR_ACCESS", str(ROOT / name))
    told = policy()
    assert told.everyone_is_owner == ("jupyter" in name)
    assert told.uploads == ("space" not in name)


def test_a_space_says_where_it_listens_and_takes_nothing_in() -> None:
    front = (ROOT / "deploy/space/README.md").read_text("utf-8").split("---")[1]
    values = dict(line.split(": ", 1) for line in front.splitlines() if ": " in line)
    assert values["sdk"] == "docker" and values["app_port"] == ENV["STREAMLIT_SERVER_PORT"]
    assert values["license"] == "mit" and len(values["short_description"]) <= 60
    settings = tomllib.loads((ROOT / "explorer/.streamlit/config.toml").read_text("utf-8"))
    assert settings["server"].get("enableXsrfProtection", True)


def _can_bind() -> bool:
    """Whether this user may see a file system of their own, as a container does."""
    command = ["unshare", "-m", "sh", "-c", "mount --bind / / && mount -o remount,ro,bind /"]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


def test_the_image_s_command_serves_from_a_root_that_nobody_can_write(tmp_path: Path) -> None:
    """ENV, ENTRYPOINT and HEALTHCHECK as they are written, with one folder that is /data."""
    if not _can_bind():
        pytest.skip("needs the right to mount: run as root on Linux")
    port = str(free_port())
    data = tmp_path / "data"
    data.mkdir()
    environment = {
        **{name: value.replace("/data", str(data)) for name, value in ENV.items()},
        "STREAMLIT_SERVER_PORT": port, "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "LRCLR_ACCESS": str(ROOT / ARGS["ACCESS"]), "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    (entry,) = json.loads(said("ENTRYPOINT"))
    assert entry == "lrclr-explorer"
    script = (
        'mount --bind / / && mount --bind "$0" "$0" && mount -o remount,ro,bind / && cd "$0" && '
        '! touch /written 2>/dev/null && exec "$@"'
    )
    command = ["unshare", "-m", "sh", "-c", script, str(data),
               sys.executable, "-m", "lrclr_explorer"]  # fmt: skip
    url = f"http://127.0.0.1:{port}/"
    with served(command, environment, tmp_path, f"{url}_stcore/health"):
        asked = [sys.executable, *health_command()[1:]]
        assert subprocess.run(asked, env=environment).returncode == 0
        messages = open_page(url, {"X-Forwarded-For": "203.0.113.7"})
        assert exceptions_in(messages) == []
        assert "not for clinical use" in words_of(messages)
        assert "You are a visitor" in words_of(messages)
    assert subprocess.run(asked, env=environment, capture_output=True).returncode != 0, "is ended"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Somebody's server of Jupyter below a path, as JupyterHub starts it; the app's address."""
    folder = tmp_path_factory.mktemp("hub")
    port = free_port()
    (folder / "jupyter_server_config.py").write_text(
        "from lrclr_explorer.jupyter import server\n"
        "told = server()\n"
        f"told['command'][:1] = [{sys.executable!r}, '-m', 'lrclr_explorer']\n"
        "c.ServerProxy.servers = {'lrclr-explorer': told}\n"
    )
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder),
        "JUPYTER_CONFIG_DIR": str(folder), "JUPYTER_TOKEN": "secret", "LRCLR_ACCESS": "",
        "XDG_CONFIG_HOME": str(folder),
    }  # fmt: skip
    base = f"http://127.0.0.1:{port}/user/ann/"
    command = [sys.executable, "-m", "jupyter_server", "--port", str(port), "--no-browser",
               "--allow-root", "--ServerApp.base_url=/user/ann/",
               "--ServerApp.allow_remote_access=True"]  # fmt: skip
    with served(command, environment, folder, f"{base}api"):
        yield f"{base}lrclr-explorer/"


def test_jupyterhub_s_proxy_has_the_app_below_a_path_for_who_is_logged_in(hub: str) -> None:
    assert "/login?" in urllib.request.urlopen(hub, timeout=60).url
    key = {"Authorization": "token secret"}
    asked = urllib.request.Request(hub, headers=key)
    page = urllib.request.urlopen(asked, timeout=300).read().decode()
    for name in re.findall(r'(?:src|href)="([^"]+\.(?:js|css))"', page)[:3]:
        address = urllib.request.Request(hub + name.removeprefix("./"), headers=key)
        assert urllib.request.urlopen(address, timeout=60).status == 200
    messages = open_page(hub, key)
    assert exceptions_in(messages) == []
    assert "not for clinical use" in words_of(messages)
    boxes = [one.delta.new_element.file_uploader.label for one in messages]
    assert "Your radiograph" in boxes
    # Who came through Jupyter's login is the owner: theirs is the list's last entry.
    choices = [list(one.delta.new_element.selectbox.options) for one in messages]
    assert any("another model" in options for options in choices)


def test_the_notebook_does_what_readme_shows() -> None:
    notebook = nbformat.read(ROOT / "docs" / "first-film.ipynb", as_version=4)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    (lines,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
    *readme, last = lines.strip().splitlines()
    assert first.source.splitlines()[: len(readme)] == readme
    assert not any(cell.get("outputs") for cell in notebook.cells), "outputs are not committed"
    NotebookClient(notebook, timeout=300, kernel_name="python3",
                   resources={"metadata": {"path": str(ROOT)}}).execute()  # fmt: skip
    kinds = {kind for cell in notebook.cells for output in cell.get("outputs", [])
             for kind in output.get("data", {})}  # fmt: skip
    assert "image/png" in kinds


def test_whoever_files_an_issue_is_told_to_leave_patients_out() -> None:
    forms = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
    told = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in forms}
    assert told.pop("config") == {"blank_issues_enabled": False}, "no way around the forms"
    for form in told.values():
        first, *_, last = form["body"]
        assert "No patient images" in first["attributes"]["value"]
        assert last["type"] == "checkboxes" and last["attributes"]["options"][0]["required"]
    assert "patient" in (ROOT / "SECURITY.md").read_text("utf-8")


def test_the_release_says_its_version_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == __version__ and citation["license"] == "MIT"
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    released = str(citation["date-released"])
    log = (ROOT / "CHANGELOG.md").read_text("utf-8")
    (newest, *_) = re.findall(r"^## (\d+\.\d+\.\d+) - (\S+)$", log, re.M)
    assert newest == (__version__, released)


def test_the_same_commit_gives_the_same_bytes(tmp_path: Path) -> None:
    """In another folder, at another time, by another user's settings."""
    if subprocess.run(["git", "rev-parse"], cwd=ROOT, capture_output=True).returncode:
        pytest.skip("needs a clone")
    sums = []
    for name, mask, zone in (("one", 0o022, "UTC"), ("two/deeper", 0o077, "Asia/Tokyo")):
        clone = tmp_path / name
        clone.parent.mkdir(exist_ok=True)
        quiet = {"check": True, "capture_output": True, "umask": mask}
        subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{ROOT}", clone], **quiet)
        environment = {**os.environ, "TZ": zone, "PYTHONHASHSEED": str(mask)}
        command = ["make", "dist", f"BIN={Path(sys.executable).parent}"]
        subprocess.run(command, cwd=clone, env=environment, **quiet)
        sums.append((clone / "dist" / "SHA256SUMS").read_text())
    assert sums[0].count("\n") == 2 and sums[0] == sums[1]
