"""Draws one patient again and again: what a change leaves as it was is not drawn twice.

The thorax without findings takes most of a drawing's time, and a lesion that is dragged leaves it
alone. So the path lengths before each finding are kept, and drawing goes on from the first finding
that is another one. The picture is that of `core.phantom.render.render`, bit by bit.
"""

import copy
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from core.phantom.anatomy import Thorax, build_thorax
from core.phantom.case import Case, Finding
from core.phantom.detector import attenuation, expose
from core.phantom.findings import DRAWERS
from core.phantom.findings.spaces import Mask
from core.phantom.primitives import FIELD_CM, Field, Raster
from core.phantom.render import noise_source


@dataclass(frozen=True)
class DrawnPatient:
    """A radiograph with what is true of it; nothing of it is to be changed."""

    image: NDArray[np.uint8]  # (S, S), dense is bright
    masks: tuple[tuple[Finding, Mask], ...]  # of each finding, in the order of the case
    line: Field  # (S, S), line integral of attenuation
    raster: Raster

    def mask_of(self, index: int) -> Mask:
        """Where the finding of that number is."""
        return self.masks[index][1]


@dataclass(frozen=True)
class _Stage:
    """A finding, where it is, and the thorax with it and all before it."""

    finding: Finding
    mask: Mask
    thorax: Thorax


class Bench:
    """Drawings of one size; what is kept is that of the patient drawn last.

    Safe to share: threads wait for each other.
    """

    def __init__(self, size: int, keeps_stages: bool = True) -> None:
        """Nothing drawn yet.

        Args:
            size: pixels a side.
            keeps_stages: whether path lengths are kept before each finding, too; without, the
                thorax alone is, which at 512 pixels takes 13 MB.
        """
        self.size, self._keeps_stages = size, keeps_stages
        self._lock = Lock()
        self._base: tuple[Case, Thorax] | None = None
        self._stages: list[_Stage] = []

    def draw(self, case: Case) -> DrawnPatient:
        """The radiograph and the masks of a case."""
        with self._lock:
            thorax, stages = self._with_findings(case)
        line = attenuation(thorax)
        image = expose(line, thorax.raster, case, noise_source(case, self.size))
        mask_of = {id(stage.finding): stage.mask for stage in stages}
        masks = tuple((finding, mask_of[id(finding)]) for finding in case.findings)
        return DrawnPatient(image, masks, line, thorax.raster)

    def _with_findings(self, case: Case) -> tuple[Thorax, list[_Stage]]:
        anatomy = _anatomy(case)
        if self._base is None or self._base[0] != anatomy:
            raster = Raster(self.size, FIELD_CM / case.scale)
            self._base, self._stages = (anatomy, build_thorax(case, raster)), []
        ordered = [one for name in DRAWERS for one in case.of(name)]
        kept: list[_Stage] = []
        for stage, finding in zip(self._stages, ordered, strict=False):
            if stage.finding != finding:
                break
            kept.append(replace(stage, finding=finding))
        thorax = kept[-1].thorax if kept else self._base[1]
        for finding in ordered[len(kept) :]:
            thorax, mask = _draw(thorax, finding)
            kept.append(_Stage(finding, mask, thorax))
        self._stages = kept if self._keeps_stages else []
        return thorax, kept


def _draw(before: Thorax, finding: Finding) -> tuple[Thorax, Mask]:
    """The thorax with a finding more, and where that is; the one before is left as it was."""
    after = _copied(before)
    masks = DRAWERS[finding.name](after, finding)
    return after, np.logical_or.reduce(masks)


def _copied(thorax: Thorax) -> Thorax:
    """Drawers add to some fields in place, and put others where these were."""
    return replace(
        thorax, rng=copy.deepcopy(thorax.rng), lung=dict(thorax.lung), vessels=dict(thorax.vessels),
        bone=thorax.bone.copy(), soft=thorax.soft.copy(), air=thorax.air.copy(),
        metal=thorax.metal.copy(),
    )  # fmt: skip


def _anatomy(case: Case) -> Case:
    """What the thorax without findings hangs on: some findings move the domes or the vessels."""
    moving = tuple(
        one for one in case.findings
        if one.name == "Edema" or (one.name == "Atelectasis" and one.kind == "lobar")
    )  # fmt: skip
    return replace(case, findings=moving, age=0, exposure=0.0, noise=1.0, repeat=0)
