"""Zero-shot AUC over a set, per finding and score, with bootstrap intervals over patients."""

from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

import numpy as np

from core.errors import ExplorerError
from core.evaluation.report import SCORES, EvaluationReport, FindingAuc
from core.inference.encoded_set import encodings_of
from core.inference.predictor import Predictor, own_scores, unreadable
from core.inference.prompts import PromptSet, prompts_for
from core.inference.zero_shot import Scores
from core.metrics.auc import sampled_auc
from core.metrics.bootstrap import Sampled, average, resamples
from core.processes import cores
from core.progress import Progress
from core.studies import StudySet


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
    labels = studies.labels
    readable = np.isfinite(scores[SCORES[0]][:, 0])
    # One draw for all findings and scores, so that their means and differences are paired.
    weights = resamples(int(readable.sum()), n_bootstrap, seed, studies.patients[readable])
    findings: dict[str, FindingAuc] = {}
    sampled: dict[str, list[Sampled]] = {score: [] for score in SCORES}
    left_out = []
    for column, name in enumerate(prompts):
        truth = labels[name].to_numpy(float) if name in labels else np.full(len(studies), np.nan)
        known = ~np.isnan(truth) & readable
        truth = truth[known]
        positives = int(truth.sum())
        if not 0 < positives < len(truth):
            left_out.append(name)
            continue
        drawn = weights[:, known[readable]]
        values = [scores[score][known, column].astype(float) for score in SCORES]
        with ThreadPoolExecutor(min(cores(), len(SCORES))) as threads:
            areas = threads.map(sampled_auc, repeat(truth), values, repeat(drawn))
            for score, area in zip(SCORES, areas, strict=True):
                sampled[score].append(area)
        auc = {score: parts[-1].interval() for score, parts in sampled.items()}
        findings[name] = FindingAuc(positives, len(truth) - positives, auc)
    if not findings:
        raise _nothing_to_score(studies, prompts)
    mean = {score: average(parts).interval() for score, parts in sampled.items()}
    patients = len(np.unique(studies.patients[readable]))
    lost = unreadable(studies, readable)
    return EvaluationReport(int(readable.sum()), findings, mean, patients, tuple(left_out), lost)


def _nothing_to_score(studies: StudySet, prompts: PromptSet | None) -> ExplorerError:
    asked = f"the prompts ({', '.join(prompts)})" if prompts else "CheXpert's names"
    return ExplorerError(
        f"'{studies.spec}' has no finding of {asked} with both positive and negative studies; "
        "choose a set with label columns, such as phantom:test."
    )
