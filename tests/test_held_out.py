"""What a run is checked on when nobody says: films for films, and no patient on both sides."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from core.backbones.compact import CompactBackbone, CompactConfig
from core.lrclr.checkpoint import save_model
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.training.finetune import finetune
from core.training.held_out import PHANTOMS, training_and_check
from core.training.runs import Run
from core.training.settings import FinetuneConfig, Schedule


def _manifest(folder: Path, films: int = 60, labels: bool = True, each: int = 3) -> Path:
    """Films of patients with `each` of them; every fifth has no text."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    rows = []
    for n in range(films):
        picture = rng.integers(0, 255, (48, 40), dtype=np.uint8)
        Image.fromarray(picture).save(folder / f"{n}.png")
        row = {"id": f"f{n}", "image": f"{n}.png", "patient_id": f"p{n // each}",
               "text": "" if n % 5 == 0 else f"Opacity number {n}."}  # fmt: skip
        if labels:
            row |= {"Edema": int(rng.random() < 0.5), "Fracture": "" if n % 2 else 1}
        rows.append(row)
    pd.DataFrame(rows).to_csv(folder / "manifest.csv", index=False)
    return folder / "manifest.csv"


def test_films_are_checked_on_patients_that_are_not_trained_on(tmp_path: Path) -> None:
    path = _manifest(tmp_path)
    parts = training_and_check(str(path))
    trained, checked = (set(part.table["patient_id"]) for part in (parts.training, parts.check))
    assert trained | checked == {f"p{n}" for n in range(20)} and not trained & checked
    assert len(parts.check) == 6 and len(parts.training) == 54  # a tenth, by whole patients
    assert parts.check.labels["Edema"].nunique() == 2
    assert "6 films of 2 patients" in parts.remark
    again = training_and_check(str(path))
    assert again.check.ids == parts.check.ids


def test_a_named_set_and_phantoms_are_as_they_were(tmp_path: Path) -> None:
    path = _manifest(tmp_path)
    parts = training_and_check(str(path), "phantom:val,n=5")
    assert len(parts.training) == 60 and len(parts.check) == 5 and parts.remark == ""
    parts = training_and_check("phantom:train,n=8")
    assert (len(parts.training), parts.check.spec, parts.remark) == (8, PHANTOMS, "")


@pytest.mark.parametrize("given", [{"labels": False}, {"each": 20}])
def test_a_set_that_cannot_be_parted_says_that_phantoms_stand_in(tmp_path, given) -> None:
    parts = training_and_check(str(_manifest(tmp_path, **given)))
    assert len(parts.training) == 60 and parts.check.spec == PHANTOMS
    assert "Checked on phantoms" in parts.remark


def test_a_run_says_what_it_was_checked_on_and_what_had_no_text(tmp_path: Path) -> None:
    torch.manual_seed(0)
    small = CompactConfig(image_size=64, width=16, heads=2, embed_dim=16, depth=2)
    save_model(LRCLR(CompactBackbone(small), LRCLRConfig(added_layers=False)), tmp_path / "base")
    config = FinetuneConfig(
        model=str(tmp_path / "base"), data=str(_manifest(tmp_path / "films")),
        lrclr=LRCLRConfig(k=4, fusion_heads=2),
        schedule=Schedule(steps=1, batch_size=4, precision="fp32"),
    )  # fmt: skip
    finetune(config, tmp_path / "run")
    checked, texts = Run(tmp_path / "run").remarks
    assert "6 films of 2 patients" in checked
    trained = training_and_check(config.data).training
    silent = int((trained.table["text"].isna()).sum())
    assert texts.startswith(f"{silent} of 54") and "derive=labels" in texts and silent > 5
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").open(encoding="utf-8")]
    assert lines[0]["remarks"] == [checked, texts]
    with np.load(tmp_path / "run" / "check.npz") as check:
        assert len(check["truth"]) == 6 and len(set(check["patients"].tolist())) == 2
