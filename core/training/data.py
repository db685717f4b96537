"""Training data: images, and which sentence is true of which."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.backbones.base import Backbone
from core.errors import ExplorerError
from core.inference.predictor import unreadable
from core.language.facts import has_place
from core.language.reader import read
from core.progress import Progress
from core.studies import StudySet
from core.studies.joined import JoinedSet
from core.studies.sentences import normalise_sentence
from core.training.inputs import InputFile, prepared
from core.training.reword import rewordings
from core.training.statements import Drawn, StatementBank


class SentenceIndex:
    """Distinct sentences of M reports, and the reports each is in.

    Rare sentences are drawn more often: most of a report says what is not there, in words that
    thousands of reports share.
    """

    def __init__(self, reports: list[list[str]]) -> None:
        numbers: dict[str, int] = {}
        self.rows: list[list[int]] = []
        for report in reports:
            said = dict.fromkeys(filter(None, map(normalise_sentence, report)))
            self.rows.append([numbers.setdefault(text, len(numbers)) for text in said])
        self.sentences = list(numbers)
        counts = torch.bincount(torch.tensor([number for row in self.rows for number in row]))
        self.weights = counts.float().clamp(min=1).rsqrt()
        claims = [read(text) for text in self.sentences]
        # What the reader does not know may have a place.
        self.present = torch.tensor([not said or has_place(said) for said in claims])

    def texts(self, reworded: bool) -> list[str]:
        """Every text that `draw` can give."""
        others = (rewordings(text) for text in self.sentences) if reworded else ()
        return [*self.sentences, *(text for ways in others for text in ways)]

    def draw(
        self, images: list[int], per_report: int, generator: torch.Generator, shared: bool,
        reworded: float = 0.0,
    ) -> Drawn:
        """Draw up to `per_report` sentences of each image's report, by one over the root of count.

        Args:
            images: B rows, each with at least one sentence.
            reworded: share of the sentences that are said in other words (`rewordings`).
            shared: a sentence is a positive of every image whose report has it, so that reports
                that say the same thing are not negatives of each other. Without, only of the image
                it was drawn for.

        Returns:
            P sentences, distinct where shared. One is true of the images whose whole report has it
            and, for want of knowing better, false of all others.
        """
        columns: list[int] = []
        places: dict[int, int] = {}
        pairs = []
        for line, image in enumerate(images):
            row = self.rows[image]
            size = min(per_report, len(row))
            for place in torch.multinomial(self.weights[row], size, generator=generator).tolist():
                number = row[place]
                if not shared or number not in places:
                    places[number] = len(columns)
                    columns.append(number)
                pairs.append((line, places[number]))
        truth = torch.zeros(len(images), len(columns))
        if shared:
            said = [(line, number) for line, image in enumerate(images)
                    for number in self.rows[image] if number in places]  # fmt: skip
            pairs = [(line, places[number]) for line, number in said]
        for line, column in pairs:
            truth[line, column] = 1
        texts = [self._said(number, reworded, generator) for number in columns]
        return Drawn(texts, truth, self.present[columns])

    def _said(self, number: int, reworded: float, generator: torch.Generator) -> str:
        sentence = self.sentences[number]
        if not reworded or torch.rand((), generator=generator) >= reworded:
            return sentence
        ways = rewordings(sentence) or [sentence]
        return ways[int(torch.randint(len(ways), (), generator=generator))]


@dataclass(frozen=True)
class TrainingData:
    """Images with at least one sentence."""

    inputs: InputFile | Tensor  # (M, C, h, w) float16
    index: SentenceIndex
    fingerprint: str
    left_out: tuple[str, ...] = ()  # studies whose image cannot be read, and why
    remark: str = ""  # how many studies have no text, if any
    statements: StatementBank | None = None  # in place of the index where a run asks for it

    def texts(self, reworded: bool) -> list[str]:
        """Every text that a step can draw."""
        return self.statements.texts if self.statements else self.index.texts(reworded)


def load_training_data(
    studies: StudySet,
    backbone: Backbone,
    as_pixels: bool,
    progress: Progress | None = None,
    whole_reports: bool = False,
    wordings: int = 0,
    further: Sequence[str] = (),
) -> TrainingData:
    """Prepare every image that has a report and can be read, by the one preprocessing path.

    Args:
        as_pixels: as in `prepared`.
        whole_reports: each report is one text, not a set of sentences (an ablation).
        wordings: above 0, with a bank of statements whose truth is known of every image, so many
            of each finding.
        further: sentences of other reports for that bank.

    Raises:
        ExplorerError: fewer than two studies have report text.
    """
    every = studies.reports  # splits them all: once, not once a row
    kept = [row for row, report in enumerate(every) if any(s.strip() for s in report)]
    if len(kept) < 2:
        raise ExplorerError(
            f"'{studies.spec}' has {len(kept)} studies with report text; training needs at least "
            "two. Choose a set with reports, such as phantom:train."
        )
    told = studies.subset(kept)
    inputs = prepared(told, backbone, as_pixels, progress)
    reports = [list(every[kept[row]]) for row in inputs.rows]
    if whole_reports:
        reports = [[" ".join(report)] for report in reports]
    left_out = unreadable(told, inputs.readable)
    bank = None
    if wordings:
        facts = studies.facts()
        parts = told.parts if isinstance(told, JoinedSet) else [told]
        number = np.repeat(np.arange(len(parts)), [len(part) for part in parts])[inputs.rows]
        bank = StatementBank(
            [facts[kept[row]] for row in inputs.rows], reports, further, wordings,
            parts=number.tolist(),
        )
    remark = _without_text(len(studies) - len(kept), studies)
    index = SentenceIndex(reports)
    return TrainingData(inputs, index, studies.fingerprint, left_out, remark, bank)


def _without_text(count: int, studies: StudySet) -> str:
    if not count:
        return ""
    return (
        f"{count} of {len(studies)} studies have no report text and are not trained on; "
        "derive=labels after a manifest's path makes sentences of labels."
    )
