"""Image-to-text retrieval on distinct reports: how high does a study's own report come?"""

import numpy as np
import torch
from numpy.typing import NDArray

from core.inference.predictor import Predictor
from core.inference.zero_shot import mix
from core.lrclr.encodings import ImageEncoding
from core.studies import StudySet
from core.studies.sentences import normalise_sentence

_IMAGES = 16


@torch.no_grad()
def own_report_rank(
    predictor: Predictor, studies: StudySet, images: ImageEncoding | None = None
) -> NDArray[np.float64]:
    """Share of the other distinct reports that score below the study's own, (n,) in 0..1.

    A report is the set of its sentences and scores their mean; equal reports count once, ties one
    half. NaN for studies without text and those whose image cannot be read.

    Args:
        images: the encodings of `studies`, where they are there already.
    """
    model = predictor.model
    said = [map(normalise_sentence, report) for report in studies.reports]
    reports = [frozenset(filter(None, sentences)) for sentences in said]
    distinct = list(dict.fromkeys(report for report in reports if report))
    sentences = list(dict.fromkeys(text for report in distinct for text in sorted(report)))
    found = np.full(len(studies), np.nan)
    if len(distinct) < 2:
        return found
    column = {text: number for number, text in enumerate(sentences)}
    texts = predictor.encode_texts(sentences)
    images = images or predictor.encode_set(studies)
    members = torch.zeros(len(distinct), len(sentences))
    for number, report in enumerate(distinct):
        members[number, [column[text] for text in report]] = 1 / len(report)
    place = {report: number for number, report in enumerate(distinct)}
    for start in range(0, len(studies), _IMAGES):
        part = images.rows(slice(start, start + _IMAGES))
        cosine = model.cosines(part, texts.text_features).mean(dim=0)
        parts = {"global": cosine, "local": model.read(part, texts).local,
                 "match": torch.zeros_like(cosine)}  # fmt: skip
        score = mix(parts, model.config.mix, model.config.spread).cpu() @ members.T  # (B, reports)
        for row, values in enumerate(score.numpy(), start=start):
            if reports[row] and images.readable[row]:
                own = values[place[reports[row]]]
                below, equal = (values < own).sum(), (values == own).sum() - 1
                found[row] = (below + equal / 2) / (len(distinct) - 1)
    return found
