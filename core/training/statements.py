"""Statements to contrast with images, each with its truth: true, false or unknown of every image.

A batch's texts are sentences of its reports, the same sentences contradicted by their own grammar,
and for every finding a statement that it is there and one that it is not, in many wordings. What a
text claims is read by rule and held against the facts of each image, so that a text is a negative
only where it is known to be false (docs/method.md, section 4).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from core.language.claim import Claim
from core.language.contradict import contradictions
from core.language.facts import UNKNOWN, Facts, can_be_told, has_place, told_of
from core.language.phrases import descriptions
from core.language.reader import read
from core.language.rewrite import swapped_sides
from core.language.statements import DEGREES, NAMES, claim_of, statements
from core.language.style import restyle

_SIDES = ("left", "right", "both")
_DESCRIBED = 0.3
"""Share of a finding's statements that describe what it looks like and do not name it."""
_SWAPS = 12
"""Sentences of each two findings on opposite sides that a run can draw from."""


@dataclass(frozen=True)
class Drawn:
    """P texts of a batch of B images."""

    texts: list[str]
    truth: Tensor  # (B, P) float, 1, 0 or NaN
    present: Tensor  # (P,) bool, texts that say something is there, which can have a place


class StatementBank:
    """What a run can say of its images.

    Args:
        facts: of M images.
        reports: sentences of each image's report.
        extra: further sentences, such as those of other reports; only those that claim something
            are taken.
        wordings: statements of each finding and polarity, drawn ahead with `seed`, since a frozen
            text tower encodes each text once.
        parts: number of the set that each image is from, where several are trained on as one.
    """

    def __init__(
        self,
        facts: Sequence[Facts],
        reports: Sequence[Sequence[str]],
        extra: Sequence[str] = (),
        wordings: int = 60,
        seed: int = 0,
        parts: Sequence[int] = (),
    ) -> None:
        self.facts = facts
        self._parts = list(parts) or [0] * len(facts)
        self._told = [
            told_of([fact for fact, own in zip(facts, self._parts, strict=True) if own == part])
            for part in range(max(self._parts, default=0) + 1)
        ]
        rng = np.random.default_rng(seed)
        self._claims: dict[str, tuple[Claim, ...]] = {}
        self._pools = [
            (self._pool(name, present, wordings, rng), self._descriptions(name, present, rng))
            for name in NAMES for present in (True, False)
        ]  # fmt: skip
        self._own = [[text for text in report if self._take(text)] for report in reports]
        self._against: dict[str, list[str]] = {}
        for text in {text: None for report in self._own for text in report}:
            wrong = [other for other, _ in contradictions(text, rng)]
            self._against[text] = [other for other in wrong if self._take(other)]
        self._bound: dict[tuple[str, str, str | None], list[tuple[str, str]]] = {}
        for one, two in (pair for fact in facts for pair in fact.opposed):
            key = one.finding, two.finding, one.side
            if key not in self._bound:
                self._bound[key] = self._swaps(one, two, rng)
        self._extra = [text for text in dict.fromkeys(extra) if self._take(text)]

    @property
    def weights(self) -> torch.Tensor:
        """How often each image should come, (M,), with a mean of one in each part.

        By the root of how rare its rarest finding is in its part; having none counts as one.
        """
        named = [facts.names or ["No Finding"] for facts in self.facts]
        keys = [[(part, name) for name in names]
                for part, names in zip(self._parts, named, strict=True)]  # fmt: skip
        counts = Counter(key for own in keys for key in own)
        weights = 1 / torch.tensor([min(counts[key] for key in own) for own in keys]).sqrt()
        parts = torch.tensor(self._parts)
        for part in parts.unique():
            weights[parts == part] /= weights[parts == part].mean()
        return weights

    @property
    def texts(self) -> list[str]:
        """Every text that `draw` can give."""
        return list(self._claims)

    def draw(
        self, rows: Sequence[int], reports: int, generator: torch.Generator, each: int = 1
    ) -> Drawn:
        """Texts for the images of `rows`, with their truth.

        Args:
            reports: images whose own report gives a sentence and one that contradicts it; as many
                further sentences are drawn from `extra`, where there are some.
            each: statements of each finding and polarity.
        """
        rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
        texts = [
            _choose(described if described and rng.random() < _DESCRIBED else named, rng)
            for named, described in self._pools for _ in range(each)
        ]
        for row in rng.permutation(list(rows))[:reports]:
            if not self._own[row]:
                continue
            said = _choose(self._own[row], rng)
            texts.append(said)
            # Some changes, such as where a tube ends, no claim holds: what is not known to be
            # false of this image contradicts nothing.
            false = [text for text in self._against[said]
                     if self.facts[row].truth(self._claims[text]) == 0]  # fmt: skip
            if false:
                texts.append(_choose(false, rng))
        for row in rows:
            texts += self._two_places(row, rng)
        if self._extra:
            texts += [_choose(self._extra, rng) for _ in range(reports)]
        texts = list(dict.fromkeys(texts))
        claims = [self._claims[text] for text in texts]
        tellable = [[can_be_told(said, told) for said in claims] for told in self._told]
        truth = [
            [self.facts[row].truth(said) if there else UNKNOWN
             for said, there in zip(claims, tellable[self._parts[row]], strict=True)]
            for row in rows
        ]  # fmt: skip
        present = [has_place(said) for said in claims]
        return Drawn(texts, torch.tensor(truth), torch.tensor(present))

    def _swaps(self, one: Claim, two: Claim, rng: np.random.Generator) -> list[tuple[str, str]]:
        """Sentences on two findings, each with the same whose sides are swapped."""
        texts = []
        for _ in range(_SWAPS):
            said = [statements(claim.finding, True, claim.side, rng=rng, styled=False)
                    for claim in (one, two)]  # fmt: skip
            text = _choose((" and ", ", ", "; "), rng).join(said)
            swapped = swapped_sides(text)
            if swapped and self._take(text) and self._take(swapped):
                texts.append((text, swapped))
        return texts

    def _two_places(self, row: int, rng: np.random.Generator) -> tuple[str, ...]:
        """What binds two findings of an image to their sides, and the reverse of it."""
        facts = self.facts[row]
        pairs = [
            pair for one, two in facts.opposed
            for pair in self._bound[one.finding, two.finding, one.side]
            if [facts.truth(self._claims[text]) for text in pair] == [1, 0]
        ]  # fmt: skip
        return pairs[int(rng.integers(len(pairs)))] if pairs else ()

    def _pool(
        self, name: str, present: bool, wordings: int, rng: np.random.Generator
    ) -> list[str]:
        """Distinct statements of one finding, half of them with a side or a degree."""
        wanted = claim_of(name, present)
        pool: dict[str, None] = {}
        for _ in range(wordings):
            side = _choose(_SIDES, rng) if present and rng.random() < 0.5 else None
            degree = _choose(DEGREES, rng) if present and rng.random() < 0.3 else None
            text = statements(name, present, side, degree, rng=rng)
            claims = read(text)
            polarities = {c.polarity for c in claims if c.finding == wanted.finding}
            if not claims:  # words the reader does not know: said of the finding, they claim it
                self._claims[text] = (replace(wanted, side=side, severity=degree),)
                pool[text] = None
            elif polarities == {wanted.polarity} and self._take(text):
                pool[text] = None
        return list(pool)

    def _descriptions(self, name: str, present: bool, rng: np.random.Generator) -> list[str]:
        """All that describes a finding and does not name it: as written, and typed otherwise."""
        ways: dict[str, None] = {}
        for text in descriptions().get((name, present), ()):
            ways |= dict.fromkeys((text, restyle(text, rng)))
        self._claims |= dict.fromkeys(ways, (claim_of(name, present),))  # whoever wrote them knows
        return list(ways)

    def _take(self, text: str) -> bool:
        """Keep what a text claims; False where it claims nothing."""
        claims = tuple(read(text))
        if claims:
            self._claims[text] = claims
        return bool(claims)


def _choose(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]
