"""Whether a device gains by bfloat16."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

PRECISIONS = ("auto", "bf16", "fp32")


def use_bfloat16(precision: str, device: "torch.device") -> bool:
    """True for "bf16"; for "auto" where the hardware multiplies bfloat16; False for "fp32"."""
    if precision != "auto":
        return precision == "bf16"
    import torch  # here, so that settings and commands can name precisions without its weight

    if device.type == "cpu":
        return bool(torch.cpu._is_amx_tile_supported())
    return device.type == "cuda" and torch.cuda.is_bf16_supported()


def fast_towers(device: "torch.device") -> AbstractContextManager[None]:
    """Within it, towers run in bfloat16 where that pays; similarities belong outside."""
    import torch

    enabled = use_bfloat16("auto", device)
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)
