"""How well the report reader agrees with 200 sentences labelled by hand.

    CXR_DATA=FOLDER python benchmarks/reader.py

The sentences are drawn at random (seed 14) from the distinct ones of the Indiana reports, which are
not passed on: the labels stand in tests/report_sentences.json by the sentence's SHA-256. They were
written before the reader. Precision and recall are of (finding, polarity), and per finding.
"""

import hashlib
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from core.language.reader import read
from core.training.indiana import find_reports, indiana_sentences

LABELS = Path(__file__).resolve().parents[1] / "tests" / "report_sentences.json"


@dataclass
class Agreement:
    """Counts per finding, and of the sides among what agrees."""

    right: Counter[str] = field(default_factory=Counter)
    extra: Counter[str] = field(default_factory=Counter)  # read, not labelled
    missed: Counter[str] = field(default_factory=Counter)
    sides: int = 0
    sentences: int = 0

    @property
    def precision(self) -> float:
        """Share of the claims read that were labelled."""
        return self.right.total() / (self.right.total() + self.extra.total())

    @property
    def recall(self) -> float:
        """Share of the labels that were read."""
        return self.right.total() / (self.right.total() + self.missed.total())

    @property
    def side(self) -> float:
        """Share of the claims that agree whose side agrees too."""
        return self.sides / self.right.total()


def agreement(archive: Path) -> Agreement:
    """Reads every labelled sentence that the archive holds."""
    labels: dict[str, list[str]] = json.loads(LABELS.read_text(encoding="utf-8"))
    result = Agreement()
    for sentence in indiana_sentences(archive, masked=True):
        wanted = labels.get(hashlib.sha256(sentence.encode()).hexdigest())
        if wanted is None:
            continue
        result.sentences += 1
        sides = {}
        for label in wanted:
            finding, said = label.split(": ")
            polarity, _, side = said.partition(" ")
            sides[finding, polarity] = side or None
        claims = {(claim.finding, claim.polarity): claim.side for claim in read(sentence)}
        for key in sides.keys() | claims.keys():
            if key in sides and key in claims:
                result.right[key[0]] += 1
                result.sides += sides[key] == claims[key]
            else:
                (result.missed if key in sides else result.extra)[key[0]] += 1
    return result


def main() -> None:
    archive = find_reports()
    if archive is None:
        sys.exit("No reports: set CXR_DATA to a folder with openi_reports/NLMCXR_reports.tgz.")
    result = agreement(archive)
    print(f"{'finding':28s} right extra missed precision recall")
    for finding in sorted(result.right | result.extra | result.missed):
        right, extra, missed = (
            counts[finding] for counts in (result.right, result.extra, result.missed)
        )
        precision, recall = right / max(1, right + extra), right / max(1, right + missed)
        print(f"{finding:28s} {right:5d} {extra:5d} {missed:6d} {precision:9.3f} {recall:6.3f}")
    print(
        f"{result.sentences} sentences: precision {result.precision:.3f}, "
        f"recall {result.recall:.3f}, side {result.side:.3f}"
    )


if __name__ == "__main__":
    main()
