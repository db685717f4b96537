"""A quick look at a model while it trains: zero-shot AUC and pointing game on a few studies."""

from typing import Any

import numpy as np
import torch

from core.inference.prompts import PromptSet
from core.lrclr.encodings import ImageEncoding
from core.lrclr.model import LRCLR
from core.metrics.auc import roc_auc
from core.metrics.localisation import pointing_game
from core.studies import StudySet
from core.training.data import Progress, load_pixels


class QuickCheck:
    """Encodes a validation set and scores it; the same numbers for the same model."""

    def __init__(
        self, studies: StudySet, model: LRCLR, prompts: PromptSet, progress: Progress | None = None
    ) -> None:
        self.pixels = load_pixels(studies, model.backbone.preprocess, progress)
        self.labels = studies.labels
        self.preprocess = model.backbone.preprocess
        self.masks = [studies.masks(row) for row in range(len(studies))]
        self.prompts = prompts
        self.findings = [
            name for name in prompts if self.labels[name].nunique(dropna=True) == 2
        ]

    @torch.no_grad()
    def __call__(self, model: LRCLR) -> dict[str, Any]:
        """Mean and per-finding AUC of the global and the local pair score, and pointing game."""
        images = ImageEncoding.cat(
            [model.encode_image(chunk.float().to(model.device)) for chunk in self.pixels.split(64)]
        )
        auc: dict[str, dict[str, float]] = {"global": {}, "local": {}, "positive": {}}
        hits: dict[str, float] = {}
        for name in self.findings:
            prompts = self.prompts[name]
            positive, negative = list(prompts.positive), list(prompts.negative)
            texts = model.encode_text(positive + negative)
            truth = self.labels[name].to_numpy(float)
            sides = (slice(0, len(positive)), slice(len(positive), None))
            cosine = images.image_features @ texts.text_features.T
            local = model.local_scores(images, texts)
            auc["global"][name] = _auc(truth, _pair(cosine, *sides))
            auc["positive"][name] = _auc(truth, cosine[:, sides[0]].mean(dim=1))
            auc["local"][name] = _auc(truth, _pair(local, *sides))
            if name != "No Finding":
                similarity = model.similarity(images, texts)[:, sides[0]].mean(dim=1)
                hits[name] = self._pointing(name, similarity, images.grid)
        means = {score: round(float(np.nanmean(list(auc[score].values()))), 4) for score in auc}
        rounded = {score: {n: round(v, 3) for n, v in auc[score].items()} for score in auc}
        pointing = round(float(np.nanmean(list(hits.values()))), 4) if hits else None
        return {"auc": means, "pointing": pointing, "auc_by_finding": rounded,
                "pointing_by_finding": {n: round(v, 3) for n, v in hits.items()}}  # fmt: skip

    def _pointing(self, name: str, similarity: torch.Tensor, grid: tuple[int, int]) -> float:
        maps = similarity.view(-1, *grid).cpu().numpy()
        found = [
            pointing_game(
                self.preprocess.map_to_image(maps[row], masks[name].shape), masks[name]
            )
            for row, masks in enumerate(self.masks)
            if name in masks and masks[name].any()
        ]
        return float(np.mean(found)) if found else float("nan")


def _pair(scores: torch.Tensor, positive: slice, negative: slice) -> torch.Tensor:
    return scores[:, positive].mean(dim=1) - scores[:, negative].mean(dim=1)


def _auc(truth: np.ndarray, score: torch.Tensor) -> float:
    known = ~np.isnan(truth)
    return float(roc_auc(truth[known], score.cpu().numpy()[known]))
