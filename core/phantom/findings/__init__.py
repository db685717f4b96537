"""Findings as matter in the thorax: each changes path lengths and says exactly where it did.

A drawer takes the thorax and the finding and returns one bool mask (S, S) per instance.
"""

from collections.abc import Callable

from core.phantom.anatomy import Thorax
from core.phantom.case import Finding
from core.phantom.findings.airspace import atelectasis, consolidation, edema, lesion
from core.phantom.findings.devices import support_device
from core.phantom.findings.skeleton import fracture
from core.phantom.findings.spaces import Mask, cardiomegaly, effusion, pneumothorax

Drawer = Callable[[Thorax, Finding], list[Mask]]

DRAWERS: dict[str, Drawer] = {
    "Cardiomegaly": cardiomegaly,
    "Pneumothorax": pneumothorax,
    "Pleural Effusion": effusion,
    "Atelectasis": atelectasis,
    "Edema": edema,
    "Consolidation": consolidation,
    "Lung Lesion": lesion,
    "Fracture": fracture,
    "Support Devices": support_device,
}
"""By CheXpert name, in the order of drawing: what moves the lung comes before what is in it."""
