"""Scores of a set by a model, beside its labels; the encodings are kept for every other command."""

from collections.abc import Sequence
from hashlib import sha256
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from core.analysis.neighbourhood import Neighbours, nearest, report_features
from core.analysis.scored import ScoredSet, identity_of
from core.errors import ExplorerError
from core.inference.kept_array import kept_array
from core.inference.predictor import Predictor, unreadable
from core.inference.prompts import PromptSet, check_prompt, prompts_for
from core.inference.zero_shot import SCORES, Scores
from core.progress import Progress
from core.studies import StudySet

_SENTENCES = 256  # encoded at once


def asked_prompts(studies: StudySet, prompts: PromptSet | None) -> PromptSet:
    """The prompts, or those of `prompts_for` what the set labels, without what it cannot judge.

    Raises:
        ExplorerError: no finding of them has both labels in the set.
    """
    labels = studies.labels
    both = [str(name) for name in labels if labels[name].nunique(dropna=True) == 2]
    chosen = [name for name in prompts or both if name in both]
    if not chosen:
        raise ExplorerError(
            f"'{studies.spec}' has no finding of these prompts with both positive and negative "
            "films; choose a set with label columns, such as phantom:test."
        )
    texts = prompts or prompts_for(both)
    return PromptSet({name: texts[name] for name in chosen})


def chosen_prompts(studies: StudySet, prompts: PromptSet, findings: Sequence[str]) -> PromptSet:
    """Prompts of some findings alone, in their order; all of them where none is named.

    Raises:
        ExplorerError: the set cannot judge one of them.
    """
    for name in findings:
        if name not in prompts:
            raise ExplorerError(
                f"'{studies.spec}' has no films with and without '{name}'; choose "
                f"{', '.join(prompts)}."
            )
    return PromptSet({name: prompts[name] for name in dict.fromkeys(findings or prompts)})


def check_score(score: str) -> None:
    """Refuse a score that there is not.

    Raises:
        ExplorerError: naming those that there are.
    """
    if score not in SCORES:
        raise ExplorerError(f"There is no score '{score}'; known: {', '.join(SCORES)}.")


def scored_set(
    studies: StudySet, prompts: PromptSet, scores: Scores, score: str = "lrclr"
) -> ScoredSet:
    """Scores of a set at hand with its labels.

    Args:
        scores: (N, F) each, one column for each finding of the prompts; NaN where an image cannot
            be read.

    Raises:
        ExplorerError: no finding has both labels among the readable films.
    """
    values = scores[score].astype(np.float64)
    readable = np.asarray(np.isfinite(values).all(axis=1), bool)
    labels = studies.labels
    columns, truths, left_out = [], [], []
    for column, name in enumerate(prompts):
        truth = labels[name].to_numpy(float)[readable] if name in labels else np.full(0, np.nan)
        if len(np.unique(truth[~np.isnan(truth)])) == 2:
            columns.append(column)
            truths.append(truth)
        else:
            left_out.append(name)
    if not columns:
        raise ExplorerError(
            f"'{studies.spec}' has no finding with and without among the films that can be read; "
            "choose a set with label columns, such as phantom:test."
        )
    names, rows, ids = list(prompts), np.flatnonzero(readable), studies.ids
    return ScoredSet(
        identity_of(studies),
        tuple(names[column] for column in columns),
        values[readable][:, columns],
        np.stack(truths, axis=1),
        rows,
        studies.patients[readable],
        tuple(ids[row] for row in rows),
        tuple(left_out),
        unreadable(studies, readable),
    )


def score_studies(
    predictor: Predictor,
    studies: StudySet,
    prompts: PromptSet | None = None,
    score: str = "lrclr",
    progress: Progress | None = None,
) -> ScoredSet:
    """Score a set with a model; its encodings are kept and shared with every other command.

    Raises:
        ExplorerError: as `check_score`, `asked_prompts` and `Predictor.score_set`.
    """
    check_score(score)
    texts = asked_prompts(studies, prompts)
    return scored_set(studies, texts, predictor.score_set(studies, texts, progress), score)


def embedded(
    predictor: Predictor, studies: StudySet, prompts: PromptSet | None = None
) -> tuple[NDArray[np.float32], tuple[list[str], NDArray[np.float32]]]:
    """Global features (N, d) of a set's films, and the positive prompts with theirs (P, d)."""
    texts = [text for one in asked_prompts(studies, prompts).values() for text in one.positive]
    words = predictor.encode_texts(texts).text_features
    return predictor.image_features(studies), (texts, words.detach().cpu().numpy())


def sentence_features(
    predictor: Predictor, studies: StudySet, progress: Progress | None = None
) -> tuple[list[str], NDArray[np.float32]]:
    """Every sentence of a set's reports once, and its global features (S, d).

    Sentences that no model takes, such as overlong ones, are left out.

    Args:
        progress: called with (done, total) sentences.

    Raises:
        ExplorerError: there is no sentence.
    """
    sentences = [
        text for text in dict.fromkeys(chain.from_iterable(studies.reports)) if _speakable(text)
    ]
    if not sentences:
        raise ExplorerError(f"'{studies.spec}' has no reports to hold against its films.")
    parts = []
    for start in range(0, len(sentences), _SENTENCES):
        chunk = sentences[start : start + _SENTENCES]
        parts.append(predictor.encode_texts(chunk).text_features.detach().cpu().numpy())
        if progress:
            progress(min(start + _SENTENCES, len(sentences)), len(sentences))
    return sentences, np.concatenate(parts)


def neighbours(
    predictor: Predictor, studies: StudySet, row: int, k: int = 10,
    progress: Progress | None = None,
) -> list[Neighbours]:  # fmt: skip
    """The films of a set most like one of them, by picture and, where it has a report, by that.

    Args:
        k: films of each, at least 1.
        progress: called with (done, total) films, then sentences, where they were not encoded yet.

    Raises:
        ExplorerError: the film cannot be read, or as `Predictor.encode_set`.
    """
    features = predictor.image_features(studies, progress)
    told = [Neighbours("image", nearest(features, row, k))]
    if any(map(_speakable, studies.report(row))):
        said = kept_report_features(predictor, studies, progress)
        told.append(Neighbours("report", nearest(said, row, k)))
    return told


def kept_report_features(
    predictor: Predictor, studies: StudySet, progress: Progress | None = None
) -> NDArray[np.float32]:
    """`report_features` of a set's reports (N, d), kept on disk for the next time.

    Raises:
        ExplorerError: no study has a report.
    """
    reports = studies.reports
    key = sha256(repr((predictor.model_hash, reports)).encode()).hexdigest()[:24]

    def read_all() -> NDArray[np.float32]:
        said = sentence_features(predictor, studies, progress)
        return report_features(reports, *said).astype(np.float32)

    return kept_array(f"reports/{key}", read_all)


def _speakable(text: str) -> bool:
    try:
        return bool(check_prompt(text))
    except ExplorerError:
        return False
