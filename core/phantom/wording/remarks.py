"""Remarks on the exposure and on normal anatomy, each with the condition under which it is true."""

from collections.abc import Callable
from dataclasses import dataclass

from core.phantom.case import Case


@dataclass(frozen=True)
class Remark:
    """One template; `topic` keeps a report from saying the same thing twice."""

    text: str
    topic: str
    is_true: Callable[[Case], bool]


REMARKS = (
    Remark("[portable AP|single AP|AP] view of the chest", "view", lambda case: case.view == "AP"),
    Remark("AP [portable|] chest radiograph", "view", lambda case: case.view == "AP"),
    Remark("PA [view|radiograph] of the chest", "view", lambda case: case.view == "PA"),
    Remark("upright PA chest radiograph", "view", lambda case: case.view == "PA"),
    Remark("single frontal view of the chest", "view", lambda case: True),
    Remark(
        "[the|] mediastinal contours are [normal|unremarkable]",
        "mediastinum",
        lambda case: not case.of("Cardiomegaly"),
    ),
    Remark("the trachea is midline", "trachea", lambda case: abs(case.rotation_deg) < 3),
    Remark(
        "the visualized upper abdomen is unremarkable",
        "abdomen",
        lambda case: not _has_gastric_tube(case),
    ),
    Remark(
        "the soft tissues are unremarkable",
        "soft tissues",
        lambda case: not case.of("Support Devices"),
    ),
    Remark("low lung volumes", "inspiration", lambda case: case.inspiration < 0.4),
    Remark("inspiration is [shallow|poor]", "inspiration", lambda case: case.inspiration < 0.4),
    Remark(
        "[good|full] inspiration",
        "inspiration",
        lambda case: case.inspiration > 0.8 and not case.of("Atelectasis"),
    ),
    Remark("the patient is rotated to the left", "rotation", lambda case: case.rotation_deg > 4),
    Remark("the patient is rotated to the right", "rotation", lambda case: case.rotation_deg < -4),
    Remark("the film is [underexposed|underpenetrated]", "film", lambda case: case.exposure < -0.5),
    Remark("the film is [overexposed|overpenetrated]", "film", lambda case: case.exposure > 0.5),
    Remark("body habitus limits the examination", "habitus", lambda case: case.habitus > 0.8),
)


def _has_gastric_tube(case: Case) -> bool:
    return any(device.kind == "enteric tube" for device in case.of("Support Devices"))
