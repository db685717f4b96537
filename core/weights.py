"""A hash of a module's weights: a key for what is kept of its output."""

from hashlib import sha256

import torch
from torch import nn


def weights_hash(module: nn.Module, also: str = "") -> str:
    """24 hexadecimal digits that change with any weight, and with `also`."""
    digest = sha256(also.encode())
    for name, value in sorted(module.state_dict().items()):
        digest.update(name.encode())
        raw = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        digest.update(raw.numpy())
    return digest.hexdigest()[:24]
