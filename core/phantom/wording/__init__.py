"""The sentence templates of the phantom reports, as data, and the grammar that expands them."""

from core.phantom.wording import chest, lungs
from core.phantom.wording.grammar import Wording

WORDINGS: dict[str, tuple[Wording, ...]] = {
    "Cardiomegaly": chest.CARDIOMEGALY,
    "Pleural Effusion": lungs.EFFUSION,
    "Pneumothorax": lungs.PNEUMOTHORAX,
    "Consolidation": lungs.CONSOLIDATION,
    "Lung Lesion": lungs.LESION,
    "Atelectasis": lungs.ATELECTASIS,
    "Edema": chest.EDEMA,
    "Support Devices": chest.DEVICES,
    "Fracture": chest.FRACTURE,
}
"""Templates for a finding that is there."""
