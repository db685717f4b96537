"""Folds of a manifest keep groups together; labels become sentences where there is no text."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.errors import ExplorerError
from core.specs import open_studies


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "a.png")
    rows = [
        {"id": f"s{n}", "image": "a.png", "group_id": f"g{n // 2}" if n < 12 else None,
         "text": "Clear lungs." if n % 2 else None, "Edema": n % 2 if n < 10 else None,
         "No Finding": 1 - n % 2}
        for n in range(20)
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(tmp_path / "set.csv", index=False)
    return str(tmp_path / "set.csv")


def test_folds_part_the_set_and_keep_groups_together(manifest: str) -> None:
    folds = [open_studies(f"{manifest},fold={n}of5") for n in range(5)]
    ids = [study for fold in folds for study in fold.ids]
    assert sorted(ids) == sorted(open_studies(manifest).ids)
    assert all(3 <= len(fold) <= 5 for fold in folds)
    for number, fold in enumerate(folds):
        rest = open_studies(f"{manifest},without={number}of5")
        assert not set(rest.ids) & set(fold.ids) and len(rest) + len(fold) == 20
        groups = set(fold.table["group_id"].dropna())
        assert not groups & set(rest.table["group_id"].dropna())
        assert open_studies(fold.spec).ids == fold.ids != rest.ids
        assert fold.fingerprint != rest.fingerprint


def test_texts_are_made_from_labels_only_where_there_is_none(manifest: str) -> None:
    plain, derived = open_studies(manifest), open_studies(f"{manifest},derive=labels")
    assert plain.reports[0] == [] and not plain.study(0).text_derived
    assert derived.reports[0] == ["No acute cardiopulmonary abnormality.", "No edema."]
    assert derived.study(0).text_derived and not derived.study(1).text_derived
    assert derived.reports[1] == ["Clear lungs."]
    part = open_studies(f"{manifest},fold=1of4,derive=labels")
    assert all(part.reports) and 4 <= len(part) <= 6


@pytest.mark.parametrize(
    ("options", "says"),
    [("fold=5of5", "numbered from 0of5"), ("fold=0of1", "numbered"), ("folds=5", "known:"),
     ("fold=0of5,without=1of5", "known:"), ("derive=text", "known:"), ("fold=0of19", "groups")],
)  # fmt: skip
def test_a_part_that_cannot_be_is_one_sentence(manifest: str, options: str, says: str) -> None:
    with pytest.raises(ExplorerError) as told:
        open_studies(f"{manifest},{options}")
    assert says in str(told.value)
