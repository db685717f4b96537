"""Directions of texts in the space of the packaged MiniLM, those of known statements kept on disk.

MiniLM was trained to lay sentences of one meaning beside each other, and no model here changes it:
what is near in it does not hang on the weights that are looked at.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from core.backbones.minilm import WIDTH, load_minilm
from core.files import write_whole
from core.paths import ASSETS

STORE = ASSETS / "words" / "vectors.safetensors"
"""Vectors of what `known_words` compares with, by `python benchmarks/known_words.py --write`."""

Vectors = NDArray[np.float32]
_AT_ONCE = 64


def sentence_vectors(texts: Sequence[str]) -> Vectors:
    """Unit vectors (n, 384): the mean of a text's word features.

    Raises:
        ExplorerError: the package that carries MiniLM is not installed.
    """
    parts = [np.empty((0, WIDTH), np.float32)]
    for start in range(0, len(texts), _AT_ONCE):
        words = load_minilm().encode(texts[start : start + _AT_ONCE])
        summed = (words.features * words.mask[..., None]).sum(dim=1).numpy()
        parts.append(summed / np.linalg.norm(summed, axis=1, keepdims=True).clip(min=1e-12))
    return np.concatenate(parts)


def stored_vectors(texts: Sequence[str], path: Path = STORE) -> Vectors:
    """The same from the file where it has them; what it lacks, or all if it is damaged, is encoded.

    Of stored ones the numbers are half precision.
    """
    kept = _read(path)
    missing = [text for text in texts if text not in kept]
    made = dict(zip(missing, sentence_vectors(missing), strict=True))
    return np.stack([kept[text] if text in kept else made[text] for text in texts])


def store_vectors(texts: Sequence[str], path: Path = STORE) -> None:
    """Encode the texts and write the file, whole or not at all."""
    vectors = {"vectors": sentence_vectors(texts).astype(np.float16)}
    metadata = {"texts": json.dumps(list(texts), ensure_ascii=False)}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda partial: save_file(vectors, partial, metadata))


def _read(path: Path) -> Mapping[str, Vectors]:
    try:
        with safe_open(path, framework="numpy") as stored:
            texts = json.loads(stored.metadata()["texts"])
            vectors = stored.get_tensor("vectors").astype(np.float32)
        return dict(zip(texts, vectors, strict=True))
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return {}
