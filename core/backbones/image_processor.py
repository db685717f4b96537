"""The image processor of a folder in transformers' layout, in our terms.

Notable: where its file is missing, what the kind of model is published with stands in, with a
warning. MedSigLIP was trained and evaluated by another resizing than its file says, which its card
recommends (huggingface.co/google/medsiglip-448): TensorFlow's bilinear without antialias.
"""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.backbones.weights_file import read_json
from core.errors import ExplorerError
from core.preprocessing import Preprocess

PREPROCESSORS = ("preprocessor_config.json", "processor_config.json")
"""Where the image processor's values are: alone, or as transformers 5 writes a whole processor. A
repository may hold both, and then either can lack them."""
CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
HALF = (0.5, 0.5, 0.5)
_INTERPOLATIONS = {2: "bilinear", 3: "bicubic"}  # PIL's numbers
_CARD = 4000  # characters of a model card in which its own name stands


@dataclass(frozen=True)
class Usual:
    """How models of a kind are published, for a folder that does not say."""

    mean: tuple[float, ...]  # of 0..1
    std: tuple[float, ...]
    mode: str


USUAL = {
    "clip": Usual(CLIP_MEAN, CLIP_STD, "crop-floor"),
    "siglip": Usual(HALF, HALF, "squash"),
}


def read_preprocess(folder: Path, size: int, usual: Usual) -> tuple[Preprocess, tuple[str, ...]]:
    """How a model's images are prepared, and what a user must know of it.

    Args:
        size: input side in pixels of the model itself.
        usual: what to take, with a warning, where no file says.

    Raises:
        ExplorerError: a file that is damaged or asks for what cannot be done.
    """
    if not _has_values(folder):
        remark = (
            f"{folder.name} has no {PREPROCESSORS[0]}: taken are {size} pixels and the usual mean, "
            "deviation and resizing of its kind; put the file there if the model has its own."
        )
        warnings.warn(remark, UserWarning, stacklevel=2)
        return usual_preprocess(size, usual), (remark,)
    # Here: half a second, which a folder without the file needs not.
    from transformers import AutoImageProcessor

    try:
        processor = AutoImageProcessor.from_pretrained(folder, local_files_only=True).to_dict()
    except Exception as error:  # damaged files can fail anywhere in transformers
        raise ExplorerError(
            f"The image processor in {folder} cannot be read ({type(error).__name__}); fetch its "
            "files again."
        ) from None
    made = _of_processor(processor, size)
    if _is_medsiglip(folder):
        return replace(made, interpolation="bilinear", antialias=False), ()
    return made, ()


def usual_preprocess(size: int, usual: Usual) -> Preprocess:
    """As models of a kind are published."""
    return _preprocess(size, usual.mean, usual.std, 255, usual.mode, "bicubic")


def _has_values(folder: Path) -> bool:
    alone, whole = (folder / name for name in PREPROCESSORS)
    return alone.is_file() or (whole.is_file() and "image_processor" in read_json(whole))


def _of_processor(processor: dict[str, Any], size: int) -> Preprocess:
    resample = int(processor.get("resample") or 3)
    if resample not in _INTERPOLATIONS:
        raise ExplorerError(
            f"The model's image processor asks for PIL's interpolation {resample}; known are 2 "
            "(bilinear) and 3 (bicubic)."
        )
    shortest = (processor.get("size") or {}).get("shortest_edge")
    return _preprocess(
        size, processor["image_mean"], processor["image_std"],
        1 / float(processor.get("rescale_factor") or 1 / 255),
        "crop-floor" if shortest else "squash", _INTERPOLATIONS[resample],
    )  # fmt: skip


def _preprocess(
    size: int, mean: Any, std: Any, scale: float, mode: str, interpolation: str
) -> Preprocess:
    """On the 0..255 scale."""
    return Preprocess(
        size=size, mean=tuple(scale * value for value in mean),
        std=tuple(scale * value for value in std), channels=3, mode=mode,
        interpolation=interpolation,
    )  # fmt: skip


def _is_medsiglip(folder: Path) -> bool:
    """By the repository's name in the Hub's cache, the folder's, or the card's beside the files."""
    if any("medsiglip" in part.lower() for part in folder.parts[-3:]):
        return True
    card = folder / "README.md"
    if not card.is_file():
        return False
    with card.open(encoding="utf-8", errors="replace") as file:
        return "medsiglip" in file.read(_CARD).lower()
