"""Does region weight follow severity? Brixia's six lung zones, scored 0 to 3 by readers.

Borghesi & Maroldi, La Radiologia Medica 2020: A, B, C are the upper, middle and lower zone of the
right lung, D, E, F of the left. The score's own borders are the aortic arch and the right inferior
pulmonary vein, which nobody marked; here each lung's mask is parted into thirds of its height.
"""

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from core.attribution import METHODS, attribution_maps
from core.inference.images import Images
from core.inference.predictor import Predictor
from core.inference.prompts import prompts_for
from core.studies import StudySet
from core.studies.study import Mask

COLUMN = "brixia_zones"
_LUNGS = "lungs (automatic, lungVAE)"
_ZONES = "ABCDEF"


def zone_masks(lungs: Mask) -> list[Mask]:
    """Zones A to F of a mask of both lungs (H, W); the patient's right is on the left.

    >>> [int(zone.sum()) for zone in zone_masks(np.ones((6, 4), bool))]
    [4, 4, 4, 4, 4, 4]
    """
    columns = np.flatnonzero(lungs.any(axis=0))
    middle = (columns[0] + columns[-1] + 1) / 2 if len(columns) else 0
    found = []
    for right in (True, False):
        side = lungs & ((np.arange(lungs.shape[1]) < middle) == right)
        rows = np.flatnonzero(side.any(axis=1))
        edges = np.linspace(rows[0], rows[-1] + 1, 4) if len(rows) else np.zeros(4)
        places = np.arange(lungs.shape[0])[:, None]
        found += [side & (places >= low) & (places < high)
                  for low, high in zip(edges[:-1], edges[1:], strict=True)]  # fmt: skip
    return found


def reader_scores(value: object) -> NDArray[np.float64] | None:
    """Zones A to F (6,), mean of the readers; None where a cell holds no scores."""
    try:
        read = json.loads(str(value))
        return np.array([np.mean([float(score) for name, score in read.items()
                                  if name.endswith(f"-{zone}")]) for zone in _ZONES])  # fmt: skip
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


def zone_correlation(
    predictor: Predictor, studies: StudySet, methods: Sequence[str], seed: int = 0
) -> dict[str, NDArray[np.float64]]:
    """Spearman's rank correlation of the readers' zones with the map's mean in each zone.

    The map is that of the prompts for lung opacity.

    Returns:
        (n,) in -1..1 for each of `methods` that is one of METHODS; NaN for studies without scores
        or lung mask, and where the readers gave all zones the same. Empty without any scores.
    """
    if COLUMN not in studies.table.columns:
        return {}
    prompts = list(prompts_for(["Lung Opacity"])["Lung Opacity"].positive)
    preprocess = predictor.model.backbone.preprocess
    found = {method: np.full(len(studies), np.nan) for method in methods if method in METHODS}
    for row, value in enumerate(studies.table[COLUMN]):
        scores = reader_scores(value)
        if scores is None or np.isnan(scores).any() or np.ptp(scores) == 0:
            continue
        lungs = studies.masks(row).get(_LUNGS)
        if lungs is None:
            continue
        zones = zone_masks(lungs)
        if not all(zone.any() for zone in zones):
            continue
        images = Images(predictor.model, preprocess(studies.image(row))[None])
        for method, values in found.items():
            (saliency,) = attribution_maps(method, predictor, images, prompts, seed + row)
            fitted = preprocess.map_to_image(saliency, (lungs.shape[0], lungs.shape[1]))
            means = [float(fitted[zone].mean()) for zone in zones]
            if np.ptp(means) > 0:
                values[row] = spearmanr(scores, means).statistic
    return found
