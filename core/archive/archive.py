"""What a folder of embeddings holds, read as it is asked for."""

from dataclasses import replace
from functools import cached_property
from hashlib import sha256
from os.path import isdir
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.archive.layout import DESCRIPTION, PROMPTS, finished, read_description, shard_path
from core.archive.shard import Head, Patches, Problem, read_head
from core.errors import ExplorerError
from core.lrclr.encodings import ImageEncoding
from core.preprocessing import Preprocess

PREFIX = "shards:"


class Archive:
    """The shards of a folder that are finished, as they are when it is opened.

    Attributes:
        rows: (n,) of the source set, of the studies that have an embedding, in order.
        image_features: (n, d) float32.
        problems: studies without an embedding.
        shards: (s,) numbers of the finished ones.
        starts: (s + 1,), where each begins among the n studies, and n.
    """

    def __init__(self, folder: Path) -> None:
        """Read all but the patches.

        Raises:
            ExplorerError: no archive, none of its shards is finished, or a file is damaged.
        """
        description = read_description(folder) if isdir(folder) else None
        if description is None:
            raise ExplorerError(
                f"{folder} holds no embeddings ({DESCRIPTION} is missing); make them with "
                "`python -m core embed`."
            )
        self.folder, self.description = folder, description
        self.shards = finished(folder, description)
        heads = [read_head(shard_path(folder, n), description.width) for n in self.shards]
        if not sum(len(head.rows) for head in heads):
            raise ExplorerError(f"{folder} has no finished shard with an image; run `embed` again.")
        self.rows = np.concatenate([head.rows for head in heads])
        self.ids = [name for head in heads for name in head.ids]
        self.image_features = _joined(heads)
        self.problems: tuple[Problem, ...] = tuple(p for head in heads for p in head.problems)
        self.starts = np.concatenate([[0], np.cumsum([len(head.rows) for head in heads])])

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def preprocess(self) -> Preprocess:
        """What the images passed through."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in self.description.preprocess.items()
        }
        return Preprocess(**values)

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the embeddings, and as shards are finished."""
        made = self.description
        digest = sha256(f"{made.model_hash}|{made.fingerprint}|{made.precision}".encode())
        digest.update(f"{made.patches}|{self.rows.tobytes()!r}".encode())
        return f"{PREFIX}{digest.hexdigest()[:24]}"

    def patches(self, places: NDArray[np.int64]) -> tuple[Tensor, Tensor | None]:
        """Patch features (m, K, d) float16 of some studies, and their cells (m, K) or None.

        Args:
            places: (m,), of the n studies of this archive, in any order.

        Raises:
            ExplorerError: a shard is damaged or gone.
        """
        shard_of = np.searchsorted(self.starts, places, side="right") - 1
        found: list[tuple[NDArray[np.int64], Tensor, Tensor | None]] = []
        for number in np.unique(shard_of):
            chosen = np.flatnonzero(shard_of == number)
            path = shard_path(self.folder, self.shards[int(number)])
            file = Patches(path, self.description.width)
            try:
                read = file.read(places[chosen] - self.starts[number])
            finally:
                file.close()
            found.append((chosen, *read))
        back = torch.from_numpy(np.argsort(np.concatenate([chosen for chosen, _, _ in found])))
        cells = [each for _, _, each in found if each is not None]
        patches = torch.cat([each for _, each, _ in found])[back]
        return patches, torch.cat(cells)[back] if cells else None

    def prompts(self) -> dict[str, NDArray[np.float32]]:
        """Embeddings (d,) of the default prompts, by text.

        Raises:
            ExplorerError: their file is gone or damaged.
        """
        path = self.folder / PROMPTS
        try:
            table = pd.read_parquet(path)
            found = np.stack(table["features"].to_list()).astype(np.float32)
            return dict(zip(table["text"].astype(str), found, strict=True))
        except (OSError, ValueError, KeyError):
            raise ExplorerError(
                f"{path} is missing or damaged; embed again into another folder."
            ) from None

    def encoding(self, places: NDArray[np.int64]) -> ImageEncoding:
        """Encodings of some studies, as the model gave them; patches not kept are zero.

        Where only some patches were kept, these are `selected`, so that whatever selects regions
        selects among them.
        """
        images = self.kept(places)
        patches, cells, grid = images.patch_features, images.selected, images.grid
        count = grid[0] * grid[1]
        if patches.shape[1] < count:
            assert cells is not None
            index = cells[..., None].expand(-1, -1, patches.shape[-1])
            whole = patches.new_zeros(len(patches), count, patches.shape[-1])
            images = replace(images, patch_features=whole.scatter(1, index, patches))
        return images

    def kept(self, places: NDArray[np.int64]) -> ImageEncoding:
        """`encoding` without the patches that were not kept: patch features are (m, K, d).

        For what reads the kept ones alone; a whole grid of zeros takes longer than the reading.
        """
        patches, cells = self.patches(places)
        features = self.image_features[torch.from_numpy(places)]
        return ImageEncoding(features, patches.float(), cells, self.description.grid)


def _joined(heads: list[Head]) -> Tensor:
    return torch.from_numpy(np.concatenate([head.image_features for head in heads])).float()
