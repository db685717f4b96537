"""The film sets that the demo model was trained, chosen and measured on, as manifests.

    python benchmarks/demo_sets.py --films FOLDER --sharp FOLDER --out FOLDER

`--films` holds NIH ChestX-ray14 films of 256 pixels and less, `--sharp` sharper ones of the same
hospital; each with a `manifest.csv` of the project's columns, NIH's own labels (`nih_labels`) and
a `source` or `dataset` a row. Written: `train.csv`, and for two further folds of patients
`nih-validation.csv` and `nih-test.csv`, and their blurred and sharp films apart (`val128`,
`val512`, `test128`, `test512`). A patient's fold follows from a hash of the name. Films of the
source that holds normal films alone are reduced to 128 pixels as the others are: their sharpness
would tell the label.
"""

import argparse
import hashlib
from pathlib import Path

import pandas as pd
from PIL import Image

from core.labels import PATHOLOGIES

NORMAL_ONLY, SIDE = "nih_rsna", 128
_SPOKEN = {"Pleural Other": "pleural thickening"}
_UNSPOKEN = {"No Finding", "Enlarged Cardiomediastinum", "Fracture", "Support Devices"}
_BESIDE = {"Emphysema": "emphysema", "Fibrosis": "fibrosis", "Hernia": "hiatal hernia"}
"""What NIH labels and the fourteen findings have no name for."""


def sentences(row: dict[str, str]) -> str:
    """What a row's labels say, a sentence each; a lung lesion by NIH's own word for it."""
    nih = set(row.get("nih_labels", "").split("|")) - {""}
    texts = []
    for finding in PATHOLOGIES:
        if finding in _UNSPOKEN or row[finding][:1] not in ("0", "1"):
            continue
        name = _SPOKEN.get(finding, finding.lower())
        kinds = [kind for kind in ("Nodule", "Mass") if finding == "Lung Lesion" and kind in nih]
        if row[finding][:1] == "0":
            texts.append(f"No {name}.")
        else:
            texts += [f"Lung {kind.lower()}." for kind in kinds] or [f"{name.capitalize()}."]
    if nih:
        for label, name in _BESIDE.items():
            if label not in nih:
                texts.append(f"No {name}.")
            elif row["source"] != NORMAL_ONLY:
                texts.append(f"{name.capitalize()}.")
    if row["No Finding"][:1] == "1":
        texts.append("No acute cardiopulmonary abnormality.")
    return " ".join(texts)


def fold(patient: str) -> int:
    """A number from 0 to 99 that is the same wherever and whenever it is asked."""
    return int(hashlib.sha256(patient.encode()).hexdigest()[:8], 16) % 100


def gather(films: Path, sharp: Path, out: Path) -> pd.DataFrame:
    """Both folders' NIH films as one table; their pictures are written below `out`."""
    rows = []
    for root, only in ((films, None), (sharp, "nih")):
        table = pd.read_csv(root / "manifest.csv", dtype=str, keep_default_na=False)
        if only:
            table = table[table.dataset == only].assign(source="nih_sharp")
        for row in table.to_dict("records"):
            name = f"{row['source']}/{Path(row['image']).stem}.jpg"
            _write(root / row["image"], out / name, row["source"] == NORMAL_ONLY)
            # A film that was made smaller has no place for boxes in its old pixels.
            boxes = "" if row["source"] == NORMAL_ONLY else row.get("boxes", "")
            rows.append({**row, "image": name, "boxes": boxes, "text": sentences(row)})
    table = pd.DataFrame(rows)
    columns = ["text", "id", "image", "patient_id", "group_id", "view", "age", "sex"]
    return table[[*columns, *PATHOLOGIES, "boxes", "source"]]


def _write(source: Path, target: Path, reduce: bool) -> None:
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.open(source).convert("L")
    if reduce:
        height = round(SIDE * picture.height / picture.width)
        picture = picture.resize((SIDE, height), Image.Resampling.BOX)
    picture.save(target, quality=92)


def main() -> None:
    """Write the manifests and print films, patients and boxed films of each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for option in ("films", "sharp", "out"):
        parser.add_argument(f"--{option}", type=Path, required=True)
    arguments = parser.parse_args()
    table = gather(arguments.films, arguments.sharp, arguments.out)
    number, sharp = table.group_id.map(fold), table.source == "nih_sharp"
    parts = {
        "train": number >= 20,
        "nih-validation": number < 10,
        "nih-test": (number >= 10) & (number < 20),
        "val128": (number < 10) & ~sharp,
        "val512": (number < 10) & sharp,
        "test128": (number >= 10) & (number < 20) & ~sharp,
        "test512": (number >= 10) & (number < 20) & sharp,
    }
    for name, part in parts.items():
        rows = table[part]
        rows.to_csv(arguments.out / f"{name}.csv", index=False)
        boxed = int((rows.boxes != "").sum())
        print(f"{name}: {len(rows)} films of {rows.group_id.nunique()} patients, {boxed} boxed")


if __name__ == "__main__":
    main()
