"""How many texts that should contradict a phantom's report are true of the phantom all the same.

    python benchmarks/contradictions.py [--cases 2000]

Each sentence of each report is changed by its own grammar (`core.language.contradict`), and the
result is read back and held against the case. Prints per change: texts, how many are true (false
negatives of a training that takes them as false) and how many the reader reads nothing in.
"""

import argparse
from collections import Counter

import numpy as np

from core.language.claim import KINDS
from core.language.contradict import CHANGES, contradictions
from core.language.reader import read
from core.language.truth import is_true
from core.phantom.case import sample_case
from core.phantom.reports import write_report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=2000, help="phantoms of the training split")
    parser.add_argument("--show", type=int, default=0, help="print so many of the true ones")
    arguments = parser.parse_args()
    texts, true, unread = Counter(), Counter(), Counter()
    sentences = changed = 0
    for index in range(arguments.cases):
        case = sample_case(index, 11, "train")
        report = write_report(case)
        absent = set(KINDS) - {finding.kind for finding in case.findings}
        rng = np.random.default_rng(index)
        for sentence in report:
            given = contradictions(sentence, rng, report, absent)
            sentences, changed = sentences + 1, changed + bool(given)
            for text, change in given:
                texts[change] += 1
                unread[change] += not read(text)
                if read(text) and is_true(text, case):
                    true[change] += 1
                    if sum(true.values()) <= arguments.show:
                        print(f"true of it: {text}   (from: {sentence})")
    print(f"{sentences} sentences, {changed} with a contradiction, {sum(texts.values())} texts")
    print(f"{'change':14s} {'texts':>7s} {'true':>6s} {'share':>7s} {'not read':>9s}")
    for change in CHANGES:
        n = texts[change]
        share = true[change] / n if n else 0
        print(f"{change:14s} {n:7d} {true[change]:6d} {share:7.4f} {unread[change]:9d}")
    everything, wrong = sum(texts.values()), sum(true.values())
    print(f"{'all':14s} {everything:7d} {wrong:6d} {wrong / everything:7.4f}")


if __name__ == "__main__":
    main()
