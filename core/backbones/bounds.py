"""Refusing model files that say more than they hold, before they take the memory they ask for."""

import zipfile
from pathlib import Path
from typing import Any

from torch import Tensor

from core.errors import ExplorerError

_MOST_BLOCKS = 1000


def check_archive(path: Path) -> None:
    """A .pt must not unpack to more than it weighs: torch stores tensors as they are.

    Raises:
        ExplorerError: compressed members, which could unpack to anything.
    """
    try:
        if not zipfile.is_zipfile(path):
            return
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return  # torch says what is wrong with it
    if unpacked > 1.01 * path.stat().st_size + 2**20:
        raise ExplorerError(
            f"{path.name} unpacks to {unpacked / 2**20:.0f} MB, more than it weighs, unlike what "
            "torch.save writes; save it again."
        )


def check_tensors(state: dict[str, Tensor], path: Path) -> None:
    """Tensors must not be larger than the file they come from.

    Raises:
        ExplorerError: some are, by repeating what is stored once.
    """
    held = sum(value.numel() * value.element_size() for value in state.values())
    if held > 2 * path.stat().st_size:
        raise ExplorerError(
            f"{path.name} describes {held / 2**20:.0f} MB of tensors, more than the file holds; "
            "save a plain state dict."
        )


def check_towers(config: dict[str, Any], state: dict[str, Tensor], name: str) -> None:
    """A CLIP ViT of these sizes must not need far more numbers than are there.

    Raises:
        ExplorerError: it does, so that the sizes cannot be those of the weights.
    """
    vision, text = config["vision"], config["text"]
    needed = sum(12 * tower["layers"] * tower["width"] ** 2 for tower in (vision, text))
    needed += 3 * vision["width"] * vision["patch_size"] ** 2 + text["context_length"] ** 2
    needed += config["embed_dim"] * (vision["width"] + text["width"])
    if needed > 1.1 * sum(value.numel() for value in state.values()) + 10_000:
        raise ExplorerError(
            f"{name} is not in OpenAI's CLIP layout: its sizes ask for {needed / 1e6:.0f} million "
            "numbers, more than the file holds."
        )


def check_description(config: dict[str, Any], weights: Path) -> None:
    """A config.json must not ask for far more numbers than its weights file can hold.

    Raises:
        ExplorerError: it does, or a size is negative or beyond any model.
    """
    backbone, lrclr = config["backbone"], config["lrclr"]
    folder = weights.parent.name
    sizes = [*_numbers(backbone), *_numbers(lrclr)]
    blocks = [value for key, value in sizes if key in ("depth", "layers", "text_depth",
                                                       "fusion_layers")]  # fmt: skip
    widths = [value for key, value in sizes if key in ("width", "embed_dim")]
    side = max((value for key, value in sizes if key == "image_size"), default=0)
    width = max(widths, default=0)
    held = weights.stat().st_size if weights.is_file() else 0
    needed = 4 * max(blocks, default=0) * width**2 + (side / 32) ** 2 * width
    wild = max(blocks, default=0) > _MOST_BLOCKS or min([*blocks, *widths, side]) < 0
    if held and (wild or needed > held or max(width, side) > 100_000):
        raise ExplorerError(
            f"{folder}/config.json describes a model that its weights cannot be of; use the "
            "config.json that was saved with them."
        )


def _numbers(values: dict[str, Any]) -> list[tuple[str, float]]:
    """Names and numbers of a description, however deep."""
    found = []
    for key, value in values.items():
        if isinstance(value, dict):
            found += _numbers(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found.append((key, float(min(value, 10**18))))
    return found
