"""One path from pixels to the model, and back from maps to pixels."""

import numpy as np
import pytest
import torch
from PIL import Image

from core.backbones.compact import CompactBackbone
from core.backbones.openai_checkpoint import CHEXZERO
from core.preprocessing import Preprocess
from core.specs import open_studies
from core.training.inputs import prepared

FILM = np.random.default_rng(0).uniform(0, 255, (90, 60)).astype(np.float32)


def test_training_and_inference_see_the_same_tensor() -> None:
    """The training cache is half precision: equal after the same rounding, bit for bit."""
    backbone = CompactBackbone()
    preprocess = backbone.preprocess
    studies = open_studies("phantom:n=3,seed=11")
    trained = prepared(studies, backbone, as_pixels=True)[:]
    for row in range(3):
        shown = preprocess(studies.image(row))
        assert torch.equal(trained[row], shown.half())
        assert torch.equal(preprocess.batch([studies.image(row)])[0], shown)


def test_a_letterbox_keeps_the_shape_and_centres_it() -> None:
    found = Preprocess(64, mean=(0,), std=(1,))(np.full((90, 60), 200, np.float32))[0]
    inside = found > 100
    columns = np.flatnonzero(inside.any(dim=0).numpy())
    assert inside.all(dim=1).sum() == 0 and inside.any(dim=1).all()
    assert (columns[0], columns[-1]) == (10, 52)  # round(60 * 64 / 90) = 43 of 64, centred


def test_squash_fills_and_crop_cuts() -> None:
    bright = np.full((90, 60), 200, np.float32)
    bright[:10] = 0
    for mode, dark in (("squash", True), ("crop", False)):
        found = Preprocess(64, mean=(0,), std=(1,), mode=mode)(bright)[0]
        assert bool((found[0] < 100).any()) == dark


def test_statistics_and_channels() -> None:
    found = Preprocess(32, mean=(10, 20, 30), std=(1, 2, 4), channels=3)(np.full((8, 8), 50.0))
    assert found[:, 5, 5].tolist() == pytest.approx([40.0, 15.0, 5.0])


def test_chexzero_is_its_published_recipe() -> None:
    """Written out again: Lanczos to 320 on black, bicubic to 224 without antialias, z-score."""
    picture = Image.fromarray(FILM.astype(np.uint8)).resize((213, 320), Image.Resampling.LANCZOS)
    canvas = Image.new("L", (320, 320))
    canvas.paste(picture, (53, 0))
    tensor = torch.from_numpy(np.asarray(canvas, np.float32)).expand(1, 3, -1, -1)
    small = torch.nn.functional.interpolate(
        tensor, 224, mode="bicubic", align_corners=False, antialias=False
    )
    expected = (small.clamp(0, 255) - 101.48761) / 83.43944
    torch.testing.assert_close(CHEXZERO(FILM.astype(np.uint8)), expected[0], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("shape", [(90, 60), (60, 90), (224, 224)])
@pytest.mark.parametrize(
    "preprocess", [Preprocess(192), Preprocess(192, mode="squash"), CHEXZERO], ids=str
)
def test_a_place_in_the_model_is_the_same_place_in_the_image(
    preprocess: Preprocess, shape: tuple[int, int]
) -> None:
    """A bright square, found again through the map and through the box."""
    image = np.zeros(shape, np.float32)
    top, left, side = shape[0] // 2, shape[1] // 4, min(shape) // 6
    image[top : top + side, left : left + side] = 255
    seen = preprocess.resize(image)[0].numpy()
    back = preprocess.map_to_image(seen, shape)
    assert np.abs(back - image).mean() < 8
    rows, columns = np.nonzero(seen > 127)
    box = preprocess.to_image_box(
        (columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1), shape
    )
    assert box == pytest.approx((left, top, side, side), abs=1.5)


def test_boxes_in_the_border_are_cut_at_the_image() -> None:
    x, y, w, h = Preprocess(64).to_image_box((0, 0, 64, 64), (90, 60))
    assert (x, y, w, h) == pytest.approx((0, 0, 60, 90))


def test_what_the_model_saw_has_a_name_and_a_picture_each() -> None:
    names = [name for name, _ in CHEXZERO.steps(FILM)]
    assert names == ["As read", "Letterboxed to 320", "Model input, 224 px"]


@pytest.mark.parametrize("bad", [np.zeros((4, 4, 3)), np.zeros((0, 5))])
def test_what_is_no_grey_image_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="grey image"):
        Preprocess(32)(bad)
