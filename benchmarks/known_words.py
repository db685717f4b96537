"""Which texts are known: the threshold, chosen on half of the off-topic texts, and what it does.

    python benchmarks/known_words.py             # figures; CXR_DATA=FOLDER adds report sentences
    python benchmarks/known_words.py --write     # encode the statements again after an edit of them

The threshold lies midway between the highest cosine of an off-topic text (every other one of
tests/off_topic.json that nothing elsewhere is nearer to) and the lowest of the vocabulary's own
statements but for 0.5 %, each compared with all others. The figures are of the other half, of
tests/wordings.json, which was written unseen, and of sentences of real reports.
"""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.inference.known_words import (
    NEAR,
    check_words,
    elsewhere_statements,
    known_statements,
)
from core.inference.sentence_vectors import STORE, store_vectors, stored_vectors
from core.language.reader import read
from core.training.indiana import find_reports, indiana_sentences

TESTS = Path(__file__).resolve().parents[1] / "tests"


def halves() -> tuple[list[str], list[str]]:
    """Every other off-topic text of each kind."""
    table = json.loads((TESTS / "off_topic.json").read_text(encoding="utf-8"))
    kinds = [[t for t in kind if any(map(str.isalnum, t))] for kind in table.values()]  # prompts
    return [t for kind in kinds for t in kind[::2]], [t for kind in kinds for t in kind[1::2]]


def chosen_threshold(off_topic: Sequence[str]) -> tuple[float, float, float]:
    """The threshold, and the two cosines that it lies between."""
    vectors = stored_vectors(list(known_statements()))
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    low = float(np.quantile(cosines.max(axis=1), 0.005))
    checks = [check_words(text) for text in off_topic]
    high = max(check.near for check in checks if check.near > check.elsewhere)
    return (low + high) / 2, high, low


def wordings() -> list[str]:
    """Every text of the held-out wordings."""
    table = json.loads((TESTS / "wordings.json").read_text(encoding="utf-8"))["wordings"]
    return [pair[side] for pairs in table.values() for pair in pairs for side in pair]


def report_sentences() -> list[str]:
    """600 distinct sentences of the Indiana reports that the reader finds a claim in, drawn."""
    path = find_reports()
    if path is None:
        return []
    claiming = [text for text in indiana_sentences(path) if read(text)]
    rng = np.random.default_rng(0)
    return [claiming[row] for row in rng.permutation(len(claiming))[:600]]


def main() -> None:
    """Print the figures."""
    if "--write" in sys.argv[1:]:
        store_vectors([*known_statements(), *elsewhere_statements()])
        print(f"{STORE}: {STORE.stat().st_size / 1e6:.1f} MB")
    chosen, held_out = halves()
    threshold, high, low = chosen_threshold(chosen)
    print(f"threshold {threshold:.3f} between {high:.3f} and {low:.3f}; in use {NEAR}")
    for name, texts in (("off-topic, half chosen on", chosen), ("off-topic, other half", held_out),
                        ("wordings of another author", wordings()),
                        ("report sentences that claim", report_sentences())):  # fmt: skip
        known = [text for text in texts if check_words(text).known]
        odd = known if name.startswith("off") else [text for text in texts if text not in known]
        print(f"{name:28} n {len(texts):4}  known {len(known):4}  wrong: {odd[:8]}")
    texts = [f"small left effusion number {number}" for number in range(50)]
    check_words("to start with")
    began = time.process_time()
    for text in texts:
        check_words(text)
    each = 1000 * (time.process_time() - began) / len(texts)
    print(f"{each:.1f} ms of computing a new text; a score needs nearly all of it in any case")


if __name__ == "__main__":
    main()
