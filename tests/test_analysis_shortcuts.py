"""Masked parts, masks elsewhere, and a planted shortcut that the probe has to find."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from tiny_model import TinySet, tiny_model

from core.analysis.masked_scores import MaskedScores, masked_looks, score_masked
from core.analysis.scored import SetIdentity
from core.analysis.shortcut_masks import REGIONS, elsewhere, filled, region_mask
from core.analysis.shortcuts import shortcut_report
from core.errors import ExplorerError
from core.films.loaded import LoadedImage, drawn_image
from core.inference.predictor import Predictor
from core.inference.prompts import FindingPrompts, PromptSet
from core.metrics.bootstrap import resamples
from core.studies import StudySet

TEXTS = PromptSet({"Lung Opacity": FindingPrompts(("opacity",), ("clear",))})


class Marked(StudySet):
    """Noise; the films with the finding have a bright letter in a corner, or none at all."""

    def __init__(self, n: int, letter: bool = True) -> None:
        self.spec, self.letter = f"marked:{n}", letter
        self.table = pd.DataFrame(
            {"id": [f"m{row}" for row in range(n)], "text": "", "view": "PA",
             "patient_id": [f"p{row // 2}" for row in range(n)],
             "Lung Opacity": [row % 2 for row in range(n)]}
        )  # fmt: skip

    def loaded(self, row: int) -> LoadedImage:
        image = np.random.default_rng(row).uniform(80, 120, (100, 120)).astype(np.float32)
        if self.letter and row % 2:
            image[7:13, 8:13] = 255
        return drawn_image(image)

    @property
    def fingerprint(self) -> str:
        return self.spec


def reads_brightest() -> SimpleNamespace:
    """A predictor whose score is the brightest pixel: all that it sees of a film is a letter."""
    model = SimpleNamespace(
        device="cpu", encode_image=lambda pixels: pixels,
        backbone=SimpleNamespace(preprocess=lambda image: torch.from_numpy(image / 255)[None]),
    )  # fmt: skip

    def score(images: torch.Tensor, prompts: PromptSet) -> dict[str, np.ndarray]:
        return {"lrclr": images.amax(dim=(1, 2, 3)).numpy()[:, None].repeat(len(prompts), 1)}

    return SimpleNamespace(model=model, score=score)


def test_a_letter_that_makes_the_score_is_found_and_an_honest_set_is_not_accused():
    asked = (["corners", "border", "left half"], 3, 1)
    planted = shortcut_report(score_masked(reads_brightest(), Marked(60), TEXTS, *asked), 200)
    by_part = {one.part: one for one in planted.shortcuts}
    corner = by_part["corners"]
    assert corner.verdict == "falls without it" and corner.beyond.high < -0.2
    assert corner.by_label["with"].high < -0.4 and corner.by_label["without"].value > -0.05
    assert corner.auc["change"].value < -0.3  # nothing else tells the films apart
    assert planted.shortcuts[0].part == "corners"  # the clear ones come first
    # The letter is not in the strip. Where a control has covered it, the strip "rises" beyond it.
    assert by_part["border"].beyond.value > 0 and not by_part["border"].clear
    honest = shortcut_report(score_masked(reads_brightest(), Marked(60, False), TEXTS, *asked), 200)
    assert not any(one.verdict == "falls without it" for one in honest.shortcuts)


def test_scores_are_those_of_each_film_masked_alone():
    predictor, studies = Predictor(tiny_model(), "tiny"), TinySet(6)
    told = score_masked(predictor, studies, TEXTS, ["border", "device", "right half"], 2, 5)
    assert np.isnan(told.masked["device"]).all() and np.isnan(told.area["device"]).all()
    for row in range(len(studies)):
        image = studies.image(row)
        for number, part in ((0, "border"), (2, "right half")):
            mask = region_mask(part, image, {})
            rng = np.random.default_rng([5, row, number])
            pictures = [filled(image, mask)]
            pictures += [filled(image, elsewhere(mask, rng)) for _ in range(2)]
            alone = [predictor.score(predictor.encode_image(one), TEXTS)["lrclr"][0, 0]
                     for one in pictures]  # fmt: skip
            told_here = [told.masked[part][row, 0], *told.controls[part][row, :, 0]]
            assert told_here == pytest.approx(alone, abs=1e-4)
            assert told.area[part][row] == pytest.approx(mask.mean())
    assert np.ptp(told.masked["border"] - told.whole) > 0


def test_films_without_the_part_ask_the_model_nothing():
    asked: list[int] = []
    predictor = reads_brightest()
    encode = predictor.model.encode_image
    predictor.model.encode_image = lambda pixels: asked.append(len(pixels)) or encode(pixels)
    told = score_masked(predictor, Marked(5), TEXTS, ["device"], 2)
    assert asked == [] and len(told) == 5 and np.isnan(told.whole).all()
    assert shortcut_report(told, 10).shortcuts == ()


def test_figures_of_the_report_are_those_of_a_plain_loop():
    rng = np.random.default_rng(3)
    n, draws = 40, 3
    whole, masked = rng.normal(size=(n, 1)), rng.normal(-3, 1, (n, 1))
    elsewhere_scores = rng.normal(size=(n, draws, 1))
    patients, truth = np.arange(n) // 2, (np.arange(n) % 2).astype(float)[:, None]
    masked[:5], elsewhere_scores[:5] = np.nan, np.nan
    area = np.where(np.arange(n) < 5, np.nan, 0.1)
    scored = MaskedScores(
        SetIdentity("s", "f", n, n // 2), "lrclr", ("Edema",), patients, truth, whole,
        {"border": masked}, {"border": elsewhere_scores}, {"border": area},
    )  # fmt: skip
    (one,) = shortcut_report(scored, 50, 2, min_cases=5).shortcuts
    gaps = np.array([
        masked[row, 0] - np.mean([elsewhere_scores[row, d, 0] for d in range(draws)])
        for row in range(5, n)
    ])  # fmt: skip
    weights = resamples(n - 5, 50, 2, patients[5:])
    drawn = [np.average(gaps, weights=weight) for weight in weights]
    assert one.n == n - 5 and one.area == pytest.approx(0.1)
    assert one.beyond.value == pytest.approx(gaps.mean())
    assert [one.beyond.low, one.beyond.high] == pytest.approx(np.quantile(drawn, [0.025, 0.975]))
    assert one.beyond.value == pytest.approx(one.change.value - one.control.value)
    further = np.mean([
        abs(masked[row, 0] - whole[row, 0])
        - np.mean(np.abs(elsewhere_scores[row, :, 0] - whole[row, 0]))
        for row in range(5, n)
    ])  # fmt: skip
    assert one.size.value == pytest.approx(further)
    assert one.verdict == "falls without it"
    (few,) = shortcut_report(scored, 50, 2, min_cases=36).shortcuts
    assert few.verdict == "too few films" and not few.clear


@pytest.mark.parametrize("shape", [(60, 60), (131, 90)])
@pytest.mark.parametrize("part", ["border", "corners", "right half"])
def test_a_mask_elsewhere_has_the_same_size_and_another_place(part, shape):
    mask = region_mask(part, np.zeros(shape, np.float32), {})
    places = [elsewhere(mask, np.random.default_rng(seed)) for seed in range(8)]
    assert all(one.sum() == mask.sum() and one.shape == shape for one in places)
    assert not any((one == mask).all() for one in places)
    assert len({one.tobytes() for one in places}) > 1
    assert (elsewhere(mask, np.random.default_rng(3)) == places[3]).all()
    if part == "corners":
        assert np.mean([(one & mask).sum() / mask.sum() for one in places]) < 0.3


def test_halves_are_the_patient_s_sides():
    image = np.zeros((10, 12), np.float32)
    assert region_mask("right half", image, {})[:, :6].all()  # the patient's right: image's left
    assert (region_mask("left half", image, {}) == ~region_mask("right half", image, {})).all()


def test_a_filling_is_the_mean_around_and_touches_nothing_else():
    image = np.tile(np.linspace(0, 200, 300, dtype=np.float32), (200, 1))
    mask = np.zeros(image.shape, bool)
    mask[90:110, 30:50] = True
    image[mask] = 255
    made = filled(image, mask)
    assert (made[~mask] == image[~mask]).all()
    around = image[90:110, 25:55][~mask[90:110, 25:55]].mean()
    assert abs(made[mask].mean() - around) < 12  # not the film's mean, which is near 100
    grey = np.full((50, 70), 90, np.float32)
    half = region_mask("left half", grey, {})
    assert filled(grey, half) == pytest.approx(90, abs=0.01)
    assert filled(grey, np.ones_like(half)) == pytest.approx(90)


def test_a_device_is_masked_with_its_edge_and_a_line_of_text_where_it_is_found():
    truth = np.zeros((250, 250), bool)
    truth[100:120, 50:60] = True
    mask = region_mask("device", np.zeros(truth.shape, np.float32), {"Support Devices": truth})
    assert mask[truth].all() and truth.sum() < mask.sum() < 2 * truth.sum()
    assert region_mask("device", np.zeros(truth.shape, np.float32), {}) is None
    assert region_mask("text", np.full((250, 250), 90, np.float32), {}) is None


def test_what_is_no_part_is_refused():
    with pytest.raises(ExplorerError, match=f"no part 'lung'.*{next(iter(REGIONS))}"):
        score_masked(Predictor(tiny_model(), "tiny"), TinySet(2), TEXTS, ["lung"])


def test_the_shown_masks_are_those_that_were_scored() -> None:
    """By a score that is the mean of all pixels, so that every mask changes it in its own way."""

    def mean(images: torch.Tensor, prompts: PromptSet) -> dict[str, np.ndarray]:
        return {"lrclr": images.mean(dim=(1, 2, 3)).numpy()[:, None]}

    films, parts = Marked(6), ["border", "corners"]
    predictor = SimpleNamespace(model=reads_brightest().model, score=mean)
    scored = score_masked(predictor, films, TEXTS, parts, 3, seed=4)
    looks = masked_looks(films, parts, "corners", seed=4)
    assert looks is not None
    row, pictures = looks
    expected = [scored.whole[row, 0], scored.masked["corners"][row, 0],
                scored.controls["corners"][row, 0, 0]]  # fmt: skip
    assert len(set(expected)) == 3
    assert [float(one.mean()) / 255 for one in pictures] == pytest.approx(expected, rel=1e-5)
    assert masked_looks(films, ["device"], "device") is None
