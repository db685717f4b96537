"""The time-lapse of a run: what a check keeps is what the model says, and the browser gets it."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from core.backbones.compact import CompactBackbone, CompactConfig
from core.cli import app
from core.errors import ExplorerError
from core.inference.film_words import film_words
from core.inference.predictor import Predictor
from core.inference.prompts import default_prompts
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.specs import open_studies
from core.studies import StudySet
from core.training.check import QuickCheck
from core.training.config_file import read_config
from core.training.settings import FinetuneConfig
from core.training.timelapse import Pins, TimeLapse, last_kept, read_timelapse
from explorer.runs import lapse_sent

SIDE, OWN = 64, ("small left nodule", "wet lungs")
SMALL = CompactConfig(image_size=SIDE, width=16, heads=2, embed_dim=16, depth=2)


@dataclass
class KeptRun:
    """A run of two checks, between which the model was changed."""

    folder: Path
    studies: StudySet
    pins: list[tuple[int, str]]
    models: dict[int, LRCLR]  # by step


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> KeptRun:
    folder = tmp_path_factory.mktemp("runs") / "one"
    studies = open_studies("phantom:val,n=12,size=64")
    models = {}
    for step in (0, 20):
        torch.manual_seed(step)
        models[step] = LRCLR(CompactBackbone(SMALL), LRCLRConfig(k=4, fusion_heads=2)).eval()
        check = QuickCheck(studies, models[step], default_prompts())
        pins = Pins(check, folder, OWN)
        if step == 0:
            pins.write_pictures()
        pins.write(models[step], check.look(models[step]), step)
    return KeptRun(folder, studies, pins.pins, models)


@pytest.fixture(scope="module")
def seen(run: KeptRun) -> TimeLapse:
    seen = read_timelapse(run.folder)
    assert seen is not None
    return seen


def test_words_and_regions_of_a_step_are_those_of_its_model(run: KeptRun, seen: TimeLapse) -> None:
    assert seen.steps == [0, 20] and len(seen.names) == len(run.pins) > 1
    for films, model in zip(seen.words, run.models.values(), strict=True):
        predictor = Predictor(model, "tiny")
        for kept, (row, name) in zip(films, run.pins, strict=True):
            texts = (default_prompts()[name].positive[0], *run.studies.report(row), *OWN)
            expected = film_words(
                predictor, predictor.encode_row(run.studies, row), texts, (SIDE, SIDE)
            )
            assert [text.text for text in kept.texts] == list(texts)
            np.testing.assert_allclose(kept.cosine, expected.cosine, atol=2e-3)
            np.testing.assert_allclose(kept.boxes, expected.boxes, atol=0.01)
            for one, other in zip(kept.texts, expected.texts, strict=True):
                assert one.pieces == other.pieces and one.kept.tolist() == other.kept.tolist()
                np.testing.assert_allclose(one.weights, other.weights, atol=2e-3)


def test_the_browser_gets_each_step_and_colours_that_compare(seen: TimeLapse) -> None:
    told = lapse_sent.content(seen, 1)
    assert [step["step"] for step in told["lapse"]] == [0, 20]
    assert told["lapse"][-1]["texts"] == told["texts"] != told["lapse"][0]["texts"]
    assert told["lapse"][-1]["boxes"] == told["boxes"]
    shares = [np.frombuffer(base64.b64decode(step["values"]), np.uint8) for step in told["lapse"]]
    low, high = seen.maps[:, 1].min(), seen.maps[:, 1].max()  # of both steps
    for share, heat in zip(shares, seen.maps[:, 1], strict=True):
        assert share[0] == pytest.approx(255 * (heat[0, 0] - low) / (high - low), abs=2)
    json.dumps(told)


def test_texts_of_one_s_own_are_followed_last_and_said_to_be(run: KeptRun, seen: TimeLapse) -> None:
    told = lapse_sent.content(seen, 0)
    assert [text["text"] for text in told["texts"]][-2:] == list(OWN)
    titles = [text["title"] for text in told["texts"]]
    assert titles[-2:] == ["Texts of your own:", ""] and titles[1] == "The report:"
    given = [[text["given"] for text in film["texts"]] for film in seen.to_json()]
    assert given == [[False] * (len(film) - 2) + [True, True] for film in given]
    older = TimeLapse(*list(vars(seen).values())[:-1])
    assert "Texts of your own:" not in [t["title"] for t in lapse_sent.content(older, 0)["texts"]]


def test_a_run_that_goes_on_follows_what_it_followed(run: KeptRun) -> None:
    model = run.models[20]
    pins = Pins(QuickCheck(run.studies, model, default_prompts()), run.folder, ("another",))
    pins.go_on()
    assert pins.own == OWN
    told = run.folder / "samples" / "pins.json"
    kept = told.read_text()
    told.write_text(json.dumps(json.loads(kept)["names"]))  # as an older version wrote it
    older = read_timelapse(run.folder)
    pins.go_on()
    told.write_text(kept)
    assert pins.own == () and older is not None and older.own == 0


def test_texts_to_follow_are_checked_when_a_run_is_told() -> None:
    assert FinetuneConfig(follow=(" wet  lungs", "wet lungs")).follow == ("wet lungs",)
    for wrong, why in (((" ",), "empty"), (tuple("abcde"), "4 texts")):
        with pytest.raises(ExplorerError, match=why):
            FinetuneConfig(follow=wrong)
    assert read_config(None, {"": {"follow": ["wet lungs"]}}).follow == ("wet lungs",)


def test_a_long_run_sends_a_bounded_number_of_steps(seen: TimeLapse) -> None:
    steps = list(range(300))
    long = TimeLapse(
        seen.names, seen.pictures, seen.truth, steps, np.repeat(seen.maps[:1], 300, axis=0), []
    )
    told = lapse_sent.content(long, 0)
    sent = [step["step"] for step in told["lapse"]]
    assert len(sent) == lapse_sent.MOST_STEPS and (sent[0], sent[-1]) == (0, 299)
    assert "kept maps alone" in told["texts"][0]["unread"]  # of an older version


def test_a_step_is_new_once_it_is_whole(run: KeptRun) -> None:
    count, when = last_kept(run.folder)
    assert count == 2 and when > 0 and last_kept(run.folder / "none") == (0, 0)


def test_the_command_says_where_regions_lie(
    run: KeptRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LRCLR_RUNS", str(run.folder.parent))
    (run.folder / "command.json").write_text("{}")
    out = tmp_path / "lapse.json"
    done = CliRunner().invoke(app, ["runs", "one", "--time-lapse", "--json", str(out)])
    assert done.exit_code == 0, done.output
    films = json.loads(out.read_text())["time_lapse"]["one"]
    steps = films[0]["texts"][0]["steps"]
    assert [step["step"] for step in steps] == [0, 20]
    assert sum(one["weight"] for one in steps[0]["regions"]) + steps[0]["nowhere"] == pytest.approx(
        1, abs=1e-3
    )
    first = steps[1]["regions"][0]
    place = ", ".join(f"{side:.0f}" for side in first["box"])
    assert f"{100 * first['weight']:.0f} % at {place}" in done.output
    assert f"  {OWN[0]} (given)\n" in done.output
    assert "name it" in str(CliRunner().invoke(app, ["runs", "--time-lapse"]).exception)
