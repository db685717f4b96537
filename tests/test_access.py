"""Every door of the app, tried by its owner and by a visitor."""

import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import numpy as np
import pytest
import torch
import websockets
from app_driver import labelled
from local_hub import serving
from PIL import Image
from published_models import native
from served import free_port, served
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.testing.v1 import AppTest

from core.backbones.compact import CompactBackbone, CompactConfig
from core.backbones.hub import fetch as fetch_model
from core.backbones.open_clip_vit import FILES
from core.errors import ExplorerError
from core.evaluation.examples import load_examples
from core.inference import predictor as predictor_module
from core.lrclr.checkpoint import save_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.paths import ROOT
from core.training.runs import Run
from explorer import access, admission
from explorer.access import Connection
from explorer.policy import policy
from explorer.runs import form
from explorer.shared import cache, state

HERE = {"Host": "localhost:8501", "Origin": "http://localhost:8501"}
VISITOR = Connection("192.168.1.20", {"Host": "192.168.1.5:8501"})
LISTED = "phantom:n=4,seed=5"


@pytest.fixture
def visitor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The session is a visitor's."""
    monkeypatch.setattr(access, "connection", lambda: VISITOR)


@pytest.fixture
def allow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Writes access.toml."""

    def write(text: str) -> None:
        path = tmp_path / "access.toml"
        path.write_text(text)
        os.utime(path, ns=(time.time_ns(), time.time_ns()))
        monkeypatch.setenv("LRCLR_ACCESS", str(path))

    return write


@pytest.mark.parametrize(
    ("address", "headers", "owner"),
    [
        (None, HERE, True),
        (None, {"Host": "127.0.0.1:8501"}, True),
        (None, {"Host": "[::1]:8501", "Origin": "http://[::1]:8501"}, True),
        ("127.0.0.2", {"Host": "127.0.0.2:8501"}, True),
        ("::ffff:127.0.0.1", HERE, True),
        ("192.168.1.20", {"Host": "192.168.1.5:8501"}, False),
        ("192.168.1.20", HERE, False),  # a Host that somebody made up
        (None, {**HERE, "X-Forwarded-For": "127.0.0.1"}, False),  # a reverse proxy
        (None, {**HERE, "Forwarded": "for=127.0.0.1"}, False),
        (None, {**HERE, "X-Real-Ip": "127.0.0.1"}, False),
        (None, {"Host": "127.0.0.1:8501", "Origin": "https://films.example"}, False),  # a plain one
        (None, {"Host": "films.example:8501"}, False),  # a name that was bound to 127.0.0.1
        (None, {"Host": "localhost.films.example"}, False),
        (None, {}, False),  # a connection that is closed
        ("not an address", HERE, False),
    ],
)
def test_the_owner_is_who_sits_here(
    address: str | None, headers: dict[str, str], owner: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "connection", lambda: Connection(address, headers))
    assert access.is_owner() == owner


def _doors(run: Run) -> dict[str, Any]:
    """Each thing that only some may do."""
    return {
        "a set by path": lambda: access.check_set("/data/manifest.csv"),
        "a folder": lambda: access.check_set("."),
        "a published set": lambda: access.check_set("nih:/data/nih"),
        "an archive": lambda: access.check_set("shards:/data"),
        "very many phantoms": lambda: access.check_set("phantom:train"),
        "a model by path": lambda: access.check_model("/models/mine"),
        "a hub": lambda: access.check_model("hf-hub:org/name"),
        "somebody's run as a model": lambda: access.check_model(run.name),
        "an import": access.check_import,
        "presets": access.check_presets,
        "notes": access.check_notes,
        "a run on a path": lambda: access.check_new_run("demo", "/data/x.csv", "lrclr"),
        "a run of a hub's model": lambda: access.check_new_run("hf:a/b", LISTED, "lrclr"),
        "a run by the owner's preset": lambda: access.check_new_run("demo", LISTED, "mine"),
        "somebody's run": lambda: access.check_run(run),
    }


@pytest.fixture
def run_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run of another session, and a preset of the owner's."""
    for name in ("runs", "presets"):
        monkeypatch.setenv(f"LRCLR_{name.upper()}", str(tmp_path / name))
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "mine.toml").write_text('data = "/data/mine.csv"\n')
    folder = tmp_path / "runs" / "theirs"
    folder.mkdir(parents=True)
    (folder / "command.json").write_text(json.dumps({"command": ["x"]}))
    (folder / "started_by.json").write_text(json.dumps({"session": "another"}))
    return Run(folder)


def test_every_door_is_open_to_the_owner(run_of_another: Run) -> None:
    for door in _doors(run_of_another).values():
        door()
    access.check_upload()
    assert access.visible_runs([run_of_another]) == [run_of_another]
    assert access.visible_presets(["mine", "lrclr"]) == ["mine", "lrclr"]


def test_every_door_is_closed_to_a_visitor(run_of_another: Run, visitor: None) -> None:
    for name, door in _doors(run_of_another).items():
        with pytest.raises(ExplorerError):
            door()
            pytest.fail(f"a visitor has {name}")
    assert access.visible_runs([run_of_another]) == []
    assert access.visible_presets(["mine", "lrclr"]) == ["lrclr"]
    assert access.visible_models(["demo", "theirs"]) == ["demo"]
    for spec in ("phantom:demo", "phantom:test", f"phantom:n={access.PHANTOMS}"):
        access.check_set(spec)
    access.check_model("demo")
    access.check_upload()
    access.check_new_run("demo", "phantom:train,n=1000", "lrclr")


_DOORS = {"open_studies", "load_predictor", "open_source", "ImportJob", "start_run", "resume_run",
          "save_preset", "remove_preset", "UploadedSet", "list_runs"}  # fmt: skip
"""What opens, reads, writes, starts or lists; a file that imports one asks `access`."""


@pytest.mark.parametrize("path", sorted(
    path for folder in ("explorer", "pages") for path in (ROOT / folder).rglob("*.py")
), ids=lambda path: str(path.relative_to(ROOT)))  # fmt: skip
def test_no_door_is_without_a_question(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    used = {name for name in _DOORS if f"{name}(" in text and path.name != "access.py"}
    assert not used or "access.check_" in text or "access.visible_" in text, used


def test_the_owner_lists_what_visitors_may(
    run_of_another: Run, visitor: None, allow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow('sets = ["nih:/data/nih"]\nmodels = ["hf-hub:org/name"]\nuploads = false\nruns = false\n')
    access.check_set("nih:/data/nih")
    access.check_model("hf-hub:org/name")
    assert access.offered_sets() == ("nih:/data/nih",)
    assert access.visible_models(["demo"]) == ["demo", "hf-hub:org/name"]
    for closed in (lambda: access.check_set("nih:/data/nih,split=test"), access.check_upload,
                   lambda: access.check_new_run("demo", LISTED, "lrclr"),
                   access.check_import):  # fmt: skip
        with pytest.raises(ExplorerError):
            closed()
    allow('owners = ["192.168.1.0/24"]\n')
    assert access.is_owner()
    forwarded = replace(VISITOR, headers={**VISITOR.headers, "X-Forwarded-For": "1.2.3.4"})
    monkeypatch.setattr(access, "connection", lambda: forwarded)
    assert not access.is_owner()
    allow("everyone_is_owner = true\n")
    for door in _doors(run_of_another).values():
        door()


@pytest.fixture
def coded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A server for a class; has the session give a code, from an address of its own each time."""
    monkeypatch.setenv("LRCLR_CLASS_CODE", "KBT-4Q7")
    monkeypatch.setenv("LRCLR_TEACHER_CODE", "TEACHERS CODE 123")
    monkeypatch.setattr(access, "_session", lambda: "one session")
    monkeypatch.setattr(access, "connection", lambda: VISITOR)
    yield access.give_code
    admission._held.clear()
    admission._wrong.clear()


def test_each_role_has_its_doors_on_a_server_for_a_class(
    coded: Any, run_of_another: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_to_students = {
        "phantoms": lambda: access.check_set(LISTED),
        "the demo": lambda: access.check_model("demo"),
        "a film of one's own": access.check_upload,
        "the class's lessons": access.check_lessons,
        "a run": lambda: access.check_new_run("demo", LISTED, "lrclr"),
    }
    owners = _doors(run_of_another)

    def opened(doors: dict[str, Any]) -> set[str]:
        through = set()
        for name, door in doors.items():
            with suppress(ExplorerError):
                door()
                through.add(name)
        return through

    assert access.role() == "visitor" and not access.may_enter()
    assert not opened(open_to_students) and not opened(owners)
    assert access.visible_models(["demo"]) == [] and not access.may_upload()
    assert not access.may_learn() and not access.may_note() and access.code_in_link() == ""
    with pytest.raises(ExplorerError):
        access.check_class()
    assert not coded("KBT4Q8") and not coded("") and access.role() == "visitor"
    assert coded(" kbt 4q7 ") and access.role() == "student"
    assert opened(open_to_students) == {*open_to_students} and not opened(owners)
    assert access.code_in_link() == "KBT-4Q7"
    with pytest.raises(ExplorerError, match="teacher"):
        access.check_class()
    assert coded("teacherscode123") and access.role() == "teacher"
    access.check_class()
    assert opened(open_to_students) == {*open_to_students}
    assert not opened(owners), "the teacher's code opens none of the owner's files"
    assert access.code_in_link() == "", "a teacher's code in no address"
    monkeypatch.setattr(access, "connection", lambda: Connection(None, HERE))
    monkeypatch.setattr(access, "_session", lambda: "another session")
    assert access.role() == "owner" and opened(owners) == {*owners}, "and gave no code"
    access.check_class()


def test_a_code_is_a_session_s_own_and_ends_with_the_server_s(
    coded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert coded("KBT4Q7")
    monkeypatch.setattr(access, "_session", lambda: "another session")
    assert access.role() == "visitor"
    monkeypatch.setattr(access, "_session", lambda: "")
    assert not coded("KBT4Q7") and access.role() == "visitor", "nobody holds a code"
    monkeypatch.setattr(access, "_session", lambda: "one session")
    monkeypatch.setenv("LRCLR_CLASS_CODE", "OTHER")
    assert access.role() == "visitor"


def test_codes_cannot_be_tried_one_after_another(
    coded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        assert not coded(f"WRONG{number}")
    with pytest.raises(ExplorerError, match="wait a minute"):
        coded("KBT4Q7")  # else who tries on would know the right one when it comes
    monkeypatch.setattr(access, "connection", lambda: replace(VISITOR, address="192.168.1.21"))
    assert coded("KBT4Q7"), "who sits beside them comes in"


def test_who_logs_in_needs_no_code(
    coded: Any, allow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow('login = true\nteachers = ["Teacher@school.example"]\n')
    user: dict[str, Any] = {}
    monkeypatch.setattr(access, "st", SimpleNamespace(
        user=SimpleNamespace(to_dict=lambda: user)))  # fmt: skip
    assert access.role() == "visitor"
    user |= {"is_logged_in": True, "email": "pupil@school.example"}
    assert access.role() == "student"
    user |= {"email": "teacher@school.example", "email_verified": False}
    assert access.role() == "visitor", "an address that nobody has verified is nobody's"
    user |= {"email_verified": True}
    assert access.role() == "teacher"
    allow('login = false\nteachers = ["teacher@school.example"]\n')
    assert access.role() == "visitor"


@pytest.mark.parametrize(
    ("text", "word"),
    [("sets = 3", "a list of texts"), ("everyone_is_owner = 1", "true or false"),
     ("everyone = true", "no setting 'everyone'"), ("sets = [", "cannot be used"),
     ('owners = ["x"]', "no address")],
)  # fmt: skip
def test_a_wrong_access_file_opens_nothing(
    text: str, word: str, visitor: None, allow: Any
) -> None:
    allow(text)
    with pytest.raises(ExplorerError, match=word):
        policy()
    assert not access.is_owner()
    with pytest.raises(ExplorerError):
        access.check_set("phantom:demo")


def test_a_link_draws_no_more_phantoms_than_a_visitor() -> None:
    with pytest.raises(ExplorerError, match="100000 phantoms"):
        access.check_phantoms("phantom:n=100000")
    with pytest.raises(ExplorerError, match="24000 phantoms"):
        access.check_phantoms("phantom:train")


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_of_another: Run, allow: Any,
        visitor: None) -> AppTest:  # fmt: skip
    """The app as a visitor opens it, with a small model that is listed."""
    monkeypatch.setenv("LRCLR_CACHE", str(tmp_path / "cache"))
    torch.manual_seed(0)
    config = CompactConfig(image_size=64, width=32, depth=2, heads=2,
                           text_depth=1, embed_dim=32)  # fmt: skip
    save_model(LRCLR(CompactBackbone(config), LRCLRConfig(k=3)), tmp_path / "runs" / "small")
    allow('models = ["small"]\n')
    app = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=600)
    app.query_params.update({"set": LISTED, "model": "small"})
    return app


def _opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the app opens from now on, sets and models."""
    opened: list[str] = []

    def refuse(spec: str) -> None:
        opened.append(spec)
        raise ExplorerError("opened")

    monkeypatch.setattr(cache, "open_studies", refuse)
    monkeypatch.setattr(predictor_module, "load_predictor", refuse)
    return opened


@pytest.mark.usefixtures("visitor")
def test_a_visitor_fetches_no_weights_of_a_model_that_is_listed(
    allow: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be used once it is here; what is not is fetched by the owner alone."""
    spec = "hf-hub:tests/listed"  # of no other test: a model that was loaded stays
    allow(f'models = ["{spec}"]\n')
    with serving() as hub:
        hub.repos["tests/listed"] = native(tmp_path / "repository")
        template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        for fetch in (cache.predictor, cache.fetch):
            with pytest.raises(ExplorerError, match="its owner fetches them"):
                fetch(spec)
        assert not any("/resolve/" in asked for asked in hub.asked)
        fetch_model("tests/listed", FILES)
        assert cache.predictor(spec).name == spec


def test_a_visitor_finds_the_doors_of_the_pages_closed(
    app: AppTest, run_of_another: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.run()
    assert not app.exception and not app.error, [error.value for error in app.error]
    assert app.session_state[state.KEY].model == "small"
    opened = _opened(monkeypatch)
    offered = labelled(app.sidebar.selectbox, "Model").options
    assert "another model" not in offered and "a published model" not in offered
    labelled(app.sidebar.selectbox, "Study set").select("another set").run()
    for spec in (str(tmp_path / "x.csv"), "nih:/data", "phantom:n=100000"):
        labelled(app.sidebar.text_input, "Set").set_value(spec).run()
        assert not app.exception and "visitor" in app.error[0].value.lower()
    # However a spec came to be the session's, nothing of it is opened.
    session = app.session_state[state.KEY]
    app.session_state[state.KEY] = replace(session, study_set=str(tmp_path), model="hf:a/b")
    app.run()
    assert not app.exception and app.error and not opened
    app.session_state[state.KEY] = session
    app.switch_page("../pages/import_data.py").run()
    assert "its owner's" in app.error[0].value
    assert not [box for box in app.text_input if box.label.startswith(("Data", "New folder"))]
    app.switch_page("../pages/finetune.py").run()
    assert not app.exception and not app.error, [error.value for error in app.error]
    assert "Run" not in [box.label for box in app.selectbox]  # there is one, and it is another's
    assert "mine" not in app.selectbox(key="preset").options
    assert "TOML" not in [box.label for box in app.text_area]
    assert "Save" not in [button.label for button in app.button]


def test_a_visitor_trains_and_stops_runs_of_their_own(
    app: AppTest, run_of_another: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []

    def start(name: str, arguments: list[str]) -> Run:
        started.append(arguments)
        folder = run_of_another.dir.with_name(name)
        folder.mkdir()
        me = {**access_owner(), "submitted": 1}
        for file, told in (("command.json", {"command": ["x"]}), ("pid.json", me),
                           ("status.json", {"status": "running"})):  # fmt: skip
            (folder / file).write_text(json.dumps(told))
        return Run(folder)

    monkeypatch.setattr(form, "start_run", start)
    app.run()
    app.switch_page("../pages/finetune.py").run()
    labelled(app.text_input, "Study set").set_value("/data/x.csv")
    labelled(app.button, "Start").click().run()
    assert not started and "listed" in app.error[0].value
    labelled(app.text_input, "Study set").set_value("phantom:train,n=100")
    labelled(app.text_input, "Name").set_value("own")
    labelled(app.button, "Start").click().run()
    assert not app.exception and len(started) == 1
    assert labelled(app.selectbox, "Run").options == ["own"]
    labelled(app.button, "Stop and keep").click().run()
    assert (run_of_another.dir.with_name("own") / "stop").exists()
    (run_of_another.dir.with_name("own") / "started_by.json").unlink()  # now it is another's
    app.run()
    assert "Stop and keep" not in [button.label for button in app.button]


def access_owner() -> dict[str, Any]:
    from core.claims import this_process

    return this_process()


def test_a_link_to_very_many_phantoms_opens_the_default(app: AppTest) -> None:
    app.query_params["set"] = "phantom:n=100000"
    app.run()
    assert not app.exception
    assert app.session_state[state.KEY].study_set == load_examples().data
    assert any("100000 phantoms" in toast.value for toast in app.toast)


def test_a_link_opens_a_set_of_files_that_the_owner_listed(
    app: AppTest, visitor: None, allow: Any, tmp_path: Path
) -> None:
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(tmp_path / "a.png")
    spec = str(tmp_path / "mine.csv")
    (tmp_path / "mine.csv").write_text("id,image\na,a.png\n")
    app.query_params["set"] = spec
    app.query_params["study"] = "1"
    app.run()
    session, opening = app.session_state[state.KEY], load_examples().opening
    assert (session.study_set, session.row) == (load_examples().data, opening.row)
    assert "listed sets" in app.toast[0].value and app.query_params.get("set") != spec
    allow(f'sets = ["{spec}"]\n')
    again = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=600)
    again.query_params["set"] = spec
    again.run()
    assert not again.exception and again.session_state[state.KEY].study_set == spec
    assert again.query_params["set"] == spec


def test_a_visitor_is_not_asked_for_films_that_are_not_taken(
    app: AppTest, visitor: None, allow: Any
) -> None:
    allow("uploads = false\n")
    assert not app.run().get("file_uploader") and not app.exception
    allow("")
    assert app.run().get("file_uploader")


_TELL = "import streamlit as st\nfrom explorer import access\nst.text(access.is_owner())\n"


@contextmanager
def _server(folder: Path) -> Iterator[int]:
    """A server on all addresses whose page says whether its session is the owner's; its port."""
    (folder / "tell.py").write_text(_TELL)
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(folder / "tell.py"), "--server.port",
               str(port), "--server.headless", "true", "--server.address", "0.0.0.0"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with served(command, environment, ROOT, f"http://127.0.0.1:{port}/_stcore/health"):
        yield port


async def _told(address: str, port: int, headers: dict[str, str]) -> str:
    """What the page says to a browser at `address`."""
    host = f"{address}:{port}"
    async with websockets.connect(
        f"ws://{host}/_stcore/stream", subprotocols=["streamlit"], max_size=None,
        additional_headers=headers, origin=f"http://{host}",
    ) as stream:  # fmt: skip
        ask = BackMsg()
        ask.rerun_script.query_string = ""
        await stream.send(ask.SerializeToString())
        while True:
            message = ForwardMsg.FromString(await asyncio.wait_for(stream.recv(), 120))
            if message.delta.new_element.text.body:
                return message.delta.new_element.text.body


def _other_address() -> str | None:
    """An address of this computer that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
            found = str(probe.getsockname()[0])
        except OSError:
            return None
    return None if found.startswith(("127.", "0.")) else found


def test_a_real_server_tells_its_owner_from_others(tmp_path: Path) -> None:
    with _server(tmp_path) as port:
        assert asyncio.run(_told("127.0.0.1", port, {})) == "True"
        assert asyncio.run(_told("127.0.0.1", port, {"X-Forwarded-For": "127.0.0.1"})) == "False"
        other = _other_address()
        if other:
            assert asyncio.run(_told(other, port, {})) == "False"
            assert asyncio.run(_told(other, port, {"X-Forwarded-For": "127.0.0.1"})) == "False"
