"""The ceiling of the demo model: its image tower trained on the labels instead of the reports.

    python benchmarks/ceiling.py [--steps 3500] [--seed 0]

The same frozen stem, ViT blocks and region head, the same images, batch and number of views as
`pretrain` and `finetune` together; a linear head on the CLS and a log-sum-exp over regions, each
trained with binary cross-entropy, added for the score. Printed: AUC of each finding on phantom:test
with bootstrap 95 % intervals.
"""

import argparse
import time

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.backbones.compact import CompactBackbone
from core.labels import PHANTOM_FINDINGS
from core.metrics.auc import bootstrap_auc
from core.precision import use_bfloat16
from core.specs import open_studies
from core.studies import StudySet
from core.training.inputs import prepared

FINDINGS = list(PHANTOM_FINDINGS)


class LabelModel(nn.Module):
    """Logits (B, F) from the CLS and from regions."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = CompactBackbone()
        width, joint = self.backbone.local_width, self.backbone.embed_dim
        self.on_cls = nn.Linear(joint, len(FINDINGS))
        self.on_regions = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, len(FINDINGS))
        )

    def forward(self, inputs: Tensor, keep: float = 1.0) -> tuple[Tensor, Tensor]:
        """Stem output (B, 272, h, w) to two sets of logits."""
        found = self.backbone.image_tokens(inputs, keep=keep)
        cls_features, _ = self.backbone.finish(found.tokens)
        regions = self.on_regions(found.local).float()
        pooled = regions.logsumexp(dim=1) - np.log(regions.shape[1])
        return self.on_cls(cls_features).float(), pooled


def main() -> None:
    """Train and measure."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    options.add_argument("--steps", type=int, default=3500)
    options.add_argument("--batch-size", type=int, default=64)
    options.add_argument("--learning-rate", type=float, default=1e-3)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    torch.manual_seed(chosen.seed)
    model = LabelModel()
    model.backbone.stem.load_imagenet()
    train_set, test_set = open_studies("phantom:train"), open_studies("phantom:test")
    inputs, truth = prepared(train_set, model.backbone)[:], _labels(train_set)
    model.backbone.centre(inputs[:256].float(), ["a chest radiograph"])
    _train(model, inputs, torch.from_numpy(truth).float(), chosen)
    _report(model, prepared(test_set, model.backbone)[:], _labels(test_set))


def _train(model: LabelModel, inputs: Tensor, truth: Tensor, chosen: argparse.Namespace) -> None:
    steps, size = chosen.steps, chosen.batch_size
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=chosen.learning_rate, weight_decay=0.05)
    rate = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, chosen.learning_rate, total_steps=steps, pct_start=min(100 / steps, 0.3)
    )
    generator = torch.Generator().manual_seed(chosen.seed)
    bfloat16 = use_bfloat16("auto", torch.device("cpu"))
    rows: list[int] = []
    started = time.perf_counter()
    model.train()
    for step in range(1, steps + 1):
        if len(rows) < size:
            rows = torch.randperm(len(inputs), generator=generator).tolist()
        batch, rows = rows[:size], rows[size:]
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            logits = model(inputs[batch].float(), keep=0.5)
        losses = [F.binary_cross_entropy_with_logits(part, truth[batch]) for part in logits]
        optimiser.zero_grad(set_to_none=True)
        (len(FINDINGS) * (losses[0] + losses[1])).backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        rate.step()
        if step % 100 == 0:
            left = (time.perf_counter() - started) / step * (steps - step)
            print(f"step {step} of {steps}, losses {losses[0]:.3f} {losses[1]:.3f}, "
                  f"{left:.0f} s left", flush=True)  # fmt: skip
    model.eval()


@torch.no_grad()
def _report(model: LabelModel, inputs: Tensor, truth: np.ndarray) -> None:
    parts = [torch.stack(model(chunk.float())) for chunk in inputs.split(64)]
    score = torch.cat(parts, dim=1).sum(dim=0).double().numpy()  # (n, F)
    found = [bootstrap_auc(truth[:, i], score[:, i]) for i in range(len(FINDINGS))]
    for name, auc in zip(FINDINGS, found, strict=True):
        print(f"{name:20s} {auc.value:.3f} [{auc.low:.3f} {auc.high:.3f}]")
    print(f"{'mean':20s} {np.mean([auc.value for auc in found]):.3f}   n = {len(truth)}")


def _labels(studies: StudySet) -> np.ndarray:
    return studies.labels[FINDINGS].to_numpy(float)


if __name__ == "__main__":
    main()
