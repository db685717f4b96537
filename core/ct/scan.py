"""One patient's CT as films: posed, exposed, with nodules or without, truth included."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from core.ct.chest import Chest, find_chest
from core.ct.nifti import SUFFIXES, read_nifti
from core.ct.nodule import Nodule, shadow
from core.ct.projection import GAP_CM, SOURCE_CM, Beam, for_pixels, line_integrals
from core.ct.series import read_series
from core.ct.volume import CtVolume, check_hounsfield
from core.errors import ExplorerError
from core.phantom.detector import expose, mean_signal
from core.phantom.patient import Patient
from core.phantom.primitives import Field, Raster
from core.phantom.render import Rendering, box_of

_COARSE = 96  # pixels a side of the picture that the window is found on
_KEPT = 4  # line integrals of the poses drawn last: twins are of one pose
_AIR_MARGIN, _SIDE_MARGIN = 1.28, 1.14  # of a film around the lungs, down and across
LESION = "Lung Lesion"


@dataclass(frozen=True)
class Pose:
    """How the patient stands before the detector, and the exposure."""

    turn_deg: float = 0.0
    shift_cm: tuple[float, float] = (0.0, 0.0)  # of the film's middle: down, left
    exposure: float = 0.0  # -1 under, 1 over
    seed: int = 0  # of the noise
    source_cm: float = SOURCE_CM


class CtScan:
    """Films of one chest; safe to share between threads."""

    def __init__(self, chest: Chest) -> None:
        self.chest = chest
        self._lines: OrderedDict[Any, Field] = OrderedDict()
        self._coarser: dict[float, CtVolume] = {}
        self._lock = Lock()

    def beam(self, pose: Pose) -> Beam:
        """Of a pose: the central ray goes through the middle between the lungs."""
        low, high = self.chest.lung_box
        down = self._middle_down(low[0], high[0])
        centre = (down + pose.shift_cm[0], self.chest.midline + pose.shift_cm[1])
        return Beam(centre, self.chest.front - GAP_CM, pose.source_cm, pose.turn_deg)

    def _middle_down(self, top: float, bottom: float) -> float:
        """So that the film ends where the volume does, where that is too short for its margins."""
        spare = max((self._height - self._side_inside) / 2, 0.0)
        return float(np.clip((top + bottom) / 2, -spare, spare))

    @cached_property
    def _height(self) -> float:
        volume = self.chest.volume
        return volume.spacing[0] * volume.hounsfield.shape[0]

    @cached_property
    def _side_inside(self) -> float:
        """Side of the film in the plane through the lungs' middle, cm."""
        size = self.chest.lung_box[1] - self.chest.lung_box[0]
        return float(min(max(_AIR_MARGIN * size[0], _SIDE_MARGIN * size[2]), self._height))

    def raster(self, size: int, pose: Pose) -> Raster:
        """The film's pixels: as large as lungs need them, magnified as the beam does."""
        low, high = self.chest.lung_box
        beam = self.beam(pose)
        larger = beam.magnification(float(low[1] + high[1]) / 2 - beam.detector)
        return Raster(size, self._side_inside * larger)

    @cached_property
    def window(self) -> tuple[float, float]:
        """Log exposures that films of this patient are shown between, with nodules or without."""
        pose = Pose()
        raster = self.raster(_COARSE, pose)
        signal = mean_signal(self._line(pose, raster), raster)
        inner = -np.log(np.maximum(signal, 1e-4))[_COARSE // 8 : -_COARSE // 8,
                                                  _COARSE // 8 : -_COARSE // 8]  # fmt: skip
        low, high = np.percentile(inner, [4, 92])
        return float(low), float(high)

    def _line(self, pose: Pose, raster: Raster) -> Field:
        key = (pose.turn_deg, pose.shift_cm, pose.source_cm, raster)
        with self._lock:
            if key not in self._lines:
                pixel = round(raster.pixel, 3)
                if pixel not in self._coarser:
                    self._coarser[pixel] = for_pixels(self.chest.volume, raster)
                self._lines[key] = line_integrals(self._coarser[pixel], self.beam(pose), raster)
            self._lines.move_to_end(key)
            while len(self._lines) > _KEPT:
                self._lines.popitem(last=False)
            return self._lines[key]

    def draw(self, pose: Pose, nodules: Sequence[Nodule] = (), size: int = 224) -> Rendering:
        """The radiograph of a pose with nodules in it, their masks and boxes.

        Without and with nodules the pose and its noise are the same: twins differ in these alone.
        """
        raster = self.raster(size, pose)
        line, boxes = self._line(pose, raster), []
        outline = np.zeros((size, size), bool)
        for nodule in nodules:
            added, mask = shadow(self.chest.volume, self.beam(pose), raster, nodule)
            line = line + added
            outline |= mask
            boxes += box_of(LESION, mask)
        case = Patient(seed=pose.seed, exposure=pose.exposure).case
        noise = np.random.default_rng([pose.seed, 17, size])
        image = expose(line, raster, case, noise, self.window)
        return Rendering(image, {LESION: outline} if outline.any() else {}, boxes)


def read_ct(path: Path) -> CtVolume:
    """The volume of a NIfTI file or of a folder with a DICOM series.

    Raises:
        ExplorerError: neither, or it cannot be used.
    """
    if path.is_dir():
        return check_hounsfield(read_series(path))
    if path.name.lower().endswith(SUFFIXES) and path.is_file():
        return check_hounsfield(read_nifti(path))
    raise ExplorerError(
        f"{path.name} is no CT that can be opened; give a .nii or .nii.gz file, or the folder of a "
        "DICOM series."
    )


def open_scan(path: Path) -> CtScan:
    """The films of a CT.

    Raises:
        ExplorerError: as `read_ct`, or it holds no lungs.
    """
    return CtScan(find_chest(read_ct(path)))
