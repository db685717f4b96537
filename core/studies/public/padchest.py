"""PadChest (Bustos et al., Medical Image Analysis 2020): Spanish reports, English findings."""

from pathlib import Path

import numpy as np
import pandas as pd

from core.studies.public import tables
from core.studies.public.base import PublicSet, build
from core.studies.public.naming import labels_from_findings, split_findings, views

LAYOUT = (
    "padchest: wants PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv.gz beside the unpacked "
    "folders 0 to 54 with the PNGs, see docs/data/padchest.md."
)
_BY_NAME = {
    "No Finding": ("normal",),
    "Enlarged Cardiomediastinum": ("mediastinal enlargement", "superior mediastinal enlargement"),
    "Cardiomegaly": ("cardiomegaly",),
    "Lung Opacity": ("infiltrates", "alveolar pattern", "ground glass pattern",
                     "increased density"),
    "Lung Lesion": ("nodule", "multiple nodules", "pulmonary mass", "lung metastasis"),
    "Edema": ("pulmonary edema",),
    "Consolidation": ("consolidation",),
    "Pneumonia": ("pneumonia", "atypical pneumonia"),
    "Atelectasis": ("atelectasis", "laminar atelectasis", "lobar atelectasis", "round atelectasis",
                    "segmental atelectasis", "total atelectasis", "atelectasis basal"),
    "Pneumothorax": ("pneumothorax", "hydropneumothorax"),
    "Pleural Effusion": ("pleural effusion", "loculated pleural effusion",
                         "loculated fissural effusion"),
    "Pleural Other": ("pleural thickening", "apical pleural thickening",
                      "calcified pleural thickening", "pleural plaques",
                      "calcified pleural plaques"),
    "Fracture": ("fracture", "rib fracture", "callus rib fracture", "clavicle fracture",
                 "humeral fracture", "vertebral fracture"),
    "Support Devices": ("NSG tube", "endotracheal tube", "tracheostomy tube", "chest drain tube",
                        "catheter", "central venous catheter", "reservoir central venous catheter",
                        "central venous catheter via jugular vein",
                        "central venous catheter via subclavian vein",
                        "central venous catheter via umbilical vein", "pacemaker", "dai",
                        "single chamber device", "dual chamber device", "artificial heart valve",
                        "artificial mitral heart valve", "artificial aortic heart valve"),
}  # fmt: skip
NAMES = {own: name for name, all_own in _BY_NAME.items() for own in all_own}
"""CheXpert names of PadChest's; the other 140 or so findings have none."""
_PARTIAL = {"unchanged", "exclude", "suboptimal study"}
_DENIED = set(_BY_NAME) - {"Lung Opacity"}


def open_padchest(root: Path) -> PublicSet:
    """Open the folder.

    Raises:
        ExplorerError: no table, or none of its images.
    """
    path = tables.require(root, LAYOUT, "PADCHEST_chest_x_ray_images_labels_160K*.csv")
    table = tables.read_table(path, ["ImageID", "PatientID", "Labels"], ["Projection", "Report"])
    findings = split_findings(table["Labels"], ",")
    rows = pd.DataFrame(
        {
            "id": table["ImageID"].str.removesuffix(".png"),
            "wanted": table["ImageID"],
            "text": table["Report"].fillna("").str.strip(),
            "view": views(table["Projection"]),
            "patient_id": table["PatientID"],
            "findings": ["|".join(dict.fromkeys(found)) for found in findings],
        }
    )
    rows["image"] = rows["id"].map(tables.files_by_stem(root, (".png",), depth=2))
    # A list denies what it leaves out, unless the report only says that nothing changed.
    read = np.array([bool(found) and not _PARTIAL & set(found) for found in findings])
    labels = labels_from_findings(findings, NAMES, read, _DENIED, ("Lung Opacity",))
    labels.loc[["exclude" in found for found in findings]] = np.nan
    return build(root, rows, labels, LAYOUT)
