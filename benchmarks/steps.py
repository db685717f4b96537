"""The two training steps that are compared: LRCLR's, and one written directly on open_clip.

Weights and images are random, texts are sentences of phantom reports. Both steps take the same
images and one AdamW (fused: it is the optimiser that differs from a plain loop's, not the method).
"""

from collections.abc import Callable

import open_clip
import torch

from core.backbones.open_clip_vit import open_clip_backbone
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.specs import open_studies
from core.training.config_file import read_config
from core.training.data import SentenceIndex, TrainingData
from core.training.engine import Loop
from core.training.settings import Schedule, Weights

Step = Callable[[str], object]
"""One step in a precision, "fp32" or "bf16"."""


def lrclr_loop(arch: str, batch: int, chunk: int = 0) -> Loop:
    """The engine's own loop, with the losses and sentences of the preset `lrclr`."""
    torch.manual_seed(0)
    model = LRCLR(open_clip_backbone(arch), LRCLRConfig())
    reports = [list(report) for report in open_studies(f"phantom:train,n={batch}").reports]
    size = model.backbone.preprocess.size
    pixels = torch.randn(batch, 3, size, size).half()
    schedule = Schedule(
        steps=10_000, batch_size=batch, chunk=chunk,
        sentences_per_report=read_config("lrclr").schedule.sentences_per_report,
    )  # fmt: skip
    data = TrainingData(pixels, SentenceIndex(reports), "random")
    return Loop(model.train(), data, schedule, Weights())


def lrclr_step(arch: str, batch: int) -> Step:
    """A step of `lrclr_loop`."""
    loop = lrclr_loop(arch, batch)

    def step(precision: str) -> object:
        loop.bfloat16 = precision == "bf16"
        return loop.step(1)

    return step


def plain_step(arch: str, batch: int) -> Step:
    """CLIP's global contrast of images and one text each: open_clip's model, loss and tokenizer."""
    torch.manual_seed(0)
    model = open_clip.create_model(arch).train()
    reports = open_studies(f"phantom:train,n={batch}").reports
    tokens = open_clip.get_tokenizer(arch)([" ".join(report) for report in reports])
    loss_of = open_clip.ClipLoss()
    size = open_clip.get_model_preprocess_cfg(model)["size"]
    side = size if isinstance(size, int) else size[0]
    pixels = torch.randn(batch, 3, side, side)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=0.05, fused=True)

    def step(precision: str) -> object:
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            images, words = model.encode_image(pixels, True), model.encode_text(tokens, True)
            loss = loss_of(images, words, model.logit_scale.exp())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        return loss.item()

    return step
