"""Where a run stands in the queue, for how long about, and what is a student's share of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.claims import this_process
from core.errors import ExplorerError
from core.training.queue import QueuePlace, ordinal, place_in_queue, run_images
from core.training.runs import Run
from explorer import access
from explorer.access import Connection


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes runs, each submitted after the one before; their processes are this one."""
    monkeypatch.setenv("LRCLR_RUNS", str(tmp_path))

    def make(name: str, status: str, steps: int = 100, batch: int = 32, session: str = "",
             log: tuple[dict[str, Any], ...] = ()) -> Run:  # fmt: skip
        folder = tmp_path / name
        folder.mkdir()
        command = ["python", "-m", "core", "finetune", "--steps", f"{steps}", "--batch-size",
                   f"{batch}"]  # fmt: skip
        number = len(list(tmp_path.iterdir()))
        for file, told in (("command.json", {"command": command}), ("status.json", {
            "status": status}), ("pid.json", {**this_process(), "submitted": number}),
                ("started_by.json", {"session": session})):  # fmt: skip
            (folder / file).write_text(json.dumps(told))
        (folder / "log.jsonl").write_text("\n".join(map(json.dumps, log)))
        return Run(folder)

    return make


STEP = {"kind": "step", "step": 10, "steps": 100, "images_per_second": 16.0, "left": 90.0}


def test_the_place_and_the_time_are_of_those_before(runs: Any) -> None:
    running = runs("a", "running", log=({"kind": "start"}, STEP))
    second, third = runs("b", "queued", steps=50, batch=32), runs("c", "queued")
    runs("d", "queued")
    runs("old", "finished")
    assert place_in_queue(second) == QueuePlace(1, 90.0)
    assert place_in_queue(third) == QueuePlace(2, 90.0 + 50 * 32 / 16.0)
    assert place_in_queue(third).said() == "2nd in the queue, about 4 minutes"
    (running.dir / "log.jsonl").write_text(json.dumps({"kind": "progress"}))
    assert place_in_queue(third) == QueuePlace(2, None), "nobody has told how quick it is"
    runs("quick", "finished", log=({**STEP, "images_per_second": 100.0},))
    assert place_in_queue(third).seconds == pytest.approx(100 * 32 / 100 + 50 * 32 / 100)


def test_places_are_said_as_people_say_them() -> None:
    said = [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 111)]
    assert " ".join(said) == "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 23rd 111th"
    assert QueuePlace(1, 20.0).said() == "next in the queue, about 1 minute"
    assert run_images(["--steps"]) == run_images(["--steps", "x", "--batch-size", "2"]) == 0


def test_a_student_has_one_place_in_the_queue_and_a_share_of_it(
    runs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("demo", "phantom:train,n=100", "lrclr")
    access.check_new_run(*asked, 10**9)  # the owner's
    visitor = Connection("192.168.1.20", {"Host": "192.168.1.5:8501"})
    monkeypatch.setattr(access, "connection", lambda: visitor)
    monkeypatch.setattr(access, "_session", lambda: "me")
    access.check_new_run(*asked, access.RUN_IMAGES)
    with pytest.raises(ExplorerError, match="keep the others waiting"):
        access.check_new_run(*asked, access.RUN_IMAGES + 1)
    own = runs("own", "queued", session="me")
    runs("theirs", "running", session="you")
    with pytest.raises(ExplorerError, match="'own' is not done"):
        access.check_new_run(*asked)
    (own.dir / "status.json").write_text('{"status": "finished"}')
    access.check_new_run(*asked)
    monkeypatch.setattr(access, "RUNS_WAITING", 1)
    with pytest.raises(ExplorerError, match="1 runs wait"):
        access.check_new_run(*asked)
