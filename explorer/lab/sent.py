"""What the browser gets of the lab: frames, the patient, and what can be changed. No Streamlit."""

import base64
import io
from dataclasses import asdict
from functools import cache
from typing import Any

from PIL import Image

from core.lab.frame import LabFrame
from core.phantom.kinds import KINDS, word_of
from core.phantom.patient import (
    CHOICES,
    CONTRAST,
    MOST_FINDINGS,
    NUMBERS,
    RADIUS,
    SEVERITY,
    Patient,
    finding_values,
)

_QUALITY = 88  # of a film that is dragged: a tenth of the bytes of what noise leaves of a PNG


def frame(shown: LabFrame, fine: bool) -> dict[str, Any]:
    """A frame with its film: without loss where it was left, as JPEG while it is dragged."""
    buffer = io.BytesIO()
    picture = Image.fromarray(shown.image)
    if fine:
        picture.save(buffer, "PNG", compress_level=1)
    else:
        picture.save(buffer, "JPEG", quality=_QUALITY)
    kind = "png" if fine else "jpeg"
    film = f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return {**shown.to_json(), "film": film, "fine": fine}


def patient(of: Patient) -> dict[str, Any]:
    """A patient as numbers and words, which the browser makes a text of again."""
    own = {name: getattr(of, name) for name in ("seed", *CHOICES, *NUMBERS, "repeat")}
    findings = [
        {"word": word_of(one.name, one.kind), "values": finding_values(one)} for one in of.findings
    ]
    return {"own": own, "findings": findings}


@cache
def schema() -> dict[str, Any]:
    """What can be changed, between which ends, under which titles."""
    return {
        "numbers": {name: asdict(number) for name, number in NUMBERS.items()},
        "choices": {name: list(values) for name, values in CHOICES.items()},
        "severity": asdict(SEVERITY), "radius": asdict(RADIUS), "contrast": asdict(CONTRAST),
        "kinds": [
            {"word": kind.word, "title": kind.title, "sides": kind.sides, "zones": kind.zones,
             "moves": kind.moves, "lesion": kind.is_lesion, "lobar": kind.kind == "lobar"}
            for kind in KINDS.values()
        ],
        "most": MOST_FINDINGS,
    }  # fmt: skip
