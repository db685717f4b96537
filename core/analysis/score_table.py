"""Scores, labels and calls of a set's films as a table that names nobody: CSV or Parquet."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from core.analysis.scored import ScoredSet
from core.analysis.threshold import Threshold
from core.errors import ExplorerError
from core.files import write_whole
from core.studies import StudySet


def score_table(
    scored: ScoredSet, thresholds: Mapping[str, Threshold], studies: StudySet
) -> pd.DataFrame:
    """One row a readable film and finding.

    Returns:
        Columns number (of the film in its set, from 1), film (the beginning of the hash of its
        pixels, as a report has it), finding, score, label (1, 0 or missing) and called (0 or 1).
    """
    films = [studies.image_key(int(row))[:8] for row in scored.rows]
    limits = np.array([thresholds[name].value for name in scored.findings])
    count = len(scored.findings)
    label = pd.array(scored.truth.ravel(), dtype="Float64").astype("Int64")
    return pd.DataFrame({
        "number": np.repeat(scored.rows + 1, count),
        "film": np.repeat(films, count),
        "finding": np.tile(scored.findings, len(scored)),
        "score": scored.scores.ravel(),
        "label": label,
        "called": (scored.scores >= limits).astype(np.int64).ravel(),
    })  # fmt: skip


def check_table(path: Path) -> None:
    """Refuse a table of another kind.

    Raises:
        ExplorerError: the suffix is neither .csv nor .parquet.
    """
    if path.suffix not in (".csv", ".parquet"):
        raise ExplorerError(f"{path.name} is neither .csv nor .parquet; name the table so.")


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write the table by its suffix, whole or not at all."""
    if path.suffix == ".csv":
        write_whole(path, lambda partial: table.to_csv(partial, index=False))
    else:
        write_whole(path, lambda partial: table.to_parquet(partial, index=False))
