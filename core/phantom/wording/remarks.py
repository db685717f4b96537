"""Remarks on the exposure and on normal anatomy, each with the condition under which it is true."""

from collections.abc import Callable

from core.phantom.case import Case

REMARKS: tuple[tuple[str, Callable[[Case], bool]], ...] = (
    ("[portable AP|single AP|AP] view of the chest", lambda case: case.view == "AP"),
    ("AP [portable|] chest radiograph", lambda case: case.view == "AP"),
    ("PA [view|radiograph] of the chest", lambda case: case.view == "PA"),
    ("upright PA chest radiograph", lambda case: case.view == "PA"),
    ("single frontal view of the chest", lambda case: True),
    (
        "[the|] mediastinal contours are [normal|unremarkable]",
        lambda case: not case.of("Cardiomegaly"),
    ),
    ("the trachea is midline", lambda case: abs(case.rotation_deg) < 3),
    ("the visualized upper abdomen is unremarkable", lambda case: not _has_gastric_tube(case)),
    ("the soft tissues are unremarkable", lambda case: not case.of("Support Devices")),
    ("low lung volumes", lambda case: case.inspiration < 0.4),
    ("inspiration is [shallow|poor]", lambda case: case.inspiration < 0.4),
    ("[good|full] inspiration", lambda case: case.inspiration > 0.8 and not case.of("Atelectasis")),
    ("the patient is rotated to the left", lambda case: case.rotation_deg > 4),
    ("the patient is rotated to the right", lambda case: case.rotation_deg < -4),
    ("the film is [underexposed|underpenetrated]", lambda case: case.exposure < -0.5),
    ("the film is [overexposed|overpenetrated]", lambda case: case.exposure > 0.5),
    ("body habitus limits the examination", lambda case: case.habitus > 0.8),
)


def _has_gastric_tube(case: Case) -> bool:
    return any(device.kind == "enteric tube" for device in case.of("Support Devices"))
