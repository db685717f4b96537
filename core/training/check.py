"""A quick look at a model while it trains: zero-shot AUC and pointing game on a few studies."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray

from core.files import write_whole
from core.inference.predictor import unreadable
from core.inference.prompts import PromptSet
from core.inference.zero_shot import Scores, remixed, zero_shot
from core.lrclr.encodings import ImageEncoding, TextEncoding
from core.lrclr.model import LRCLR
from core.metrics.auc import roc_auc
from core.metrics.localisation import pointing_game
from core.precision import fast_towers
from core.progress import Progress
from core.studies import StudySet
from core.training.inputs import InputFile, prepared

TOGETHER = 64
"""Images of a check that are encoded at once."""

@dataclass(frozen=True)
class CheckScores:
    """The mixed scores of a check, so that runs can be compared case by case."""

    fingerprint: str  # of the validation set
    findings: tuple[str, ...]
    truth: NDArray[np.float64]  # (n, F) of 1, 0, NaN
    scores: NDArray[np.float64]  # (n, F)
    patients: NDArray[np.int64] | None = None  # (n,); None in a check of an older version

    def write(self, run: Path) -> None:
        """Into a run's folder, over those of the check before."""

        def save(partial: Path) -> None:
            with partial.open("wb") as file:  # by its name numpy would give it another ending
                told: dict[str, Any] = {} if self.patients is None else {"patients": self.patients}
                np.savez_compressed(file, fingerprint=self.fingerprint, findings=self.findings,
                                    truth=self.truth, scores=self.scores, **told)  # fmt: skip

        write_whole(run / "check.npz", save)

    @classmethod
    def read(cls, run: Path) -> "CheckScores | None":
        """Of the last check of a run; None where it left none."""
        try:
            with np.load(run / "check.npz", allow_pickle=False) as kept:
                names = tuple(str(name) for name in kept["findings"])
                patients = kept["patients"] if "patients" in kept.files else None
                truth, scores = kept["truth"], kept["scores"]
                return cls(str(kept["fingerprint"]), names, truth, scores, patients)
        except (OSError, ValueError, KeyError, BadZipFile):
            return None


@dataclass(frozen=True)
class CheckLook:
    """A validation set as a model sees it: encoded and scored once for all that is asked of it."""

    images: ImageEncoding
    texts: TextEncoding
    scores: Scores

    @property
    def spread(self) -> dict[str, float]:
        """Standard deviation of each part of the mixed score, so that the parts compare.

        It reads scores alone, no label.
        """
        parts = {name: float(self.scores[name].std()) for name in ("global", "local", "match")}
        return {name: round(value, 5) for name, value in parts.items() if value > 0}


class QuickCheck:
    """Encodes a validation set and scores it; the same numbers for the same model."""

    last: CheckScores

    def __init__(
        self, studies: StudySet, model: LRCLR, prompts: PromptSet, progress: Progress | None = None,
        as_pixels: bool = False,
    ) -> None:
        """Prepare a validation set; `as_pixels` where the run trains the stem."""
        as_pixels = as_pixels or model.config.body_mask
        self.inputs = prepared(studies, model.backbone, as_pixels, progress)
        self.left_out = unreadable(studies, self.inputs.readable)
        if self.left_out:
            studies = studies.subset(self.inputs.rows.tolist())
        self.studies, self.labels = studies, studies.labels
        self.fingerprint = studies.fingerprint  # looks at every file, so once a run
        self.preprocess = model.backbone.preprocess
        self.masks = [studies.masks(row) for row in range(len(studies))]
        # Findings that the set can tell apart; the others have no AUC.
        self.findings = [n for n in prompts if self.labels[n].nunique(dropna=True) == 2]
        self.prompts = PromptSet({name: prompts[name] for name in self.findings})

    @torch.no_grad()
    def look(self, model: LRCLR) -> CheckLook:
        """Encode and score the set."""
        images = encode_inputs(model, self.inputs)
        texts = model.encode_text(self.prompts.all_texts())
        return CheckLook(images, texts, zero_shot(model, images, texts, self.prompts))

    def __call__(self, model: LRCLR, look: CheckLook | None = None) -> dict[str, Any]:
        """Mean and per-finding AUC of four scores, and the pointing game of patch similarity.

        `score`, the mean AUC of the mixed score, is what early stopping and the best model go by;
        `same_first`, what the alarm of a collapse goes by.

        Args:
            look: of the same weights, where there is one; parts are mixed as the model's
                configuration says now.
        """
        look = look or self.look(model)
        images, texts, scores = look.images, look.texts, remixed(look.scores, model.config)
        truth = self.labels[self.findings].to_numpy(float)
        self.last = CheckScores(
            self.fingerprint, tuple(self.findings), truth, scores["lrclr"].astype(float),
            self.studies.patients,
        )  # fmt: skip
        auc = {
            score: {
                name: round(_auc(truth[:, column], scores[score][:, column]), 3)
                for column, name in enumerate(self.findings)
            }
            for score in ("global", "local", "positive", "lrclr")
        }
        hits = self._pointing(model, images, texts)
        means = {score: round(float(np.nanmean(list(auc[score].values()))), 4) for score in auc}
        return {
            "score": means["lrclr"],
            "auc": means,
            "pointing": round(float(np.nanmean(list(hits.values()))), 4) if hits else None,
            "same_first": _same_first(scores["positive"]),
            "auc_by_finding": auc,
            "pointing_by_finding": hits,
        }

    @torch.no_grad()
    def _pointing(
        self, model: LRCLR, images: ImageEncoding, texts: TextEncoding
    ) -> dict[str, float]:
        """Hit rate of each finding that has masks, by the mean cosine with its prompts."""
        similarity = model.similarity(images, texts).cpu().numpy()  # (B, P, N)
        hits = {}
        for name in self.findings:
            columns = [texts.texts.index(text) for text in self.prompts[name].positive]
            found = [
                pointing_game(
                    self.preprocess.map_to_image(
                        similarity[row, columns].mean(axis=0).reshape(images.grid),
                        (masks[name].shape[0], masks[name].shape[1]),
                    ),
                    masks[name],
                )
                for row, masks in enumerate(self.masks)
                if name in masks and masks[name].any()
            ]
            if found:
                hits[name] = round(float(np.mean(found)), 3)
        return hits


@torch.no_grad()
def encode_inputs(model: LRCLR, inputs: InputFile) -> ImageEncoding:
    """Encodings of images that were made ready, in the precision that is fastest here."""
    with fast_towers(model.device):
        chunks = inputs.split(TOGETHER)
        return ImageEncoding.cat([model.encode_image(c.float().to(model.device)) for c in chunks])


def _same_first(scores: np.ndarray) -> float:
    """Largest share of the findings that rank one image first; 0 where there are under four."""
    first = scores.argmax(axis=0)
    return round(float(np.bincount(first).max()) / len(first), 3) if len(first) > 3 else 0.0


def _auc(truth: np.ndarray, score: np.ndarray) -> float:
    known = ~np.isnan(truth)
    return roc_auc(truth[known], score[known])
