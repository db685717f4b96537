"""The lab: patients as text, drawing what moved, answers, the route."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.errors import ExplorerError
from core.evaluation.study_scores import text_prompts
from core.inference.predictor import Predictor, load_predictor
from core.lab.answer import LabAnswer, ask, on_target
from core.lab.bench import Bench
from core.lab.frame import FINE, Lab
from core.lab.told import plain_text, true_sentence, where_sentences
from core.language.truth import is_true
from core.phantom.anatomy import Thorax
from core.phantom.case import Case
from core.phantom.kinds import KINDS
from core.phantom.patient import (
    MOST_FINDINGS,
    Patient,
    anatomies,
    new_finding,
    parse_patient,
    with_changed,
    with_finding,
    with_value,
    without_finding,
)
from core.phantom.primitives import Raster
from core.phantom.render import render
from explorer.lab import benches
from explorer.lab.route import MOST_BYTES
from explorer.routes import LAB_FRAME, ROUTES

NODULE = "seed=7;nodule,x=-6.5,y=10,radius=1.2"
SICK = (
    f"{NODULE};effusion,side=left,severity=0.4;edema,severity=0.6;pacemaker;collapse,side=left;"
    "rib-fracture,side=right"
)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return load_predictor("demo")


# Patients.


def test_a_patient_is_its_text() -> None:
    patient = parse_patient("seed=3,view=AP,sex=F,habitus=0.7,noise=2;nodule,x=6,y=19,radius=1.8,"
                            "contrast=0.5;tube;rib-fracture,side=left,zone=lower")  # fmt: skip
    assert parse_patient(str(patient)) == patient
    lesion = patient.findings[0]
    assert (lesion.kind, lesion.side, lesion.zone) == ("mass", "left", "lower")
    assert patient.case.noise == 2 and patient.case.heart_ratio == 0.44
    assert parse_patient("").case.findings == ()
    large = with_finding(patient, new_finding("cardiomegaly", severity=0.4)).case
    assert large.heart_ratio == pytest.approx(0.565)


@pytest.mark.parametrize("word", KINDS)
def test_every_kind_is_read_drawn_and_said_truly(word: str) -> None:
    patient = parse_patient(f"seed=5;{word}")
    assert parse_patient(str(patient)) == patient
    finding = patient.findings[0]
    assert Bench(64).draw(patient.case).mask_of(0).any()
    assert is_true(true_sentence(patient, 0), patient.case)
    first, *others = where_sentences(finding) or (plain_text(finding),)
    assert is_true(first, patient.case), first
    assert not any(is_true(text, patient.case) for text in others), others


@pytest.mark.parametrize(
    "text",
    [
        "age=5", "seed=-1", "habitus=2", "habitus=nan", "view=LAT", "habitus", "cough", ";cough",
        ";nodule,x=99", ";nodule,severity=0.5", ";effusion,x=3", ";effusion,side=midline",
        ";nodule,radius=1e9", ";consolidation,side=left,zone=middle", "seed=" + "9" * 4000,
        ";" + ";".join(["tube"] * (MOST_FINDINGS + 1)),
    ],
)  # fmt: skip
def test_what_no_patient_can_have_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ExplorerError) as refusal:
        parse_patient(text)
    assert str(refusal.value).endswith(".") and len(str(refusal.value)) < 400


def test_changes_have_names_and_report_follows_place_and_size() -> None:
    patient = parse_patient(SICK)
    moved = with_changed(patient, 0, x=7.0, y=20.0, radius=2.0)
    lesion = moved.findings[0]
    assert (lesion.side, lesion.zone, lesion.kind) == ("left", "lower", "mass")
    assert moved.findings[1:] == patient.findings[1:] and moved.seed == patient.seed
    assert with_value(patient, "view", "AP").view == "AP"
    assert len(without_finding(patient, 1).findings) == 5
    others = anatomies(patient, 3, seed=1)
    assert len({one.seed for one in others}) == 3
    assert all(one.findings == patient.findings for one in others)


# Drawing.


def test_drawing_what_moved_gives_the_very_picture() -> None:
    bench, patient = Bench(96), parse_patient(SICK)
    changes: list[Patient] = [patient, with_changed(patient, 0, x=-8.0)]
    changes.append(with_changed(changes[-1], 2, severity=0.9))  # edema: the vessels, too
    changes.append(with_value(changes[-1], "exposure", -0.6))
    changes.append(with_value(changes[-1], "noise", 0.0))
    changes.append(with_value(changes[-1], "scale", 0.9))
    changes.append(replace(changes[-1], repeat=4))
    changes.append(without_finding(changes[-1], 4))  # collapse: the dome falls back
    changes.append(without_finding(changes[-1], 0))
    changes += [parse_patient("seed=8"), patient]
    for changed in changes:
        drawn, plain = bench.draw(changed.case), render(changed.case, 96)
        assert (drawn.image == plain.image).all(), str(changed)
        assert len(drawn.masks) == len(changed.findings)
        for finding, mask in drawn.masks:
            assert (mask == plain.masks[finding.name]).all(), finding.name
    for_eye = Bench(96, keeps_stages=False)
    assert (for_eye.draw(patient.case).image == bench.draw(patient.case).image).all()


def test_a_moved_finding_leaves_the_thorax_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.lab import bench as module

    built: list[int] = []
    build = module.build_thorax

    def counted(case: Case, raster: Raster) -> Thorax:
        built.append(raster.size)
        return build(case, raster)

    monkeypatch.setattr(module, "build_thorax", counted)
    bench, patient = Bench(48), parse_patient(NODULE)
    for step in range(4):
        bench.draw(with_changed(patient, 0, x=-6.0 - step).case)
    bench.draw(with_value(patient, "exposure", 0.5).case)
    assert len(built) == 1
    bench.draw(with_value(patient, "habitus", 0.9).case)
    assert len(built) == 2


def test_contrast_and_place_are_drawn() -> None:
    bench, patient = Bench(96), with_value(parse_patient(NODULE), "noise", 0.0)
    clear = bench.draw(without_finding(patient, 0).case).line
    nothing = bench.draw(with_changed(patient, 0, contrast=0).case)
    assert (nothing.line == clear).all() and nothing.mask_of(0).any()
    half, whole = (
        (bench.draw(with_changed(patient, 0, contrast=c).case).line - clear).sum() for c in (0.5, 1)
    )
    assert 0 < half == pytest.approx(whole / 2, rel=1e-3)
    rows, columns = np.nonzero(bench.draw(patient.case).mask_of(0))
    centimetres = 37 / 96
    assert (columns.mean() + 0.5) * centimetres - 18.5 == pytest.approx(-6.5, abs=0.4)
    assert (rows.mean() + 0.5) * centimetres == pytest.approx(10, abs=0.4)
    again = bench.draw(replace(parse_patient(NODULE), repeat=1).case).image
    assert (again != bench.draw(parse_patient(NODULE).case).image).any()


# Answers.


def test_an_answer_is_the_predictors_own(predictor: Predictor) -> None:
    patient, text = parse_patient(NODULE), "right lung nodule"
    drawn = Bench(224).draw(patient.case)
    sentences = where_sentences(patient.findings[0])
    answer = ask(predictor, drawn, text, sentences)
    encoding = predictor.encode_image(drawn.image.astype(np.float32))
    own = predictor.score(encoding, text_prompts(text))["lrclr"][0, 0]
    assert answer.score == pytest.approx(float(own), abs=1e-4)
    regions = predictor.regions(encoding, [text], (224, 224))
    assert answer.regions[0][0] == pytest.approx(regions.boxes[0])
    weights = [weight for _, weight in answer.regions]
    assert weights == pytest.approx(regions.weights[: len(weights)].tolist(), abs=1e-4)
    assert answer.nowhere == pytest.approx(regions.nowhere, abs=1e-4)
    assert answer.best in sentences and answer.best_margin > 0


def test_weight_on_target_by_hand() -> None:
    weights = np.array([[0.5, 0.2], [0.1, 0.0]], np.float32)
    answer = LabAnswer(0.0, (), 0.2, weights)
    mask = np.zeros((8, 8), bool)
    assert on_target(answer, mask) == 0
    mask[:4, :4] = True  # the first patch
    assert on_target(answer, mask) == pytest.approx(0.5)
    mask[:2, 4:] = True  # and half of the second
    assert on_target(answer, mask) == pytest.approx(0.6)


def test_a_frame_says_what_is_true_and_what_would_be_without(predictor: Predictor) -> None:
    lab, patient = Lab(predictor), parse_patient(SICK)
    quick = lab.frame(patient, "right lung nodule", 0)
    fine = lab.frame(patient, "right lung nodule", 0, fine=True)
    assert quick.image.shape == (224, 224) and fine.image.shape == (FINE, FINE)
    assert quick.answer.score == fine.answer.score and quick.without is None
    without = lab.frame(without_finding(patient, 0), "right lung nodule", -1)
    assert fine.without == pytest.approx(without.answer.score, abs=1e-3)
    assert without.target is None and without.sentence == ""
    assert quick.answer.score > without.answer.score + 1
    x, y, w, h = quick.boxes[0] or (0, 0, 0, 0)
    assert (x + w / 2 - 0.5) * quick.field_cm == pytest.approx(-6.5, abs=0.3)
    assert json.loads(json.dumps(quick.to_json()))["patient"] == str(patient)


# The route.


@pytest.fixture
def client(predictor: Predictor) -> Iterator[tuple[TestClient, str]]:
    word = benches.open_bench("", predictor)
    with TestClient(Starlette(routes=list(ROUTES)), base_url="http://localhost:8501") as made:
        made.headers["origin"] = "http://localhost:8501"
        yield made, word


def _question(word: str, **changes: Any) -> dict[str, Any]:
    asked = {"word": word, "serial": 1, "patient": NODULE, "text": "right lung nodule",
             "chosen": 0, "fine": False}  # fmt: skip
    return asked | changes


def test_the_route_answers_its_own_page(client: tuple[TestClient, str]) -> None:
    browser, word = client
    told = browser.post(LAB_FRAME, json=_question(word, serial=5))
    assert told.status_code == 200 and told.json()["serial"] == 5
    assert told.json()["film"].startswith("data:image/jpeg;base64,")
    unseen = browser.post(LAB_FRAME, json=_question(word, serial=6, patient=f"{NODULE},contrast=0"))
    assert told.json()["score"] > unseen.json()["score"] + 2
    assert browser.post(f"/class/one{LAB_FRAME}", json=_question(word, serial=6)).status_code == 200
    overtaken = browser.post(LAB_FRAME, json=_question(word, serial=3))
    assert overtaken.status_code == 204, "a newer question was asked already"


@pytest.mark.parametrize(
    ("changes", "headers", "status"),
    [
        ({}, {"origin": "https://films.example"}, 403),
        ({}, {"origin": ""}, 403),
        ({}, {"sec-fetch-site": "cross-site"}, 403),
        ({"word": "guess"}, {}, 404),
        ({"patient": "cough=1"}, {}, 422),
        ({"text": " "}, {}, 422),
        ({"chosen": "0"}, {}, 422),
        ({"serial": True}, {}, 422),
        ({"patient": "x" * MOST_BYTES}, {}, 422),
        ({}, {"content-type": "text/plain"}, 422),
    ],
)
def test_the_route_refuses(
    client: tuple[TestClient, str], changes: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    browser, word = client
    body = json.dumps(_question(word) | changes)
    sent_with = {"content-type": "application/json", **headers}
    told = browser.post(LAB_FRAME, content=body, headers=sent_with)
    assert told.status_code == status
    assert told.json()["error"].endswith(".")
    assert browser.get(LAB_FRAME).status_code == 405


def test_labs_are_kept_by_word_and_the_unused_go_first(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benches, "MOST", 2)
    first, second = (benches.open_bench("", predictor) for _ in range(2))
    assert benches.open_bench(first, predictor) == first and first != second
    third = benches.open_bench("", predictor)
    assert benches.bench_of(second) is None and benches.bench_of(first) and benches.bench_of(third)
    assert benches.open_bench("a word of somebody's", predictor) != "a word of somebody's"
