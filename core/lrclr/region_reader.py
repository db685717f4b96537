"""The text reads the kept regions: cross-modality attention whose weights make the score.

Our reconstruction (docs/method.md, section 3). Several queries are formed from a text's words; each
spreads its weight over the K kept regions and over *nowhere*, so that an absent or denied finding
need not have a region. The local score is the weighted sum of the cosines that are shown, and the
match logit reads the weighted regions: change a weight and both change. Nothing is computed for a
pair but dot products with K regions and one small network, so that a set is scored for a new
prompt without a transformer pass over image and text.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.backbones.block import Block
from core.lrclr.cross_modality import PLACE_FEATURES, sincos_2d


class Read(NamedTuple):
    """What P texts read in the K kept regions of B images each."""

    local: Tensor  # (B, P), sum of weight times cosine
    match: Tensor  # (B, P), logit of "this text is true of this image"
    weights: Tensor  # (B, P, K); with `nowhere` they sum to 1
    nowhere: Tensor  # (B, P), weight that lies on no region


class RegionReader(nn.Module):
    """Cross-attention from a text's queries to regions, and the match of what they read.

    Args:
        width: d of the joint space.
        queries: H, so that a sentence on two findings can look at two places.
        heads: of the one self-attention block over the words.
    """

    def __init__(self, width: int, queries: int = 4, heads: int = 8) -> None:
        super().__init__()
        self.words_block = Block(width, heads)
        self.slots = nn.Parameter(torch.randn(queries, width) * width**-0.5)
        self.query = nn.Linear(width, width)
        self.place = nn.Linear(PLACE_FEATURES, width)
        self.log_beta = nn.Parameter(torch.tensor(math.log(10.0)))  # sharpness of the cosine
        self.nowhere_key = nn.Linear(width, 1)
        self.value = nn.Linear(queries * width, width)
        self.agree = nn.Linear(queries * width, width)
        self.match = nn.Sequential(
            nn.LayerNorm(4 * width), nn.Linear(4 * width, width), nn.SiLU(), nn.Linear(width, 1)
        )
        # The cosine alone decides at first; what is learned is added to it.
        nn.init.zeros_(self.query.weight)
        nn.init.zeros_(self.query.bias)

    def forward(
        self, image: Tensor, regions: Tensor, centres: Tensor, words: Tensor, mask: Tensor,
        text: Tensor,
    ) -> Read:
        """Read every image with every text.

        Args:
            image: g_I (B, d); regions: (B, P, K, d), kept for each text; both L2-normalised.
            centres: (B, P, K, 2), region centres (x, y) in [0, 1].
            words: (P, T, d) L2-normalised; mask: (P, T) bool, True at words; text: g_T (P, d).
        """
        asked = self._ask(words, mask, text)  # (P, H, d)
        cosine = torch.einsum("bpkd,pd->bpk", regions, text)
        seen = regions + self.place(sincos_2d(centres))  # (B, P, K, d)
        query = self.query(asked)
        # Plain attention plus beta times the cosine, since cosine similarity localises where dot
        # products do not (RadZero).
        logits = torch.einsum("bpkd,phd->bphk", seen, query)
        weights = self._spread(logits, cosine, asked)
        read = torch.einsum("bphk,bpkd->bphd", weights, seen)
        return self._told(image, text, asked, cosine, weights, read, self.value(read.flatten(2)))

    def read_shared(
        self, image: Tensor, regions: Tensor, centres: Tensor, words: Tensor, mask: Tensor,
        text: Tensor,
    ) -> Read:
        """What `forward` gives where all texts read the same regions of an image, in a quarter.

        Args:
            regions: (B, K, d), kept for every text; centres: (B, K, 2); the others as there.
        """
        asked = self._ask(words, mask, text)
        texts, queries, width = asked.shape
        seen = regions + self.place(sincos_2d(centres))  # (B, K, d)
        cosine = (regions @ text.T).transpose(1, 2)  # (B, P, K)
        logits = self.query(asked).flatten(0, 1) @ seen.transpose(1, 2)  # (B, P * H, K)
        weights = self._spread(logits.unflatten(1, (texts, queries)), cosine, asked)
        read = (weights.flatten(1, 2) @ seen).unflatten(1, (texts, queries))
        if texts > regions.shape[1]:
            # The value of what is read is what is read of the regions' values, which are fewer.
            by_query = self.value.weight.unflatten(1, (queries, width))  # (d, H, d)
            values = torch.einsum("bkd,ehd->bhke", seen, by_query)
            value = weights.flatten(2) @ values.flatten(1, 2) + self.value.bias
        else:
            value = self.value(read.flatten(2))
        return self._told(image, text, asked, cosine, weights, read, value)

    def _spread(self, logits: Tensor, cosine: Tensor, asked: Tensor) -> Tensor:
        """Weights (B, P, H, K) of regions beside nowhere, by what queries say of them."""
        logits = logits + self.log_beta.exp() * cosine[:, :, None]
        nothing = self.nowhere_key(asked)[..., 0].expand(len(logits), -1, -1)[..., None]
        return torch.cat([logits, nothing], dim=-1).softmax(dim=-1)[..., :-1]

    def _told(
        self, image: Tensor, text: Tensor, asked: Tensor, cosine: Tensor, weights: Tensor,
        read: Tensor, value: Tensor,
    ) -> Read:  # fmt: skip
        """Scores of what was read, (B, P, H, d), and of its value (B, P, d)."""
        shown = weights.mean(dim=2)  # (B, P, K)
        wide = text.expand(len(image), -1, -1)
        parts = [value, self.agree((read * asked).flatten(2)), wide, image[:, None] * text]
        match = self.match(torch.cat(parts, dim=-1))[..., 0]
        return Read((shown * cosine).sum(dim=-1), match, shown, 1 - shown.sum(dim=-1))

    def _ask(self, words: Tensor, mask: Tensor, text: Tensor) -> Tensor:
        """H queries of each text, (P, H, d): each gathers the words that answer to its slot."""
        tokens = torch.cat([text[:, None], words], dim=1) * math.sqrt(words.shape[-1])
        hidden = F.pad(~mask, (1, 0))  # the text's own token is always there
        bias = torch.zeros_like(hidden, dtype=tokens.dtype).masked_fill(hidden, -torch.inf)
        tokens = self.words_block(tokens, bias[:, None, None].expand(-1, 1, tokens.shape[1], -1))
        pull = torch.einsum("ptd,hd->pht", tokens, self.slots) + bias[:, None]
        gathered = pull.softmax(dim=-1) @ tokens  # (P, H, d)
        return F.layer_norm(gathered, gathered.shape[-1:])
