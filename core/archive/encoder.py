"""The image side of a model in the precision that is fast here, and a probe that chooses it.

On a CPU with AMX, weights cast to bfloat16 are several times as fast as float32; autocast, which
casts the weights again in every call, is slower than either.
"""

import time
from copy import deepcopy
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import torch
from open_clip.transformer import QuickGELU
from torch import Tensor, nn

from core.inference.predictor import Predictor
from core.inference.prompts import default_prompts
from core.lrclr.encodings import ImageEncoding
from core.lrclr.model import LRCLR

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
_QUICK = 1.702
_WORTH = 1.15  # times as fast
_ALIKE = 0.98  # lowest cosine with float32 that passes
_REPEATS = 3


class Encoder:
    """Encodes grey images (B, 1, S, S) as `decode` gives them."""

    def __init__(self, model: LRCLR, precision: str) -> None:
        """A copy of the model, cast for "bf16"."""
        self.dtype = _DTYPES[precision]
        self.preprocess = model.backbone.preprocess
        self.model = deepcopy(model).eval()
        _fold_quick_gelu(self.model)
        self.model.to(self.dtype)

    @torch.inference_mode()
    def __call__(self, grey: Tensor) -> ImageEncoding:
        """Encode (B, 1, S, S) in 0..255; features come in float32."""
        pixels = self.preprocess.normalise(grey)
        return self.model.encode_image(pixels.to(self.model.device, self.dtype))


def _fold_quick_gelu(model: nn.Module) -> None:
    """Have SiLU do the work of QuickGELU, x sigmoid(a x), with a in the layers around it.

    One pass over the widest activations in place of three; the same function.
    """
    for block in model.modules():
        mlp: Any = getattr(block, "mlp", None)
        if isinstance(getattr(mlp, "gelu", None), QuickGELU):
            with torch.no_grad():
                for parameter in mlp.c_fc.parameters():
                    parameter.mul_(_QUICK)
                mlp.c_proj.weight.div_(_QUICK)
            mlp.gelu = nn.SiLU(inplace=True)


@dataclass(frozen=True)
class Probe:
    """bfloat16 against float32 on a few images of the set."""

    images: int
    fp32_rate: float  # images a second
    bf16_rate: float
    image_cosine_mean: float  # of image features in one precision and the other
    image_cosine_min: float
    patch_cosine_mean: float
    patch_cosine_min: float
    score_difference_max: float  # of the zero-shot scores "lrclr", with the default prompts
    score_deviation: float  # standard deviation of these scores over the images, to compare

    @property
    def choice(self) -> str:
        """bf16 where it is worth it and agrees."""
        fast = self.bf16_rate > _WORTH * self.fp32_rate
        return "bf16" if fast and self.image_cosine_min >= _ALIKE else "fp32"

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    def sentence(self) -> str:
        """What was found, for people."""
        return (
            f"bf16 {self.bf16_rate:.0f} images/s, fp32 {self.fp32_rate:.0f}; cosine of the two at "
            f"least {self.image_cosine_min:.5f} (patches {self.patch_cosine_min:.4f}), scores "
            f"differ by at most {self.score_difference_max:.4f} (their deviation over the images "
            f"is {self.score_deviation:.4f}): {self.choice}."
        )


def probe(predictor: Predictor, grey: Tensor) -> Probe | None:
    """Try both precisions on some images (B, 1, S, S); None where the model has no bfloat16."""
    found, rates = {}, {}
    try:
        for name in _DTYPES:
            encoder = Encoder(predictor.model, name)
            found[name] = encoder(grey)  # the first call is not timed: kernels are prepared
            rates[name] = len(grey) / median(_timed(encoder, grey) for _ in range(_REPEATS))
    except (RuntimeError, NotImplementedError):  # an operation of the model lacks bfloat16
        return None
    exact, fast = found["fp32"], found["bf16"]
    cosine = (exact.image_features * fast.image_features).sum(dim=-1)
    patches = (exact.patch_features * fast.patch_features).sum(dim=-1)
    prompts = default_prompts()
    before, after = (predictor.score(images, prompts)["lrclr"] for images in (exact, fast))
    return Probe(
        len(grey), rates["fp32"], rates["bf16"], float(cosine.mean()), float(cosine.min()),
        float(patches.mean()), float(patches.min()), float(abs(before - after).max()),
        float(before.std(axis=0).mean()),
    )  # fmt: skip


def _timed(encoder: Encoder, grey: Tensor) -> float:
    started = time.perf_counter()
    encoder(grey)
    return time.perf_counter() - started
