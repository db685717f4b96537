"""Wordings one by one: how well does each say its finding, alone and not in an ensemble?

An ensemble of prompts hides its weak members. A model that knows plain words ranks the films of a
finding over the others by any wording of it; a wording that ranks them the wrong way round
(AUC under .5) is one whose words the model takes for their opposite.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ExplorerError
from core.evaluation.report import SCORES, figure_json, left_out_sentence
from core.inference.encoded_set import encodings_of
from core.inference.predictor import Predictor, unreadable
from core.inference.prompts import FindingPrompts, PromptSet, check_prompt, prompt_file_text
from core.inference.zero_shot import Scores
from core.metrics.auc import roc_auc, sampled_auc
from core.metrics.bootstrap import Interval, Sampled, average, resamples
from core.progress import Progress
from core.studies import StudySet

RANKED = "lrclr"
"""The score whose AUC has intervals and is counted."""
LOW, INVERTED = 0.75, 0.5
"""AUC under which a wording is counted as not understood, and as understood the wrong way round."""

_AT_ONCE = 80  # wordings whose scores are held
_WORST = 10  # that a terminal lists; the JSON has all
_SHAPE = (
    '{"Finding": [{"positive": "...", "negative": "..."}]}, or as a prompt file with as many '
    "negative prompts as positive ones"
)


@dataclass(frozen=True)
class WordingPair:
    """One way to say that a finding is there, and one that it is not; both tidied."""

    finding: str
    positive: str
    negative: str


@dataclass(frozen=True)
class WordingAuc:
    """One wording on a set."""

    wording: WordingPair
    positives: int
    negatives: int
    auc: Interval  # of RANKED
    scores: dict[str, float]  # score -> AUC, of SCORES

    def to_json(self) -> dict[str, Any]:
        """finding, positive, negative, positives, negatives, auc {figure} and scores {score}."""
        return {
            **vars(self.wording), "positives": self.positives, "negatives": self.negatives,
            "auc": figure_json(self.auc), "scores": self.scores,
        }  # fmt: skip


@dataclass(frozen=True)
class WordingReport:
    """What `python -m core wordings` prints."""

    n: int  # studies whose image could be read
    patients: int
    wordings: tuple[WordingAuc, ...]  # the worst first
    mean: Interval  # over the wordings
    left_out: tuple[str, ...] = ()  # findings without both classes in the set
    unreadable: tuple[str, ...] = ()

    def under(self, limit: float) -> int:
        """How many wordings have an AUC under the limit."""
        return sum(line.auc.value < limit for line in self.wordings)

    def to_json(self) -> dict[str, Any]:
        """n, patients, mean {figure}, worst, under_75, inverted, wordings [...] and left_out."""
        return {
            "n": self.n, "patients": self.patients, "mean": figure_json(self.mean),
            "worst": self.wordings[0].auc.value, "under_75": self.under(LOW),
            "inverted": self.under(INVERTED), "left_out": list(self.left_out),
            "unreadable": list(self.unreadable),
            "wordings": [line.to_json() for line in self.wordings],
        }  # fmt: skip

    def table(self) -> str:
        """The worst wordings, each finding's mean, and the counts."""
        lines = [f"{'AUC':>5} {'95 % interval':>14} {'n+':>5}  the worst wordings"]
        for line in self.wordings[:_WORST]:
            value, low, high = line.auc
            said = f"{line.wording.finding}: {line.wording.positive} / {line.wording.negative}"
            lines.append(f"{value:5.3f} [{low:.3f}, {high:.3f}] {line.positives:5d}  {said}")
        lines += ["", f"{'finding':26} {'wordings':>8} {'mean':>6} {'worst':>6}"]
        for finding in dict.fromkeys(sorted(line.wording.finding for line in self.wordings)):
            own = [line.auc.value for line in self.wordings if line.wording.finding == finding]
            lines.append(f"{finding:26} {len(own):8d} {np.mean(own):6.3f} {min(own):6.3f}")
        value, low, high = self.mean
        lines += [
            "",
            f"{len(self.wordings)} wordings: mean AUC {value:.3f} [{low:.3f}, {high:.3f}], worst "
            f"{self.wordings[0].auc.value:.3f}; {self.under(LOW)} under {LOW}, of them "
            f"{self.under(INVERTED)} inverted (under {INVERTED}).",
        ]
        lines.append(f"n = {self.n} studies of {self.patients} patients; 95 % bootstrap intervals "
                     "over patients.")  # fmt: skip
        if self.left_out:
            lines.append(f"Without both classes here, so left out: {', '.join(self.left_out)}.")
        return "\n".join([*lines, *filter(None, [left_out_sentence(self.unreadable)])])


def load_wordings(path: Path) -> list[WordingPair]:
    """Read a file of wordings.

    Either `{"Finding": [{"positive": ..., "negative": ...}, ...]}`, also under the key `wordings`
    beside a `header`, or a prompt file, whose nth negative prompt goes with the nth positive one.

    Raises:
        ExplorerError: the file cannot be read, is of another shape, or a text is no prompt.
    """
    try:
        content = json.loads(prompt_file_text(path))
    except ValueError as error:
        raise ExplorerError(f"{path.name} is not JSON ({error}); write it as {_SHAPE}.") from None
    table = content.get("wordings", content) if isinstance(content, dict) else None
    if not isinstance(table, dict) or not table:
        raise ExplorerError(f"{path.name} holds no wordings; write it as {_SHAPE}.")
    return [wording for name, entry in table.items() for wording in _pairs(path, name, entry)]


def _pairs(path: Path, finding: str, entry: object) -> Iterator[WordingPair]:
    """The wordings of one finding of a file, whose shape is not trusted."""
    pairs: list[object] = []
    if isinstance(entry, list):
        pairs = entry
    elif isinstance(entry, dict):
        yes, no = entry.get("positive"), entry.get("negative")
        if isinstance(yes, list) and isinstance(no, list) and len(yes) == len(no):
            both = zip(yes, no, strict=True)
            pairs = [{"positive": positive, "negative": negative} for positive, negative in both]
    texts = ("positive", "negative")
    if not pairs or not all(
        isinstance(pair, dict) and all(isinstance(pair.get(side), str) for side in texts)
        for pair in pairs
    ):
        raise ExplorerError(
            f'{path.name}: "{finding}" has no pairs of a positive and a negative text; write it as '
            f"{_SHAPE}."
        )
    for pair in pairs:
        assert isinstance(pair, dict)
        try:
            texts_of = [check_prompt(pair[side]) for side in texts]
            yield WordingPair(finding, *texts_of)
        except ExplorerError as error:
            raise ExplorerError(f'{path.name}, "{finding}": {error}') from error


def measure_wordings(
    predictor: Predictor,
    studies: StudySet,
    wordings: Sequence[WordingPair],
    n_bootstrap: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> WordingReport:
    """AUC of each wording against the labels of its finding; the set is encoded once.

    Args:
        n_bootstrap: resamples behind each interval, the same patients for every wording.
        progress: called with (done, total) images while they are encoded.

    Raises:
        ExplorerError: no finding of the wordings has both classes in the set, or no image can be
            read.
    """
    labels = studies.labels
    named = dict.fromkeys(line.finding for line in wordings)
    both = [name for name in named if name in labels and labels[name].nunique(dropna=True) == 2]
    left_out = [name for name in named if name not in both]
    judged = [line for line in wordings if line.finding in both]
    if not judged:
        raise ExplorerError(
            f"'{studies.spec}' has no finding of the wordings ({', '.join(left_out)}) with both "
            "positive and negative studies; choose a set with label columns, such as phantom:test."
        )
    parts = list(_scores(predictor, studies, judged, progress))
    readable = np.isfinite(parts[0][RANKED][:, 0])
    weights = resamples(int(readable.sum()), n_bootstrap, seed, studies.patients[readable])
    table: list[WordingAuc] = []
    sampled: list[Sampled] = []
    for place, wording in enumerate(judged):
        part, column = parts[place // _AT_ONCE], place % _AT_ONCE
        truth = labels[wording.finding].to_numpy(float)
        counts = ~np.isnan(truth) & readable
        truth = truth[counts]
        own = {name: part[name][counts, column].astype(float) for name in SCORES}
        sampled.append(sampled_auc(truth, own[RANKED], weights[:, counts[readable]]))
        positives = int(truth.sum())
        table.append(
            WordingAuc(
                wording, positives, len(truth) - positives, sampled[-1].interval(),
                {name: roc_auc(truth, values) for name, values in own.items()},
            )
        )  # fmt: skip
    return WordingReport(
        int(readable.sum()), len(np.unique(studies.patients[readable])),
        tuple(sorted(table, key=lambda line: line.auc.value)), average(sampled).interval(),
        tuple(left_out), unreadable(studies, readable),
    )  # fmt: skip


def _scores(
    predictor: Predictor,
    studies: StudySet,
    wordings: Sequence[WordingPair],
    progress: Progress | None,
) -> Iterator[Scores]:
    """Scores (n, W) of `_AT_ONCE` wordings after another, each as a finding of its own."""
    images = None if encodings_of(studies) else predictor.encode_set(studies, progress)
    for start in range(0, len(wordings), _AT_ONCE):
        prompts = PromptSet({
            f"wording {number}": FindingPrompts((line.positive,), (line.negative,))
            for number, line in enumerate(wordings[start : start + _AT_ONCE])
        })  # fmt: skip
        if images is None:
            yield predictor.score_set(studies, prompts, progress)
        else:
            yield predictor.score(images, prompts)
