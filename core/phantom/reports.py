"""Reports of phantom cases: a few true sentences in radiology English.

A report is a function of the case alone. Positive findings are nearly always mentioned, absent ones
now and then, doubt is voiced only about findings of low severity, and no sentence contradicts the
case. Most sentences carry one fact, so that a sentence can be contrasted with an image by itself.
The test split also uses templates that no training or validation report contains.
"""

import numpy as np

from core.phantom.case import Case, Finding
from core.phantom.sentences import Sentence, SentenceWriter
from core.phantom.wording.negatives import LISTED

FEWEST_SENTENCES = 2
MOST_SENTENCES = 8

MENTION_ABSENT: dict[str, float] = {
    "Cardiomegaly": 0.50,
    "Pleural Effusion": 0.50,
    "Pneumothorax": 0.50,
    "Consolidation": 0.45,
    "Lung Lesion": 0.38,
    "Atelectasis": 0.38,
    "Edema": 0.42,
    "Support Devices": 0.38,
    "Fracture": 0.42,
}
"""Chance that a report sets out to say that a finding is absent."""

_STREAM = 0x5E27  # keeps the words' random stream apart from the picture's


def write_report(case: Case) -> list[str]:
    """The sentences of one report: 2 to 8, the same for the same case everywhere."""
    return [line.text for line in compose_report(case)]


def compose_report(case: Case) -> list[Sentence]:
    """The report with what is known of each sentence; `write_report` is its text."""
    rng = np.random.default_rng(np.random.SeedSequence([case.seed, _STREAM]))
    writer = SentenceWriter(case, rng)
    positives = _positives(writer)
    lines = _ordered(positives, _absences(writer, MOST_SENTENCES - len(positives)), rng)
    while len(lines) < FEWEST_SENTENCES or (len(lines) < MOST_SENTENCES and rng.random() < 0.25):
        remark = writer.remark()
        if remark is None:
            break
        lines.insert(0, remark)
    return list({line.text: line for line in lines}.values())


def _positives(writer: SentenceWriter) -> list[Sentence]:
    """One sentence for each mentioned finding, some of them joined in pairs."""
    rng = writer.rng
    if not writer.present:
        return [writer.all_normal()] if rng.random() < 0.8 else []
    order = rng.permutation(len(writer.case.findings))
    findings = [writer.case.findings[int(i)] for i in order]
    waiting = [finding for finding in findings if _is_mentioned(finding, rng)] or findings[:1]
    lines: list[Sentence] = []
    while waiting:
        finding = waiting.pop()
        partners = [each for each in waiting if _is_device(each) == _is_device(finding)]
        crowded = len(waiting) + len(lines) >= MOST_SENTENCES - 2
        if partners and (crowded or rng.random() < 0.12):
            waiting.remove(partners[0])
            lines.append(writer.pair(finding, partners[0]))
        elif rng.random() < 0.07 and not _is_device(finding):
            lines.append(writer.positive_without(finding))
        else:
            lines.append(writer.positive(finding))
    if len(writer.case.of("Support Devices")) > 1 and rng.random() < 0.3:
        lines.append(writer.several_devices())
    return lines[: MOST_SENTENCES - 1]


def _is_device(finding: Finding) -> bool:
    return finding.name == "Support Devices"


def _is_mentioned(finding: Finding, rng: np.random.Generator) -> bool:
    """Readers miss some faint findings and do not list every device."""
    if _is_device(finding):
        return bool(rng.random() < 0.9)
    return bool(rng.random() < (0.9 if finding.severity < 0.2 else 0.98))


def _absences(writer: SentenceWriter, room: int) -> list[Sentence]:
    """Sentences on what is not there: single negations, short lists, normal statements."""
    rng = writer.rng
    absent = [name for name in MENTION_ABSENT if name not in writer.present | writer.denied]
    names = [name for name in absent if rng.random() < MENTION_ABSENT[name]]
    names = [names[int(i)] for i in rng.permutation(len(names))]
    lines: list[Sentence] = []
    clear = writer.other_lung_clear()
    if clear is not None and rng.random() < 0.15:
        lines.append(clear)
    while names and len(lines) < room:
        few = [name for name in names if name in LISTED][: int(rng.integers(2, 4))]
        if len(few) > 1 and (len(names) > room - len(lines) or rng.random() < 0.18):
            lines.append(writer.negative_list(few))
        else:
            lines.append(writer.negative(names[0]))
        names = [name for name in names if name not in writer.denied]
    return lines


def _ordered(
    positives: list[Sentence], absences: list[Sentence], rng: np.random.Generator
) -> list[Sentence]:
    """Findings first, findings last, or all mixed."""
    style = rng.random()
    if style < 0.45:
        return positives + absences
    mixed = absences + positives
    return mixed if style < 0.6 else [mixed[int(i)] for i in rng.permutation(len(mixed))]
