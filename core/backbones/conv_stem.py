"""A plain convolutional stem: patch tokens that still know little beyond their own place.

Notable: layer norm over channels instead of batch norm, so that a batch split over processes or
chunks gives the gradients of the whole batch, and training equals evaluation.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ChannelNorm(nn.Module):
    """Layer norm over the channels of each pixel of (B, C, h, w) (Liu et al., CVPR 2022)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, maps: Tensor) -> Tensor:
        """Map (B, C, h, w) to the same shape."""
        last = maps.permute(0, 2, 3, 1)
        return F.layer_norm(last, last.shape[-1:], self.weight, self.bias, 1e-6).permute(0, 3, 1, 2)


class ResidualConv(nn.Module):
    """Pre-norm pair of 3x3 convolutions with a skip (He et al., ECCV 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = ChannelNorm(channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (B, C, h, w) to (B, C, h, w)."""
        return maps + self.conv2(F.relu(self.conv1(self.norm(maps))))


class ConvStem(nn.Sequential):
    """A stride-4 convolution, then stride-2 ones, each followed by `depths[i]` residual pairs.

    Early convolutions train faster than a patchify layer (Xiao et al., NeurIPS 2021). Maps
    (B, 1, S, S) to (B, channels[-1], S / stride, S / stride), `stride` = 2 ** (len(channels) + 1).
    """

    def __init__(self, channels: tuple[int, ...], depths: tuple[int, ...]) -> None:
        layers: list[nn.Module] = [nn.Conv2d(1, channels[0], 8, stride=4, padding=2)]
        previous = channels[0]
        for stage, (width, depth) in enumerate(zip(channels, depths, strict=True)):
            if stage:
                layers += [nn.Conv2d(previous, width, 3, stride=2, padding=1), ChannelNorm(width)]
            layers += [nn.ReLU(inplace=True), *(ResidualConv(width) for _ in range(depth))]
            previous = width
        super().__init__(*layers)
        self.stride = 2 ** (len(channels) + 1)
