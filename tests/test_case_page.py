"""The page Case on the embedded model: what it sends to the browser, and what comes back."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from app_driver import labelled, session_of, sound
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.analysis.scoring import score_studies
from core.analysis.stamps import stamps_of
from core.analysis.threshold import Rule, fit_thresholds
from core.archive.query import image_query
from core.archive.search import search_encoding
from core.inference.layer_maps import layer_maps
from core.inference.predictor import load_predictor
from core.inference.word_effects import word_effects
from core.paths import ROOT
from core.records.note import POLYGON, FilmRef, Note, Said, Shape, box
from core.records.notebook import Notebook
from core.specs import open_studies
from explorer import access
from explorer.case import sent

SET = "phantom:n=40,seed=5"
VISITOR = access.Connection("192.168.1.20", {"Host": "192.168.1.5:8501"})


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AppTest:
    monkeypatch.setenv("LRCLR_RUNS", str(tmp_path / "runs"))
    test = AppTest.from_file(str(ROOT / "explorer" / "Home.py"), default_timeout=300)
    test.query_params.update(
        {"set": SET, "study": "2", "prompt": "left pleural effusion", "finding": "Edema"}
    )
    test.run()
    return test.switch_page("../pages/case.py").run()


def _sent(app: AppTest) -> dict[str, Any]:
    """What the component got."""
    (element,) = app.get("bidi_component")
    data: dict[str, Any] = json.loads(element.proto.json)
    return data


def _frame(app: AppTest, column: str) -> Any:
    return next(one.value for one in app.dataframe if column in one.value)


def _buttons(app: AppTest, start: str) -> list[str]:
    return [one.key for one in app.button if (one.key or "").startswith(start)]


def test_the_browser_gets_film_maps_words_and_regions_once(app: AppTest) -> None:
    sound(app)
    data, studies, model = _sent(app), open_studies(SET), load_predictor("demo")
    picture = Image.open(io.BytesIO(base64.b64decode(data["film"].split(",")[1])))
    assert picture.mode == "L"
    np.testing.assert_array_equal(np.asarray(picture), studies.display_image(2))
    assert [one["title"] for one in data["maps"]] == ["LRCLR regions", "Grad-CAM"]
    heat = np.frombuffer(base64.b64decode(data["maps"][0]["values"]), np.uint8)
    heat = heat.reshape(data["maps"][0]["height"], data["maps"][0]["width"])
    regions = model.regions(model.encode_row(studies, 2), ["left pleural effusion"], (1, 1))
    x, y, w, h = regions.boxes[0]  # of a film of one pixel: shares
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert x <= (column + 0.5) / heat.shape[1] <= x + w
    assert y <= (row + 0.5) / heat.shape[0] <= y + h
    texts = data["texts"]
    assert [one["text"] for one in texts] == ["left pleural effusion", *studies.report(2)]
    assert data["boxes"][texts[0]["kept"][0]] == pytest.approx([x, y, w, h], abs=1e-4)
    assert texts[0]["weights"] == pytest.approx(regions.weights.tolist(), abs=1e-3)
    word = next(n for piece, n in texts[0]["pieces"] if piece == "effusion")
    place = regions.words.index("effusion")
    expected = regions.word_similarity[place]
    got = [data["cosine"][word][number] for number in texts[0]["kept"]]
    assert got == pytest.approx(expected.tolist(), abs=1e-3)


def test_nothing_that_is_sent_names_a_study(app: AppTest) -> None:
    sound(app)
    data, studies = _sent(app), open_studies(SET)
    shown = json.dumps(data) + "".join(one.value for one in [*app.markdown, *app.caption])
    assert studies.study_id(2) not in shown and SET not in json.dumps(data)
    assert data["alt"] == "Radiograph 3 of the set." and data["mayDraw"] is True


def test_scores_are_called_by_the_threshold_of_errors(app: AppTest) -> None:
    sound(app)
    scored = score_studies(load_predictor("demo"), open_studies(SET))
    limits = fit_thresholds(Rule("youden"), scored)
    table = _frame(app, "Call is").set_index("Finding")
    for finding in scored.findings:
        column = scored.column(finding)
        truth, score = scored.truth[2, column], scored.scores[2, column]
        line = table.loc[finding]
        assert line["Score"] == pytest.approx(score, rel=1e-5)
        called = score >= limits[finding].value
        assert line["Called"] == ("positive" if called else "negative")
        assert line["Call is"] == ("wrong" if called != bool(truth) else "right")
        others = np.delete(scored.scores[:, column], 2)
        assert line["Rank in set"] == pytest.approx(100 * (others < score).mean(), abs=1e-6)


def test_another_score_is_called_by_its_own_thresholds_and_stands_in_the_address(
    app: AppTest,
) -> None:
    app.selectbox(key="case_score").select("global").run()
    sound(app)
    scored = score_studies(load_predictor("demo"), open_studies(SET), score="global")
    limit = fit_thresholds(Rule("youden"), scored)["Edema"].value
    line = _frame(app, "Call is").set_index("Finding").loc["Edema"]
    column = scored.scores[:, scored.column("Edema")]
    assert (line["Score"], line["Threshold"]) == pytest.approx((column[2], limit), rel=1e-5)
    others = np.delete(column, 2)
    assert line["Rank in set"] == pytest.approx(100 * (others < column[2]).mean(), abs=1e-6)
    assert app.query_params["score"] in ("global", ["global"])
    model, studies = load_predictor("demo"), open_studies(SET)
    text = "left pleural effusion"
    effects = word_effects(model, model.encode_row(studies, 2), text, "global")
    told = _frame(app, "By the word")["By the word"][:3].tolist()
    assert told == pytest.approx([one.change for one in effects.words], abs=1e-4)
    # What sanity tests said of each map stands below it.
    stamps = {name: one.text for name, one in stamps_of("demo", model.model_hash).items()}
    told_stamps = [one["stamp"] for one in _sent(app)["maps"]]
    assert told_stamps[0] == stamps.get("lrclr", "sanity: not tested")
    assert all(stamp.startswith("sanity: ") for stamp in told_stamps)


def test_neighbours_are_the_nearest_and_a_click_opens_one(app: AppTest) -> None:
    sound(app)
    model, studies = load_predictor("demo"), open_studies(SET)
    hits = search_encoding(model.encode_set(studies)).nearest(
        image_query(model.encode_row(studies, 2)), 6, 2
    )
    assert _buttons(app, "case_near_") == [f"case_near_{hit.row}" for hit in hits]
    app.button(key=f"case_near_{hits[0].row}").click().run()
    sound(app)
    assert session_of(app).row == hits[0].row
    assert _sent(app)["alt"] == f"Radiograph {hits[0].row + 1} of the set."


def test_the_link_carries_the_finding_and_another_one_proposes_its_text(app: AppTest) -> None:
    assert session_of(app).judged == "Edema"
    assert app.query_params["finding"] == ["Edema"] or app.query_params["finding"] == "Edema"
    app.selectbox(key="case_finding").select("Pneumothorax").run()
    sound(app)
    here = session_of(app)
    assert here.judged == "Pneumothorax" and here.prompt == here.prompts["Pneumothorax"].positive[0]
    assert "Pneumothorax" in app.query_params["finding"]
    assert _sent(app)["texts"][0]["text"] == here.prompt


def test_words_that_drive_the_score_stand_beside_controls(app: AppTest) -> None:
    table = _frame(app, "By the word")
    assert list(table["Word"])[:3] == ["left", "pleural", "effusion"]
    assert list(table["Controls"])[3:] == ["is one", "is one"]
    limit = table["By the word"][3:].abs().max()
    for change, said in zip(table["By the word"][:3], table["Controls"], strict=False):
        assert said == ("beyond" if abs(change) > limit else "within")


def test_words_that_the_model_does_not_know_are_neither_mapped_nor_weighed(app: AppTest) -> None:
    labelled(app.text_input, "Prompt").set_value("banana bread").run()
    sound(app)
    data = _sent(app)
    assert data["maps"] == [] and data["texts"][0]["kept"] == []
    assert "does not know" in data["texts"][0]["unread"]
    assert data["texts"][1]["kept"]


def test_boxes_go_with_a_note_and_lie_on_the_film_afterwards(app: AppTest) -> None:
    studies = open_studies(SET)
    data, shape = _sent(app), studies.image(2).shape
    drawn = {"edition": data["edition"], "boxes": [[0.25, 0.5, 0.5, 0.25]]}
    shapes = sent.drawn_shapes(drawn, data["edition"], (shape[0], shape[1]))
    side = shape[0]
    assert [one.bounds for one in shapes] == [(side / 4, side / 2, side / 2, side / 4)]
    note = Notebook().add(
        FilmRef(studies.image_key(2), side, side), "Ada", Said("Edema", "", "here", shapes=shapes)
    )
    assert isinstance(note, Note)
    corners = [[0.25, 0.25], [0.75, 0.25], [0.5, 0.75]]
    outline = {"edition": data["edition"], "polygons": [corners]}
    (polygon,) = sent.drawn_shapes(outline, data["edition"], (shape[0], shape[1]))
    assert polygon.points == tuple((x * side, y * side) for x, y in corners)
    Notebook().add(FilmRef(studies.image_key(2), side, side), "Bo", Said(shapes=(polygon,)))
    app.run()
    assert _sent(app)["noted"] == [[0.25, 0.5, 0.5, 0.25], corners]
    assert "Edema: here; 1 drawn" in "\n".join(one.value for one in app.markdown).replace("\\", "")


@pytest.mark.parametrize(
    "drawn",
    [None, "x", {"edition": "old", "boxes": [[0, 0, 1, 1]]}, {"edition": "now"},
     {"edition": "now", "boxes": [[0, 0, 0, 1], [0, 0, float("nan"), 1], [0, 0, 1], ["a"] * 4]},
     {"edition": "now", "boxes": [[2, 2, 1, 1]], "polygons": {}},
     {"edition": "now", "polygons": [[[0, 0], [1, 1]], [[0, 0], [1, 0], [0.5, 0]], "abc",
                                     [[0, 0], [1, 0], [0, "1"]], [[0, 0, 0]] * 3,
                                     [[0, 0], [1, 0], [0.5, 1]] * 700]}],
)  # fmt: skip
def test_what_is_no_shape_of_this_film_is_left_out(drawn: Any) -> None:
    assert sent.drawn_shapes(drawn, "now", (100, 200)) == ()


def test_a_box_past_the_edge_ends_there() -> None:
    (shape,) = sent.drawn_shapes({"edition": "e", "boxes": [[-0.1, 0.5, 2, 2]]}, "e", (101, 203))
    assert shape == box(0, 50.5, 203, 50.5)
    corners = [[-1, 0], [2, 0], [0.5, 0.5]]
    (shape,) = sent.drawn_shapes({"edition": "e", "polygons": [corners]}, "e", (101, 203))
    assert shape == Shape(POLYGON, ((0, 0), (203, 0), (101.5, 50.5)))


def test_a_visitor_neither_draws_nor_reads_notes(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    studies = open_studies(SET)
    side = studies.image(2).shape[0]
    said = Said("Edema", "", "secret", shapes=(box(1, 1, 5, 5),))
    Notebook().add(FilmRef(studies.image_key(2), side, side), "Ada", said)
    monkeypatch.setattr(access, "connection", lambda: VISITOR)
    app.run()
    assert not app.exception
    data = _sent(app)
    assert (data["mayDraw"], data["noted"]) == (False, [])
    assert not any("secret" in one.value for one in app.markdown)
    assert [one.value for one in app.error] and "owner" in app.error[0].value


def test_a_film_of_errors_opens_as_a_case(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from explorer.errors import cache as errors_cache

    monkeypatch.setattr(errors_cache, "RESAMPLES", 60)
    app.switch_page("../pages/errors.py").run()
    app.session_state["errors_kind"] = "all"  # the slice that does worst may have no error
    app.run()
    sound(app)
    key = _buttons(app, "case_")[0]
    finding = app.selectbox(key="errors_finding").value
    app.button(key=key).click().run()
    sound(app)
    assert [one.value for one in app.title] == ["Case"]
    row = int(key.removeprefix("case_"))
    assert session_of(app).row == row and session_of(app).judged == finding
    assert app.selectbox(key="case_finding").value == finding


def test_a_word_is_followed_through_the_blocks_of_two_models(app: AppTest) -> None:
    next(one for one in app.toggle if one.key == "layers_open").set_value(True)
    app.run()
    sound(app)
    next(one for one in app.selectbox if one.key == "layers_beside").set_value("demo-base")
    app.run()
    next(one for one in app.selectbox if one.key == "layers_word").set_value(3)
    next(one for one in app.select_slider if one.key == "layers_block_demo").set_value(1)
    app.run()
    sound(app)
    said = [one.value for one in app.caption] + [one.value for one in app.code]
    model = load_predictor("demo")
    maps = layer_maps(model, open_studies(SET).image(2), "left pleural effusion")
    heat = maps.cosine[1, 3]
    told = f"“effusion” in what enters block 1; cosines {heat.min():.2f} to {heat.max():.2f}"
    assert told in said and any("--models demo,demo-base" in one for one in said)
    assert any("demo-base**: 4 blocks" in one.value for one in app.markdown)
