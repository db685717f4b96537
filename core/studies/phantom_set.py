"""Phantoms as a study set: cases drawn when looked at, labels and reports at once."""

from collections import OrderedDict
from threading import Lock

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.films.film import Film
from core.films.loaded import LoadedImage, drawn_image
from core.labels import PHANTOM_FINDINGS
from core.language.claim import KINDS, PRESENT, Claim
from core.language.facts import Facts
from core.phantom.case import Case, Finding, sample_case
from core.phantom.render import Rendering, render
from core.phantom.reports import write_report
from core.phantom.wording.grammar import band
from core.studies.study import Box, Mask, StudySet

DISPLAY_SIZE = 512
_REMEMBERED = 320  # renderings, 0.1 to 0.5 MB each: an ablation looks at one test set all the time
# Changes with the drawing: embeddings of older pictures must not be mistaken for these.
_DRAWING = "2"


class PhantomSet(StudySet):
    """`n` phantoms of a split and seed; the same arguments give the same set everywhere."""

    def __init__(self, split: str, n: int, seed: int, size: int, spec: str) -> None:
        cases = [sample_case(index, seed, split) for index in range(n)]
        name = f"{split},n={n},seed={seed}"
        self._take(cases, split, size, spec, f"{split}-{seed}", name)

    @classmethod
    def of_cases(cls, cases: list[Case], size: int, name: str) -> "PhantomSet":
        """A set of these cases, at least one.

        Args:
            name: says which they are, such as `test,seed=7,exposure=0.4`: sets of one name are
                taken to be the same wherever something is kept of them.
        """
        made = cls.__new__(cls)
        told = f"cases,{name},n={len(cases)}"
        made._take(cases, cases[0].split, size, f"phantom {told}", "case", told)
        return made

    def _take(
        self, cases: list[Case], split: str, size: int, spec: str, prefix: str, name: str
    ) -> None:
        self.spec, self.size, self.split = spec, size, split
        self._identity = f"phantom/{_DRAWING}:{name},size={size}"
        self.cases = cases
        self._sentences = [write_report(case) for case in self.cases]
        rows = [
            {"id": f"{prefix}-{index:05d}", "text": " ".join(sentences),
             "view": case.view, "patient_id": f"{prefix}-{index:05d}", "sex": case.sex,
             "age": case.age, "exposure": round(case.exposure, 3), **case.labels}
            for index, (case, sentences) in enumerate(zip(self.cases, self._sentences, strict=True))
        ]  # fmt: skip
        self.table = pd.DataFrame(rows)
        self._drawn: OrderedDict[int, Rendering] = OrderedDict()
        self._lock = Lock()

    @property
    def reports(self) -> list[list[str]]:
        """The sentences as written, not as split again."""
        return self._sentences

    def facts(self) -> list[Facts]:
        """The cases' truth, whole: what no case has is absent."""
        return [Facts(map(_claim, case.findings), _DRAWN) for case in self.cases]

    def rendering(self, row: int) -> Rendering:
        """Picture and truth of a row."""
        with self._lock:
            if row in self._drawn:
                self._drawn.move_to_end(row)
                return self._drawn[row]
        drawn = render(self.cases[row], self.size)
        with self._lock:
            self._drawn[row] = drawn
            if len(self._drawn) > _REMEMBERED:
                self._drawn.popitem(last=False)
        return drawn

    def loaded(self, row: int) -> LoadedImage:
        """See `StudySet.loaded`; the film is drawn finer only where it is looked at (`film`)."""
        return drawn_image(self.rendering(row).image.astype(np.float32))

    def recalled(self, row: int) -> LoadedImage:
        """See `StudySet.recalled`; what is remembered is the rendering."""
        return self.loaded(row)

    def display_image(self, row: int) -> NDArray[np.uint8]:
        """The same anatomy and exposure on a finer detector."""
        return self._fine(row).pixels.astype(np.uint8)

    def film(self, row: int) -> Film:
        """See `StudySet.film`; that of the finer detector."""
        return self._fine(row).film

    def _fine(self, row: int) -> LoadedImage:
        def draw() -> LoadedImage:
            pixels = render(self.cases[row], max(DISPLAY_SIZE, self.size)).image.astype(np.float32)
            return drawn_image(pixels)

        return self._remembered(("fine", row), draw)

    def notes(self, row: int) -> tuple[str, ...]:
        """None: it was drawn to be a chest radiograph."""
        return ()

    def report(self, row: int) -> list[str]:
        """See `StudySet.report`; as written."""
        return self._sentences[row]

    def masks(self, row: int) -> dict[str, Mask]:
        """See `StudySet.masks`."""
        return self.rendering(row).masks

    def boxes(self, row: int) -> tuple[Box, ...]:
        """See `StudySet.boxes`."""
        return tuple(map(Box.drawn, self.rendering(row).boxes))

    @property
    def fingerprint(self) -> str:
        """See `StudySet.fingerprint`."""
        return self._identity

    def __getstate__(self) -> dict[str, object]:
        # Worker processes draw for themselves.
        return {**self.__dict__, "_drawn": OrderedDict(), "_lock": None}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state, _lock=Lock())


_DRAWN = frozenset({*PHANTOM_FINDINGS, "Lung Opacity"})
_SIDES = {"left": "left", "right": "right", "bilateral": "both"}
_DEGREES = {"low": "mild", "mid": "moderate", "high": "severe"}


def _claim(finding: Finding) -> Claim:
    """A finding as drawn, in the terms of a report's claims."""
    kind = finding.kind if finding.kind in KINDS else ""
    degree = None if finding.name == "Support Devices" else _DEGREES[band(finding.severity)]
    side = _SIDES.get(finding.side)
    return Claim(finding.name, PRESENT, side, degree, finding.zone, kind)
