"""Lanes: in the order of asking, once for the same, the newest of a session; passes in them."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from typing import Any

import numpy as np
import pytest
import torch
from starlette.applications import Starlette
from starlette.testclient import TestClient
from tiny_model import tiny_model

from core.errors import ExplorerError
from core.inference import lanes as lanes_module
from core.inference.lanes import Lanes, SupersededError
from core.inference.predictor import Predictor
from core.specs import open_studies
from explorer.lab import benches, route
from explorer.routes import LAB_FRAME, ROUTES


class Held:
    """Lanes whose one lane is busy until it is let go; notes in which order work was done."""

    def __init__(self, remembered: int = 0) -> None:
        self.lanes, self.order = Lanes(1, remembered), []
        self._busy, self._go = threading.Event(), threading.Event()
        self.first = self.lanes.submit("", "first", self._hold)
        assert self._busy.wait(30)

    def _hold(self) -> None:
        self._busy.set()
        assert self._go.wait(30)

    def ask(self, asker: str, key: str, **options: Any) -> "Future[str]":
        def work() -> str:
            self.order.append(key)
            return key.upper()

        return self.lanes.submit(asker, key, work, **options)

    def go(self, *futures: "Future[Any]") -> None:
        self._go.set()
        assert not wait(futures, 30).not_done


@pytest.fixture
def held() -> Iterator[Held]:
    one = Held()
    yield one
    one.go(one.first)


def test_the_newest_of_a_session_takes_the_place_of_what_it_asked_before(held: Held) -> None:
    old, other = held.ask("ann", "a1"), held.ask("bob", "b1")
    new = held.ask("ann", "a2")
    with pytest.raises(SupersededError):
        old.result(30)
    held.go(new, other)
    assert held.order == ["a2", "b1"], "who asks again does not lose their place"
    assert (new.result(), other.result()) == ("A2", "B1")


def test_what_several_ask_for_is_done_once_and_stays_while_one_needs_it(held: Held) -> None:
    ann, bob, page = held.ask("ann", "same"), held.ask("bob", "same"), held.ask("", "same")
    other, more = held.ask("bob", "other"), held.ask("", "more")
    with pytest.raises(SupersededError):
        bob.result(30)
    held.go(ann, page, other, more)
    assert held.order == ["same", "other", "more"] and ann.result() == page.result() == "SAME"
    late = held.ask("cat", "same")
    assert late.result(30) == "SAME" and held.order[-1] == "same", "nothing was remembered"
    assert held.lanes.worked == 5


def test_requests_of_nobody_all_count_and_work_joins_what_runs() -> None:
    held = Held(remembered=2)
    again = held.lanes.submit("ann", "first", lambda: pytest.fail("it runs already"))
    both = [held.ask("", "x"), held.ask("", "y")]
    held.go(again, *both)
    assert held.order == ["x", "y"]
    for key in ("k", "l", "m", "m", "k"):
        held.ask("", key, remember=True).result(30)
    assert held.order == ["x", "y", "k", "l", "m", "k"], "the newest two are remembered"


def test_an_error_is_told_and_the_lane_goes_on(held: Held) -> None:
    bad = held.lanes.submit("ann", "bad", lambda: 1 // 0)
    gone, good = held.ask("bob", "gone"), held.ask("cat", "good")
    assert gone.cancel(), "a browser that went away"
    held.go(bad, good)
    with pytest.raises(ZeroDivisionError):
        bad.result()
    assert good.result() == "GOOD"


def test_what_works_in_a_lane_waits_for_none(held: Held) -> None:
    outer = held.lanes.submit("", "outer", lambda: held.lanes.run("inner", lambda: "inside"))
    held.go(outer)
    assert outer.result() == "inside"


def test_too_many_that_wait_are_refused(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes_module, "_MOST", 2)
    waiting = [held.ask("ann", "a"), held.ask("bob", "b")]
    with pytest.raises(ExplorerError, match="Too many"):
        held.ask("cat", "c")
    waiting.append(held.ask("bob", "b2"))  # in the place that they have
    held.go(waiting[0], waiting[2])
    assert held.order == ["a", "b2"]


def test_thirty_sessions_on_one_film_cost_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    model, lanes = tiny_model(), Lanes(2)
    alone, shared = Predictor(model, "tiny"), Predictor(model, "tiny", lanes=lanes)
    studies = open_studies("phantom:n=10,seed=3")
    expected = [alone.encode_row(studies, row).image_features for row in range(3)]
    passes: list[int] = []
    go = threading.Event()
    encode = model.encode_image

    def counted(inputs: Any) -> Any:
        passes.append(len(inputs))
        return encode(inputs)

    monkeypatch.setattr(model, "encode_image", counted)
    for lane in range(2):
        lanes.submit("", lane, lambda: go.wait(60))
    told: list[Any] = []
    pupils = [
        threading.Thread(target=lambda: told.append(shared.encode_row(studies, 1).image_features))
        for _ in range(30)
    ]
    for pupil in pupils:
        pupil.start()
    while 2 not in lanes._waiting or len(lanes._waiting[2].waiting) < 30:
        assert pupils[0].is_alive()
        time.sleep(0.01)
    go.set()
    for pupil in pupils:
        pupil.join(60)
    assert passes == [1] and len(told) == 30
    assert all(torch.equal(one, expected[1]) for one in told)
    assert shared.encode_image(studies.image(2)).image_features.equal(expected[2])
    passes.clear()
    whole = shared._encode_all(studies, None)  # what is kept on disk is rounded
    assert passes == [8, 2], "others come in between"
    torch.testing.assert_close(whole.image_features[:3], torch.cat(expected), atol=2e-6, rtol=0)


def test_thirty_labs_with_the_same_patient_cost_one_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lanes = Lanes(2, 8)
    monkeypatch.setattr(route, "lanes", lambda: lanes)
    predictor = Predictor(tiny_model(), "tiny", lanes=lanes)
    words = [benches.open_bench("", predictor) for _ in range(30)]
    asked = {"serial": 1, "patient": "seed=7;nodule,x=-6,y=10,radius=1", "text": "lung nodule",
             "chosen": 0, "fine": False}  # fmt: skip
    headers = {"sec-fetch-site": "same-origin"}
    with TestClient(Starlette(routes=list(ROUTES))) as client:
        told = [client.post(LAB_FRAME, json={**asked, "word": word}, headers=headers).json()
                for word in words]  # fmt: skip
        other = {**asked, "word": words[0], "serial": 2, "text": "rib fracture"}
        moved = client.post(LAB_FRAME, json=other, headers=headers)
        late = client.post(LAB_FRAME, json={**asked, "word": words[0]}, headers=headers)
    assert lanes.worked == 2 and all(one == told[0] for one in told)
    assert moved.json()["score"] != told[0]["score"]
    assert late.status_code == 204, "a question that came late"


def test_a_frame_is_the_same_in_a_lane_and_out_of_it() -> None:
    from core.lab.frame import Lab
    from core.phantom.patient import parse_patient

    model = tiny_model()
    patient = parse_patient("seed=7;nodule,x=-6,y=10,radius=1")
    frames = [Lab(Predictor(model, "tiny", lanes=lanes)).frame(patient, "lung nodule", 0)
              for lanes in (None, Lanes(1))]  # fmt: skip
    assert np.array_equal(frames[0].image, frames[1].image)
    assert frames[0].answer.score == frames[1].answer.score
