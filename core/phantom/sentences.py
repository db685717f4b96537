"""Single true sentences about one case: a finding, two findings, an absence, a normal chest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from core.phantom.case import Case, Finding
from core.phantom.wording import WORDINGS, negatives, remarks
from core.phantom.wording.chest import SEVERAL_DEVICES
from core.phantom.wording.grammar import LOW, Wording, band, expand, sentence, slots, with_article

Option = TypeVar("Option")

HELD_OUT_RATE = 0.30
"""Chance that a test sentence is written with a held-out template, where one fits."""
DOUBT_RATE = 0.30
"""Chance that a finding of low severity is put in doubt."""


@dataclass(frozen=True)
class Sentence:
    """One sentence of a report and whether its template is kept out of training and validation."""

    text: str
    held_out: bool = False


class SentenceWriter:
    """Chooses templates that are true of one case and fills them from one random stream."""

    def __init__(self, case: Case, rng: np.random.Generator) -> None:
        self.case = case
        self.rng = rng
        self.present = {finding.name for finding in case.findings}
        self.denied: set[str] = set()  # absent findings already spoken of
        self._topics: set[str] = set()  # of remarks already made

    def positive(self, finding: Finding) -> Sentence:
        """One finding in one sentence."""
        held_out = self._held_out()
        new_frame = held_out and bool(self.rng.random() < 0.4)
        wording = self._wording(finding, held_out and not new_frame, phrase=new_frame)
        text = expand(wording.text, slots(finding, self.rng), self.rng)
        if wording.number:
            text = self._framed(text, wording, finding, new_frame)
        return Sentence(sentence(text), held_out)

    def pair(self, first: Finding, second: Finding) -> Sentence:
        """Two findings in one sentence."""
        return Sentence(sentence(f"{self._short(first)} and {self._short(second)}"))

    def positive_without(self, finding: Finding) -> Sentence:
        """A finding, and in the same sentence one that is absent; the first alone if none is."""
        missing = [
            name
            for name in negatives.LISTED
            if name not in self.present and name not in self.denied
        ]
        if not missing:
            return self.positive(finding)
        name = self._choose(missing)
        self.denied.add(name)
        absent = expand(negatives.LISTED[name], {}, self.rng)
        return Sentence(sentence(f"{self._short(finding)} without {absent}"))

    def several_devices(self) -> Sentence:
        """The devices as a group, for a case with at least two."""
        held_out = self._held_out()
        wording = self._choose([each for each in SEVERAL_DEVICES if each.held_out == held_out])
        return Sentence(sentence(expand(wording.text, {}, self.rng)), held_out)

    def negative(self, name: str) -> Sentence:
        """The absence of one finding: "no ..." or what is normal instead."""
        held_out = self._held_out()
        fitting = [
            normal
            for normal in negatives.NORMAL
            if name in normal.absent
            and normal.held_out == held_out
            and not self.present & set(normal.absent)
        ]
        if fitting and self.rng.random() < 0.5:
            normal = self._choose(fitting)
            self.denied.update(normal.absent)
            return Sentence(sentence(expand(normal.text, {}, self.rng)), held_out)
        self.denied.add(name)
        frames = negatives.NO_FRAMES_HELD_OUT if held_out else negatives.NO_FRAMES
        what = self._choose(negatives.NOUNS[name])
        values = {"what": what, "is": "are" if what in negatives.PLURALS else "is"}
        return Sentence(sentence(expand(self._choose(frames), values, self.rng)), held_out)

    def negative_list(self, names: Sequence[str]) -> Sentence:
        """The absence of two or three findings of `negatives.LISTED` in one sentence."""
        self.denied.update(names)
        words = [expand(negatives.LISTED[name], {}, self.rng) for name in names]
        what = f"{', '.join(words[:-1])} or {words[-1]}"
        return Sentence(sentence(f"{self._choose(negatives.LIST_OPENINGS)} {what}"))

    def all_normal(self) -> Sentence:
        """The summary of a case in which nothing is drawn."""
        return self._plain(negatives.ALL_NORMAL, negatives.ALL_NORMAL_HELD_OUT)

    def other_lung_clear(self) -> Sentence | None:
        """What is said of the other lung, if lungs and pleura are affected on one side only."""
        chest = (*negatives.LUNG_FINDINGS, *negatives.PLEURA_FINDINGS)
        sides = {finding.side for finding in self.case.findings if finding.name in chest}
        if len(sides) != 1 or "bilateral" in sides:
            return None
        other = "left" if sides == {"right"} else "right"
        return self._plain(
            negatives.ONE_LUNG_CLEAR, negatives.ONE_LUNG_CLEAR_HELD_OUT, {"other": other}
        )

    def remark(self) -> Sentence | None:
        """A sentence on the exposure or something benign; each call takes another topic, if any."""
        fitting = [
            remark
            for remark in remarks.REMARKS
            if remark.topic not in self._topics and remark.is_true(self.case)
        ]
        if not fitting:
            return None
        chosen = self._choose(fitting)
        self._topics.add(chosen.topic)
        return Sentence(sentence(expand(chosen.text, {}, self.rng)))

    def _held_out(self) -> bool:
        return self.case.split == "test" and bool(self.rng.random() < HELD_OUT_RATE)

    def _wording(self, finding: Finding, held_out: bool, phrase: bool) -> Wording:
        """A template that fits the finding; with `phrase` one that is not a whole sentence."""
        fitting = [
            wording
            for wording in WORDINGS[finding.name]
            if wording.fits(finding)
            and wording.held_out == held_out
            and (wording.number != "" or not phrase)
        ]
        return self._choose(fitting)

    def _short(self, finding: Finding) -> str:
        """A noun phrase that names the finding, for sentences that hold two facts."""
        fitting = [
            wording
            for wording in WORDINGS[finding.name]
            if wording.fits(finding) and wording.number and not (wording.sign or wording.held_out)
        ]
        return expand(self._choose(fitting).text, slots(finding, self.rng), self.rng)

    def _framed(self, phrase: str, wording: Wording, finding: Finding, new_frame: bool) -> str:
        device = finding.name == "Support Devices"
        faint = not device and band(finding.severity) == LOW
        if faint and self.rng.random() < DOUBT_RATE:
            frames = negatives.UNSURE_FRAMES_HELD_OUT if new_frame else negatives.UNSURE_FRAMES
        else:
            frames = negatives.POSITIVE_FRAMES_HELD_OUT if new_frame else negatives.POSITIVE_FRAMES
        values = {
            "phrase": phrase,
            "a_phrase": with_article(phrase, wording.number),
            "is": "are" if wording.number == "many" else "is",
        }
        inferred = wording.sign or device  # these are seen; they are not inferred from findings
        return expand(self._choose(frames[:-1] if inferred else frames), values, self.rng)

    def _plain(
        self, known: Sequence[str], held_out: Sequence[str], values: dict[str, str] | None = None
    ) -> Sentence:
        new = self._held_out()
        text = self._choose(held_out if new else known)
        return Sentence(sentence(expand(text, values or {}, self.rng)), new)

    def _choose(self, options: Sequence[Option]) -> Option:
        return options[int(self.rng.integers(len(options)))]
