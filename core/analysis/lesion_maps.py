"""Maps of a set's lesions, measured beside the lesions' shapes and scores; asks a model."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from core.analysis.lesions import MEASURED, LesionCases, as_cases, shape_of
from core.analysis.scored import identity_of
from core.attribution import choose
from core.errors import ExplorerError
from core.evaluation.localize import measure_cases
from core.inference.predictor import Predictor
from core.inference.prompts import PromptSet, prompts_for
from core.progress import Progress
from core.studies import StudySet


def lesion_cases(
    predictor: Predictor, studies: StudySet, methods: Sequence[str],
    prompts: PromptSet | None = None, score: str = "lrclr", seed: int = 0,
    progress: Progress | None = None, encoding: Progress | None = None,
) -> LesionCases:  # fmt: skip
    """Measure maps of every finding with a mask or box; masks say more of shape than boxes.

    Args:
        methods: of METHODS, or choices in words.
        score: whose rank is the model's confidence.
        seed: of random maps.
        progress, encoding: called with (done, total) films that maps are made of, and that are
            encoded for scores.

    Raises:
        ExplorerError: no such method, or the set has neither masks nor boxes.
    """
    names = list(dict.fromkeys(str(choose(name, predictor)) for name in methods))
    tallies = measure_cases(predictor, studies, names, prompts, seed=seed, progress=progress)
    if not tallies:
        raise ExplorerError(
            f"'{studies.spec}' has no mask or box: there is no lesion to point at. Choose a set "
            "with truth, such as phantom:test."
        )
    rows = [(finding, row) for finding, tally in tallies.items() for row in tally.rows]
    texts = PromptSet({name: (prompts or prompts_for([name]))[name] for name in tallies})
    scores = predictor.score_set(studies, texts, encoding)[score]
    share = (rankdata(scores, axis=0) - 1) / max(len(scores) - 1, 1)  # findings then compare
    column = {name: number for number, name in enumerate(texts)}
    confidence = np.array([share[row, column[finding]] for finding, row in rows])
    measured = {
        name: {measure: np.concatenate([tally.values[name, measure] for tally in tallies.values()])
               for measure in MEASURED}
        for name in names
    }  # fmt: skip
    shapes = [shape_of(studies.masks(row)[finding]) for finding, row in rows]
    return as_cases(identity_of(studies), rows, studies.patients, shapes, confidence, measured)
