"""A backbone small enough to reason about, and the models and sets that tests build from it."""

import math
import zlib
from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from core.backbones.base import Backbone, Entry, ImageTokens, Taps, TextTokens
from core.backbones.block import Block
from core.films.loaded import LoadedImage, drawn_image
from core.lrclr.config import LRCLRConfig
from core.lrclr.model import LRCLR
from core.preprocessing import Preprocess
from core.studies import Box, StudySet

SIDE, PATCH, WIDTH = 32, 8, 16


class TinyBackbone(Backbone):
    """Patches by one linear map, three blocks, words by their letters."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.name, self.grid = "tiny", (SIDE // PATCH, SIDE // PATCH)
        self.preprocess = Preprocess(size=SIDE)
        self.depth, self.heads, self.width = 3, 2, WIDTH
        self.local_width = self.embed_dim = WIDTH
        self.context_length = 12
        self.patches = nn.Conv2d(1, WIDTH, PATCH, PATCH)
        self.cls_token = nn.Parameter(torch.randn(1, 1, WIDTH))
        self.blocks = nn.ModuleList(Block(WIDTH, 2) for _ in range(3))
        self.projection = nn.Linear(WIDTH, WIDTH)
        self.words = nn.Embedding(257, WIDTH)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(10.0)))
        self.texts_encoded = 0

    def image_tokens(
        self,
        pixels: Tensor,
        attn_layers: Sequence[int] = (),
        keep: float = 1.0,
        entering: Sequence[Entry] = (),
    ) -> ImageTokens:
        taps = Taps(entering)
        local = taps("local", self.patches(pixels).flatten(2).transpose(1, 2))  # (B, N, D)
        tokens = torch.cat([self.cls_token.expand(len(pixels), -1, -1), local], dim=1)
        attn_weights, early = {}, local
        tokens = taps(0, tokens)
        for layer, block in enumerate(list(self.blocks)[:-1]):
            tokens, attn_weights[layer] = block.attend(tokens)
            tokens = taps(layer + 1, tokens)
            early = tokens[:, 1:] if layer == 0 else early
        wanted = {layer: attn_weights[layer] for layer in attn_layers}
        return ImageTokens(tokens, wanted, local, early, self.grid, entering=taps.tokens)

    def value_path(self, tokens: Tensor) -> Tensor:
        return self.project(self.blocks[-1].value_path(tokens))

    def text_tokens(self, texts: Sequence[str]) -> TextTokens:
        self.texts_encoded += len(texts)
        rows = [text.split()[: self.context_length] for text in texts]
        length = max(map(len, rows))
        pieces = [row + [""] * (length - len(row)) for row in rows]
        mask = torch.tensor([[bool(piece) for piece in row] for row in pieces])
        ids = [[zlib.crc32(p.encode()) % 256 + 1 if p else 0 for p in row] for row in pieces]
        words = self.words(torch.tensor(ids))
        features = (words * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)
        return TextTokens(words, mask, features, pieces)

    @property
    def final_block(self) -> nn.Module:
        return self.blocks[-1]

    def attend(self, block: nn.Module, tokens: Tensor) -> tuple[Tensor, Tensor]:
        return block.attend(tokens)

    def finish(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        return self.read_out(self.blocks[-1](tokens))

    def read_out(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        joint = self.project(tokens)
        return joint[:, 0], joint[:, 1:]

    def last_block(self) -> nn.Module:
        return deepcopy(self.blocks[-1])

    def project(self, tokens: Tensor) -> Tensor:
        return self.projection(tokens)


def tiny_model(seed: int = 0, **config: object) -> LRCLR:
    """An untrained LRCLR on the tiny backbone."""
    given = {"k": 4, "fusion_heads": 2, **config}
    model = LRCLR(TinyBackbone(seed), LRCLRConfig(**given))  # type: ignore[arg-type]
    return model.eval()


class TinySet(StudySet):
    """Random images, half with a bright square whose place is the truth; labels of two findings."""

    def __init__(self, n: int = 12, shape: tuple[int, int] = (40, 48), seed: int = 0) -> None:
        self.spec, self.n, self.shape, self.seed = f"tiny:{n}", n, shape, seed
        self.table = pd.DataFrame(
            {
                "id": [f"t{row}" for row in range(n)],
                "text": ["An opacity." if row % 2 else "Clear lungs." for row in range(n)],
                "view": "PA",
                "patient_id": "",
                "Lung Opacity": [row % 2 for row in range(n)],
                "Fracture": [row % 3 == 0 if row < n - 2 else np.nan for row in range(n)],
                "Edema": 1.0,
            }
        ).astype({"Fracture": float})
        self.reads = 0

    def loaded(self, row: int) -> LoadedImage:
        self.reads += 1
        rng = np.random.default_rng([self.seed, row])
        image = rng.uniform(0, 100, self.shape).astype(np.float32)
        for box in self.boxes(row):
            image[int(box.y) : int(box.y + box.h), int(box.x) : int(box.x + box.w)] = 255
        return drawn_image(image)

    def notes(self, row: int) -> tuple[str, ...]:
        return ()

    def boxes(self, row: int) -> tuple[Box, ...]:
        if row % 2 == 0:
            return ()
        return (Box("Lung Opacity", 4 + 2 * (row % 4), 6, 12, 10),)

    def masks(self, row: int) -> dict[str, np.ndarray]:
        from core.studies.study import masks_from_boxes

        return masks_from_boxes(self.boxes(row), self.shape)

    @property
    def fingerprint(self) -> str:
        return f"{self.spec}/{self.seed}"
