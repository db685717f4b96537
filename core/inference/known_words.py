"""Does a text speak of what the model knows? Of "banana" there is no score that means anything.

A text tower gives a vector for any text, and an image a cosine with it. So a text is first compared
with every statement of the vocabulary (`core.language`), from which the models here learned their
words, and with what reports say of other parts of the body. It is known if the reader finds a claim
in it or a statement is near, and nothing elsewhere is nearer. `benchmarks/known_words.py` chose the
threshold and measures what it does.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from core.backbones.base import Backbone
from core.errors import ExplorerError
from core.inference.prompts import check_prompt
from core.inference.sentence_vectors import sentence_vectors, stored_vectors
from core.language.phrases import descriptions, vocabularies
from core.language.reader import normalise, read
from core.language.statements import phrases
from core.paths import ASSETS

NEAR = 0.46
"""Least cosine with a statement where the reader finds no claim: midway between the nearest
off-topic text that is not of elsewhere and all but 0.5 % of the statements, each left out."""

ELSEWHERE = ASSETS / "words" / "elsewhere.json"


@dataclass(frozen=True)
class WordsCheck:
    """What is known of a text's words."""

    known: bool
    near: float  # cosine with the nearest statement
    elsewhere: float  # with the nearest of what no chest film answers
    statement: str  # the nearest
    finding: str  # of the statement

    def sentence(self, backbone: Backbone) -> str:
        """What to say of a text that is not known; "" of one that is."""
        if self.known:
            return ""
        nearest = f"The nearest known here is “{self.statement}” ({self.finding})."
        if backbone.general_words:
            return f"These words are like none of a chest film's findings. {nearest}"
        return f"This model does not know these words. {nearest}"

    def refuses(self, backbone: Backbone) -> bool:
        """Whether a score is to be asked for twice: words unknown to a tower of these words alone.

        A tower that learned from all sorts of texts may know what nobody here has listed.
        """
        return not self.known and not backbone.general_words


def check_words(text: str) -> WordsCheck:
    """Compare a text with everything that is known; some milliseconds after the first one.

    Raises:
        ExplorerError: the text is no prompt, or the package that carries MiniLM is not installed.
    """
    return _check(check_prompt(text))


def refuse_unknown(backbone: Backbone, text: str) -> None:
    """Of a command: stop at words that the model does not know.

    Raises:
        ExplorerError: it does not know them; says how to go on all the same.
    """
    check = check_words(text)
    if check.refuses(backbone):
        raise ExplorerError(f"“{text}”: {check.sentence(backbone)} Reword it, or add --anyway.")


def known_statements() -> dict[str, str]:
    """Every statement that a finding is there or is not, and the finding that it is about."""
    table: dict[str, str] = {}
    for name, vocabulary in vocabularies().items():
        for present in (True, False):
            for text in (*phrases(name, present), *descriptions().get((name, present), ())):
                table.setdefault(normalise(text), vocabulary.finding)  # as a text is compared
    return table


def elsewhere_statements(path: Path = ELSEWHERE) -> list[str]:
    """What reports of other parts of the body say."""
    table = json.loads(path.read_text(encoding="utf-8"))
    named = [frame.format(part) for part in table["parts"] for frame in table["frames"]]
    return [*dict.fromkeys([*named, *table["others"]])]


@dataclass(frozen=True)
class _Reference:
    statements: tuple[str, ...]
    findings: tuple[str, ...]
    vectors: Tensor  # (n, 384) of the statements
    elsewhere: Tensor  # (m, 384)


@lru_cache(maxsize=1)
def _reference() -> _Reference:
    statements, elsewhere = known_statements(), elsewhere_statements()
    # Of torch, as MiniLM is: numpy's own threads, once woken, take the cores from its passes.
    vectors = torch.from_numpy(stored_vectors([*statements, *elsewhere]))
    return _Reference(
        tuple(statements), tuple(statements.values()),
        vectors[: len(statements)], vectors[len(statements) :],
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _check(text: str) -> WordsCheck:
    reference = _reference()
    spelt = normalise(text)  # MiniLM takes British spelling for other words
    as_typed = spelt == text.lower().rstrip(". ")  # then the model encodes the same text
    vector = torch.from_numpy(sentence_vectors([text if as_typed else spelt])[0])
    cosines = reference.vectors @ vector
    nearest = int(cosines.argmax())
    near, elsewhere = float(cosines[nearest]), float((reference.elsewhere @ vector).max())
    known = near > elsewhere and (near >= NEAR or bool(read(text)))
    return WordsCheck(
        known, near, elsewhere, reference.statements[nearest], reference.findings[nearest]
    )
