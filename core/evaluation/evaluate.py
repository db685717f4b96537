"""Zero-shot AUC over a set, per finding and score, with bootstrap intervals over patients."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import ExplorerError
from core.evaluation.report import SCORES, EvaluationReport, FindingAuc
from core.inference.encoded_set import encodings_of
from core.inference.predictor import Predictor, own_scores, unreadable
from core.inference.prompts import PromptSet, prompts_for
from core.inference.zero_shot import Scores
from core.metrics.auc import sampled_auc
from core.metrics.bootstrap import Draws, Sampled, average, resamples
from core.processes import cores
from core.progress import Progress
from core.studies import StudySet

_FEW = 2**19  # weights


def evaluate(
    predictor: Predictor | None,
    studies: StudySet,
    prompts: PromptSet | None = None,
    n_bootstrap: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> EvaluationReport:
    """Zero-shot AUC of a model on a set.

    Args:
        predictor: None for an archive's own model, which is loaded if its scores need it.
        prompts: by default those of `prompts_for` the findings that the set labels.
        n_bootstrap: resamples behind each interval.
        progress: called with (done, total) images while they are encoded.

    Raises:
        ExplorerError: no finding of the prompts has both classes in the set, or no image can be
            read.
    """
    labelled = [str(name) for name in studies.labels if studies.labels[name].notna().any()]
    chosen = [name for name in prompts or labelled if name in labelled]
    if not chosen:  # said before the images are encoded
        raise _nothing_to_score(studies, prompts)
    prompts = prompts or prompts_for(labelled)
    if predictor is not None:
        scores = predictor.score_set(studies, prompts, progress)
    elif (encoded := encodings_of(studies)) is not None:
        scores = own_scores(encoded, prompts, progress)
    else:
        raise ValueError("a set of images is scored by a model")
    return auc_report(studies, prompts, scores, n_bootstrap, seed)


def auc_report(
    studies: StudySet,
    prompts: PromptSet,
    scores: Scores,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> EvaluationReport:
    """The report of scores (B, F) at hand, one column for each finding of the prompts.

    Studies whose scores are NaN, since their image cannot be read, are left out and named.

    Args:
        n_bootstrap: resamples behind each interval; 0 leaves the intervals NaN.

    Raises:
        ExplorerError: no finding has both classes in the set.
    """
    readable = np.isfinite(scores[SCORES[0]][:, 0])
    # One draw for all findings and scores, so that their means and differences are paired.
    weights = resamples(int(readable.sum()), n_bootstrap, seed, studies.patients[readable])
    labels = studies.labels
    drawn = {
        name: _drawn(_truth(labels, name), {score: scores[score][:, column] for score in SCORES},
                     readable, weights)
        for column, name in enumerate(prompts)
    }  # fmt: skip
    return joined_report(studies, drawn, readable)


@dataclass(frozen=True)
class DrawnAuc:
    """One finding of `auc_report`, with the draws that its mean over findings is made of."""

    positives: int
    negatives: int
    areas: dict[str, Sampled]  # score -> AUC


def drawn_auc(
    studies: StudySet,
    finding: str,
    scores: Mapping[str, NDArray[np.floating]],
    n_bootstrap: int,
    seed: int = 0,
) -> DrawnAuc | None:
    """One finding of `auc_report`, with the same draws; None where the set lacks a class.

    Args:
        scores: (B,) each; NaN where an image cannot be read.
    """
    readable = np.isfinite(scores[SCORES[0]])
    weights = resamples(int(readable.sum()), n_bootstrap, seed, studies.patients[readable])
    return _drawn(_truth(studies.labels, finding), scores, readable, weights)


def _truth(labels: pd.DataFrame, finding: str) -> NDArray[np.float64]:
    """1, 0 or NaN of each study (B,)."""
    return labels[finding].to_numpy(float) if finding in labels else np.full(len(labels), np.nan)


def _drawn(
    truth: NDArray[np.float64],
    scores: Mapping[str, NDArray[np.floating]],
    readable: NDArray[np.bool_],
    weights: Draws,
) -> DrawnAuc | None:
    known = ~np.isnan(truth) & readable
    truth = truth[known]
    positives = int(truth.sum())
    if not 0 < positives < len(truth):
        return None
    drawn = weights[:, known[readable]]
    values = [scores[score][known].astype(float) for score in SCORES]
    if drawn.size < _FEW:  # a thread takes longer to begin
        areas = [sampled_auc(truth, value, drawn) for value in values]
    else:
        with ThreadPoolExecutor(min(cores(), len(SCORES))) as threads:
            areas = list(threads.map(sampled_auc, repeat(truth), values, repeat(drawn)))
    return DrawnAuc(positives, len(truth) - positives, dict(zip(SCORES, areas, strict=True)))


def joined_report(
    studies: StudySet, drawn: Mapping[str, DrawnAuc | None], readable: NDArray[np.bool_]
) -> EvaluationReport:
    """The report of findings that took the same draws.

    Args:
        readable: (B,), which images could be read.

    Raises:
        ExplorerError: no finding has both classes in the set.
    """
    judged = {name: one for name, one in drawn.items() if one is not None}
    if not judged:
        raise _nothing_to_score(studies, drawn)
    findings = {
        name: FindingAuc(one.positives, one.negatives,
                         {score: area.interval() for score, area in one.areas.items()})
        for name, one in judged.items()
    }  # fmt: skip
    mean = {
        score: average([one.areas[score] for one in judged.values()]).interval() for score in SCORES
    }
    patients = len(np.unique(studies.patients[readable]))
    left_out = tuple(name for name in drawn if name not in judged)
    lost = unreadable(studies, readable)
    return EvaluationReport(int(readable.sum()), findings, mean, patients, left_out, lost)


def _nothing_to_score(studies: StudySet, prompts: Iterable[str] | None) -> ExplorerError:
    asked = f"the prompts ({', '.join(prompts)})" if prompts else "CheXpert's names"
    return ExplorerError(
        f"'{studies.spec}' has no finding of {asked} with both positive and negative studies; "
        "choose a set with label columns, such as phantom:test."
    )
