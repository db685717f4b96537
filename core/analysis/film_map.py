"""A map of a set: films as points of the plane, those that look alike to a model beside each other.

UMAP (McInnes, Healy, Melville 2018) of the global embeddings by their cosine. Who lies beside whom
means something; distances between groups, their sizes and the axes do not. The same seed gives the
same map. The layout runs in a process of its own, since its library takes seconds to import and
compiles itself.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ExplorerError
from core.inference.kept_array import has_array, kept_array
from core.processes import run_in_process
from core.progress import Progress
from core.studies import StudySet

if TYPE_CHECKING:
    from core.inference.predictor import Predictor

Points = NDArray[np.float32]
FEWEST = 10
"""Readable films that a map needs."""
_VERSION = 1  # of the layout; another one makes kept maps anew


@dataclass(frozen=True)
class MapSettings:
    """How a map is laid out."""

    neighbours: int = 15  # films that each film shall lie beside; fewer show finer groups
    distance: float = 0.1  # least distance of points, in units of the map
    seed: int = 0

    def __post_init__(self) -> None:
        if not 2 <= self.neighbours <= 500:
            raise ExplorerError(f"A map has 2 to 500 neighbours a film; got {self.neighbours}.")


def lay_out(
    features: NDArray[np.floating], settings: MapSettings, progress: Progress | None = None
) -> Points:
    """Coordinates (N, 2) of films; NaN where the features are, which is no film.

    Args:
        features: (N, d).
        progress: called with (done, total) rounds of the layout.

    Raises:
        ExplorerError: fewer than `FEWEST` films, or the process ended by itself.
    """
    there = np.isfinite(features).all(axis=1)
    if there.sum() < FEWEST:
        raise ExplorerError(
            f"A map needs {FEWEST} films that can be read; this set has {there.sum()}."
        )
    points = np.full((len(features), 2), np.nan, np.float32)
    points[there] = run_in_process(umap_points, (features[there], settings), progress)
    return points


def map_key(predictor: "Predictor", studies: StudySet, settings: MapSettings) -> str:
    """What a kept map hangs on: model, films, settings."""
    told = (predictor.model_hash, studies.fingerprint, settings, _VERSION)
    return f"maps/{sha256(repr(told).encode()).hexdigest()[:24]}"


def has_map(predictor: "Predictor", studies: StudySet, settings: MapSettings) -> bool:
    """Whether `set_map` need not lay one out."""
    return has_array(map_key(predictor, studies, settings))


def set_map(
    predictor: "Predictor", studies: StudySet, settings: MapSettings,
    progress: Progress | None = None, encoding: Progress | None = None,
) -> Points:  # fmt: skip
    """`lay_out` of a set's films (N, 2), kept on disk for the next time.

    Args:
        encoding: called with (done, total) films, where they were not encoded yet.

    Raises:
        ExplorerError: as `lay_out` and `Predictor.encode_set`.
    """
    return kept_array(
        map_key(predictor, studies, settings),
        lambda: lay_out(predictor.image_features(studies, encoding), settings, progress),
    )


def map_rows(studies: StudySet, points: Points) -> list[dict[str, Any]]:
    """study, x and y of each film; None where it cannot be read."""
    ids: Sequence[str] = studies.ids
    return [
        {"study": study, "x": None if np.isnan(x) else float(x), "y": None if np.isnan(y) else
         float(y)} for study, (x, y) in zip(ids, points, strict=True)
    ]  # fmt: skip


class _Rounds:
    """A file for tqdm, which says the rounds of a layout nowhere else."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def write(self, text: str) -> None:
        told = re.search(r"(\d+)/(\d+)", text)
        if told:
            self.progress(int(told[1]), int(told[2]))

    def flush(self) -> None:
        """There is nothing to flush."""


def umap_points(job: tuple[NDArray[np.floating], MapSettings], progress: Progress) -> Points:
    """Coordinates (N, 2) of features (N, d) by these settings; what the process of a map runs."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a library about its own seeds and threads
        from umap import UMAP

        features, settings = job
        rounds = {"file": _Rounds(progress), "bar_format": "{n_fmt}/{total_fmt}",
                  "mininterval": 0.5, "disable": False}  # fmt: skip
        layout = UMAP(
            n_neighbors=min(settings.neighbours, len(features) - 1), min_dist=settings.distance,
            metric="cosine", random_state=settings.seed, n_jobs=1, tqdm_kwds=rounds,
        )  # fmt: skip
        return np.asarray(layout.fit_transform(np.asarray(features, np.float32)), np.float32)
