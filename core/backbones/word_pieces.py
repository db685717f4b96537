"""Word pieces of Hugging Face tokenizers: which places of a text hold words, and their names."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.errors import ExplorerError


def read_tokenizer(folder: Path, kind: str = "AutoTokenizer") -> Any:
    """The tokenizer of a folder, from its files alone.

    Args:
        kind: class of transformers that reads it; AutoTokenizer asks config.json which.

    Raises:
        ExplorerError: they are missing or damaged.
    """
    import transformers  # which takes as long as torch, and small text towers do without

    try:
        return getattr(transformers, kind).from_pretrained(folder, local_files_only=True)
    except Exception as error:  # a damaged tokenizer.json can fail anywhere, in Rust too
        raise ExplorerError(
            f"The tokenizer in {folder} cannot be read ({type(error).__name__}); fetch its files "
            "again."
        ) from None


def word_pieces(ids: Tensor, tokenizer: Any) -> tuple[Tensor, Callable[[int], str]]:
    """Where word pieces are in token numbers (P, T), (P, T) bool, and how a piece is called."""
    marks = {tokenizer.pad_token_id, tokenizer.cls_token_id, tokenizer.sep_token_id,
             tokenizer.bos_token_id, tokenizer.eos_token_id} - {None}  # fmt: skip
    # An unknown word is a word all the same: without it "胸水" would have none at all.
    known = set(tokenizer.all_special_ids) - ({tokenizer.unk_token_id} - marks)
    special = torch.tensor(sorted(known), device=ids.device)
    return ~torch.isin(ids, special), lambda n: str(tokenizer.convert_ids_to_tokens(n))


def without_padding(
    words: Tensor, mask: Tensor, ids: Tensor, name: Callable[[int], str]
) -> tuple[Tensor, Tensor, list[list[str]]]:
    """Words (P, T, d), mask (P, T) and pieces, cut after the last word of the longest text.

    With a context of 77 most of a sentence's row is empty.
    """
    pieces = [
        [name(number) if here else "" for number, here in zip(row, keep, strict=True)]
        for row, keep in zip(ids.tolist(), mask.tolist(), strict=True)
    ]
    length = max(int(mask.nonzero()[:, 1].max()) + 1 if mask.any() else 1, 1)
    return words[:, :length], mask[:, :length], [row[:length] for row in pieces]
